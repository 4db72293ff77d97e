"""What merges ask of a lane: errands, read from `transfer` and left there for other lanes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.audience.pairs import GIVE_BACK, TAKE
from motet.audience.segments.register import read_measures
from motet.audience.segments.tallies import Numbered, Tallies, read_tallies, take_over
from motet.core.ids import lane_of
from motet.core.words import MessageStatus
from motet.storage.pool import Connection
from motet.storage.sql import sql

Row = dict[str, Any]  # of any table, as JSON


class Errand(msgspec.Struct, frozen=True):
    """One transfer that is to be carried out in `lane`."""

    lane: int
    id: UUID  # of the merge
    kind: int
    loser_id: UUID
    winner_id: UUID
    passed: bool  # the lane has applied everything that was in the log when it was asked
    whole: bool  # the lane stands between two snapshots of the log: `done` is exactly what it has applied
    done: str


async def is_on_wire(connection: Connection, lane: int, customer: UUID) -> bool:
    """Whether a message of this customer is on its way to a provider, or its answer on the way back.

    What waits for delivery is held by the transaction from here on: no worker takes it.
    """
    held = await connection.fetch(sql("merges.hold_messages"), lane, customer)
    if any(row["status"] == MessageStatus.SENDING for row in held):
        return True
    return bool(await connection.fetchval(sql("merges.is_claimed"), lane, customer))


async def add_transfer(connection: Connection, errand: Errand, kind: int, packed: Row | None, lanes: int) -> None:
    """Leaves the next step to the lane that it is in."""
    receiver = errand.winner_id if kind in (TAKE, GIVE_BACK) else errand.loser_id
    lane = lane_of(receiver, lanes)
    await connection.execute(
        sql("merges.add_transfer"), lane, errand.id, kind, errand.loser_id, errand.winner_id, packed
    )
    await wake(connection, [lane])


async def read_transfer(connection: Connection, lane: int, merge_id: UUID, kind: int) -> tuple[Row, Row, datetime]:
    """What a transfer carries, the record that was made of it, and when."""
    row = await connection.fetchrow(sql("merges.read_transfer"), lane, merge_id, kind)
    assert row is not None
    return row["packed"] or {}, row["record"] or {}, row["done_at"]


async def finish(connection: Connection, errand: Errand, now: datetime, record: Row | None = None) -> None:
    await connection.execute(sql("merges.finish"), errand.lane, errand.id, errand.kind, now, record)


async def mark_merge(connection: Connection, errand: Errand, status: int, lanes: int, now: datetime) -> None:
    await connection.execute(sql("merges.mark_merge"), lane_of(errand.loser_id, lanes), errand.id, status, now)


async def wake(connection: Connection, lanes: Iterable[int]) -> None:
    if woken := sorted(set(lanes)):
        await connection.execute(sql("ingest.wake"), "lanes:" + ",".join(map(str, woken)))


async def unpack(connection: Connection, lane: int, customer: UUID, packed: Row) -> None:
    """Puts rows into this lane, as this customer's; they keep their ids."""
    for kind in ("enrollments", "messages", "decisions", "inbox"):
        rows = [row | {"lane": lane, "customer_id": str(customer)} for row in packed[kind]]
        if rows:
            await connection.execute(sql(f"merges.unpack_{kind}"), rows)


# Tallies in rows ------------------------------------------------------------------------------------------------


Measures = dict[int, Numbered]  # everything that is counted, by number


async def load_measures(connection: Connection) -> Measures:
    return {m.number: m for m in await read_measures(connection)}


async def list_known(connection: Connection, lane: int) -> list[int]:
    """What is counted in full in this lane: of the others the past is still to come, or was not asked for yet."""
    return [r["number"] for r in await connection.fetch(sql("merges.list_known"), lane)]


def tallies_of(row: Row | None) -> Tallies:
    """The tallies in a row of `standing` or `build_tally` that travelled as JSON."""
    text = row["tallies"] if row else None
    return read_tallies(bytes.fromhex(text.removeprefix("\\x"))) if text else {}


def join_tallies(parts: Iterable[Tallies], measures: Measures, now: datetime) -> Tallies:
    """The counts of several customers, or of several times, in one; a measure that is gone is left out."""
    joined: Tallies = {}
    for part in parts:
        take_over(joined, part, measures, now)
    return joined
