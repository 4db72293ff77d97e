"""A merge taken back: what was the loser's leaves the winner's lane, and arrives in the loser's.

Enrollments and messages go back as they are now, with what came of them since. The winner's counts are made anew: as
they were before the merge, and what the winner did since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from motet.audience.blending import part
from motet.audience.pairs import MERGED, TAKE, TAKE_BACK, UNDO_PACKED, UNDONE
from motet.audience.people import list_gone
from motet.audience.segments.tallies import Numbered, Tallies, count_event, write_tallies
from motet.core.clock import to_ms
from motet.core.events import Event
from motet.core.ids import enrollment_of, lane_of, uuid7_floor
from motet.core.metrics import Metric
from motet.core.reasons import Reason
from motet.core.words import Verdict
from motet.engine.arriving import Quieted, read_profile, write_profile
from motet.engine.errands import (
    Errand,
    Measures,
    Row,
    add_transfer,
    finish,
    is_on_wire,
    join_tallies,
    load_measures,
    mark_merge,
    read_transfer,
    tallies_of,
    unpack,
)
from motet.storage.changes import note_changes
from motet.storage.pool import Connection, Record
from motet.storage.sql import sql
from motet.storage.stats import Counts


async def give_back(connection: Connection, errand: Errand, lanes: int, now: datetime) -> bool:
    """What was the loser's leaves the winner. False: not yet."""
    lane, winner = errand.lane, errand.winner_id
    if not errand.whole or await is_on_wire(connection, lane, winner):
        return False
    if await connection.fetchval(sql("merges.is_building"), lane):  # it would count some of the past twice
        return False
    packed, record, merged_at = await read_transfer(connection, lane, errand.id, TAKE)
    quieted = msgspec.convert(record["quieted"], Quieted)
    taken = await _take_out(connection, errand, packed)
    counts = Counts()
    returned = restore(packed, taken, quieted, counts)
    await counts.save(connection, lane, now)
    await _part(connection, errand, record, merged_at, now)
    await _recount(connection, errand, lanes, now)
    await add_transfer(connection, errand, TAKE_BACK, returned, lanes)
    await mark_merge(connection, errand, UNDO_PACKED, lanes, now)
    await finish(connection, errand, now)
    await note_changes(connection, [winner], lanes=lanes, now=now)
    return True


async def take_back(connection: Connection, errand: Errand, lanes: int, now: datetime) -> bool:
    """The loser, who has been a customer again since the undo was asked for, gets the rest. False: not yet."""
    lane, loser = errand.lane, errand.loser_id
    if not errand.whole or await connection.fetchval(sql("merges.is_building"), lane):
        return False
    packed, _, _ = await read_transfer(connection, lane, errand.id, TAKE_BACK)
    await unpack(connection, lane, loser, packed)
    await _count_new(connection, errand, lanes, now)
    await mark_merge(connection, errand, UNDONE, lanes, now)
    await finish(connection, errand, now)
    await note_changes(connection, [loser], lanes=lanes, now=now)
    return True


async def _take_out(connection: Connection, errand: Errand, packed: Row) -> Row:
    """The rows that came with the merge, and those that their enrollments made since."""
    lane, winner = errand.lane, errand.winner_id
    enrollments = {UUID(row["id"]) for row in packed["enrollments"]}
    came = {UUID(row["id"]) for kind in ("messages", "inbox") for row in packed[kind]}
    rows = await connection.fetch(sql("merges.list_message_ids"), lane, winner)
    made = {row["id"] for row in rows if enrollment_of(row["id"]) in enrollments}
    decisions = [UUID(row["id"]) for row in packed["decisions"]]
    taken: Row = await connection.fetchval(
        sql("merges.take_out"), lane, winner, list(enrollments), list(came | made), decisions
    )
    return taken


def restore(packed: Row, taken: Row, quieted: Quieted, counts: Counts) -> Row:
    """The rows as they go back: what the merge set aside is as it was before. Pure, but for the counts it adds to."""
    ended = {row["id"]: row for row in packed["enrollments"] if row["id"] in quieted.ended}
    dropped = {row["id"]: row for row in packed["messages"] if row["id"] in quieted.dropped}
    for row in ended.values():
        counts.departed[(UUID(row["revision_id"]), row["step"])] -= 1
        counts.add(UUID(row["campaign_id"]), 0, Metric.FINISHED, count=-1)
    for row in dropped.values():
        campaign, channel = UUID(row["campaign_id"]), row["channel"]
        counts.add(campaign, channel, Metric.DROPPED, count=-1)
        counts.reasons[(campaign, channel, Verdict.DROP, Reason.ALREADY_ENROLLED)] -= 1
    return taken | {
        "enrollments": [ended.get(row["id"], row) for row in taken["enrollments"]],
        "messages": [dropped.get(row["id"], row) for row in taken["messages"]],
        "decisions": [row for row in taken["decisions"] if row["id"] not in quieted.decisions],
    }


async def _part(connection: Connection, errand: Errand, record: Row, merged_at: datetime, now: datetime) -> None:
    """The winner's profile without what the merge brought, as far as it has not changed since."""
    lane, winner = errand.lane, errand.winner_id
    row = await connection.fetchrow(sql("merges.read_customer"), lane, winner)
    assert row is not None
    since = uuid7_floor(to_ms(merged_at))
    refused = await connection.fetchval(sql("merges.has_refused"), lane, winner, since)
    present, before, after = (read_profile(r) for r in (row["profile"], record["before"], record["after"]))
    parted = part(present, before, after, keep_refusals=refused)
    await connection.execute(sql("merges.write_customer"), lane, winner, write_profile(parted), now)


