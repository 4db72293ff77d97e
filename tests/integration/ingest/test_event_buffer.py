"""The event log's door: shared commits, no duplicates, no loss while the database is away."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from motet.audience.profiles import CustomerInput, find_customer, save_customers
from motet.core.errors import Unavailable
from motet.core.ids import lane_of
from motet.ingest.events import EventBuffer, RawEvent
from motet.storage.embedded import EmbeddedServer
from motet.storage.migrate import migrate
from motet.storage.pool import Pool, open_pool

LANES = 8


@pytest_asyncio.fixture
async def buffer(pool: Pool) -> AsyncIterator[EventBuffer]:
    opened = EventBuffer(pool, LANES)
    yield opened
    await opened.close()


def fact(customer: object = "c-1", name: str = "signup", **more: object) -> RawEvent:
    return RawEvent(customer=customer, name=name, **more)


async def test_facts_are_in_the_log_when_add_answers(pool: Pool, buffer: EventBuffer) -> None:
    [known] = (await save_customers(pool, [CustomerInput(external_id="c-1")], lanes=LANES, now=datetime.now(UTC))).ids
    at, message = datetime.now(UTC) - timedelta(hours=1), uuid4()
    [done] = await buffer.add([fact(at=at, properties={"a": [1]}, message_id=message, value=2.5, source="link")])
    row = await pool.fetchrow("SELECT * FROM event")
    assert (row["lane"], row["customer_id"], row["id"]) == (lane_of(known, LANES), known, done.id)
    assert (row["name"], row["at"], row["properties"]) == ("signup", at, {"a": [1]})
    assert (row["message_id"], row["value"], row["source"]) == (message, 2.5, "link")


async def test_callers_at_the_same_time_share_a_transaction(pool: Pool, buffer: EventBuffer) -> None:
    customer = uuid4()
    await asyncio.gather(*(buffer.add([fact(customer, key=f"k{i}")]) for i in range(300)))
    assert await pool.fetchval("SELECT count(*) FROM event") == 300
    assert await pool.fetchval("SELECT count(DISTINCT xid) FROM event") <= 3


async def test_facts_of_one_customer_keep_their_order(pool: Pool, buffer: EventBuffer) -> None:
    customer = uuid4()
    await buffer.add([fact(customer, name=f"n{i}") for i in range(6000)])
    for i in range(6000, 6010):
        buffer.offer(fact(customer, name=f"n{i}"))
    await buffer.add([fact(customer, name="n6010")])
    names = [r["name"] for r in await pool.fetch("SELECT name FROM event ORDER BY xid, id")]
    assert names == [f"n{i}" for i in range(6011)]


async def test_a_key_counts_once_for_a_customer_within_the_window(pool: Pool) -> None:
    now = datetime.now(UTC).replace(hour=12, minute=0)
    moment = [now]
    buffer = EventBuffer(pool, LANES, clock=lambda: moment[0])
    one, two = uuid4(), uuid4()
    first = await buffer.add([fact(one, key="k"), fact(one, key="k"), fact(two, key="k"), fact(one)])
    assert [d.duplicate for d in first] == [False, True, False, False]
    moment[0] = now + timedelta(days=1)
    again = await buffer.add([fact(one, key="k"), fact(one, key="other")])
    assert [d.duplicate for d in again] == [True, False]
    assert await pool.fetchval("SELECT count(*) FROM event") == 4
    await buffer.close()


async def test_two_doors_take_a_key_once_even_across_midnight(pool: Pool) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    before = EventBuffer(pool, LANES, clock=lambda: midnight - timedelta(seconds=1))
    after = EventBuffer(pool, LANES, clock=lambda: midnight + timedelta(seconds=1))
    customers = [uuid4() for _ in range(200)]
    there = [fact(c, key="k") for c in customers]
    both = await asyncio.gather(before.add(there), after.add(there[::-1]))
    assert sum(not d.duplicate for d in [*both[0], *both[1]]) == 200
    assert await pool.fetchval("SELECT count(*) FROM event") == 200
    await before.close()
    await after.close()


async def test_an_unknown_customer_is_made_once(pool: Pool) -> None:
    buffers = [EventBuffer(pool, LANES) for _ in range(3)]
    references = ["new-1", "New@Example.com", "+12025550123", "not@an@address"]
    await asyncio.gather(*(b.add([fact(r) for r in references]) for b in buffers))
    assert await pool.fetchval("SELECT count(*) FROM customer") == 4
    assert await pool.fetchval("SELECT count(*) FROM event") == 12
    assert await pool.fetchval("SELECT count(DISTINCT customer_id) FROM event") == 4
    by_email = await find_customer(pool, LANES, "new@example.com")
    assert by_email is not None
    assert by_email.email == "New@example.com"
    assert (await find_customer(pool, LANES, "new-1")).external_id == "new-1"
    [again] = await buffers[0].add([fact(str(by_email.id))])  # our own id is a reference too
    assert again.customer_id == by_email.id
    for buffer in buffers:
        await buffer.close()


async def test_a_fact_from_far_ahead_happened_now(pool: Pool, buffer: EventBuffer) -> None:
    now = datetime.now(UTC)
    await buffer.add([fact(name="far", at=now + timedelta(days=3)), fact(name="near", at=now + timedelta(hours=3))])
    at = {r["name"]: r["at"] for r in await pool.fetch("SELECT name, at FROM event")}
    assert abs(at["far"] - now) < timedelta(minutes=1)
    assert at["near"] == now + timedelta(hours=3)


async def test_the_engine_is_woken_for_the_lanes_of_the_facts(pool: Pool, buffer: EventBuffer) -> None:
    heard: list[str] = []
    customers = [uuid4() for _ in range(5)]
    async with pool.acquire() as listener:
        await listener.add_listener("motet_work", lambda *args: heard.append(args[3]))
        await buffer.add([fact(c) for c in customers])
        for _ in range(100):
            if heard:
                break
            await asyncio.sleep(0.01)
        await listener.reset()
    lanes = sorted({lane_of(c, LANES) for c in customers})
    assert heard == ["lanes:" + ",".join(map(str, lanes))]


async def test_a_bad_fact_harms_only_its_own_caller(pool: Pool, buffer: EventBuffer) -> None:
    good, bad, other = await asyncio.gather(
        buffer.add([fact(name="good")]),
        buffer.add([fact(name="bad", properties={"text": "a\x00b"})]),
        buffer.add([fact(name="other")]),
        return_exceptions=True,
    )
    buffer.offer(fact(name="bad", properties={"text": "\x00"}))
    await buffer.add([fact(name="last")])
    assert isinstance(bad, asyncpg.PostgresError)
    assert good[0].id is not None
    assert other[0].id is not None
    assert {r["name"] for r in await pool.fetch("SELECT name FROM event")} == {"good", "other", "last"}
    assert buffer.dropped == 1
    assert buffer.waiting == 0


async def test_memory_is_bounded_and_losses_are_counted(pool: Pool) -> None:
    buffer = EventBuffer(pool, LANES, capacity=10)
    taken = [buffer.offer(fact(uuid4())) for _ in range(25)]
    assert taken == [True] * 10 + [False] * 15
    assert buffer.dropped == 15
    with pytest.raises(Unavailable):
        await buffer.add([fact()])
    await buffer.close()
    assert await pool.fetchval("SELECT count(*) FROM event") == 10


async def test_closing_writes_what_was_offered(pool: Pool) -> None:
    buffer = EventBuffer(pool, LANES)
    for _ in range(50):
        buffer.offer(fact(uuid4()))
    await buffer.close()
    assert await pool.fetchval("SELECT count(*) FROM event") == 50
    assert not buffer.offer(fact())
    with pytest.raises(Unavailable):
        await buffer.add([fact()])


async def test_offers_outlive_a_restart_of_the_database() -> None:
    home = Path(tempfile.mkdtemp(prefix="motet-restart-"))
    server = EmbeddedServer(home)
    server.start()
    pool = await open_pool(server.url, size=2)
    try:
        await migrate(pool, lanes=LANES, now=datetime.now(UTC))
        buffer = EventBuffer(pool, LANES, patience=0.3)
        customer = uuid4()
        await buffer.add([fact(customer, name="before")])
        server.stop()
        assert buffer.offer(fact(customer, name="meanwhile"))
        with pytest.raises(Unavailable):
            await buffer.add([fact(customer, name="refused")])
        server.start()
        for _ in range(500):
            if not buffer.waiting:
                break
            await asyncio.sleep(0.02)
        await buffer.add([fact(customer, name="after")])
        names = [r["name"] for r in await pool.fetch("SELECT name FROM event ORDER BY xid, id")]
        assert [n for n in names if n != "refused"] == ["before", "meanwhile", "after"]
        assert buffer.dropped == 0
        await buffer.close()
    finally:
        pool.terminate()
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(server.sockets, ignore_errors=True)


async def test_a_commit_whose_answer_was_lost_is_not_written_twice(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = EventBuffer(pool, LANES)
    write, calls = buffer._write, []

    async def lose_the_first_answer(attempt: object) -> object:
        done = await write(attempt)
        calls.append(done)
        if len(calls) == 1:
            raise ConnectionResetError("the answer was lost after the commit")
        return done

    monkeypatch.setattr(buffer, "_write", lose_the_first_answer)
    [kept, keyed] = await buffer.add([fact(uuid4()), fact(uuid4(), key="k")])
    assert len(calls) == 2
    assert kept.id is not None
    assert keyed.id is not None
    assert await pool.fetchval("SELECT count(*) FROM event") == 2
    await buffer.close()
