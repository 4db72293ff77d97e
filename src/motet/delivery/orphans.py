"""Claims that nobody has in hand: a dead worker left them, or a living one never heard of them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime
from uuid import UUID

from motet.core.metrics import Metric
from motet.core.words import Channel
from motet.delivery.fate import LOST_AFTER, RESEND_UNKNOWN, RESENDS
from motet.storage.lanes import LEASE
from motet.storage.pool import Pool
from motet.storage.sql import sql
from motet.storage.stats import Counts


async def recover(
    pool: Pool, channel: Channel, mine: UUID, *, idempotent: bool, resent: Sequence[UUID] = (), now: datetime
) -> set[int]:
    """Settles what dead workers (never `mine`) had in hand; returns the lanes where something waits again.

    Nobody can know whether it was sent: it is `unknown`. Where the provider honours an idempotency key it is sent
    again at once with the same one. Else a receipt will tell, or the deadline: `resent` are the revisions whose
    messages are sent again then.
    """
    again: set[int] = set()
    for orphan in await pool.fetch(sql("delivery.list_orphans"), channel, LEASE, mine):
        lane = orphan["lane"]
        counts = Counts()
        async with pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(sql("delivery.drop_claim"), lane, orphan["id"]):
                continue  # somebody else has settled it, or its worker woke and recorded it
            rows = await connection.fetch(
                sql("delivery.settle_orphan"),
                lane,
                orphan["customer_ids"],
                orphan["message_ids"],
                now if idempotent else now + LOST_AFTER,
                [] if idempotent else list(resent),
                now + RESEND_UNKNOWN,
                RESENDS,
            )
            if not idempotent:
                for row in rows:
                    counts.add(row["campaign_id"], channel, Metric.UNKNOWN)
            await counts.save(connection, lane, now)
        if idempotent:
            again.add(lane)
    return again


async def take_back(pool: Pool, channel: Channel, mine: UUID, in_hand: Container[UUID], *, now: datetime) -> set[int]:
    """Puts back what a worker claimed and never heard of, as when the database died between its commit and its
    answer; returns the lanes where it waits again. `in_hand` has to know a claim before the database does."""
    again: set[int] = set()
    for claim in await pool.fetch(sql("delivery.list_own"), channel, mine):
        if claim["id"] in in_hand:
            continue
        lane = claim["lane"]
        async with pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(sql("delivery.drop_claim"), lane, claim["id"]):
                continue  # recorded since the list was made
            await connection.execute(sql("delivery.give_back"), lane, claim["customer_ids"], claim["message_ids"], now)
        again.add(lane)
    return again
