"""A document against what is defined: what it changes, whether it may, and what must be built anew for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.audience.segments.builds import count_measures, drop_unneeded, look_again
from motet.audience.segments.documents import (
    Document,
    LifecycleDocument,
    SegmentDocument,
    TraitDocument,
    names_of_traits,
)
from motet.audience.segments.register import Numbering, add_build, compile_stored, drop_builds, read_traits
from motet.audience.segments.traits import measures_of_traits
from motet.core.clock import to_ms
from motet.core.errors import Problem, Refused
from motet.core.filters import Filter, compile_filter
from motet.core.ids import uuid7
from motet.storage.pool import Connection
from motet.storage.sql import sql

MAX_SEGMENTS = 200
MAX_TRAITS = 200

BUILDING, LIVE, ARCHIVED = 1, 2, 3
_STAGE = "lifecycle_stage"
_NODE = " lifecycle"  # among the names of segments, of which one may be called lifecycle


class Applied(msgspec.Struct, frozen=True):
    """What a document did, or would do. `changes` are the fields that differ; none for something new."""

    kind: str
    name: str
    action: str  # create | update | unchanged
    changes: tuple[str, ...] = ()


class Kept(msgspec.Struct, frozen=True):
    """A segment as it is stored: its latest revision, built or not."""

    id: UUID
    name: str
    title: str
    description: str
    status: int
    number: int  # of the live revision, 0 without one
    latest: int
    document: dict[str, Any]
    build_id: UUID | None  # of the latest revision, while it is open
    filter: Filter


class Definitions(msgspec.Struct, frozen=True):
    segments: dict[str, Kept]
    traits: dict[str, dict[str, Any]]
    titles: dict[str, str]  # of traits
    lifecycle: dict[str, Any] | None
    stages: tuple[Filter, ...]

    @property
    def open(self) -> dict[str, Kept]:
        return {name: kept for name, kept in self.segments.items() if kept.status != ARCHIVED}

    def users_of(self, name: str) -> tuple[list[str], bool]:
        """Segments that name this one, and whether the lifecycle does."""
        found = [other for other, kept in self.open.items() if other != name and name in kept.filter.needs.segments]
        return found, any(name in filter.needs.segments for filter in self.stages)

    def users_of_trait(self, name: str) -> tuple[list[str], bool]:
        """Segments that ask for the trait, and whether the lifecycle does."""
        found = [other for other, kept in self.open.items() if name in names_of_traits(kept.document["where"])]
        return found, self.lifecycle is not None and name in names_of_traits(self.lifecycle["stages"])

    def above(self, names: Iterable[str]) -> list[str]:
        """Segments that hang on these, directly or through others, without these themselves."""
        seen = set(names)
        found: list[str] = []
        waiting = list(seen)
        while waiting:
            here = waiting.pop()
            for other, kept in self.open.items():
                if other not in seen and here in kept.filter.needs.segments:
                    seen.add(other)
                    found.append(other)
                    waiting.append(other)
        return sorted(found)


async def read_definitions(connection: Connection) -> Definitions:
    """Everything that is defined; inside the caller's transaction."""
    kept: dict[str, Kept] = {}
    for row in await connection.fetch(sql("segments.list_segments"), None):
        document = row["document"]
        filter = compile_stored(document.get("where", {}), document.get("traits"), row["name"]) or compile_filter({})
        kept[row["name"]] = Kept(
            **{field: row[field] for field in Kept.__struct_fields__ if field != "filter"}, filter=filter
        )
    stored = await connection.fetchval(sql("segments.read_lifecycle"))
    stages = [compile_stored(when, stored.get("traits"), "lifecycle") for _, when in stored["stages"]] if stored else []
    titles = {row["name"]: row["title"] for row in await connection.fetch(sql("segments.list_traits"))}
    return Definitions(kept, await read_traits(connection), titles, stored, tuple(f for f in stages if f is not None))


