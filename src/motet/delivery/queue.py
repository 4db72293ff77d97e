"""The queue in the database: peek, claim, postpone, record, refuse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from motet.core.clock import to_ms
from motet.core.events import Event
from motet.core.ids import enrollment_of, uuid7
from motet.core.messages import Outgoing
from motet.core.metrics import Metric
from motet.core.reasons import Reason
from motet.core.words import Channel, MessageStatus, Priority, Verdict
from motet.storage.pool import Connection, Pool
from motet.storage.sql import sql
from motet.storage.stats import Counts

# By how much a priority goes ahead: a message goes before one of a lower priority unless that one has waited longer by
# the difference. So nothing starves, and what is urgent waits for nothing that is younger than a day.
LEAD = {
    Priority.LOW: timedelta(0),
    Priority.MEDIUM: timedelta(minutes=30),
    Priority.HIGH: timedelta(hours=4),
    Priority.URGENT: timedelta(days=1),
}


class Waiting(msgspec.Struct, frozen=True):
    """An approved message whose time has come, or one whose answer was lost and whose deadline has."""

    customer_id: UUID
    id: UUID
    campaign_id: UUID
    revision_id: UUID
    step: int
    priority: int
    attempts: int
    approved_at: datetime
    status: int = MessageStatus.APPROVED


class Ready(msgspec.Struct, frozen=True):
    """A waiting message with its finished content."""

    waiting: Waiting
    outgoing: Outgoing


class Fate(msgspec.Struct, frozen=True):
    """What becomes of a message after the provider's answer."""

    waiting: Waiting
    status: MessageStatus
    send_at: datetime | None = None  # when to try again, or when an unknown one is taken for lost
    sent_at: datetime | None = None
    failed_at: datetime | None = None
    provider_ref: str | None = None
    error: str | None = None
    event: Event | None = None  # what the engine should hear of it
    again: bool = False  # unknown, and to be sent again


async def peek(
    connection: Connection, lane: int, channel: Channel, now: datetime, idle: Sequence[UUID], limit: int, *, first: bool
) -> list[Waiting]:
    """The next messages: the transactional ones (`first`), or the others by rank. Nothing is locked."""
    if first:
        rows = await connection.fetch(sql("delivery.peek_first"), lane, channel, now, idle, limit)
    else:
        leads = list(LEAD.values())
        rows = await connection.fetch(sql("delivery.peek"), lane, channel, now, idle, limit, list(LEAD), leads)
    return [Waiting(*row) for row in rows]


async def load_contexts(connection: Connection, lane: int, messages: Sequence[Waiting]) -> dict[UUID, dict[str, Any]]:
    """The events that started the messages' enrollments, by message id."""
    enrollments = {m.id: enrollment_of(m.id) for m in messages}
    customers = [m.customer_id for m in messages]
    rows = await connection.fetch(sql("delivery.load_contexts"), lane, customers, list(enrollments.values()))
    found = {row["id"]: row["context"] for row in rows}
    return {message: found.get(enrollment, {}) for message, enrollment in enrollments.items()}


async def claim(
    pool: Pool, lane: int, channel: Channel, worker_id: UUID, claim_id: UUID, ready: Sequence[Ready], now: datetime
) -> list[Ready]:
    """Commits `sending` for the messages that still wait as they did; returns those won."""
    rows = await pool.fetch(
        sql("delivery.claim"),
        lane,
        [r.waiting.customer_id for r in ready],
        [r.waiting.id for r in ready],
        claim_id,
        worker_id,
        channel,
        now,
        [r.waiting.attempts for r in ready],
    )
    won = {row["id"] for row in rows}
    return [r for r in ready if r.waiting.id in won]


