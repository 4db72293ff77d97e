"""Engines that share the lanes, run as they run, and customers who become one with journeys under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from making import a_program, say
from motet.core.clock import to_ms
from motet.core.ids import lane_of, uuid7
from motet.core.program import EventTest, Goal, Step, Trigger
from motet.core.words import Channel
from motet.engine.loop import Engine
from motet.storage.lanes import LEASE
from motet.storage.pool import Pool
from stage import LANES, NOW, Clock, an_engine, put_campaign, put_customers, put_event, rows, turn_all
from uniting import merge, settle, two

EXIT = Step("exit", "exit")


@asynccontextmanager
async def running(pool: Pool) -> AsyncIterator[Engine]:
    """An engine on its own clock; it stops cleanly at the end."""
    worker = uuid7(to_ms(datetime.now(UTC)))
    engine = Engine(pool, lanes=LANES, worker_id=worker, channels=frozenset(Channel))
    stop = asyncio.Event()
    task = asyncio.create_task(engine.run(stop))
    await until(lambda: _is_true(bool(engine.lease.held)))  # how many depends on who else is there
    try:
        yield engine
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def _is_true(value: bool) -> bool:
    return value


async def until(told: Callable[[], Awaitable[bool]], seconds: float = 60) -> float:
    """Waits for something to become so; returns how long it took."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    while not await told():
        assert clock() - begun < seconds, "it never came"
        await asyncio.sleep(0.05)
    return clock() - begun


async def wake(pool: Pool, customer: UUID) -> None:
    await pool.execute("SELECT pg_notify('motet_work', $1)", f"lanes:{lane_of(customer, LANES)}")


async def test_a_clean_stop_hands_the_lanes_over_at_once_and_nothing_is_lost(pool: Pool) -> None:
    program = a_program(say(), EXIT, trigger=Trigger(event="go"), reentry="always")
    await put_campaign(pool, program)
    (ada,) = await put_customers(pool, 1)

    async def messages(count: int) -> bool:
        return len(await rows(pool, "message")) == count

    async with running(pool):
        await put_event(pool, ada, "go")
        await wake(pool, ada)
        await until(lambda: messages(1))
    owners = await pool.fetch("SELECT owner FROM lane")
    assert {row["owner"] for row in owners} == {None}
    await put_event(pool, ada, "go")
    async with running(pool) as second:  # no lease has to run out first
        took = await until(lambda: _is_true(len(second.lease.held) == LANES))
        assert took < LEASE.total_seconds() / 2
        await until(lambda: messages(2))


async def test_another_process_takes_its_share_and_gives_it_back(pool: Pool) -> None:
    async with running(pool) as first:
        async with running(pool) as second:
            await until(lambda: _is_true(len(first.lease.held) == len(second.lease.held) == LANES // 2))
            assert not set(first.lease.held) & set(second.lease.held)
        await until(lambda: _is_true(len(first.lease.held) == LANES))


async def test_an_idle_engine_does_almost_nothing(pool: Pool) -> None:
    program = a_program(
        Step("wait", "delay", {"seconds": 86400.0}), say(), EXIT, trigger=Trigger(event="go"), kind="journey"
    )
    await put_campaign(pool, program)
    for id in await put_customers(pool, 20):
        await put_event(pool, id, "go")
    async with running(pool) as engine:

        async def waits() -> bool:
            found = await rows(pool, "enrollment")
            return len(found) == 20 and {e["due_at"] > datetime.now(UTC) for e in found} == {True}

        await until(waits)
        await asyncio.sleep(3)
        asked: list[Any] = []
        holders = [holder for holder in pool._holders if holder._con is not None]
        for holder in holders:
            holder._con.add_query_logger(asked.append)
        await asyncio.sleep(9)
        assert len(engine.lease.held) == LANES
        # What the pool asks when a connection comes back to it does not count.
        queries = [a.query[:70] for a in asked if not a.query.startswith("SELECT pg_advisory_unlock_all")]
    assert 3 <= len(queries) <= 16, queries


async def test_merged_customers_keep_what_their_journeys_remember(pool: Pool) -> None:
    program = a_program(
        Step("orders", "digest", {"event": "order", "window": 3600.0}), say("in_app"), EXIT,
        trigger=Trigger(event="go"), goals=(Goal("buys", event=EventTest("order")),), kind="journey",
    )  # fmt: skip
    await put_campaign(pool, program)
    visitor, user = await two(pool)
    engine = await an_engine(pool, clock := Clock())
    await put_event(pool, visitor, "go", properties={"plan": "pro"})
    await put_event(pool, visitor, "order", properties={"n": 1})
    await turn_all(engine)
    (before,) = await rows(pool, "enrollment")
    assert before["state"]["count"] == 1
    assert before["reached_at"] == NOW
    await merge(pool, visitor, user)
    await settle(engine)
    (after,) = await rows(pool, "enrollment")
    assert dict(after) == dict(before) | {"lane": lane_of(user, LANES), "customer_id": user}
    await put_event(pool, user, "order", properties={"n": 2})
    await turn_all(engine)
    clock.now += timedelta(hours=2)
    await turn_all(engine)
    (ended,) = await rows(pool, "enrollment")
    assert [item["n"] for item in ended["context"]["digest"]["items"]] == [1, 2]
    assert ended["context"]["plan"] == "pro"
    (message,) = await rows(pool, "message")
    assert message["customer_id"] == user
    assert await pool.fetchval("SELECT sum(entered - departed) FROM step_stat") == 0
