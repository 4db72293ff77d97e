"""What is the inbox's own: rows by lane, word to whoever watches, and a database that breaks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from motet.channels.base import Context, read_settings
from motet.channels.in_app.inbox import InboxProvider
from motet.core.ids import lane_of
from motet.core.messages import Accepted, InApp, Outgoing, Rejected, Retry, Unknown
from motet.core.words import Channel
from motet.storage.pool import Pool, open_pool

LANES = 8
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def provider(pool: Pool) -> InboxProvider:
    return InboxProvider(read_settings(Channel.IN_APP, "inbox://", Context(pool=pool, lanes=LANES)), clock=lambda: NOW)


def item(title: str = "Hello", customer_id: UUID | None = None) -> Outgoing:
    payload = InApp(title, "Welcome", "https://shop.example")
    return Outgoing(message_id=uuid4(), customer_id=customer_id or uuid4(), payload=payload, idempotency_key="")


async def test_rows_stand_in_their_customers_lane(pool: Pool) -> None:
    batch = [item(f"title {n}") for n in range(50)]
    assert await provider(pool).send(batch) == [Accepted()] * 50
    rows = await pool.fetch("SELECT * FROM inbox_item")
    assert {(row["lane"], row["customer_id"], row["id"]) for row in rows} == {
        (lane_of(each.customer_id, LANES), each.customer_id, each.message_id) for each in batch
    }
    assert {(row["body"], row["url"], row["created_at"], row["read_at"]) for row in rows} == {
        ("Welcome", "https://shop.example", NOW, None)
    }


async def test_watchers_hear_of_what_is_new_once(pool: Pool) -> None:
    heard: list[str] = []
    listener = await pool.acquire()
    await listener.add_listener("motet_inbox", lambda *args: heard.append(args[3]))
    ann, bob = uuid4(), uuid4()
    batch = [item(customer_id=ann), item(customer_id=ann), item(customer_id=bob)]
    inbox = provider(pool)
    await inbox.send(batch)
    await inbox.send(batch)
    await pool.execute("SELECT pg_notify('motet_inbox', 'end')")
    while "end" not in heard:
        await asyncio.sleep(0.01)
    assert sorted(heard[:-1]) == sorted([str(ann), str(bob)])
    await listener.reset()
    await pool.release(listener)


@pytest.mark.parametrize("title", ["a\0b", "half \ud83d"])
async def test_text_that_the_database_cannot_keep_costs_itself_only(pool: Pool, title: str) -> None:
    answers = await provider(pool).send([item(), item(title), item()])
    assert [type(answer) for answer in answers] == [Accepted, Rejected, Accepted]
    assert await pool.fetchval("SELECT count(*) FROM inbox_item") == 2


async def test_database_that_breaks_in_the_middle_leaves_unknown_and_a_second_try_settles_it(pool: Pool) -> None:
    batch = [item()]
    inbox = provider(pool)
    async with pool.acquire() as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE inbox_item IN ACCESS EXCLUSIVE MODE")
        sending = asyncio.create_task(inbox.send(batch))
        waiting = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while not await pool.fetch(waiting):  # outside the transaction, which would see one snapshot for ever
            await asyncio.sleep(0.01)
        [answer] = await sending
    assert isinstance(answer, Unknown)
    assert await inbox.send(batch) == [Accepted()]
    assert await pool.fetchval("SELECT count(*) FROM inbox_item") == 1


async def test_database_that_is_gone_is_retry(database: str) -> None:
    pool = await open_pool(database, size=1)
    await pool.close()
    [answer] = await provider(pool).send([item()])
    assert isinstance(answer, Retry)
