"""Documents as files (`blueprint validate plan apply`), and campaigns and journeys as running things (`launch pause
resume cancel retry`).

A document without a `kind` is a campaign; journeys, segments, traits and the lifecycle say theirs.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from motet.cli.options import Json
from motet.cli.printing import print_failure, print_json, print_line, print_table
from motet.core.errors import Problem, Refused


def blueprint(name: str | None = None, /, *, json: Json = False) -> int:
    """List the campaigns and journeys that ship, or print one as a document to start from.

    Parameters
    ----------
    name: The blueprint to print; without it, all are listed.
    """
    from motet.authoring.blueprints import list_blueprints, read_blueprint, read_blueprint_text

    if name is not None:
        if json:
            print_json(read_blueprint(name))
        else:
            sys.stdout.write(read_blueprint_text(name))
        return 0
    found = list_blueprints()
    if json:
        print_json({"blueprints": found})
    else:
        print_table(("name", "title", "description"), [(b.name, b.title, b.description) for b in found])
    return 0


def validate(*files: Annotated[Path, Parameter(help="Campaign documents, YAML or JSON; - reads standard input.")],
             json: Json = False) -> int:  # fmt: skip
    """Check documents and tell every problem at once. Needs no database."""
    documents, problems = _read(files)
    if problems:
        return print_failure("document.invalid", "a document is wrong", problems, json, 2)
    named = [(document.get("kind", "campaign"), document.get("name", "")) for _, document in documents]
    if json:
        campaigns = [name for kind, name in named if kind == "campaign"]
        print_json({"valid": True, "campaigns": campaigns, "documents": [{"kind": k, "name": n} for k, n in named]})
    else:
        for (origin, _), (kind, name) in zip(documents, named, strict=True):
            print_line(f"{name or kind} ({origin})", "ok")
    return 0


def plan(*files: Path, json: Json = False) -> int:
    """Show what `apply` would change, and what becomes of those who are in it; change nothing."""
    from motet.app import open_house, run
    from motet.audience.segments.store import plan_document as plan_audience
    from motet.authoring.store import plan as plan_campaign
    from motet.household import read_surroundings

    documents = _read_sound(files)

    async def work() -> list[Any]:
        async with open_house(read_surroundings(), name="plan") as house:
            return [
                await (plan_audience(house.pool, d) if _is_audience(d) else plan_campaign(house.pool, d))
                for d in documents
            ]

    plans = run(work())
    if json:
        print_json({"plans": plans})
        return 0
    for planned in plans:
        print_line(f"{planned.action:<9}  {planned.name}")
        for change in planned.changes:
            print_line(f"           {change}")
        if steps := getattr(planned, "steps", ()):
            print_table(("in revision", "on step", "people", "with the new one"), [_say(step) for step in steps])
    return 0


def _say(step: Any) -> tuple[Any, ...]:
    words = {"stays": "stay where they are", "leaves": "leave", "moves": f"go on at {step.to}"}
    return step.revision, step.step, step.people, words[step.action]


def apply(*files: Path, json: Json = False) -> int:
    """Store documents: a new campaign as a draft, a changed one as a new revision; a segment is built at once."""
    from motet.app import check_template, open_house, run
    from motet.audience.segments.store import Applied as AppliedAudience
    from motet.audience.segments.store import apply_document as apply_audience
    from motet.authoring.store import apply as apply_campaign
    from motet.household import read_surroundings

    documents = _read_sound(files)

    async def work() -> list[Any]:
        async with open_house(read_surroundings(), name="apply") as house:
            now = datetime.now(UTC)
            return [
                await apply_audience(house.pool, d, now, lanes=house.lanes)
                if _is_audience(d)
                else await apply_campaign(house.pool, d, now, check_template)
                for d in documents
            ]

    applied = run(work())
    if json:
        print_json({"applied": applied})
        return 0
    for one in applied:
        if isinstance(one, AppliedAudience):
            print_line(f"{one.kind} {one.name}: {_DONE[one.action]}", "ok")
        else:
            print_line(f"{one.name}: revision {one.revision}{'' if one.changed else ', unchanged'}", "ok")
    return 0


_AUDIENCE = ("segment", "trait", "lifecycle")
_DONE = {"create": "new", "update": "changed", "unchanged": "unchanged"}


def _is_audience(document: dict[str, Any]) -> bool:
    return document.get("kind") in _AUDIENCE


def launch(
    name: str,
    /,
    *,
    customers: Annotated[str | None, Parameter(help="External ids, separated by commas: only these.")] = None,
    audience: Annotated[
        bool, Parameter(negative="", help="Enrol who is in the target segments now, though the campaign has a trigger.")
    ] = False,
    json: Json = False,
) -> int:
    """Start a campaign or journey. Tells at once when a channel that it uses has no working provider.

    Parameters
    ----------
    name: The campaign's name.
    """
    from motet.app import check_readiness, open_house, run
    from motet.authoring.store import launch as launch_campaign
    from motet.household import read_surroundings

    ids = None if customers is None else [part.strip() for part in customers.split(",") if part.strip()]
    if ids is not None and not ids:
        raise Refused([Problem("cli.no_customers", "names nobody", "--customers", "give external ids, such as c1,c2")])

    async def work() -> Any:
        async with open_house(read_surroundings(), name="launch") as house:
            return await launch_campaign(
                house.pool,
                name,
                now=datetime.now(UTC),
                lanes=house.lanes,
                customers=ids,
                audience=audience,
                ready=lambda channels: check_readiness(house, channels),
            )

    launched = run(work())
    if json:
        print_json(launched)
    else:
        print_line(f"{name} is launched", "ok")
    return 0


def pause(name: str, /, *, json: Json = False) -> int:
    """Hold a running campaign: nobody enters, no step is taken, until it is resumed."""
    from motet.authoring.store import pause as change

    return _change(name, change, "paused", json)


def resume(name: str, /, *, json: Json = False) -> int:
    """Let a paused campaign go on where it stood."""
    from motet.authoring.store import resume as change

    return _change(name, change, "running", json)


def cancel(name: str, /, *, json: Json = False) -> int:
    """End a campaign for good; everyone in it leaves."""
    from motet.authoring.store import cancel as change

    return _change(name, change, "cancelled", json)


def retry(name: str, /, *, json: Json = False) -> int:
    """Let those go on who were set aside because a step broke: mend what broke first.

    Parameters
    ----------
    name: The journey's or campaign's name.
    """
    from motet.app import open_house, run
    from motet.authoring.store import retry as try_again
    from motet.household import read_surroundings

    async def work() -> Any:
        async with open_house(read_surroundings(), name="retry") as house:
            return await try_again(house.pool, name, now=datetime.now(UTC), lanes=house.lanes)

    retried = run(work())
    if json:
        print_json(retried)
    else:
        print_line(f"{retried.enrollments} of {name} go on", "ok")
    return 0


def _change(name: str, change: Callable[..., Awaitable[Any]], word: str, json: bool) -> int:
    from motet.app import open_house, run
    from motet.household import read_surroundings

    async def work() -> None:
        async with open_house(read_surroundings(), name=word) as house:
            await change(house.pool, name, now=datetime.now(UTC))

    run(work())
    if json:
        print_json({"name": name, "status": word})
    else:
        print_line(f"{name} is {word}", "ok")
    return 0


def _read(files: tuple[Path, ...]) -> tuple[list[tuple[str, dict[str, Any]]], list[Problem]]:
    """Every document of every file with its origin, and everything wrong in any of them."""
    from motet.app import check_template
    from motet.audience.segments.documents import validate as validate_audience
    from motet.authoring.campaign import validate as validate_campaign
    from motet.authoring.reading import read_documents

    if not files:
        raise Refused([Problem("cli.no_file", "no file is named", fix="name one or more documents, or - for stdin")])
    found: list[tuple[str, dict[str, Any]]] = []
    problems: list[Problem] = []
    for path in files:
        try:
            documents = read_documents(read_text(path), str(path))
        except Refused as refusal:
            problems.extend(refusal.problems)
            continue
        for document in documents:
            found.append((str(path), document))
            found_wrong = (
                validate_audience(document) if _is_audience(document) else validate_campaign(document, check_template)
            )
            problems.extend(_place(problem, path) for problem in found_wrong)
    return found, problems


def _place(problem: Problem, path: Path) -> Problem:
    """The same problem with the file before its path."""
    return Problem(problem.code, problem.message, f"{path}:{problem.path}" if problem.path else str(path), problem.fix)


def _read_sound(files: tuple[Path, ...]) -> list[dict[str, Any]]:
    found, problems = _read(files)
    if problems:
        raise Refused(problems)
    return [document for _, document in found]


def read_text(path: Path) -> str:
    """A document's text, or standard input for `-`. Raises Refused."""
    if str(path) == "-":
        return sys.stdin.read()
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Refused([Problem("file.not_utf8", "is not UTF-8 text", str(path), "save it as UTF-8")]) from None
    except OSError as error:
        raise Refused([Problem("file.unreadable", f"{error.strerror}", str(path), "check the name")]) from None
