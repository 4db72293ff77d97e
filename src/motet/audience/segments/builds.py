"""Builds: what must be counted of the past, who must be looked over, and when what was built goes live.

Measures have a build of their own, which counts; a segment's revision has one that looks over every customer when all
that it needs is counted, and the segments that it names are built. Segments that hang on each other go live together.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.audience.segments.book import Draft, Rule, SegmentBook, make_book
from motet.audience.segments.register import Numbering, add_build, changing, read_draft
from motet.audience.segments.traits import measures_of_traits
from motet.audience.segments.uses import read_uses
from motet.core.clock import to_ms
from motet.core.ids import uuid7
from motet.core.measures import Measure
from motet.storage.pool import Connection, Pool
from motet.storage.sql import sql


async def require_measures(pool: Pool, measures: Iterable[Measure], now: datetime) -> bool:
    """Has these counted from now on, and what was before by a build. Returns whether any was not counted already."""
    async with changing(pool) as (connection, numbering):
        fresh = await count_measures(connection, numbering, measures, now)
        numbering.version += fresh
        return fresh


async def count_measures(
    connection: Connection, numbering: Numbering, measures: Iterable[Measure], now: datetime
) -> bool:
    """The same inside a change of definitions. Returns whether anything was new."""
    known = {row["digest"] for row in await connection.fetch(sql("segments.list_measures"))}
    wanted = {m.digest: m for m in measures if m.digest not in known}
    if not wanted:
        return False
    build = uuid7(to_ms(now))
    await add_build(connection, build, None, now)
    for digest, measure in sorted(wanted.items()):
        spec = msgspec.to_builtins(measure)
        await connection.execute(sql("segments.add_measure"), numbering.next_measure(), digest, spec, build, now)
    return True


async def look_again(
    connection: Connection, numbering: Numbering, segment: UUID, document: dict[str, Any], now: datetime
) -> None:
    """A new revision of a segment, built beside the one that is live."""
    number = numbering.next_number()
    await connection.execute(sql("segments.add_revision"), number, segment, document, now)
    await add_build(connection, uuid7(to_ms(now)), number, now)


async def settle_builds(pool: Pool, now: datetime) -> bool:
    """Takes in what every lane is done with: measures are ready, segments go live. Returns whether there was any."""
    async with changing(pool) as (connection, numbering):
        done = {row["id"] for row in await connection.fetch(sql("segments.list_done"))}
        if not done:
            return False
        draft = await read_draft(connection)
        book = make_book(draft)
        counted = [id for id in done if id in book.builds and book.builds[id].counts]
        grown = [rule for group in _groups(book) if {r.build for r in group} <= done for rule in group]
        for rule in grown:
            await connection.execute(sql("segments.take_live"), rule.name, rule.number, now)
        over = [*counted, *(rule.build for rule in grown if rule.build is not None)]
        over += await _settle_stages(connection, draft, done, {rule.name for rule in grown}, now)
        over += [id for id in done if id not in book.builds]
        if not over:
            return False
        await connection.execute(sql("segments.ready_measures"), over)
        await connection.execute(sql("segments.finish_builds"), over, now)
        await drop_unneeded(connection)
        numbering.version += 1
        return True


async def _settle_stages(
    connection: Connection, draft: Draft, done: set[UUID], grown: set[str], now: datetime
) -> list[UUID]:
    """The lifecycle when its look is over; when segments that it names have changed, everybody is looked over again."""
    build = draft.stages.build
    again = any(filter.needs.segments & grown for _, filter in draft.stages.rules)
    if build not in done and not again:
        return []
    stored = dict(await connection.fetchval(sql("segments.read_lifecycle")))
    if again:
        stored["build"] = str(fresh := uuid7(to_ms(now)))
        await add_build(connection, fresh, None, now)
    else:
        stored["build"] = None
    await connection.execute(sql("segments.save_lifecycle"), stored)
    return [] if build is None else [build]


def _groups(book: SegmentBook) -> list[list[Rule]]:
    """Rules that are being built, in groups that hang together."""
    built = {rule.name: rule for rule in book.rules[book.live :]}
    ties: dict[str, set[str]] = {name: set() for name in built}
    for name, rule in built.items():
        for other in rule.filter.needs.segments & built.keys():
            ties[name].add(other)
            ties[other].add(name)
    groups: list[list[Rule]] = []
    seen: set[str] = set()
    for name in built:
        if name in seen:
            continue
        group, waiting = [], [name]
        while waiting:
            if (here := waiting.pop()) not in seen:
                seen.add(here)
                group.append(built[here])
                waiting.extend(ties[here])
        groups.append(group)
    return groups


async def drop_unneeded(connection: Connection) -> None:
    """Measures that nobody asks for any more, once their build is over."""
    draft = await read_draft(connection)
    filters = [rule.filter for rule in draft.rules] + [filter for _, filter in draft.stages.rules]
    needed = {m.digest for filter in filters for m in filter.needs.measures}
    needed |= {m.digest for m in measures_of_traits(draft.traits)}
    needed |= {m.digest for use in await read_uses(connection, draft.traits) for m in use.measures}
    stale = [m.number for m in draft.measures if m.ready and m.measure.digest not in needed]
    if stale:
        await connection.execute(sql("segments.drop_measures"), stale)
