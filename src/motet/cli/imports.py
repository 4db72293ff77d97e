"""Data in: `import customers` and `import events`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from motet.cli.options import Json
from motet.cli.printing import err, print_json, print_line
from motet.core.errors import Problem, Refused

if TYPE_CHECKING:
    from motet.ingest.importing import ImportResult, Progress

Mapping = Annotated[
    list[str] | None, Parameter(name="--map", help='A column and its field, such as "E-mail=email"; repeatable.')
]
RejectsFile = Annotated[Path | None, Parameter(help="Where refused rows go [FILE.rejects.csv].")]


def import_customers(file: Path, /, *, mapping: Mapping = None, rejects: RejectsFile = None, json: Json = False) -> int:
    """Read customers from CSV or JSON lines. Killed and run again, it goes on where it stopped.

    Parameters
    ----------
    file: A CSV file with a header, or a file of JSON lines.
    """
    from motet.app import open_house, run
    from motet.household import read_surroundings
    from motet.ingest.customers import import_customers as import_file
    from motet.ingest.importing import Wish

    fields = _check(file, mapping)
    config = read_surroundings()

    async def work() -> ImportResult:
        async with open_house(config, name="import", size=2) as house:
            with _bar(file.stat().st_size, shown=not json) as progress:
                wish = Wish(progress=progress, rejects_path=rejects)
                return await import_file(
                    house.pool, file, lanes=house.lanes, mapping=fields, now=datetime.now(UTC), wish=wish
                )

    return _tell(run(work()), json)


def import_events(
    file: Path,
    /,
    *,
    mapping: Mapping = None,
    event: Annotated[str | None, Parameter(help="What the events of rows without a name are called.")] = None,
    live: Annotated[bool, Parameter(negative="", help="Let these events start and end journeys.")] = False,
    again: Annotated[bool, Parameter(negative="", help="Read a file once more that was imported before.")] = False,
    rejects: RejectsFile = None,
    json: Json = False,
) -> int:
    """Read events from CSV or JSON lines, as history: they are counted, and start no journey unless you say --live.

    Killed and run again, it goes on where it stopped; a file that was read to its end is not read twice.

    Parameters
    ----------
    file: A CSV file with a header, or JSON lines: one event, or one call of Segment's, a line.
    """
    from motet.app import open_house, run
    from motet.household import read_surroundings
    from motet.ingest.history import import_events as import_file
    from motet.ingest.importing import Wish

    fields = _check(file, mapping)
    config = read_surroundings()

    async def work() -> ImportResult:
        async with open_house(config, name="import", size=2) as house:
            with _bar(file.stat().st_size, shown=not json) as progress:
                wish = Wish(again=again, progress=progress, rejects_path=rejects)
                now = datetime.now(UTC)
                return await import_file(
                    house.pool, file, lanes=house.lanes, now=now, mapping=fields, event=event, live=live, wish=wish
                )

    return _tell(run(work()), json)


def read_mapping(pairs: list[str]) -> dict[str, str]:
    """`Column=field` pairs as a dict. Raises Refused naming the pair that has no equals sign."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        column, equals, field = pair.rpartition("=")
        if not (equals and column and field):
            problem = Problem("cli.bad_mapping", f"{pair!r} is not Column=field", "--map", 'such as "E-mail=email"')
            raise Refused([problem])
        mapping[column] = field
    return mapping


def _check(file: Path, mapping: list[str] | None) -> dict[str, str]:
    fields = read_mapping(mapping or [])
    if not file.is_file():
        raise Refused([Problem("file.unreadable", "there is no such file", str(file), "check the name")])
    return fields


def _tell(result: ImportResult, as_json: bool) -> int:
    if as_json:
        print_json(result)
    else:
        print_line(str(result), "warning" if result.rejected or not result.finished else "ok")
    return 0


@contextmanager
def _bar(size: int, *, shown: bool) -> Iterator[Callable[[Progress], None]]:
    """A progress bar on stderr, with rows a second; nothing when it is not shown or nobody looks."""
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rejected]:,} rejected"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=err, disable=not (shown and err.is_terminal), transient=True) as bar:
        task = bar.add_task("import", total=size, rows=0, rejected=0)

        def tell(progress: Progress) -> None:
            bar.update(task, completed=progress.position, rows=progress.rows, rejected=progress.rejected)

        yield tell
