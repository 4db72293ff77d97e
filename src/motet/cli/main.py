"""The list of commands, and how errors end them.

Exit codes: 0 done; 1 something broke, or `doctor` found an error; 2 the input is wrong, told with code, path and fix;
130 interrupted. A package's import stays out of this file unless every command needs it: `motet --help` is quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from motet import __version__
from motet.cli import campaigns, customers, health, imports, keys, people, processes, segments, simulate
from motet.cli.printing import print_failure
from motet.core.errors import Conflict, MotetError, NotFound, Problem, Refused

app = App(
    name="motet",
    help="Orchestrates customer engagement over many channels. Start with `motet up`.",
    version=__version__,
)
app.command(processes.up)
app.command(processes.serve)
app.command(processes.work)
app.command(processes.outbox)
app.command(processes.demo)
app.command(processes.migrate)
app.command(health.doctor)
app.command(health.status)

import_app = App(name="import", help="Bring data in.")
import_app.command(imports.import_customers, name="customers")
import_app.command(imports.import_events, name="events")
app.command(import_app)
export_app = App(name="export", help="Take data out.")
export_app.command(customers.export_customers, name="customers")
app.command(export_app)
app.command(customers.explain)
app.command(people.merge)
app.command(people.merges)

app.command(campaigns.validate)
app.command(campaigns.plan)
app.command(campaigns.apply)
app.command(campaigns.launch)
app.command(campaigns.pause)
app.command(campaigns.resume)
app.command(campaigns.cancel)
app.command(campaigns.retry)
app.command(campaigns.blueprint)
app.command(simulate.simulate)

segments_app = App(name="segments", help="Look at segments; `motet apply` makes them.")
segments_app.default(segments.list_segments)
segments_app.command(segments.list_segments, name="list")
segments_app.command(segments.show_segment, name="show")
segments_app.command(segments.preview_segment, name="preview")
segments_app.command(segments.archive_segment, name="archive")
app.command(segments_app)

keys_app = App(name="keys", help="Write keys: what lets websites, apps and servers send events to /v1.")
keys_app.default(keys.list_keys)
keys_app.command(keys.list_keys, name="list")
keys_app.command(keys.add_key, name="add")
keys_app.command(keys.revoke_key, name="revoke")
app.command(keys_app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    try:
        code = app(given, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        problem = Problem("cli.bad_usage", " ".join(str(error).split()), fix="see `motet --help`")
        return print_failure("cli.bad_usage", "the command was not understood", [problem], as_json, 2)
    except Refused as refusal:
        return print_failure(refusal.code, "refused", refusal.problems, as_json, 2)
    except (NotFound, Conflict) as error:
        return print_failure(error.code, str(error), (), as_json, 2)
    except MotetError as error:
        return print_failure(error.code, str(error), (), as_json, 1)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        sys.stderr.close()
        return 0
    return code if isinstance(code, int) else 0