def plan_given(given: Document, known: Definitions) -> Applied:
    """What the document changes. Raises Refused when what is defined does not allow it."""
    match given:
        case SegmentDocument():
            _check_segment(given, known)
            kept = known.segments.get(given.name)
            if kept is None or kept.status == ARCHIVED:
                return Applied("segment", given.name, "create")
            changes = _differing(given, {**kept.document, "title": kept.title, "description": kept.description})
        case TraitDocument():
            if given.name not in known.traits:
                _check_room(len(known.traits), MAX_TRAITS, "trait.too_many")
                return Applied("trait", given.name, "create")
            old = {**known.traits[given.name], "title": known.titles[given.name]}
            new = {**given.definition, "title": given.title}
            changes = tuple(sorted(field for field in old.keys() | new.keys() if old.get(field) != new.get(field)))
        case LifecycleDocument():
            _check_lifecycle(given, known)
            if known.lifecycle is None:
                return Applied("lifecycle", given.name, "create")
            changes = () if known.lifecycle["stages"] == [list(stage) for stage in given.stages] else ("stages",)
    return Applied(given.kind, given.name, "update" if changes else "unchanged", changes)


async def apply_given(connection: Connection, numbering: Numbering, given: Document, now: datetime) -> Applied:
    """Makes it so, inside a change of definitions."""
    known = await read_definitions(connection)
    planned = plan_given(given, known)
    if planned.action == "unchanged":
        return planned
    match given:
        case SegmentDocument():
            await _apply_segment(connection, numbering, given, known, planned, now)
        case TraitDocument():
            await _apply_trait(connection, numbering, given, known, planned, now)
        case LifecycleDocument():
            await _write_lifecycle(connection, numbering, given.stages, known.traits, now)
    await drop_unneeded(connection)
    numbering.version += 1
    return planned


