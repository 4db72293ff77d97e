"""Journeys through the real engine: every kind of step, exits, goals, effects, and what wakes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from making import a_program, say
from motet.core.events import ACTION_ANSWERED, CUSTOMERS_CHANGED, JOURNEY
from motet.core.ids import lane_of, uuid7
from motet.core.metrics import Metric
from motet.core.program import EventTest, Exits, Goal, Program, Step, Trigger
from motet.core.reasons import Reason
from motet.core.words import Channel, EnrollmentStatus, MessageStatus
from motet.engine.carrying import DEPTH
from motet.storage.changes import note_changes
from motet.storage.pool import Pool
from stage import LANES, NOW, Clock, an_engine, count, put_campaign, put_customers, put_event, rows, turn_all

HOUR = 3600.0
EXIT = Step("exit", "exit")
HOOK = {"webhook": {"url": "https://hooks.example/x", "body": {"id": "{{customer_id}}"}}}


def a_journey(*steps: Step, **fields: Any) -> Program:
    plain: dict[str, Any] = {"kind": "journey", "name": "way", "trigger": Trigger(event="go"), "reentry": "after_exit"}
    fresh = {"id": uuid7(next(_ms)), "revision_id": uuid7(next(_ms))}
    return a_program(*steps, EXIT, **plain | fresh | fields)


_ms = iter(range(1000, 100_000))


async def start(pool: Pool, *programs: Program, **fields: Any) -> UUID:
    """The programs run, and one customer asks for them."""
    for program in programs:
        await put_campaign(pool, program)
    (ada,) = await put_customers(pool, 1, **fields)
    await put_event(pool, ada, "go", properties={"plan": "pro", "score": 7})
    return ada


async def said(pool: Pool) -> list[str]:
    """The channels of what was said, in order."""
    found = await rows(pool, "message", "approved_at, id")
    return [Channel(row["channel"]).word for row in found]


async def profile(pool: Pool, customer: UUID) -> Any:
    return await pool.fetchrow("SELECT * FROM customer WHERE id = $1", customer)


async def present(pool: Pool, program: Program) -> dict[int, int]:
    """How many stand on each step, as the counts have it."""
    found = await pool.fetch(
        "SELECT step, sum(entered - departed)::int AS here FROM step_stat WHERE revision_id = $1 GROUP BY step",
        program.revision_id,
    )
    return {row["step"]: row["here"] for row in found if row["here"]}


# Every kind of step --------------------------------------------------------------------------------------------


async def test_every_kind_of_step_runs_once_on_the_way_to_the_end(pool: Pool) -> None:
    other = a_journey(say("in_app"), name="other", trigger=Trigger(event="never"))
    way = a_journey(
        Step("profile", "update_profile", {"set": {"plan": "{{plan}}"}, "add_tags": ["vip"]}),
        Step("fork", "branch", {"paths": [{"name": "vips", "condition": {"tags": "vip"}, "go": "chance"}],
                                "otherwise": "exit"}),
        Step("chance", "split", {"paths": [{"name": "all", "weight": 1.0}]}),
        say("email", name="hello"),
        Step("opened", "wait_for_engagement", {"engagement": ["view"], "timeout": HOUR}),
        Step("pause", "delay", {"seconds": HOUR, "since": "now"}),
        Step("hour", "wait_until", {"local_time": "10:00"}),
        Step("asked", "wait_for_event", {"event": "asked", "timeout": 3 * 86400.0, "timed_out": "exit"}),
        Step("ready", "wait_for_condition", {"condition": {"ready": True}, "timeout": 86400.0, "timed_out": "exit"}),
        Step("call", "action", {"content": HOOK, "wait": True, "failed": "exit"}),
        Step("tell", "emit_event", {"event": "told", "properties": {"status": "{{answers.call.status}}"}}),
        Step("also", "enter", {"program": "other", "context": {"from": "{{plan}}"}}),
        Step("orders", "digest", {"event": "order", "window": HOUR}),
        say("sms", name="bye"),
    )  # fmt: skip
    ada = await start(pool, way, other, attributes={"name": "Ada"})
    clock = Clock()
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    assert await said(pool) == ["email"]
    (message,) = await rows(pool, "message")
    await put_event(pool, ada, "view", message_id=message["id"])
    await turn_all(engine)
    assert await present(pool, way) == {5: 1}
    clock.now += timedelta(hours=1)
    await turn_all(engine)
    clock.now += timedelta(hours=24)
    await turn_all(engine)
    assert await present(pool, way) == {7: 1}
    await put_event(pool, ada, "asked", clock.now, properties={"why": "so"}, received=clock.now)
    await turn_all(engine)
    assert await present(pool, way) == {8: 1}
    await pool.execute("""UPDATE customer SET attributes = attributes || '{"ready": true}' WHERE id = $1""", ada)
    async with pool.acquire() as connection:
        await note_changes(connection, [ada], lanes=LANES, now=clock.now)
    await turn_all(engine)
    assert await said(pool) == ["email", "webhook"]
    call = (await rows(pool, "message", "approved_at"))[1]
    answer = {"status": 200, "body": {"ok": True}}
    await put_event(pool, ada, ACTION_ANSWERED, clock.now, properties=answer, message_id=call["id"], received=clock.now)
    await turn_all(engine)
    assert sorted(await said(pool)) == ["email", "in_app", "webhook"]
    assert await present(pool, way) == {12: 1}
    clock.now += timedelta(minutes=10)
    await put_event(pool, ada, "order", clock.now, properties={"id": 1}, received=clock.now)
    await turn_all(engine)
    clock.now += timedelta(hours=1)
    await turn_all(engine)
    assert sorted(await said(pool)) == ["email", "in_app", "sms", "webhook"]
    mine = next(e for e in await rows(pool, "enrollment") if e["campaign_id"] == way.id)
    assert (mine["status"], mine["exit_reason"], mine["state"]) == (EnrollmentStatus.COMPLETED, "completed", None)
    assert mine["context"]["answers"] == {"call": answer}
    assert mine["context"]["events"]["asked"] == {"why": "so"}
    assert mine["context"]["digest"]["items"] == [{"id": 1}]
    assert mine["context"]["splits"]["chance"] == "all"
    told = await pool.fetchrow("SELECT * FROM event WHERE name = 'told'")
    assert (told["properties"], told["source"]) == ({"status": 200, DEPTH: 1}, JOURNEY)
    assert (await profile(pool, ada))["tags"] == ["new", "vip"]
    assert await present(pool, way) == {}
    assert await count(pool, way.id, Metric.ENROLLED) == await count(pool, way.id, Metric.FINISHED) == 1


# Effects -------------------------------------------------------------------------------------------------------


async def test_a_profile_is_written_field_by_field_and_the_next_branch_sees_it(pool: Pool) -> None:
    update = {
        "set": {"plan": "{{plan}}", "score": "{{score}}", "greeting": "Hi {{plan}}"},
        "unset": ["old"],
        "add_tags": ["tier-{{plan}}"],
        "remove_tags": ["new"],
        "topics": {"news": True},
    }
    paths = [{"name": "pro", "condition": {"score": {"$gt": 5}}, "go": "yes"}]
    way = a_journey(
        Step("write", "update_profile", update),
        Step("fork", "branch", {"paths": paths, "otherwise": "exit"}),
        say("sms", name="yes"),
    )
    ada = await start(pool, way, attributes={"old": 1, "kept": 2})
    engine = await an_engine(pool, Clock())
    world = await engine._refresh()
    lane = lane_of(ada, LANES)
    async with pool.acquire() as connection:  # somebody else writes the profile between the load and the commit
        from motet.engine.commit import commit
        from motet.engine.load import load
        from motet.engine.think import think

        batch = await load(connection, lane, engine.lease.fence(lane), world, NOW)
        effects = think(batch, world)
        await pool.execute("""UPDATE customer SET attributes = attributes || '{"theirs": 3}', tags = '{new,theirs}'""")
        await commit(connection, engine.lease, batch, effects)
    row = await profile(pool, ada)
    assert row["attributes"] == {"kept": 2, "theirs": 3, "plan": "pro", "score": 7, "greeting": "Hi pro"}
    assert row["tags"] == ["theirs", "tier-pro"]
    assert row["topics"] == {"news": True}
    assert await said(pool) == ["sms"]
    changed = await pool.fetch("SELECT properties FROM event WHERE name = $1", CUSTOMERS_CHANGED)
    assert [r["properties"] for r in changed] == [{"ids": [str(ada)]}]


async def test_an_emitted_event_starts_another_journey_and_wakes_a_third(pool: Pool) -> None:
    waits = a_journey(
        Step("asked", "wait_for_event", {"event": "ping", "where": {"n": 7}, "timeout": HOUR, "timed_out": "exit"}),
        say("in_app"),
        name="waits",
    )
    emits = a_journey(Step("tell", "emit_event", {"event": "ping", "properties": {"n": "{{score}}"}}), name="emits")
    starts = a_journey(say("sms"), name="starts", trigger=Trigger(event="ping"))
    await start(pool, waits, emits, starts)
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    await turn_all(engine)
    assert sorted(await said(pool)) == ["in_app", "sms"]
    assert len(await pool.fetch("SELECT id FROM event WHERE name = 'ping'")) == 1
    assert (await pool.fetchval("SELECT last_interaction_at FROM customer")) == NOW  # of `go`, not of what we said


async def test_journeys_that_start_one_another_come_to_an_end(pool: Pool) -> None:
    ping = a_journey(Step("tell", "emit_event", {"event": "pong"}), name="ping", reentry="always")
    pong = a_journey(
        Step("tell", "emit_event", {"event": "go"}), name="pong", reentry="always", trigger=Trigger(event="pong")
    )
    enters = a_journey(
        Step("again", "enter", {"program": "enters"}), name="enters", reentry="always", trigger=Trigger(event="turn")
    )
    ada = await start(pool, ping, pong, enters)
    await put_event(pool, ada, "turn")
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    events = await pool.fetchval("SELECT count(*) FROM event WHERE source = 'journey'")
    assert 2 <= events <= 20
    assert await count(pool, enters.id, Metric.ENROLLED) <= 10
    assert await pool.fetchval("SELECT count(*) FROM enrollment WHERE due_at IS NOT NULL") == 0


async def test_entering_another_program_follows_its_own_rules(pool: Pool) -> None:
    other = a_journey(say("in_app"), name="other", trigger=Trigger(event="go"), reentry="once")
    way = a_journey(Step("also", "enter", {"program": "other"}), Step("none", "enter", {"program": "gone"}), say("sms"))
    await start(pool, other, way)
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    assert await count(pool, other.id, Metric.ENROLLED) == 1
    refused = await pool.fetchrow("SELECT reasons FROM decision WHERE campaign_id = $1", other.id)
    assert refused["reasons"] == [Reason.ALREADY_ENROLLED]
    assert sorted(await said(pool)) == ["in_app", "sms"]


async def test_an_effect_that_breaks_is_tried_again_and_set_aside(pool: Pool) -> None:
    way = a_journey(say("sms"), Step("write", "update_profile", {"set": {"x": "{{event}}{{event}}"}}))
    await start(pool, way)
    clock = Clock()
    engine = await an_engine(pool, clock)
    for _ in range(8):
        await turn_all(engine)
        clock.now += timedelta(minutes=20)
    (enrollment,) = await rows(pool, "enrollment")
    assert enrollment["status"] == EnrollmentStatus.QUARANTINED
    assert "cannot be printed" in enrollment["exit_reason"]
    assert len(await said(pool)) <= 1


# Exits and goals -----------------------------------------------------------------------------------------------


async def test_exits_end_a_journey_wherever_it_stands(pool: Pool) -> None:
    wait = Step("wait", "delay", {"seconds": 30 * 86400.0})
    after = a_journey(wait, say(), name="after", exits=Exits(after=HOUR))
    event = a_journey(wait, say(), name="event", exits=Exits(events=(EventTest("bought", {"sum": {"$gt": 5}}),)))
    state = a_journey(wait, say(), name="state", exits=Exits(state={"plan": "paid"}))
    leaves = a_journey(wait, say(), name="leaves", exits=Exits(unsubscribed=("email",)))
    ada = await start(pool, after, event, state, leaves)
    clock = Clock()
    engine = await an_engine(pool, clock)
    await put_event(pool, ada, "bought", properties={"sum": 1})
    await turn_all(engine)
    assert {e["status"] for e in await rows(pool, "enrollment")} == {EnrollmentStatus.ACTIVE}
    await put_event(pool, ada, "bought", properties={"sum": 9})
    await put_event(pool, ada, "unsubscribe")
    await pool.execute("""UPDATE customer SET attributes = '{"plan": "paid"}' WHERE id = $1""", ada)
    async with pool.acquire() as connection:
        await note_changes(connection, [ada], lanes=LANES, now=clock.now)
    await turn_all(engine)
    clock.now += timedelta(hours=1)
    await turn_all(engine)
    reasons = {e["campaign_id"]: e["exit_reason"] for e in await rows(pool, "enrollment")}
    told = {p.name: reasons[p.id] for p in (after, event, state, leaves)}
    assert told == {
        "after": "time limit", "event": "bought", "state": "exit condition", "leaves": "unsubscribed",
    }  # fmt: skip
    assert await said(pool) == []
    for program in (after, event, state, leaves):
        assert await present(pool, program) == {}


async def test_a_goal_is_counted_the_first_time_and_ends_what_it_is_to_end(pool: Pool) -> None:
    wait = Step("wait", "delay", {"seconds": 86400.0})
    goals = (Goal("buys", event=EventTest("bought")), Goal("pays", state={"plan": "paid"}))
    goes_on = a_journey(wait, name="goes-on", goals=goals)
    ends = a_journey(wait, name="ends", goals=goals, exits=Exits(goal=True))
    ada = await start(pool, goes_on, ends)
    clock = Clock()
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    clock.now += timedelta(minutes=5)
    for _ in range(2):
        await put_event(pool, ada, "bought", clock.now, received=clock.now)
        await turn_all(engine)
    found = {e["campaign_id"]: e for e in await rows(pool, "enrollment")}
    assert found[goes_on.id]["reached_at"] == found[ends.id]["reached_at"] == clock.now
    assert found[goes_on.id]["status"] == EnrollmentStatus.ACTIVE
    assert found[ends.id]["exit_reason"] == "goal reached"
    assert await count(pool, goes_on.id, Metric.REACHED) == await count(pool, ends.id, Metric.REACHED) == 1


async def test_a_goal_that_a_profile_reaches_is_seen_when_the_profile_changes(pool: Pool) -> None:
    way = a_journey(
        Step("wait", "delay", {"seconds": 86400.0}),
        goals=(Goal("pays", state={"plan": "paid"}),),
        exits=Exits(goal=True),
    )
    writes = a_journey(
        Step("write", "update_profile", {"set": {"plan": "paid"}}), name="writes", trigger=Trigger(event="pay")
    )
    ada = await start(pool, way, writes)
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    await put_event(pool, ada, "pay")
    await turn_all(engine)
    mine = next(e for e in await rows(pool, "enrollment") if e["campaign_id"] == way.id)
    assert (mine["exit_reason"], mine["reached_at"]) == ("goal reached", NOW)


# Events and timers that meet -----------------------------------------------------------------------------------


async def test_events_at_the_flush_of_a_digest_are_neither_lost_nor_doubled(pool: Pool) -> None:
    way = a_journey(
        Step("orders", "digest", {"event": "order", "window": HOUR}),
        say("sms"),
        trigger=Trigger(event="order"),
    )
    await put_campaign(pool, way)
    (ada,) = await put_customers(pool, 1)
    clock = Clock()
    engine = await an_engine(pool, clock)
    moments = [0, 10, 59, 61, 75, 130]  # minutes; the first window ends at 60, the second begins at 61
    for n, minutes in enumerate(moments[:3]):
        at = NOW + timedelta(minutes=minutes)
        await put_event(pool, ada, "order", at, properties={"n": n}, received=at)
    await turn_all(engine)
    # The engine comes late: the window is over, and events of after it are there before its timer was looked at.
    clock.now = NOW + timedelta(minutes=76)
    for n, minutes in enumerate(moments[3:5], 3):
        at = NOW + timedelta(minutes=minutes)
        await put_event(pool, ada, "order", at, properties={"n": n}, received=at)
    await turn_all(engine)
    clock.now = NOW + timedelta(minutes=180)
    at = NOW + timedelta(minutes=moments[5])
    await put_event(pool, ada, "order", at, properties={"n": 5}, received=at)
    await turn_all(engine)
    clock.now += timedelta(hours=2)
    await turn_all(engine)
    found = [e["context"]["digest"] for e in await rows(pool, "enrollment")]
    heard = sorted(item["n"] for digest in found for item in digest["items"])
    assert heard == [0, 1, 2, 3, 4, 5]
    assert sum(digest["count"] for digest in found) == 6
    assert found[0]["count"] == 3
    assert len(await said(pool)) == len(found)


async def test_a_burst_that_starts_a_journey_is_heard_by_the_step_it_leads_to(pool: Pool) -> None:
    paths = [{"name": "all", "condition": {"tags": "new"}, "go": "orders"}]
    way = a_journey(
        Step("fork", "branch", {"paths": paths, "otherwise": "exit"}),
        Step("orders", "digest", {"event": "order", "window": HOUR}),
        say("sms"),
        trigger=Trigger(event="order"),
    )
    await put_campaign(pool, way)
    (ada,) = await put_customers(pool, 1)
    for n in range(5):
        await put_event(pool, ada, "order", properties={"n": n})
    clock = Clock(NOW + timedelta(minutes=1))
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    clock.now += timedelta(hours=2)
    await turn_all(engine)
    (enrollment,) = await rows(pool, "enrollment")
    assert enrollment["context"]["digest"]["count"] == 5


async def test_an_action_that_failed_goes_its_own_way(pool: Pool) -> None:
    way = a_journey(
        Step("call", "action", {"content": HOOK, "wait": True, "failed": "sorry"}),
        Step("done", "exit", {"reason": "answered"}),
        say("sms", name="sorry"),
    )
    ada = await start(pool, way)
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    (call,) = await rows(pool, "message")
    assert (call["channel"], call["status"]) == (Channel.WEBHOOK, MessageStatus.APPROVED)
    await put_event(pool, ada, "failed", message_id=call["id"], source="provider")
    await turn_all(engine)
    assert sorted(await said(pool)) == ["sms", "webhook"]


async def test_what_steps_remember_outlives_the_engine(pool: Pool) -> None:
    way = a_journey(
        Step("orders", "digest", {"event": "order", "window": HOUR}),
        Step("asked", "wait_for_event", {"event": "asked", "timeout": HOUR, "timed_out": "exit"}),
        say("sms"),
    )
    ada = await start(pool, way)
    clock = Clock()
    first = await an_engine(pool, clock)
    await turn_all(first)
    await put_event(pool, ada, "order", properties={"n": 1})
    await turn_all(first)
    await first.lease.release_all()
    (before,) = await rows(pool, "enrollment")
    assert before["state"]["count"] == 1
    second = await an_engine(pool, clock)
    clock.now += timedelta(minutes=30)
    await put_event(pool, ada, "order", clock.now, properties={"n": 2}, received=clock.now)
    await turn_all(second)
    clock.now += timedelta(minutes=30)
    await turn_all(second)
    (after,) = await rows(pool, "enrollment")
    assert after["state"] is None
    assert [item["n"] for item in after["context"]["digest"]["items"]] == [1, 2]
    await put_event(pool, ada, "asked", clock.now, received=clock.now)
    await turn_all(second)
    assert await said(pool) == ["sms"]


def test_a_program_survives_its_way_through_the_database() -> None:
    way = a_journey(say(), exits=Exits(after=5.0, events=(EventTest("x"),)), goals=(Goal("g", state={"a": 1}),))
    assert msgspec.convert(msgspec.to_builtins(way), Program) == way