async def postpone(pool: Pool, lane: int, later: Sequence[tuple[Ready, datetime]]) -> None:
    """Puts messages off without an attempt spent."""
    await pool.execute(
        sql("delivery.postpone"),
        lane,
        [one.waiting.customer_id for one, _ in later],
        [one.waiting.id for one, _ in later],
        [one.waiting.attempts for one, _ in later],
        [at for _, at in later],
    )


async def record(
    pool: Pool, lane: int, channel: Channel, claim_id: UUID, provider: str, fates: Sequence[Fate], now: datetime
) -> None:
    """Writes the fates, the counts and the events of one claim, in one transaction.

    The claim's row makes it repeatable: once it is gone the answers are written, or the claim was taken for dead and
    settled. Then only what a known answer adds is written: counts and events are not told twice. The claim comes
    first here and wherever else one is settled, so that two who settle the same never deadlock.
    """
    fates = sorted(fates, key=lambda f: (f.waiting.customer_id, f.waiting.id))
    async with pool.acquire() as connection, connection.transaction():
        ours = await connection.fetchval(sql("delivery.drop_claim"), lane, claim_id)
        await connection.execute(
            sql("delivery.record"),
            lane,
            provider,
            [f.waiting.customer_id for f in fates],
            [f.waiting.id for f in fates],
            [int(f.status) for f in fates],
            [f.send_at for f in fates],
            [f.sent_at for f in fates],
            [f.failed_at for f in fates],
            [f.provider_ref for f in fates],
            [f.error for f in fates],
            [f.waiting.attempts + 1 for f in fates],
        )
        if ours:
            await _count(fates, channel).save(connection, lane, now)
            await _tell(connection, lane, [f.event for f in fates if f.event is not None])


async def refuse(
    pool: Pool, lane: int, channel: Channel, refused: Sequence[tuple[Waiting, Reason, str]], now: datetime
) -> None:
    """Drops messages at the second look, and keeps why."""
    counts = Counts()
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(
            sql("delivery.refuse"),
            lane,
            [w.customer_id for w, _, _ in refused],
            [w.id for w, _, _ in refused],
            [w.attempts for w, _, _ in refused],
            [detail[:500] or None for _, _, detail in refused],
        )
        gone = {row["id"] for row in rows}
        told = [(w, reason) for w, reason, _ in refused if w.id in gone]
        for w, reason in told:
            counts.add(w.campaign_id, channel, Metric.DROPPED)
            counts.reasons[(w.campaign_id, channel, Verdict.DROP, reason)] += 1
        await connection.copy_records_to_table(
            "decision",
            records=[
                (lane, w.customer_id, uuid7(to_ms(now)), w.campaign_id, enrollment_of(w.id), w.step, int(channel),
                 int(Verdict.DROP), [int(reason)], None, now)
                for w, reason in told
            ],
            columns=("lane", "customer_id", "id", "campaign_id", "enrollment_id", "step", "channel", "verdict",
                     "reasons", "until", "at"),
        )  # fmt: skip
        await counts.save(connection, lane, now)


def _count(fates: Sequence[Fate], channel: Channel) -> Counts:
    counts = Counts()
    for fate in fates:
        metric = {
            MessageStatus.ACCEPTED: Metric.SENT,
            MessageStatus.REJECTED: Metric.FAILED,
            MessageStatus.UNKNOWN: Metric.UNKNOWN,
        }.get(fate.status)
        if metric is not None and not fate.again:
            counts.add(fate.waiting.campaign_id, channel, metric)
    return counts


async def _tell(connection: Connection, lane: int, events: Sequence[Event]) -> None:
    """Appends what the engine should hear to the event log, and wakes it."""
    if events:
        await connection.copy_records_to_table(
            "event",
            records=[
                (lane, e.customer_id, e.id, e.name, e.at, e.properties, e.message_id, e.value, e.source) for e in events
            ],
            columns=("lane", "customer_id", "id", "name", "at", "properties", "message_id", "value", "source"),
        )
        await connection.execute(sql("engine.notify"), "motet_work", f"lanes:{lane}")
