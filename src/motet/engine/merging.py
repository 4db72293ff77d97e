"""Merges carried out: a customer who became another moves from lane to lane, as a transfer that is written by the
engine of one lane and read by the engine of the other. No transaction needs two leases.

give        once the lane has applied what was in the log when it was asked, and nothing of the loser is on the wire,
            all that is the loser's leaves the lane
take        the winner's engine takes it in (`arriving.py`)
give back   for an undo, the winner's engine hands out what was the loser's (`returning.py`)
take back   and the loser's engine takes it in

Each step is one transaction under the lane's fence, and leaves the next one as an errand of the other lane: killed
anywhere, it goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from motet.audience.pairs import COUNTS, GIVE, GIVE_BACK, PACKED, TAKE, TAKE_BACK, find_gone
from motet.audience.segments.tallies import Tallies, write_tallies
from motet.core.clock import to_ms
from motet.core.events import FORWARD, FORWARD_HISTORY, Event
from motet.core.ids import lane_of, uuid7
from motet.engine.arriving import take, take_counts
from motet.engine.errands import Errand, add_transfer, finish, is_on_wire, list_known, mark_merge, wake
from motet.engine.returning import give_back, take_back
from motet.storage.changes import note_changes
from motet.storage.lanes import Lease
from motet.storage.pool import Connection
from motet.storage.sql import sql

log = structlog.get_logger()

AT_ONCE = 20  # errands in one transaction
_EVENT = ("lane", "customer_id", "id", "name", "at", "properties", "message_id", "value", "source")


async def carry_merges(
    connection: Connection, lease: Lease, lane: int, fence: int, now: datetime, *, lanes: int
) -> bool:
    """Does what can be done for merges in this lane. Returns whether anything was; call it after a batch's commit.

    Raises LeaseLost, and does nothing, when the lane has another owner.
    """
    moved = False
    rows = await connection.fetch(sql("merges.list_open"), lane)
    # By the customer whose row is held: whoever writes several profiles takes them in this order too.
    rows.sort(key=lambda row: row["loser_id" if row["kind"] in (GIVE, TAKE_BACK) else "winner_id"].int)
    for start in range(0, len(rows), AT_ONCE):
        async with connection.transaction():
            await lease.lock(connection, lane, fence)
            for row in rows[start : start + AT_ONCE]:
                # Once more, behind the lock: a worker that was slow must not do again what another has done since.
                fresh = await connection.fetchrow(sql("merges.read_open"), lane, row["id"], row["kind"])
                if fresh is not None:
                    moved |= await _WORK[fresh["kind"]](connection, Errand(lane, *fresh), lanes, now)
    return moved


async def give(connection: Connection, errand: Errand, lanes: int, now: datetime) -> bool:
    """The loser leaves the lane. False: not yet."""
    lane, loser = errand.lane, errand.loser_id
    # What was asked for before this comes first: whoever became the loser, or is taken out of them again.
    if not errand.passed or await connection.fetchval(sql("merges.is_moving"), loser, errand.id):
        return False
    if await is_on_wire(connection, lane, loser):
        return False
    packed: dict[str, Any] = await connection.fetchval(sql("merges.pack"), lane, loser)
    packed["known"] = await list_known(connection, lane)
    if packed["standing"] and packed["standing"]["segments"]:
        await connection.execute(sql("merges.count_members"), lane, packed["standing"]["segments"], -1)
    await connection.execute(sql("merges.settle_alias"), lane, loser)
    await mark_merge(connection, errand, PACKED, lanes, now)
    await add_transfer(connection, errand, TAKE, packed, lanes)
    await finish(connection, errand, now)
    await note_changes(connection, [loser], lanes=lanes, now=now)
    return True


_WORK = {GIVE: give, TAKE: take, GIVE_BACK: give_back, TAKE_BACK: take_back, COUNTS: take_counts}


async def forward(connection: Connection, events: Sequence[Event], *, lanes: int) -> None:
    """Sends events of customers who are gone on to who they are now, in the transaction that passes them over.

    The copies have the ids of the events and a source of their own: engines hear them, timelines and counts do not.
    Events of customers who never were are nobody's.
    """
    gone = await find_gone(connection, {event.customer_id for event in events}, lanes)
    rows = [
        (lane_of(gone[e.customer_id], lanes), gone[e.customer_id], e.id, e.name, e.at, e.properties or None,
         e.message_id, e.value, FORWARD_HISTORY if e.past else FORWARD)
        for e in events
        if e.customer_id in gone
    ]  # fmt: skip
    if rows:
        await connection.copy_records_to_table("event", records=rows, columns=_EVENT)
        await wake(connection, {row[0] for row in rows})
    if missing := len(events) - len(rows):
        log.warning("events of nobody", count=missing)


async def forward_tallies(
    connection: Connection, counted: Mapping[UUID, Tallies], *, lanes: int, now: datetime
) -> None:
    """Sends what a build counted for customers who are gone on to who they are now."""
    gone = await find_gone(connection, counted, lanes)
    for old, new in gone.items():
        lane, tallies = lane_of(new, lanes), (write_tallies(counted[old]) or b"").hex()
        packed = {"tallies": tallies}
        await connection.execute(sql("merges.add_transfer"), lane, uuid7(to_ms(now)), COUNTS, old, new, packed)
    await wake(connection, {lane_of(new, lanes) for new in gone.values()})