def _differing(given: SegmentDocument, old: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(field for field in ("title", "description", "where") if old.get(field, "") != getattr(given, field))


def _check_segment(given: SegmentDocument, known: Definitions) -> None:
    filter = compile_filter(given.where, "where", traits=known.traits)
    others = {name: kept.filter for name, kept in known.open.items() if name != given.name}
    _check_room(len(others), MAX_SEGMENTS, "segment.too_many")
    if given.name in filter.needs.segments:
        fix = f"for a tag of the same name write {{tags: {given.name}}}"
        raise Refused([Problem("segment.circle", "the segment names itself", "where", fix)])
    if circle := _find_circle({**others, given.name: filter}, known.stages):
        fix = "say in one of them what it means without naming the next"
        raise Refused([Problem("segment.circle", f"segments name each other in a circle: {circle}", "where", fix)])


def _check_lifecycle(given: LifecycleDocument, known: Definitions) -> None:
    filters = [
        compile_filter(when, f"stages[{i}].when", traits=known.traits) for i, (_, when) in enumerate(given.stages)
    ]
    if circle := _find_circle({name: kept.filter for name, kept in known.open.items()}, filters):
        fix = "a stage may not hang on a segment that hangs on the stage"
        raise Refused([Problem("segment.circle", f"segments and stages hang on each other: {circle}", "stages", fix)])


def _check_room(count: int, most: int, code: str) -> None:
    if count >= most:
        message = f"there are {most} already, as many as there can be"
        raise Refused([Problem(code, message, "name", "put one away that nobody uses")])


def _find_circle(filters: Mapping[str, Filter], stages: Iterable[Filter]) -> str | None:
    """How names hang on each other in a circle, such as `a -> b -> a`; None when they do not."""
    ties = {
        name: filter.needs.segments & filters.keys() | ({_NODE} if _STAGE in filter.needs.fields else set())
        for name, filter in filters.items()
    }
    ties[_NODE] = frozenset(name for filter in stages for name in filter.needs.segments & filters.keys())
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> str | None:
        if name in above:
            return " -> ".join(n.strip() for n in (*above[above.index(name) :], name))
        if name in done:
            return None
        found = next((c for other in sorted(ties[name]) if (c := visit(other, (*above, name)))), None)
        done.add(name)
        return found

    return next((circle for name in sorted(ties) if (circle := visit(name, ()))), None)


async def _apply_segment(
    connection: Connection, numbering: Numbering, given: SegmentDocument, known: Definitions, planned: Applied,
    now: datetime,
) -> None:  # fmt: skip
    kept = known.segments.get(given.name)
    document = _stored(given, known.traits)
    if kept is None:
        kept_id = uuid7(to_ms(now))
        await connection.execute(
            sql("segments.add_segment"), kept_id, given.name, given.title, given.description, BUILDING, now
        )
    else:
        kept_id = kept.id
        status = BUILDING if kept.status == ARCHIVED else kept.status
        await connection.execute(sql("segments.describe_segment"), kept_id, given.title, given.description, status, now)
        if planned.action == "update" and "where" not in planned.changes:
            await connection.execute(sql("segments.describe_revision"), kept.latest, {**kept.document, **document})
            return
        await drop_builds(connection, [kept.build_id] if kept.build_id else [])
    filter = compile_filter(given.where, "where", traits=known.traits)
    await count_measures(connection, numbering, filter.needs.measures, now)
    await look_again(connection, numbering, kept_id, document, now)
    await _rebuild(connection, numbering, known, known.above([given.name]), now)


def _stored(given: SegmentDocument, traits: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """As it was written, with the traits as they are now: a revision never changes what it means."""
    document = msgspec.to_builtins(given)
    used = names_of_traits(given.where) & traits.keys()
    return {**document, "traits": {name: traits[name] for name in sorted(used)}} if used else document


async def _rebuild(
    connection: Connection, numbering: Numbering, known: Definitions, names: Iterable[str], now: datetime,
    *, traits: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:  # fmt: skip
    """Has segments looked over again, beside those that are live. With `traits` their meaning changes too."""
    for name in names:
        kept = known.segments[name]
        if kept.build_id is not None and traits is None:
            await connection.execute(sql("segments.restart_builds"), [kept.build_id])
            continue
        await drop_builds(connection, [kept.build_id] if kept.build_id else [])
        document = kept.document
        if traits is not None:
            used = names_of_traits(document["where"]) & traits.keys()
            document = {**document, "traits": {t: traits[t] for t in sorted(used)}}
            filter = compile_filter(document["where"], "where", traits=traits)
            await count_measures(connection, numbering, filter.needs.measures, now)
        await look_again(connection, numbering, kept.id, document, now)


async def _apply_trait(
    connection: Connection, numbering: Numbering, given: TraitDocument, known: Definitions, planned: Applied,
    now: datetime,
) -> None:  # fmt: skip
    await connection.execute(sql("segments.save_trait"), given.name, given.title, given.definition, now)
    traits = {**known.traits, given.name: given.definition}
    await count_measures(connection, numbering, measures_of_traits({given.name: given.definition}), now)
    if planned.action == "create" or planned.changes == ("title",):
        return
    segments, lifecycle = known.users_of_trait(given.name)
    await _rebuild(connection, numbering, known, segments, now, traits=traits)
    after = await read_definitions(connection)
    await _rebuild(connection, numbering, after, [n for n in known.above(segments) if n not in segments], now)
    if lifecycle and known.lifecycle:
        stages = tuple((stage, when) for stage, when in known.lifecycle["stages"])
        await _write_lifecycle(connection, numbering, stages, traits, now)


async def _write_lifecycle(
    connection: Connection, numbering: Numbering, stages: tuple[tuple[str, dict[str, Any]], ...],
    traits: Mapping[str, Mapping[str, Any]], now: datetime,
) -> None:  # fmt: skip
    """The rules, and a look over everybody; from here on the old ones move nobody."""
    stored = await connection.fetchval(sql("segments.read_lifecycle"))
    if stored and stored.get("build"):
        await drop_builds(connection, [UUID(stored["build"])])
    filters = [compile_filter(when, "when", traits=traits) for _, when in stages]
    await count_measures(connection, numbering, [m for f in filters for m in f.needs.measures], now)
    build = uuid7(to_ms(now))
    await add_build(connection, build, None, now)
    used = {t for _, when in stages for t in names_of_traits(when)} & traits.keys()
    value = {
        "stages": [list(stage) for stage in stages],
        "traits": {t: traits[t] for t in sorted(used)},
        "build": str(build),
    }
    await connection.execute(sql("segments.save_lifecycle"), value)
