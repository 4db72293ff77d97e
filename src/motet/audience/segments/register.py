"""What is defined, as it is stored: read whole, changed by one writer at a time.

Every change goes through `changing`: it waits for the writers before it, raises the version that the lane loop compares
in each turn, and wakes the workers, all in one transaction.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog

from motet.audience.segments.book import Draft, Rule, SegmentBook, Stages, make_book
from motet.audience.segments.tallies import Numbered, number_measure
from motet.core.errors import Refused
from motet.core.filters import Filter, compile_filter
from motet.core.measures import read_measure
from motet.storage.pool import Connection, Pool
from motet.storage.sql import sql

log = structlog.get_logger()


class Numbering(msgspec.Struct):
    """The setting `segments`. Numbers are given out once, so that what an old one left behind means nothing."""

    version: int = 0
    numbers: int = 0  # of segment revisions
    measures: int = 0

    def next_number(self) -> int:
        self.numbers += 1
        return self.numbers

    def next_measure(self) -> int:
        self.measures += 1
        return self.measures


@asynccontextmanager
async def changing(pool: Pool) -> AsyncIterator[tuple[Connection, Numbering]]:
    """A transaction in which definitions may be changed. A change raises the version; without one nobody is woken."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(sql("segments.make_register"))
        numbering = msgspec.convert(await connection.fetchval(sql("segments.lock_register")), Numbering)
        before = numbering.version
        yield connection, numbering
        if numbering.version != before:
            await connection.execute(sql("segments.save_register"), msgspec.to_builtins(numbering))
            await connection.execute(sql("segments.notify"), "segments")


async def read_version(connection: Connection) -> int:
    value = await connection.fetchval(sql("segments.read_register"))
    return int(value["version"]) if value else 0


async def load_book(pool: Pool, known: SegmentBook | None = None) -> SegmentBook:
    """Everything that is evaluated now; `known` itself when nothing has changed since."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        if known is not None and known.version == await read_version(connection):
            return known
        return make_book(await read_draft(connection))


async def read_draft(connection: Connection) -> Draft:
    """What is stored, compiled; inside the caller's transaction, so that it is one picture."""
    rows = await connection.fetch(sql("segments.list_live"))
    rules = [rule for row in rows if (rule := _rule(dict(row))) is not None]
    return Draft(
        version=await read_version(connection),
        rules=tuple(rules),
        stages=read_stages(await connection.fetchval(sql("segments.read_lifecycle"))),
        measures=tuple(await read_measures(connection)),
        builds=tuple(row["id"] for row in await connection.fetch(sql("segments.list_builds"))),
        traits=await read_traits(connection),
    )


async def read_measures(connection: Connection) -> list[Numbered]:
    """Everything that is counted, by number."""
    return [
        number_measure(row["number"], read_measure(row["digest"]), row["build_id"], row["ready"])
        for row in await connection.fetch(sql("segments.list_measures"))
    ]


async def read_traits(connection: Connection) -> dict[str, dict[str, Any]]:
    """The definitions of the computed traits by name."""
    return {row["name"]: row["document"] for row in await connection.fetch(sql("segments.list_traits"))}


def _rule(row: dict[str, Any]) -> Rule | None:
    document = row["document"]
    filter = compile_stored(document.get("where", {}), document.get("traits"), row["name"])
    return None if filter is None else Rule(row["number"], row["name"], row["title"], filter, row["build_id"])


def read_stages(stored: Mapping[str, Any] | None) -> Stages:
    """The setting `lifecycle`: {"stages": [[stage, when], ...], "traits": {...}, "build": id or null}."""
    if not stored:
        return Stages()
    compiled = [(stage, compile_stored(when, stored.get("traits"), "lifecycle")) for stage, when in stored["stages"]]
    build = stored.get("build")
    rules = tuple((stage, filter) for stage, filter in compiled if filter is not None)
    return Stages(rules, UUID(build) if build else None)


def compile_stored(spec: Any, traits: Mapping[str, Any] | None, name: str) -> Filter | None:
    """A filter that was sound when it was stored. One that is so no more is logged and left out, and stops nobody."""
    try:
        return compile_filter(spec, name, traits=traits or {})
    except Refused as refused:
        log.error("a stored rule cannot be read", rule=name, error=str(refused))
        return None


async def drop_builds(connection: Connection, ids: list[UUID]) -> None:
    if ids:
        await connection.execute(sql("segments.drop_build_lanes"), ids)
        await connection.execute(sql("segments.drop_builds"), ids)


async def add_build(connection: Connection, id: UUID, number: int | None, now: datetime) -> None:
    await connection.execute(sql("segments.add_build"), id, number, now)
    await connection.execute(sql("segments.add_build_lanes"), id)
