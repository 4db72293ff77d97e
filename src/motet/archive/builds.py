"""Builds: what happened before a segment was asked for, counted over the whole log for every customer.

A build waits until each lane's engine has said from where it counts by itself (`since`, see 0002_segments.sql); then
one pass over the log counts all measures of all lanes. The counts of some lanes and their new status are one
transaction: a keeper that dies between two of them leaves the rest to the next.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.archive.duck import Duck
from motet.archive.tallies import count_tallies, read_tallies
from motet.core.measures import Measure, Tally, read_measure
from motet.storage.pool import Connection
from motet.storage.sql import sql

COUNT = 2  # a lane's status: it waits to be counted
LANES = 8  # at most, in one transaction
PAGE = 5_000  # rows on their way at once

_encode = msgspec.msgpack.Encoder().encode
_COLUMNS = ("lane", "build_id", "customer_id", "tallies")


class Build(msgspec.Struct, frozen=True):
    """One that waits. `since` is of every lane that has one; `waiting` are the lanes to be counted."""

    id: UUID
    since: dict[int, str]
    waiting: tuple[int, ...]
    complete: bool  # whether every lane has said from where it counts


async def serve_builds(connection: Connection, duck: Duck, *, lanes: int, now: datetime) -> list[int]:
    """Counts what waits to be counted. Returns the lanes that have something to go on with."""
    served: list[int] = []
    for row in await connection.fetch(sql("archive.list_builds")):
        build = _build(row)
        measures = await _read_measures(connection, build.id)
        if not measures:
            served += await _finish(connection, build, build.waiting)
        elif build.complete:
            served += await _count(connection, duck, build, measures, lanes, now)
    return served


def _build(row: Any) -> Build:
    since = {lane: s for lane, s in zip(row["lanes"], row["since"], strict=True) if s is not None}
    waiting = [lane for lane, status in zip(row["lanes"], row["statuses"], strict=True) if status == COUNT]
    return Build(row["id"], since, tuple(waiting), len(since) == len(row["lanes"]))


async def _read_measures(connection: Connection, build_id: UUID) -> dict[int, Measure]:
    rows = await connection.fetch(sql("archive.list_build_measures"), build_id)
    return {row["number"]: read_measure(row["digest"]) for row in rows}


async def _count(
    connection: Connection, duck: Duck, build: Build, measures: dict[int, Measure], lanes: int, now: datetime
) -> list[int]:
    numbers = list(measures)
    served: list[int] = []
    async with duck.session() as session:
        await count_tallies(connection, duck, session, list(measures.values()), build.since, lanes=lanes, now=now)
        rows = _Rows(build.id, numbers, read_tallies(duck, session))
        waiting = sorted(build.waiting)
        for start in range(0, len(waiting), LANES):
            group = waiting[start : start + LANES]
            async with connection.transaction():
                await connection.execute(sql("archive.drop_tallies"), group, build.id)
                async for page in rows.pages(group):
                    await connection.copy_records_to_table("build_tally", records=page, columns=_COLUMNS)
                served += await _finish(connection, build, group)
    return served


async def _finish(connection: Connection, build: Build, lanes: Any) -> list[int]:
    named = sorted(lanes)
    rows = await connection.fetch(
        sql("archive.finish_counting"), named, build.id, [build.since[lane] for lane in named]
    )
    done = sorted(row["lane"] for row in rows)
    if done:
        await connection.execute(sql("archive.notify"), "lanes:" + ",".join(map(str, done)))
    return done


class _Rows:
    """The stream of tallies, which is in the order of lanes, cut into the rows of some lanes at a time."""

    def __init__(
        self, build_id: UUID, numbers: list[int], stream: AsyncIterator[tuple[int, UUID, dict[int, Tally]]]
    ) -> None:
        self.build_id = build_id
        self.numbers = numbers
        self.stream = stream
        self.ahead: tuple[int, UUID, dict[int, Tally]] | None = None

    async def pages(self, lanes: list[int]) -> AsyncIterator[list[tuple[int, UUID, UUID, bytes]]]:
        """The rows of `build_tally` for these lanes, which are greater than those asked for before."""
        wanted, last = set(lanes), max(lanes)
        page: list[tuple[int, UUID, UUID, bytes]] = []
        while (found := self.ahead or await anext(self.stream, None)) is not None:
            self.ahead = None
            lane, customer, tallies = found
            if lane > last:
                self.ahead = found
                break
            if lane in wanted:
                packed = _encode({self.numbers[place]: tally for place, tally in tallies.items()})
                page.append((lane, self.build_id, customer, packed))
            if len(page) == PAGE:
                yield page
                page = []
        if page:
            yield page
