"""Who goes first: ranks that grow with waiting, and what is transactional before everything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from delivering import BRAND, Scripted, a_pool, approved
from making import a_program, say
from motet.core.clock import to_ms
from motet.core.ids import derive_enrollment_id, derive_message_id, lane_of, uuid7
from motet.core.messages import Accepted, Answer, Outgoing
from motet.core.words import Channel, MessageStatus, Priority
from motet.delivery.pipeline import CLAIM, PEEK
from motet.delivery.queue import LEAD
from motet.delivery.service import Delivery
from motet.delivery.shares import AT_ONCE
from motet.storage.pool import Pool
from motet.storage.sql import sql
from stage import LANES, NOW, Clock, put_campaign, put_customers


async def test_a_message_gains_rank_as_it_waits_and_what_is_urgent_still_goes_before_a_days_bulk(pool: Pool) -> None:
    await approved(pool, 200)
    ids = [row["id"] for row in await pool.fetch("SELECT id FROM message WHERE lane = 1 ORDER BY id LIMIT 4")]
    waited = {  # in the order that is right
        Priority.URGENT: timedelta(minutes=1),
        Priority.LOW: LEAD[Priority.HIGH] + timedelta(minutes=10),
        Priority.HIGH: timedelta(minutes=5),
        Priority.MEDIUM: timedelta(minutes=4),
    }
    for id, (priority, ago) in zip(ids, waited.items(), strict=True):
        await pool.execute("UPDATE message SET priority=$2, send_at=$3 WHERE id=$1", id, int(priority), NOW - ago)
    provider = Scripted(lambda one: Accepted())
    channel = a_pool(pool, provider, Clock())
    await channel.serve(1, channel.rest)
    assert [one.message_id for one in provider.sent[:4]] == ids


async def test_an_old_low_message_goes_though_its_lane_is_full_of_urgent_ones(pool: Pool) -> None:
    await put_bulk(pool, PEEK * LANES * 2, Priority.URGENT)
    old = await pool.fetchval("SELECT id FROM message WHERE lane = 1 ORDER BY id LIMIT 1")
    ago = NOW - LEAD[Priority.URGENT] - timedelta(hours=1)
    await pool.execute("UPDATE message SET priority = 1, send_at = $2 WHERE id = $1", old, ago)
    provider = Scripted(lambda one: Accepted())
    channel = a_pool(pool, provider, Clock())
    await channel.serve(1, channel.rest)
    assert provider.sent[0].message_id == old


async def test_the_queue_is_read_by_its_index(pool: Pool) -> None:
    await put_bulk(pool, 4000, Priority.LOW)
    await pool.execute("ANALYZE message")
    leads = (list(LEAD), list(LEAD.values()))
    for name, more in (("delivery.peek", leads), ("delivery.peek_first", ())):
        plan = await pool.fetch(f"EXPLAIN {sql(name)}", 1, 1, NOW, [], PEEK, *more)
        text = "\n".join(row[0] for row in plan)
        assert f"Seq Scan on message_{NOW:%Y%m}" not in text
        assert "Index Cond" in text


async def test_what_is_transactional_passes_fifty_thousand_bulk_messages(pool: Pool) -> None:
    """The bulk that reaches the provider between its wake and its own call is what was in hand already."""
    await put_bulk(pool, 50_000, Priority.URGENT)
    order: list[bool] = []
    reset = a_program(say(), id=uuid7(11), revision_id=uuid7(12), name="reset", transactional=True)
    await put_campaign(pool, reset)
    customers = [row["id"] for row in await pool.fetch("SELECT id FROM customer ORDER BY id LIMIT 20")]
    resets = {derive_message_id(an_enrollment_id(customer), 1, Channel.EMAIL): customer for customer in customers}

    class Slow(Scripted):
        batch = CLAIM

        async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
            order.extend(one.message_id in resets for one in batch)
            await asyncio.sleep(0.02)
            return [Accepted() for _ in batch]

    provider = Slow(lambda one: Accepted())
    delivery = Delivery(pool, lanes=LANES, worker_id=uuid7(1), providers={Channel.EMAIL: provider}, brand=BRAND)
    stop = asyncio.Event()
    running = asyncio.create_task(delivery.run(stop))
    waits = []
    async with asyncio.timeout(60):
        while len(order) < 500:
            await asyncio.sleep(0.01)
        for id, customer in resets.items():
            before = len(order)
            await put_message(pool, reset.id, reset.revision_id, customer, id)
            while not any(order[before:]):
                await asyncio.sleep(0.001)
            waits.append(order[before:].index(True))
    stop.set()
    await running
    assert len(order) < 45_000  # bulk was waiting all the time
    waits.sort()
    assert waits[len(waits) // 2] <= 2 * AT_ONCE * CLAIM
    assert waits[-1] <= 8 * AT_ONCE * CLAIM


def an_enrollment_id(customer: UUID) -> UUID:
    return derive_enrollment_id(customer, uuid7(11), UUID(int=4), to_ms(NOW))


async def put_message(pool: Pool, campaign: UUID, revision: UUID, customer: UUID, id: UUID) -> None:
    """As the engine commits one, with its wake."""
    lane = lane_of(customer, LANES)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO message (lane, customer_id, id, campaign_id, revision_id, step, channel, priority, status, "
            "reasons, send_at, approved_at, transactional) VALUES ($1,$2,$3,$4,$5,0,1,2,1,'{}',now(),now(),true)",
            lane, customer, id, campaign, revision,
        )  # fmt: skip
        await connection.execute("SELECT pg_notify('motet_delivery', $1)", f"{lane}:1")


async def put_bulk(pool: Pool, count: int, priority: Priority) -> None:
    """A campaign's messages, all due."""
    bulk = a_program(say(), id=uuid7(21), revision_id=uuid7(22), name="bulk")
    await put_campaign(pool, bulk)
    customers = await put_customers(pool, count)
    await pool.copy_records_to_table(
        "message",
        records=[
            (lane_of(c, LANES), c, derive_message_id(an_enrollment_id(c), 2, Channel.EMAIL), bulk.id,
             bulk.revision_id, 0, 1, int(priority), int(MessageStatus.APPROVED), [], NOW - timedelta(minutes=1), NOW)
            for c in customers
        ],
        columns=("lane", "customer_id", "id", "campaign_id", "revision_id", "step", "channel", "priority", "status",
                 "reasons", "send_at", "approved_at"),
    )  # fmt: skip
