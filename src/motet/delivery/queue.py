"""The queue in the database: peek, claim, record, refuse, and the claims that a dead worker left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.core.clock import to_ms
from motet.core.events import Event
from motet.core.ids import enrollment_of, uuid7
from motet.core.messages import Outgoing
from motet.core.metrics import Metric
from motet.core.reasons import Reason
from motet.core.words import Channel, MessageStatus, Verdict
from motet.storage.lanes import LEASE
from motet.storage.pool import Connection, Pool
from motet.storage.sql import sql
from motet.storage.stats import Counts


class Waiting(msgspec.Struct, frozen=True):
    """An approved message whose time has come."""

    customer_id: UUID
    id: UUID
    campaign_id: UUID
    revision_id: UUID
    step: int
    priority: int
    attempts: int
    approved_at: datetime


class Ready(msgspec.Struct, frozen=True):
    """A waiting message with its finished content."""

    waiting: Waiting
    outgoing: Outgoing


class Fate(msgspec.Struct, frozen=True):
    """What becomes of a message after the provider's answer."""

    waiting: Waiting
    status: MessageStatus
    send_at: datetime | None = None  # when to try again
    sent_at: datetime | None = None
    failed_at: datetime | None = None
    provider_ref: str | None = None
    error: str | None = None
    event: Event | None = None  # what the engine should hear of it


async def peek(
    connection: Connection, lane: int, channel: Channel, now: datetime, idle: Sequence[UUID], limit: int
) -> list[Waiting]:
    """The next messages by priority; nothing is locked."""
    rows = await connection.fetch(sql("delivery.peek"), lane, channel, now, idle, limit)
    return [Waiting(*row) for row in rows]


async def load_contexts(connection: Connection, lane: int, messages: Sequence[Waiting]) -> dict[UUID, dict[str, Any]]:
    """The events that started the messages' enrollments, by message id."""
    enrollments = {m.id: enrollment_of(m.id) for m in messages}
    customers = [m.customer_id for m in messages]
    rows = await connection.fetch(sql("delivery.load_contexts"), lane, customers, list(enrollments.values()))
    found = {row["id"]: row["context"] for row in rows}
    return {message: found.get(enrollment, {}) for message, enrollment in enrollments.items()}


async def claim(
    pool: Pool, lane: int, channel: Channel, worker_id: UUID, ready: Sequence[Ready], now: datetime
) -> tuple[UUID, list[Ready]]:
    """Commits `sending` for the messages that are still approved; returns the claim and those won."""
    claim_id = uuid7(to_ms(now))
    rows = await pool.fetch(
        sql("delivery.claim"),
        lane,
        [r.waiting.customer_id for r in ready],
        [r.waiting.id for r in ready],
        claim_id,
        worker_id,
        channel,
        now,
    )
    won = {row["id"] for row in rows}
    return claim_id, [r for r in ready if r.waiting.id in won]


async def record(
    pool: Pool, lane: int, channel: Channel, claim_id: UUID, provider: str, fates: Sequence[Fate], now: datetime
) -> None:
    """Writes the fates, the counts and the events of one claim, in one transaction.

    The claim's row makes it repeatable: once it is gone the answers are written, or the claim was taken for dead and
    settled. Then only what a known answer adds is written: counts and events are not told twice.
    """
    fates = sorted(fates, key=lambda f: (f.waiting.customer_id, f.waiting.id))
    async with pool.acquire() as connection, connection.transaction():
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
        )
        if await connection.fetchval(sql("delivery.drop_claim"), lane, claim_id):
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


async def recover(pool: Pool, channel: Channel, mine: UUID, *, idempotent: bool, now: datetime) -> set[int]:
    """Settles what dead workers (never `mine`) had in hand; returns the lanes where something waits again.

    Where the provider honours an idempotency key the message is sent again with the same one. Else nobody can know
    whether it was sent: it is `unknown`, and only a receipt will tell.
    """
    again: set[int] = set()
    for orphan in await pool.fetch(sql("delivery.list_orphans"), channel, LEASE, mine):
        lane = orphan["lane"]
        status = MessageStatus.APPROVED if idempotent else MessageStatus.UNKNOWN
        counts = Counts()
        async with pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                sql("delivery.settle_orphan"),
                lane,
                orphan["customer_ids"],
                orphan["message_ids"],
                int(status),
                now if idempotent else None,
            )
            if not idempotent:
                for row in rows:
                    counts.add(row["campaign_id"], channel, Metric.UNKNOWN)
            await connection.execute(sql("delivery.drop_claim"), lane, orphan["id"])
            await counts.save(connection, lane, now)
        if idempotent:
            again.add(lane)
    return again


def _count(fates: Sequence[Fate], channel: Channel) -> Counts:
    counts = Counts()
    for fate in fates:
        metric = {
            MessageStatus.ACCEPTED: Metric.SENT,
            MessageStatus.REJECTED: Metric.FAILED,
            MessageStatus.UNKNOWN: Metric.UNKNOWN,
        }.get(fate.status)
        if metric is not None:
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