# Counts ---------------------------------------------------------------------------------------------------------


async def _recount(connection: Connection, errand: Errand, lanes: int, now: datetime) -> None:
    """The winner's counts without the loser's.

    They start from the oldest merge that was taken back: the counts before it, those of all who were taken in since
    and stayed, and what the log says of the winner since. What was not counted in full then is counted over the log.
    """
    lane, winner = errand.lane, errand.winner_id
    rows = await connection.fetch(sql("merges.list_taken"), lane, winner)
    undone = await _list_undone(connection, rows, lanes)
    first = next(row for row in rows if row["id"] in undone)
    gone = await list_gone(connection, winner)
    parts = [tallies_of(first["before"])]
    for row in rows[rows.index(first) :]:
        if row["id"] not in undone and (row["kind"] == TAKE or row["loser_id"] in gone):
            carried = (row["standing"], *(row["counted"] or ()), {"tallies": row["tallies"]})
            parts += [tallies_of(part) for part in carried]
    log = _Log(connection, await load_measures(connection), lanes, now)
    back = {row["loser_id"] for row in rows if row["id"] in undone}
    back |= {id for loser in list(back) for id in await list_gone(connection, loser)}
    parts.append(await log.count(winner, first["done"], errand.done, back - set(gone)))
    joined = join_tallies(parts, log.measures, now)
    if newer := log.list_newer(first["known"]):
        joined = {n: t for n, t in joined.items() if n not in newer}
        joined |= await log.count_whole(newer, [winner, *gone], errand.done)
    await _save_tallies(connection, lane, winner, joined, now)


async def _count_new(connection: Connection, errand: Errand, lanes: int, now: datetime) -> None:
    """What was not counted in full yet when the loser went is counted over the log."""
    lane, loser = errand.lane, errand.loser_id
    [packed, *_] = await read_transfer(connection, lane_of(errand.winner_id, lanes), errand.id, TAKE)
    log = _Log(connection, await load_measures(connection), lanes, now)
    row = await connection.fetchrow(sql("merges.read_customer"), lane, loser)
    if row is None or not (newer := log.list_newer(packed["known"])):
        return
    joined = {n: t for n, t in tallies_of(row["standing"]).items() if n not in newer}
    joined |= await log.count_whole(newer, [loser, *await list_gone(connection, loser)], errand.done)
    await _save_tallies(connection, lane, loser, joined, now)


async def _save_tallies(connection: Connection, lane: int, customer: UUID, tallies: Tallies, now: datetime) -> None:
    """Membership stays until the engine looks at the customer again, which is at once."""
    row = await connection.fetchrow(sql("merges.read_customer"), lane, customer)
    standing = row["standing"] if row else None
    segments = standing["segments"] if standing else []
    await connection.execute(sql("merges.write_standing"), lane, customer, segments, write_tallies(tallies), now)


async def _list_undone(connection: Connection, rows: Sequence[Record], lanes: int) -> set[UUID]:
    """Of these merges, those that were taken back or are being."""
    taken = [row for row in rows if row["kind"] == TAKE]
    found = await connection.fetch(
        sql("merges.list_status"), [lane_of(row["loser_id"], lanes) for row in taken], [row["id"] for row in taken]
    )
    return {row["id"] for row in found if row["status"] > MERGED}


class _Log:
    """Counts over the events that the log still has."""

    def __init__(self, connection: Connection, measures: Measures, lanes: int, now: datetime) -> None:
        self.connection, self.measures, self.lanes, self.now = connection, measures, lanes, now

    def list_newer(self, known: Collection[int]) -> frozenset[int]:
        """The measures that are not among those that were counted in full at some time."""
        return frozenset(self.measures.keys() - set(known))

    async def count(
        self,
        id: UUID,
        after: str | None,
        until: str | None,
        apart: Collection[UUID] = (),
        only: frozenset[int] | None = None,
    ) -> Tallies:
        """What the log has of one id between two snapshots. What was forwarded from an id in `apart` is not theirs."""
        others = list(apart)
        rows = await self.connection.fetch(
            sql("merges.read_past"),
            lane_of(id, self.lanes), id, after, until, [lane_of(i, self.lanes) for i in others], others,
        )  # fmt: skip
        by_event: defaultdict[str, list[Numbered]] = defaultdict(list)
        for number, numbered in self.measures.items():
            if only is None or number in only:
                by_event[numbered.measure.event].append(numbered)
        tallies: Tallies = {}
        for row in rows:
            event = Event(**{name: value for name, value in row.items() if value is not None})
            count_event(tallies, by_event[event.name], event, self.now)
        return tallies

    async def count_whole(self, only: frozenset[int], ids: Sequence[UUID], done: str) -> Tallies:
        """Some measures over everything that the log has of a customer: the present id, and those gone into it."""
        parts = [await self.count(ids[0], None, done, only=only)]
        parts += [await self.count(id, None, None, only=only) for id in ids[1:]]
        return join_tallies(parts, self.measures, self.now)
