"""Segments, traits and the lifecycle in the database: applied, listed, put away. What is applied is built at once.

Comes in: documents. Goes out: rows for screens, and for the lane loop a `SegmentBook`. Raises Refused with every
problem of a document, Conflict when something else needs what is to go, NotFound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from motet.audience.segments.apply import Applied, apply_given, plan_given, read_definitions
from motet.audience.segments.builds import drop_unneeded, require_measures, settle_builds
from motet.audience.segments.documents import read_document
from motet.audience.segments.register import changing, drop_builds, load_book, read_measures, read_traits
from motet.audience.segments.tallies import Counts, Numbers
from motet.audience.segments.traits import compile_traits, values_of
from motet.audience.segments.uses import read_uses
from motet.core.errors import Conflict, NotFound, Unavailable
from motet.core.ids import lane_of
from motet.storage.pool import Connection, Pool, Record
from motet.storage.sql import sql

__all__ = [
    "Applied",
    "SegmentRow",
    "Standing",
    "TraitRow",
    "apply_document",
    "archive_segment",
    "list_segments",
    "list_traits",
    "list_uses",
    "load_book",
    "plan_document",
    "read_lifecycle",
    "read_segment",
    "read_standing",
    "remove_trait",
    "require_measures",
    "settle_builds",
]

BUILDING, LIVE, ARCHIVED = 1, 2, 3
_ATTEMPTS = 5
T = TypeVar("T")
_WORDS = {BUILDING: "building", LIVE: "live", ARCHIVED: "archived"}


class SegmentRow(msgspec.Struct, frozen=True):
    """`members` are of the live revision, exact; `looked` of `customers` is how far a build is, both 0 without one."""

    name: str
    title: str
    description: str
    status: str  # building (for the first time) | live | archived
    members: int
    looked: int
    customers: int
    where: dict[str, Any]  # as last written: of what is being built, if anything is
    document: dict[str, Any]
    updated_at: datetime
    number: int  # of the live revision in `standing.segments`; 0 before the first is built


class TraitRow(msgspec.Struct, frozen=True):
    """`ready`: what happened before it was defined is counted too."""

    name: str
    title: str
    document: dict[str, Any]
    ready: bool
    updated_at: datetime


class Standing(msgspec.Struct, frozen=True):
    """Where a customer stands: live segments as (name, title) by name, and the traits that are known."""

    segments: list[tuple[str, str]]
    traits: dict[str, Any]


async def apply_document(pool: Pool, document: Mapping[str, Any], now: datetime, *, lanes: int) -> Applied:
    """Stores a document of kind segment, trait or lifecycle, and begins to build what it needs."""
    given = read_document(document)

    async def work() -> Applied:
        async with changing(pool) as (connection, numbering):
            return await apply_given(connection, numbering, given, now)

    return await _persist(work)


async def plan_document(pool: Pool, document: Mapping[str, Any]) -> Applied:
    """What `apply_document` would do; changes nothing."""
    given = read_document(document)
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        return plan_given(given, await read_definitions(connection))


async def _persist(work: Callable[[], Awaitable[T]]) -> T:
    """Again when the database breaks a circle of waits with lanes that are at work."""
    for _ in range(_ATTEMPTS):
        try:
            return await work()
        except asyncpg.DeadlockDetectedError:
            continue
    raise Unavailable("the database is too busy; try again")


async def list_segments(pool: Pool) -> list[SegmentRow]:
    """All of them by name, those that were put away among them."""
    return [_segment(row) for row in await pool.fetch(sql("segments.list_segments"), None)]


async def read_segment(pool: Pool, name: str) -> SegmentRow:
    row = await pool.fetchrow(sql("segments.list_segments"), name)
    if row is None:
        raise NotFound("segment", name)
    return _segment(row)


def _segment(row: Record) -> SegmentRow:
    document = {key: value for key, value in row["document"].items() if key != "traits"}
    return SegmentRow(
        name=row["name"],
        title=row["title"],
        description=row["description"],
        status=_WORDS[row["status"]],
        members=row["members"] if row["status"] == LIVE else 0,
        looked=min(row["looked"], row["customers"]),
        customers=row["customers"],
        where=document["where"],
        document=document,
        updated_at=row["updated_at"],
        number=row["number"],
    )


async def list_uses(pool: Pool) -> dict[str, list[str]]:
    """The campaigns that are not over and name a segment, by the segment's name."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    async with pool.acquire() as connection:
        for use in await read_uses(connection, await read_traits(connection)):
            for name in use.segments if use.open else ():
                found[name].add(use.campaign)
    return {name: sorted(campaigns) for name, campaigns in found.items()}


