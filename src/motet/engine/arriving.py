"""A customer who became another arrives in the other's lane: profile, counts, enrollments, messages, inbox.

Nothing is said twice: who was in the same campaign under both names goes on with the winner's enrollment only. Nobody
enters a segment anew that one of the two was in.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from motet.audience.blending import blend
from motet.audience.pairs import COUNTS, MERGED, TAKE
from motet.audience.segments.tallies import write_tallies
from motet.core.clock import to_ms
from motet.core.customers import Customer
from motet.core.events import CUSTOMER_MERGED
from motet.core.ids import enrollment_of, lane_of, uuid7
from motet.core.metrics import Metric
from motet.core.reasons import Reason
from motet.core.words import EnrollmentStatus, MessageStatus, Verdict
from motet.engine.errands import (
    Errand,
    Row,
    finish,
    join_tallies,
    list_known,
    load_measures,
    mark_merge,
    read_transfer,
    tallies_of,
    unpack,
)
from motet.storage.changes import note_changes
from motet.storage.pool import Connection
from motet.storage.sql import sql
from motet.storage.stats import Counts

log = structlog.get_logger()

MERGED_REASON = "merged"  # why the loser's enrollment ended


class Quieted(msgspec.Struct):
    """What was set aside because the winner is in the campaign already: ids of enrollments, messages, decisions."""

    ended: list[str] = []
    dropped: list[str] = []
    decisions: list[str] = []


async def take(connection: Connection, errand: Errand, lanes: int, now: datetime) -> bool:
    """The loser's part becomes the winner's. False: not yet."""
    lane, winner = errand.lane, errand.winner_id
    if not errand.whole:
        return False
    row = await connection.fetchrow(sql("merges.read_customer"), lane, winner)
    if row is None:
        log.error("a merge waits for a customer who is not there", merge=str(errand.id), customer=str(winner))
        return False
    [packed, *_] = await read_transfer(connection, lane, errand.id, TAKE)
    counts = Counts()
    active = {str(r["campaign_id"]) for r in await connection.fetch(sql("merges.list_active"), lane, winner)}
    quieted, arrived = quiet(packed, active, counts, now)
    await unpack(connection, lane, winner, arrived)
    await _wake_others(connection, lane, winner, arrived)
    if packed["launches"]:
        launches = [UUID(id) for id in packed["launches"]]
        await connection.execute(sql("merges.name_for_launches"), lane, winner, launches)
    after = await _blend(connection, errand, row["profile"], packed["profile"], now)
    await _join_standing(connection, errand, row["standing"], packed, now)
    await counts.save(connection, lane, now)
    await _tell(connection, errand, lanes, now)
    await mark_merge(connection, errand, MERGED, lanes, now)
    record = {
        "before": row["profile"],
        "after": after,
        "standing": row["standing"],
        "done": errand.done,
        "known": sorted(set(packed["known"]).intersection(await list_known(connection, lane))),
        "quieted": msgspec.to_builtins(quieted),
    }
    await finish(connection, errand, now, record)
    return True


async def take_counts(connection: Connection, errand: Errand, lanes: int, now: datetime) -> bool:
    """What a build counted for an id that is gone is added to the winner's counts."""
    lane, winner = errand.lane, errand.winner_id
    row = await connection.fetchrow(sql("merges.read_customer"), lane, winner)
    [packed, *_] = await read_transfer(connection, lane, errand.id, COUNTS)
    if row is not None:
        await _join_standing(connection, errand, row["standing"], packed | {"standing": None, "counted": [packed]}, now)
        await note_changes(connection, [winner], lanes=lanes, now=now)
    elif (further := await connection.fetchval(sql("merges.find_now"), lane, winner)) is not None:
        await connection.execute(
            sql("merges.add_transfer"),
            lane_of(further, lanes), uuid7(to_ms(now)), COUNTS, errand.loser_id, further, packed,
        )  # fmt: skip
    await finish(connection, errand, now)
    return True


async def _wake_others(connection: Connection, lane: int, winner: UUID, arrived: Row) -> None:
    """What waits to be sent waits in this lane now; and there is more in the winner's inbox."""
    if arrived["inbox"]:
        await connection.execute(sql("engine.notify"), "motet_inbox", str(winner))
    channels = {row["channel"] for row in arrived["messages"] if row["status"] == MessageStatus.APPROVED}
    if channels:
        places = ",".join(f"{lane}:{channel}" for channel in sorted(channels))
        await connection.execute(sql("engine.notify"), "motet_delivery", places)


