"""The event log's door: shared commits, no duplicates, no loss while the database is away."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from motet.audience.people import Person
from motet.audience.profiles import CustomerInput, find_customer, save_customers
from motet.core.errors import Unavailable
from motet.core.ids import lane_of
from motet.ingest import events, writing
from motet.ingest.append import append_events
from motet.ingest.events import EventBuffer, RawEvent
from motet.storage.embedded import EmbeddedServer
from motet.storage.migrate import migrate
from motet.storage.pool import Json, Pool, open_pool

LANES = 8
TOLD = "FROM event WHERE name <> 'customers_changed'"  # without what Motet notes for itself


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
    row = await pool.fetchrow(f"SELECT * {TOLD}")
    assert (row["lane"], row["customer_id"], row["id"]) == (lane_of(known, LANES), known, done.id)
    assert (row["name"], row["at"], row["properties"]) == ("signup", at, {"a": [1]})
    assert (row["message_id"], row["value"], row["source"]) == (message, 2.5, "link")


async def test_callers_at_the_same_time_share_a_transaction(pool: Pool, buffer: EventBuffer) -> None:
    customer = uuid4()
    await asyncio.gather(*(buffer.add([fact(customer, key=f"k{i}")]) for i in range(300)))
    assert await pool.fetchval(f"SELECT count(*) {TOLD}") == 300
    assert await pool.fetchval(f"SELECT count(DISTINCT xid) {TOLD}") <= 3


async def test_facts_of_one_customer_keep_their_order(pool: Pool, buffer: EventBuffer) -> None:
    customer = uuid4()
    await buffer.add([fact(customer, name=f"n{i}") for i in range(6000)])
    for i in range(6000, 6010):
        buffer.offer(fact(customer, name=f"n{i}"))
    await buffer.add([fact(customer, name="n6010")])
    names = [r["name"] for r in await pool.fetch(f"SELECT name {TOLD} ORDER BY xid, id")]
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
    assert await pool.fetchval(f"SELECT count(*) {TOLD}") == 4
    await buffer.close()


async def test_two_doors_take_a_key_once_even_across_midnight(pool: Pool) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    before = EventBuffer(pool, LANES, clock=lambda: midnight - timedelta(seconds=1))
    after = EventBuffer(pool, LANES, clock=lambda: midnight + timedelta(seconds=1))
    customers = [uuid4() for _ in range(200)]
    there = [fact(c, key="k") for c in customers]
    both = await asyncio.gather(before.add(there), after.add(there[::-1]))
    assert sum(not d.duplicate for d in [*both[0], *both[1]]) == 200
    assert await pool.fetchval(f"SELECT count(*) {TOLD}") == 200
    await before.close()
    await after.close()


async def test_an_unknown_customer_is_made_once(pool: Pool) -> None:
    buffers = [EventBuffer(pool, LANES) for _ in range(3)]
    references = ["new-1", "New@Example.com", "+12025550123", "not@an@address"]
    await asyncio.gather(*(b.add([fact(r) for r in references]) for b in buffers))
    assert await pool.fetchval("SELECT count(*) FROM customer") == 4
    assert await pool.fetchval(f"SELECT count(*) {TOLD}") == 12
    assert await pool.fetchval(f"SELECT count(DISTINCT customer_id) {TOLD}") == 4
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
    at = {r["name"]: r["at"] for r in await pool.fetch(f"SELECT name, at {TOLD}")}
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
    assert {r["name"] for r in await pool.fetch(f"SELECT name {TOLD}")} == {"good", "other", "last"}
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
    assert await pool.fetchval(f"SELECT count(*) {TOLD}") == 10


async def test_closing_writes_what_was_offered(pool: Pool) -> None:
    buffer = EventBuffer(pool, LANES)
    for _ in range(50):
        buffer.offer(fact(uuid4()))
    await buffer.close()
    assert await pool.fetchval(f"SELECT count(*) {TOLD}") == 50
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
        names = [r["name"] for r in await pool.fetch(f"SELECT name {TOLD} ORDER BY xid, id")]
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
    once, calls = buffer._writer._try, []

    async def lose_the_first_answer(*args: object) -> object:
        done = await once(*args)
        calls.append(done)
        if len(calls) == 1:
            raise ConnectionResetError("the answer was lost after the commit")
        return done

    monkeypatch.setattr(buffer._writer, "_try", lose_the_first_answer)
    [kept, keyed] = await buffer.add([fact(uuid4()), fact(uuid4(), key="k")])
    assert len(calls) == 2
    assert kept.id is not None
    assert keyed.id is not None
    assert await pool.fetchval(f"SELECT count(*) {TOLD}") == 2
    await buffer.close()


async def test_turns_that_overlap_keep_their_order_though_some_fail(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "BATCH", 300)
    monkeypatch.setattr(writing, "_BACKOFF", (0.001, 0.002))
    pick, under_way, most = random.Random(5), [], 0

    async def fail_now_and_then(*args: Any, **options: Any) -> Any:
        nonlocal most
        under_way.append(1)
        most = max(most, len(under_way))
        try:
            if pick.random() < 0.15:
                raise asyncpg.DeadlockDetectedError("before it began")
            done = await append_events(*args, **options)
            if pick.random() < 0.15:
                raise asyncpg.DeadlockDetectedError("after its keys were claimed")
            return done
        finally:
            under_way.pop()

    monkeypatch.setattr(writing, "append_events", fail_now_and_then)
    buffer = EventBuffer(pool, LANES)
    people = [Person(anonymous_id=f"a{n}") for n in range(7)]
    parcels = [
        [RawEvent(customer=people[n % 7], name=str(n), once=uuid4()) for n in range(start, start + 100)]
        for start in range(0, 9000, 100)
    ]
    watching = asyncio.create_task(watch_for_holes(pool))
    done = await asyncio.gather(*(buffer.add(parcel) for parcel in parcels))
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert most == 2
    assert not any(one.duplicate for answer in done for one in answer)
    names = [r["name"] for r in await pool.fetch(f"SELECT name {TOLD} ORDER BY xid, id")]
    assert names == [str(n) for n in range(9000)]
    assert await pool.fetchval("SELECT count(*) FROM customer") == 7
    await buffer.close()


async def watch_for_holes(pool: Pool) -> None:
    """Whatever is seen of the log is a beginning of it."""
    while True:
        row = await pool.fetchrow(f"SELECT count(*), max(name::int) {TOLD}")
        assert row["max"] is None or row["count"] == row["max"] + 1


async def test_what_nobody_waits_for_any_more_is_not_kept(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = asyncio.Event()

    async def wait(*args: Any, **options: Any) -> Any:
        await stuck.wait()
        return await append_events(*args, **options)

    monkeypatch.setattr(writing, "append_events", wait)
    buffer = EventBuffer(pool, LANES, patience=0.05)
    for _ in range(5):
        with pytest.raises(Unavailable):
            await buffer.add([fact(uuid4()) for _ in range(10)])
    assert buffer.waiting == 10  # what is in hand
    stuck.set()
    await buffer.close()
    assert buffer.waiting == 0
    assert await pool.fetchval(f"SELECT count(*) {TOLD}") == 10


async def test_bytes_in_memory_are_bounded(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "CAPACITY_BYTES", 100_000)
    buffer = EventBuffer(pool, LANES)
    large = Json(b'{"a":"' + b"x" * 30_000 + b'"}')
    taken = [buffer.offer(fact(uuid4(), properties=large)) for _ in range(10)]
    assert taken == [True] * 4 + [False] * 6
    with pytest.raises(Unavailable):
        await buffer.add([fact()])
    await buffer.close()


async def test_a_fact_of_a_customer_who_is_gone_is_the_others(pool: Pool, buffer: EventBuffer) -> None:
    now = datetime.now(UTC)
    two = [CustomerInput(external_id=name) for name in ("old", "new")]
    old, new = (await save_customers(pool, two, lanes=LANES, now=now)).ids
    await buffer.add([RawEvent(customer=Person(user_id="new"), name="alias", previous="old")])
    [link, by_name] = await buffer.add([fact(old, name="click"), fact("old", name="by_name")])
    assert (link.customer_id, by_name.customer_id) == (new, new)


async def test_an_alias_that_the_guard_forbids_is_written_down(pool: Pool) -> None:
    await pool.execute("INSERT INTO setting VALUES ('identity', '{\"all\": 1, \"day\": 1}')")
    buffer = EventBuffer(pool, LANES)
    names = ["a", "b", "winner"]
    await buffer.add([RawEvent(customer=Person(user_id=name), name="seen") for name in names])
    for name in ("a", "b", "b"):
        await buffer.add([RawEvent(customer=Person(user_id="winner"), name="alias", previous=name)])
    rows = await pool.fetch("SELECT cause, status FROM merge ORDER BY id")
    assert [tuple(r) for r in rows] == [("alias", 1), ("alias", 7)]
    await buffer.close()
