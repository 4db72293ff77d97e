"""What happens between two moments: crossings of the transaction counter, of lanes, of a picture and a change."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

import motet.engine.loop as loop
from making import a_program, say, wait
from motet.core.clock import to_ms
from motet.core.errors import LeaseLost
from motet.core.ids import lane_of, uuid7
from motet.core.metrics import Metric
from motet.core.program import Trigger
from motet.core.words import CampaignStatus, Channel
from motet.engine.commit import commit
from motet.engine.load import load
from motet.engine.loop import Engine
from motet.engine.think import think
from motet.storage.pool import Pool
from motet.storage.wakes import Wakes
from stage import (
    LANES,
    NOW,
    Clock,
    an_engine,
    count,
    put_campaign,
    put_customers,
    put_event,
    put_launch,
    rows,
    turn_all,
)


async def test_no_event_is_lost_when_the_transaction_counter_gains_a_digit(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As text, 100 sorts before 99."""
    monkeypatch.setattr("motet.engine.load.EVENTS", 3)
    program = a_program(say(), trigger=Trigger(event="go"), reentry="always")
    await put_campaign(pool, program)
    (ada,) = await put_customers(pool, 1)
    for xid in range(95, 105):
        await pool.execute(
            "INSERT INTO event (lane, customer_id, id, xid, name, at, source) "
            "VALUES ($1, $2, $3, $4::text::xid8, 'go', $5, 'api')",
            lane_of(ada, LANES), ada, uuid7(to_ms(NOW) + xid), str(xid), NOW,
        )  # fmt: skip
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    assert await count(pool, program.id, Metric.ENROLLED) == 10


async def test_an_exit_event_heard_together_with_its_trigger_is_respected(pool: Pool) -> None:
    program = a_program(wait(60), say(), trigger=Trigger(event="cart"), exit_on="purchase")
    await put_campaign(pool, program)
    (ada,) = await put_customers(pool, 1)
    happened = datetime.now(NOW.tzinfo)
    await put_event(pool, ada, "cart", happened)
    await put_event(pool, ada, "purchase", happened + timedelta(seconds=1), value=5.0)
    clock = Clock(happened + timedelta(seconds=3))
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    clock.now += timedelta(minutes=5)
    await turn_all(engine)
    assert await rows(pool, "message") == []


async def test_an_old_purchase_that_arrives_late_does_not_end_what_began_after_it(pool: Pool) -> None:
    program = a_program(wait(60), say(), trigger=Trigger(event="cart"), exit_on="purchase")
    await put_campaign(pool, program)
    (ada,) = await put_customers(pool, 1)
    happened = datetime.now(NOW.tzinfo)
    await put_event(pool, ada, "cart", happened)
    await put_event(pool, ada, "purchase", happened - timedelta(hours=2), value=5.0)
    clock = Clock(happened + timedelta(seconds=3))
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    clock.now += timedelta(minutes=5)
    await turn_all(engine)
    assert len(await rows(pool, "message")) == 1


async def test_a_batch_loaded_before_a_change_of_hands_is_refused_even_when_the_lane_came_back(pool: Pool) -> None:
    program = a_program(say(), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    (ada,) = await put_customers(pool, 1)
    await put_event(pool, ada, "go")
    first = await an_engine(pool, Clock())
    await turn_all(first)
    message = await pool.fetchval("SELECT id FROM message")
    await put_event(pool, ada, "purchase", value=40.0, message_id=message)
    world, lane = await first._refresh(), lane_of(ada, LANES)
    async with pool.acquire() as connection:
        batch = await load(connection, lane, first.lease.fence(lane), world, NOW)
        await pool.execute("UPDATE lane SET expires_at = now() - interval '1 second'")
        await pool.execute("DELETE FROM worker")
        second = await an_engine(pool, Clock())
        await turn_all(second)
        await second.lease.release_all()
        await first.lease.balance()
        with pytest.raises(LeaseLost):
            await commit(connection, first.lease, batch, think(batch, world))
    await turn_all(first)
    assert await pool.fetchval("SELECT sum(value) FROM stat WHERE metric = 6") == 40.0


async def test_a_lane_lost_while_leases_are_renewed_ends_nothing(pool: Pool) -> None:
    engine = await an_engine(pool, Clock())
    fences = dict(engine.lease.held)

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(pool, name)

        async def fetch(self, *args: Any) -> Any:
            engine.lease.held.clear()  # a turn finds that its lanes are gone, just now
            return await pool.fetch(*args)

    engine.lease.pool = Slow()  # type: ignore[assignment]
    await engine.lease._renew()
    assert fences
    assert engine.lease.held == {}


async def test_a_launch_during_a_look_at_the_campaigns_is_not_missed(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = a_program(say(), segments=("new",))
    await put_campaign(pool, program, CampaignStatus.DRAFT)
    await put_customers(pool, 5)
    real, looks = loop.load_policy, 0

    async def slow(of: Pool) -> Any:
        nonlocal looks
        looks += 1
        if looks == 1:  # the campaigns are read; before the picture is whole, one is launched
            await pool.execute("UPDATE campaign SET status = 3")
            await put_launch(pool, program)
            await pool.execute("SELECT pg_notify('motet_work', 'launch')")
            await asyncio.sleep(0.3)
        return await real(of)

    monkeypatch.setattr(loop, "load_policy", slow)
    engine = Engine(pool, lanes=LANES, worker_id=uuid7(9), channels=frozenset(Channel))
    stop = asyncio.Event()
    running = asyncio.create_task(engine.run(stop))
    async with asyncio.timeout(20):
        while len(await rows(pool, "message")) < 5:
            await asyncio.sleep(0.05)
    stop.set()
    await running


async def test_listeners_are_told_when_something_may_have_been_missed(pool: Pool) -> None:
    heard: list[str] = []
    async with Wakes(pool, ("motet_work",), lambda channel, payload: heard.append(payload)) as wakes:
        watching = asyncio.create_task(wakes.watch())
        await pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        async with asyncio.timeout(20):
            while heard != [""]:
                await asyncio.sleep(0.05)
        await pool.execute("SELECT pg_notify('motet_work', 'campaigns')")
        async with asyncio.timeout(20):
            while heard != ["", "campaigns"]:
                await asyncio.sleep(0.05)
        watching.cancel()


async def test_a_cap_counts_what_was_said_just_now_by_a_journey_of_months(pool: Pool) -> None:
    long = a_program(wait(100 * 86400), say(), trigger=Trigger(event="go"))
    other = a_program(say(), trigger=Trigger(event="hey"), name="other", id=uuid7(5), revision_id=uuid7(6))
    await put_campaign(pool, long)
    await put_campaign(pool, other)
    (ada,) = await put_customers(pool, 1)
    await pool.execute("""UPDATE customer SET caps = '{"email": 1}'""")
    await put_event(pool, ada, "go")
    clock = Clock()
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    clock.now += timedelta(days=100, seconds=60)
    await turn_all(engine)
    assert len(await rows(pool, "message")) == 1
    await put_event(pool, ada, "hey", clock.now)
    await turn_all(engine)
    assert len(await rows(pool, "message")) == 1


async def test_a_second_launch_is_streamed_in_the_same_go(pool: Pool) -> None:
    programs = [
        a_program(say(), segments=("new",), name=f"p{n}", id=uuid7(10 + n), revision_id=uuid7(20 + n)) for n in range(2)
    ]
    await put_customers(pool, 30)
    for program in programs:
        await put_campaign(pool, program)
        await put_launch(pool, program)
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    for program in programs:
        assert await count(pool, program.id, Metric.ENROLLED) == 30