def quiet(packed: Row, active: set[str], counts: Counts, now: datetime) -> tuple[Quieted, Row]:
    """The rows as they arrive: in campaigns where the winner is active, the loser's enrollment ends and what it has
    not sent yet is dropped. Pure, but for the counts that it adds to. Returns what was set aside, and the rows."""
    quieted = Quieted()
    ended: set[UUID] = set()
    enrollments: list[Row] = []
    for row in packed["enrollments"]:
        if row["status"] == EnrollmentStatus.ACTIVE and row["campaign_id"] in active:
            ended.add(UUID(row["id"]))
            quieted.ended.append(row["id"])
            counts.departed[(UUID(row["revision_id"]), row["step"])] += 1
            counts.add(UUID(row["campaign_id"]), 0, Metric.FINISHED)
            row = row | {
                "status": int(EnrollmentStatus.EXITED),
                "due_at": None,
                "ended_at": now.isoformat(),
                "exit_reason": MERGED_REASON,
            }
        enrollments.append(row)
    messages: list[Row] = []
    decisions: list[Row] = list(packed["decisions"])
    for row in packed["messages"]:
        if row["status"] == MessageStatus.APPROVED and enrollment_of(UUID(row["id"])) in ended:
            decision = _dropped(row, now)
            decisions.append(decision)
            quieted.dropped.append(row["id"])
            quieted.decisions.append(decision["id"])
            campaign, channel = UUID(row["campaign_id"]), row["channel"]
            counts.add(campaign, channel, Metric.DROPPED)
            counts.reasons[(campaign, channel, Verdict.DROP, Reason.ALREADY_ENROLLED)] += 1
            row = row | {"status": int(MessageStatus.DROPPED), "send_at": None}
        messages.append(row)
    return quieted, packed | {"enrollments": enrollments, "messages": messages, "decisions": decisions}


def _dropped(message: Row, now: datetime) -> Row:
    return {
        "id": str(uuid7(to_ms(now))),
        "campaign_id": message["campaign_id"],
        "enrollment_id": str(enrollment_of(UUID(message["id"]))),
        "step": message["step"],
        "channel": message["channel"],
        "verdict": int(Verdict.DROP),
        "reasons": [int(Reason.ALREADY_ENROLLED)],
        "until": None,
        "at": now.isoformat(),
    }


async def _blend(connection: Connection, errand: Errand, mine: Row, other: Row | None, now: datetime) -> Row:
    """Writes the winner's profile with what the loser brings; returns it."""
    if other is None:  # there never was a row: an id without a profile
        return mine
    newer = datetime.fromisoformat(other["updated_at"]) > datetime.fromisoformat(mine["updated_at"])
    blended = write_profile(blend(read_profile(mine), read_profile(other), newer=newer))
    await connection.execute(sql("merges.write_customer"), errand.lane, errand.winner_id, blended, now)
    return blended


def read_profile(row: Row) -> Customer:
    """A row of `customer` as a struct."""
    return msgspec.convert({k: v for k, v in row.items() if v is not None}, Customer)


def write_profile(customer: Customer) -> Row:
    """A struct as a row, every column of a profile in it."""
    told: Row = msgspec.to_builtins({f: getattr(customer, f) for f in Customer.__struct_fields__})
    return told


async def _join_standing(connection: Connection, errand: Errand, mine: Row | None, packed: Row, now: datetime) -> None:
    """Counts added, segments joined quietly; the engine then looks at the winner again."""
    other = packed["standing"]
    if other is None and not packed["counted"]:
        return
    parts = [tallies_of(row) for row in (mine, other, *packed["counted"]) if row is not None]
    counted = [tallies for tallies in parts if tallies]
    if len(counted) > 1:
        counted = [join_tallies(counted, await load_measures(connection), now)]
    segments = set(mine["segments"]) if mine else set()
    gained = sorted(set(other["segments"] if other else ()) - segments)
    tallies = write_tallies(counted[0] if counted else {})
    joined = sorted(segments | set(gained))
    await connection.execute(sql("merges.write_standing"), errand.lane, errand.winner_id, joined, tallies, now)
    if gained:
        await connection.execute(sql("merges.count_members"), errand.lane, gained, 1)


async def _tell(connection: Connection, errand: Errand, lanes: int, now: datetime) -> None:
    """The log says that they are one, and that the profile changed."""
    await connection.execute(
        sql("merges.tell"),
        errand.lane, errand.winner_id, uuid7(to_ms(now)), CUSTOMER_MERGED, now,
        {"merge": str(errand.id), "customer": str(errand.loser_id)},
    )  # fmt: skip
    await note_changes(connection, [errand.winner_id], lanes=lanes, now=now)