async def archive_segment(pool: Pool, name: str, now: datetime) -> None:
    """Puts a segment away: nobody is in it any more. Applied again, it is built anew."""
    await _persist(lambda: _archive(pool, name, now))


async def _archive(pool: Pool, name: str, now: datetime) -> None:
    async with changing(pool) as (connection, numbering):
        known = await read_definitions(connection)
        segment = known.segments.get(name)
        if segment is None:
            raise NotFound("segment", name)
        if segment.status == ARCHIVED:
            return
        _refuse_used(name, "segment", known.users_of(name), await _campaigns(connection, "segments", name))
        await drop_builds(connection, [segment.build_id] if segment.build_id else [])
        await connection.execute(
            sql("segments.describe_segment"), segment.id, segment.title, segment.description, ARCHIVED, now
        )
        await drop_unneeded(connection)
        numbering.version += 1


async def list_traits(pool: Pool) -> list[TraitRow]:
    rows = await pool.fetch(sql("segments.list_traits"))
    ready = {row["digest"] for row in await pool.fetch(sql("segments.list_measures")) if row["ready"]}
    traits = compile_traits({row["name"]: row["document"] for row in rows})
    return [
        TraitRow(
            row["name"],
            row["title"],
            {"kind": "trait", "name": row["name"], "title": row["title"], **row["document"]},
            row["name"] in traits and all(m.digest in ready for m in traits[row["name"]].measures),
            row["updated_at"],
        )
        for row in rows
    ]


async def remove_trait(pool: Pool, name: str) -> None:
    """Stops computing a trait. Raises Conflict when a segment, the lifecycle or a campaign asks for it."""
    async with changing(pool) as (connection, numbering):
        known = await read_definitions(connection)
        if name not in known.traits:
            raise NotFound("trait", name)
        _refuse_used(name, "trait", known.users_of_trait(name), await _campaigns(connection, "traits", name))
        await connection.execute(sql("segments.remove_trait"), name)
        await drop_unneeded(connection)
        numbering.version += 1


async def read_lifecycle(pool: Pool) -> dict[str, Any]:
    """The document; without stages when nobody has written one."""
    stored = await pool.fetchval(sql("segments.read_lifecycle"))
    stages = [{"stage": stage, "when": when} for stage, when in stored["stages"]] if stored else []
    return {"kind": "lifecycle", "stages": stages}


async def read_standing(pool: Pool, customer_id: UUID, *, lanes: int, now: datetime) -> Standing:
    """Where a customer stands at `now`, in the brand's timezone. Traits that are not counted yet are left out."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        row = await connection.fetchrow(sql("segments.read_standing"), lane_of(customer_id, lanes), customer_id)
        numbers = list(row["segments"]) if row else []
        names = await connection.fetch(sql("segments.name_numbers"), numbers) if numbers else []
        traits = compile_traits(await read_traits(connection))
        counts = await _read_counts(connection, row["tallies"] if row else None) if traits else None
    segments = [(r["name"], r["title"]) for r in names]
    return Standing(segments, {} if counts is None else values_of(traits, counts, now))


async def _read_counts(connection: Connection, tallies: bytes | None) -> Counts:
    measures = await read_measures(connection)
    ready = frozenset(m.number for m in measures if m.ready)
    return Counts(Numbers(measures), tallies, ready)


async def _campaigns(connection: Connection, kind: str, name: str) -> list[str]:
    """Campaigns that are not over and name this segment or trait."""
    uses = await read_uses(connection, await read_traits(connection))
    return sorted({use.campaign for use in uses if use.open and name in getattr(use, kind)})


def _refuse_used(name: str, kind: str, rules: tuple[list[str], bool], campaigns: list[str]) -> None:
    segments, lifecycle = rules
    users = [f"the segment {n!r}" for n in segments] + ["the lifecycle"] * lifecycle
    users += [f"the campaign {n!r}" for n in campaigns]
    if users:
        raise Conflict(f"the {kind} {name!r} is used by {', '.join(users[:10])}: change that first")
