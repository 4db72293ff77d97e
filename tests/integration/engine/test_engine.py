"""The engine on a real PostgreSQL, turned by hand with a clock that the test moves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import motet.engine.entering as entering_module
import motet.engine.running as running_module
import motet.engine.think as think_module
from making import a_program, say, wait
from motet.core.errors import LeaseLost
from motet.core.ids import lane_of, uuid7
from motet.core.metrics import Metric
from motet.core.program import Trigger
from motet.core.reasons import Reason
from motet.core.words import Channel, EnrollmentStatus, MessageStatus, Verdict
from motet.engine.commit import commit
from motet.engine.load import load
from motet.storage.lanes import Lease
from motet.storage.pool import Pool
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


async def test_a_launch_reaches_its_whole_audience_once(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motet.engine.load.CUSTOMERS", 7)  # many slices
    program = a_program(say(), segments=("new",))
    await put_campaign(pool, program)
    await put_customers(pool, 300)
    await put_customers(pool, 20, tags=["old"])
    await put_launch(pool, program)
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    await turn_all(engine)
    messages = await rows(pool, "message")
    assert len(messages) == len({m["customer_id"] for m in messages}) == 300
    assert {m["status"] for m in messages} == {MessageStatus.APPROVED}
    assert await count(pool, program.id, Metric.ENROLLED) == 300
    assert await count(pool, program.id, Metric.FINISHED) == 300
    assert await count(pool, program.id, Metric.APPROVED, Channel.EMAIL) == 300
    assert all(r["done"] for r in await rows(pool, "launch_lane", "lane"))
    assert sum(r["enrolled"] for r in await rows(pool, "launch_lane", "lane")) == 300


async def test_delays_outlive_the_engine_that_set_them(pool: Pool) -> None:
    program = a_program(say(name="a"), wait(7 * 86400), say("sms", name="b"), trigger=Trigger(event="user_signup"))
    await put_campaign(pool, program)
    (ada,) = await put_customers(pool, 1)
    await put_event(pool, ada, "user_signup", properties={"plan": "pro"})
    clock = Clock()
    first = await an_engine(pool, clock)
    await turn_all(first)
    assert [m["channel"] for m in await rows(pool, "message")] == [Channel.EMAIL]
    await first.lease.release_all()

    clock.now = NOW + timedelta(days=7) - timedelta(seconds=1)
    second = await an_engine(pool, clock)
    await turn_all(second)
    assert len(await rows(pool, "message")) == 1
    clock.now = NOW + timedelta(days=7)
    await turn_all(second)
    assert [m["channel"] for m in await rows(pool, "message", "approved_at")] == [Channel.EMAIL, Channel.SMS]
    (enrollment,) = await rows(pool, "enrollment")
    assert enrollment["status"] == EnrollmentStatus.COMPLETED
    assert enrollment["context"] == {"plan": "pro"}


async def test_an_event_that_commits_late_is_not_skipped(pool: Pool) -> None:
    program = a_program(say(), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    customers = await put_customers(pool, 2)
    engine = await an_engine(pool, Clock())
    async with pool.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        await put_event(slow, customers[0], "go")  # an older transaction ...
        await put_event(pool, customers[1], "go")  # ... than this one, which commits first
        await turn_all(engine)
        assert {m["customer_id"] for m in await rows(pool, "message")} == {customers[1]}
        await transaction.commit()
    await turn_all(engine)
    assert {m["customer_id"] for m in await rows(pool, "message")} == set(customers)


async def test_more_events_than_one_turn_takes_are_each_heard_once(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motet.engine.load.EVENTS", 5)
    program = a_program(say(), trigger=Trigger(event="go"), reentry="always")
    await put_campaign(pool, program)
    customers = await put_customers(pool, 4)
    for _ in range(12):
        for customer in customers:
            await put_event(pool, customer, "go")
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    await turn_all(engine)
    assert await count(pool, program.id, Metric.ENROLLED) == 48


async def test_a_worker_whose_lease_ran_out_cannot_commit(pool: Pool) -> None:
    program = a_program(say(), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    (ada,) = await put_customers(pool, 1)
    await put_event(pool, ada, "go")
    stalled = await an_engine(pool, Clock())
    world = await stalled._refresh()
    lane = lane_of(ada, LANES)
    async with pool.acquire() as connection:
        batch = await load(connection, lane, stalled.lease.fence(lane), world, NOW)
        effects = think_module.think(batch, world)
        assert effects.approved
        await pool.execute("UPDATE lane SET expires_at = now() - interval '1 second'")
        await pool.execute("DELETE FROM worker")
        successor = await an_engine(pool, Clock())
        with pytest.raises(LeaseLost):
            await commit(connection, stalled.lease, batch, effects)
    assert await rows(pool, "message") == []
    await turn_all(successor)
    assert len(await rows(pool, "message")) == 1


async def test_opens_and_clicks_count_once_and_conditions_see_them(pool: Pool) -> None:
    program = a_program(
        say(name="first"),
        wait(3600),
        say("sms", name="nudge", conditions={"email_opened": False}),
        trigger=Trigger(event="go"),
    )
    await put_campaign(pool, program)
    reader, silent = await put_customers(pool, 2)
    for customer in (reader, silent):
        await put_event(pool, customer, "go")
    clock = Clock()
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    message = await pool.fetchval("SELECT id FROM message WHERE customer_id = $1", reader)
    await put_event(pool, reader, "view", message_id=message, properties={"machine": True})
    await turn_all(engine)
    assert await count(pool, program.id, Metric.OPENED) == 0
    for _ in range(2):
        await put_event(pool, reader, "click", message_id=message, properties={"url": "https://example.com"})
    await put_event(pool, reader, "purchase", value=40.0)
    await turn_all(engine)
    assert await count(pool, program.id, Metric.OPENED, Channel.EMAIL) == 1
    assert await count(pool, program.id, Metric.CLICKED, Channel.EMAIL) == 1
    assert await count(pool, program.id, Metric.CONVERTED, Channel.EMAIL) == 1
    assert await pool.fetchval("SELECT sum(value) FROM stat WHERE metric = 6") == 40.0
    clock.now = NOW + timedelta(hours=1)
    await turn_all(engine)
    sms = await pool.fetch("SELECT customer_id FROM message WHERE channel = 2")
    assert [r["customer_id"] for r in sms] == [silent]
    dropped = await pool.fetch("SELECT * FROM decision WHERE customer_id = $1", reader)
    assert [(d["verdict"], d["reasons"]) for d in dropped] == [(Verdict.DROP, [Reason.CONDITION_FALSE])]


async def test_unsubscribe_complaint_and_bounce_reach_the_profile(pool: Pool) -> None:
    program = a_program(say(), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    customers = await put_customers(pool, 3)
    for customer in customers:
        await put_event(pool, customer, "go")
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    ids = {m["customer_id"]: m["id"] for m in await rows(pool, "message")}
    left, angry, gone = customers
    await put_event(pool, left, "unsubscribe", message_id=ids[left], properties={"channel": "email"})
    await put_event(pool, angry, "complaint", message_id=ids[angry])
    await put_event(pool, gone, "bounced", message_id=ids[gone], properties={"permanent": True})
    await turn_all(engine)
    found = {r["id"]: r for r in await rows(pool, "customer")}
    assert found[left]["consents"] == {"email": False}
    assert found[left]["suppressions"] == {}
    assert found[angry]["consents"] == {"email": False}
    assert found[angry]["suppressions"]["email"]["reason"] == "complaint"
    assert found[gone]["suppressions"]["email"]["reason"] == "bounced"
    assert await count(pool, program.id, Metric.UNSUBSCRIBED) == 1


async def test_a_refused_sms_falls_back_to_email_on_the_same_visit(pool: Pool) -> None:
    program = a_program(say("sms", fallback="email"), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    (ada,) = await put_customers(pool, 1)
    await put_event(pool, ada, "go")
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    sms = await pool.fetchval("SELECT id FROM message")
    for _ in range(2):
        await put_event(pool, ada, "failed", message_id=sms, properties={"code": "21211", "suppress": True})
    await turn_all(engine)
    email = await pool.fetchrow("SELECT * FROM message WHERE channel = 1")
    assert email is not None
    assert email["reasons"] == [Reason.PROVIDER_REJECTED, Reason.FALLBACK_USED]
    assert await pool.fetchval("SELECT count(*) FROM message") == 2
    assert (await rows(pool, "customer"))[0]["suppressions"]["sms"]["reason"] == "bounced"


async def test_one_broken_customer_does_not_stop_the_lane(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    program = a_program(say(), segments=("new",))
    await put_campaign(pool, program)
    customers = await put_customers(pool, 40)
    await put_launch(pool, program)
    engine = await an_engine(pool, Clock())
    real = running_module.decide

    def broken(intent: Any, facts: Any) -> Any:
        if facts.customer.id == customers[7]:
            raise RuntimeError("boom")
        return real(intent, facts)

    monkeypatch.setattr(running_module, "decide", broken)
    await turn_all(engine)
    sent_to = {m["customer_id"] for m in await rows(pool, "message")}
    assert sent_to == set(customers) - {customers[7]}


async def test_what_the_database_cannot_take_of_one_customer_does_not_stop_the_lane(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = a_program(say(), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    customers = await put_customers(pool, 20)
    for customer in customers:
        await put_event(pool, customer, "go")
    engine = await an_engine(pool, Clock())
    real = entering_module.admit

    def spoilt(program: Any, facts: Any, **more: Any) -> Any:
        if facts.customer.id == customers[3]:
            return type("Odd", (int,), {"word": "odd"})(99_999)  # a reason that no smallint holds
        return real(program, facts, **more)

    monkeypatch.setattr(entering_module, "admit", spoilt)
    await turn_all(engine)
    assert {m["customer_id"] for m in await rows(pool, "message")} == set(customers) - {customers[3]}
    assert await count(pool, program.id, Metric.ENROLLED) == 19
    monkeypatch.undo()
    await put_event(pool, customers[3], "go")
    await turn_all(engine)
    assert len(await rows(pool, "message")) == 20


async def test_an_unsubscribe_is_heard_though_another_part_of_the_customer_breaks(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = a_program(say(), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    (ada,) = await put_customers(pool, 1)
    await put_event(pool, ada, "go")
    await put_event(pool, ada, "unsubscribe", properties={"channel": "sms"})
    engine = await an_engine(pool, Clock())

    def broken(intent: Any, facts: Any) -> Any:
        raise RuntimeError("boom")

    monkeypatch.setattr(running_module, "decide", broken)
    await turn_all(engine)
    assert (await rows(pool, "customer"))[0]["consents"] == {"sms": False}
    (enrollment,) = await rows(pool, "enrollment")
    assert (enrollment["status"], enrollment["failures"]) == (EnrollmentStatus.ACTIVE, 1)
    monkeypatch.undo()
    engine.now.now = NOW + timedelta(hours=1)  # type: ignore[attr-defined]
    await turn_all(engine)
    assert len(await rows(pool, "message")) == 1


async def test_a_due_enrollment_that_keeps_breaking_is_quarantined(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    program = a_program(wait(60), say(), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    (ada,) = await put_customers(pool, 1)
    await put_event(pool, ada, "go")
    clock = Clock()
    engine = await an_engine(pool, clock)
    await turn_all(engine)

    def broken(intent: Any, facts: Any) -> Any:
        raise RuntimeError("boom")

    monkeypatch.setattr(running_module, "decide", broken)
    for hours in range(1, 8):
        clock.now = NOW + timedelta(hours=hours)
        await turn_all(engine)
    (enrollment,) = await rows(pool, "enrollment")
    assert enrollment["status"] == EnrollmentStatus.QUARANTINED
    assert "boom" in enrollment["exit_reason"]
    assert enrollment["due_at"] is None


async def test_an_exit_event_ends_the_enrollment_before_its_next_message(pool: Pool) -> None:
    program = a_program(
        wait(60), say(), trigger=Trigger(event="cart_abandoned", where={"cart_value": {"$gt": 25}}), exit_on="purchase"
    )
    await put_campaign(pool, program)
    buyer, small, waits = await put_customers(pool, 3)
    await put_event(pool, buyer, "cart_abandoned", properties={"cart_value": 80})
    await put_event(pool, small, "cart_abandoned", properties={"cart_value": 20})
    await put_event(pool, waits, "cart_abandoned", properties={"cart_value": 30})
    clock = Clock()
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    assert await count(pool, program.id, Metric.ENROLLED) == 2
    await put_event(pool, buyer, "purchase", NOW + timedelta(seconds=30), value=80.0)
    clock.now = NOW + timedelta(seconds=90)
    await turn_all(engine)
    assert [m["customer_id"] for m in await rows(pool, "message")] == [waits]
    ended = await pool.fetchrow("SELECT * FROM enrollment WHERE customer_id = $1", buyer)
    assert ended is not None
    assert (ended["status"], ended["exit_reason"]) == (EnrollmentStatus.EXITED, "purchase")


async def test_counts_say_how_many_stand_on_each_step(pool: Pool) -> None:
    program = a_program(wait(60), say(), wait(3600), say("sms"), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    customers = await put_customers(pool, 5)
    for customer in customers:
        await put_event(pool, customer, "go")
    clock = Clock()
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    clock.now = NOW + timedelta(seconds=61)
    await turn_all(engine)
    found = await pool.fetch("SELECT step, sum(entered)::int, sum(departed)::int FROM step_stat GROUP BY 1 ORDER BY 1")
    assert [tuple(r) for r in found] == [(0, 5, 5), (1, 5, 5), (2, 5, 0)]


async def test_a_paused_campaign_keeps_its_timers_and_goes_on_later(pool: Pool) -> None:
    program = a_program(wait(60), say(), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    (ada,) = await put_customers(pool, 1)
    await put_event(pool, ada, "go")
    clock = Clock()
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    await pool.execute("UPDATE campaign SET status = 4")
    clock.now = NOW + timedelta(hours=1)
    await turn_all(engine)
    assert await rows(pool, "message") == []
    await pool.execute("UPDATE campaign SET status = 3")
    await turn_all(engine)
    assert len(await rows(pool, "message")) == 1


async def test_lanes_are_shared_and_taken_over(pool: Pool) -> None:
    clock = Clock()
    first = await an_engine(pool, clock)
    second = Lease(pool, uuid7(5), 8)
    await second.balance()  # registers, finds nothing free
    await first.lease.balance()  # gives half away
    assert len(first.lease.held) == 4
    assert len(await second.balance()) == 4
    assert set(second.held) | set(first.lease.held) == set(range(8))
    await second.release_all()
    assert len(await first.lease.balance()) == 4


async def test_whoever_waits_in_a_cancelled_campaign_leaves_without_a_message(pool: Pool) -> None:
    program = a_program(wait(60), say(), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    (ada,) = await put_customers(pool, 1)
    await put_event(pool, ada, "go")
    clock = Clock()
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    await pool.execute("UPDATE campaign SET status = 6, updated_at = now()")
    clock.now = NOW + timedelta(hours=1)
    await turn_all(engine)
    (enrollment,) = await rows(pool, "enrollment")
    assert (enrollment["status"], enrollment["exit_reason"]) == (EnrollmentStatus.EXITED, "campaign cancelled")
    assert await rows(pool, "message") == []


async def test_dead_devices_are_pruned_beside_other_changes(pool: Pool) -> None:
    program = a_program(say("push"), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    devices = [{"token": "old"}, {"token": "new"}]
    customers = await put_customers(pool, 20, devices=devices)
    for customer in customers:
        await put_event(pool, customer, "go")
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    for message in await rows(pool, "message"):
        dead = ["old"] if message["customer_id"] in customers[:10] else []
        await put_event(
            pool, message["customer_id"], "devices_gone", message_id=message["id"], properties={"dead": dead}
        )
        await put_event(pool, message["customer_id"], "visited")
    await turn_all(engine)
    found = {row["id"]: row["devices"] for row in await rows(pool, "customer")}
    assert all(found[c] == [{"token": "new"}] for c in customers[:10])
    assert all(found[c] == devices for c in customers[10:])
