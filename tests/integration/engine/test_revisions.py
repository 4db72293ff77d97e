"""New revisions of a journey that people are in, programs that cannot be run, and campaigns that let in a few."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from making import a_program, say
from motet.core.ids import uuid7
from motet.core.metrics import Metric
from motet.core.program import Program, Step, Trigger
from motet.core.reasons import Reason
from motet.core.words import Channel, EnrollmentStatus
from motet.storage.pool import Pool
from stage import NOW, Clock, an_engine, count, put_campaign, put_customers, put_event, put_launch, rows, turn_all

EXIT = Step("exit", "exit")
WAIT = Step("wait", "delay", {"seconds": 86400.0})


def a_journey(*steps: Step, **fields: Any) -> Program:
    plain: dict[str, Any] = {"kind": "journey", "name": "way", "trigger": Trigger(event="go")}
    return a_program(*steps, EXIT, **plain | fields)


async def put_revision(pool: Pool, program: Program, *steps: Step, **fields: Any) -> Program:
    """A newer revision becomes the current one; a launch moves people when it asks for that."""
    number = await pool.fetchval("SELECT max(number) + 1 FROM revision WHERE campaign_id = $1", program.id)
    newer = msgspec.structs.replace(program, revision_id=uuid7(1000 + number), steps=(*steps, EXIT), **fields)
    await pool.execute(
        "INSERT INTO revision (id, campaign_id, number, document, program, created_at) "
        "VALUES ($1, $2, $3, '{}', $4, $5)",
        newer.revision_id, newer.id, number, msgspec.to_builtins(newer), NOW,
    )  # fmt: skip
    await pool.execute("UPDATE campaign SET revision_id = $2 WHERE id = $1", newer.id, newer.revision_id)
    if newer.existing == "move":
        await put_launch(pool, newer, kind="move")
    return newer


async def present(pool: Pool, program: Program) -> dict[str, int]:
    """How many stand on each step of a revision, by name, as the counts have it."""
    found = await pool.fetch(
        "SELECT step, sum(entered - departed)::int AS here FROM step_stat WHERE revision_id = $1 GROUP BY step",
        program.revision_id,
    )
    return {program.steps[row["step"]].name: row["here"] for row in found if row["here"]}


async def start(pool: Pool, program: Program, customers: int) -> list[UUID]:
    await put_campaign(pool, program)
    ids = await put_customers(pool, customers)
    for id in ids:
        await put_event(pool, id, "go", properties={"plan": "pro"})
    return ids


async def test_people_stay_in_their_revision_unless_the_new_one_asks_for_them(pool: Pool) -> None:
    old = a_journey(WAIT, say("sms", name="old words"))
    await start(pool, old, 3)
    clock = Clock()
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    new = await put_revision(pool, old, WAIT, say("email", name="new words"))
    await turn_all(engine)
    assert (await present(pool, old), await present(pool, new)) == ({"wait": 3}, {})
    clock.now += timedelta(days=1)
    await turn_all(engine)
    assert {m["channel"] for m in await rows(pool, "message")} == {Channel.SMS}


async def test_people_move_by_name_by_map_out_or_not_at_all(pool: Pool) -> None:
    fork = {"paths": [{"name": n, "condition": {"place": n}, "go": n} for n in ("kept", "renamed", "ended", "lost")]}
    places = [Step(n, "delay", {"seconds": 86400.0, "since": "now"}) for n in ("kept", "renamed", "ended", "lost")]
    old = a_journey(Step("fork", "branch", fork), *places, say("sms"))
    await put_campaign(pool, old)
    ids = await put_customers(pool, 40)
    for n, id in enumerate(ids):
        name = ("kept", "renamed", "ended", "lost")[n % 4]
        await pool.execute("UPDATE customer SET attributes = $2 WHERE id = $1", id, {"place": name})
        await put_event(pool, id, "go", properties={"n": n})
    clock = Clock()
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    assert await present(pool, old) == {"kept": 10, "renamed": 10, "ended": 10, "lost": 10}
    clock.now += timedelta(hours=20)
    moves = {"renamed": "again", "ended": "exit"}
    new = await put_revision(
        pool, old, say("email"), places[0], Step("again", "delay", {"seconds": 3600.0, "since": "now"}), say("sms"),
        existing="move", moves=moves,
    )  # fmt: skip
    await turn_all(engine)
    assert await present(pool, old) == {"lost": 10}
    assert await present(pool, new) == {"kept": 10, "again": 10}
    lanes = await rows(pool, "launch_lane", "lane")
    assert all(row["done"] for row in lanes)
    assert sum(row["enrolled"] for row in lanes) == 30
    assert sum(row["refused"] for row in lanes) == 10
    found = await rows(pool, "enrollment")
    assert {e["entered_at"] for e in found} == {NOW}
    assert sorted(e["context"]["n"] for e in found) == list(range(40))
    kept = [e for e in found if e["revision_id"] == new.revision_id and new.steps[e["step"]].name == "kept"]
    assert {e["arrived_at"] for e in kept} == {NOW}  # they go on waiting from when they arrived
    assert sum(e["status"] == EnrollmentStatus.EXITED for e in found) == 10
    for _ in range(2):
        clock.now += timedelta(days=2)
        await turn_all(engine)
    assert await count(pool, old.id, Metric.FINISHED) == await count(pool, old.id, Metric.ENROLLED) == 40
    assert (await present(pool, old), await present(pool, new)) == ({}, {})


async def test_nobody_hears_a_message_twice_because_they_were_moved(pool: Pool) -> None:
    old = a_journey(say("email", name="hello"), WAIT)
    await start(pool, old, 2)
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    await put_revision(
        pool, old, Step("first", "delay", {"seconds": 0.0}), say("email", name="hello"), say("sms", name="more"),
        existing="move", moves={"wait": "first"},
    )  # fmt: skip
    await turn_all(engine)
    assert sorted(m["channel"] for m in await rows(pool, "message")) == [Channel.EMAIL] * 2 + [Channel.SMS] * 2


async def test_who_is_touched_before_the_move_comes_by_moves_on_the_way(pool: Pool) -> None:
    old = a_journey(WAIT, say("sms", name="old words"))
    await start(pool, old, 2)
    clock = Clock()
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    await put_revision(pool, old, WAIT, say("email", name="new words"), existing="move")
    await pool.execute("DELETE FROM launch_lane")
    clock.now += timedelta(days=1)
    await turn_all(engine)
    assert {m["channel"] for m in await rows(pool, "message")} == {Channel.EMAIL}


async def test_a_move_goes_on_where_it_was_when_the_engine_stopped(pool: Pool, monkeypatch: Any) -> None:
    monkeypatch.setattr("motet.engine.load.CUSTOMERS", 3)
    old = a_journey(WAIT, say("sms"))
    await start(pool, old, 60)
    clock = Clock()
    first = await an_engine(pool, clock)
    await turn_all(first)
    new = await put_revision(pool, old, WAIT, say("email"), existing="move")
    first.forget_world()
    for lane in list(first.lease.held):
        await first.turn(lane)  # a slice of each lane
    moved = await pool.fetchval("SELECT count(*) FROM enrollment WHERE revision_id = $1", new.revision_id)
    assert 0 < moved < 60
    await first.lease.release_all()
    second = await an_engine(pool, clock)
    await turn_all(second)
    assert await pool.fetchval("SELECT count(*) FROM enrollment WHERE revision_id = $1", new.revision_id) == 60
    assert (await present(pool, old), await present(pool, new)) == ({}, {"wait": 60})


async def test_people_move_while_their_journey_is_paused_and_say_nothing(pool: Pool) -> None:
    old = a_journey(WAIT, say("sms"))
    await start(pool, old, 5)
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    await pool.execute("UPDATE campaign SET status = 4")
    new = await put_revision(pool, old, say("email", name="wait"), existing="move")
    await turn_all(engine)
    assert await present(pool, new) == {"wait": 5}
    assert await rows(pool, "message") == []


# What cannot be run --------------------------------------------------------------------------------------------


async def test_a_program_that_cannot_be_read_stops_only_its_own_people(pool: Pool) -> None:
    bad = a_journey(WAIT, say("sms"), name="bad", id=uuid7(7), revision_id=uuid7(8))
    good = a_journey(WAIT, say("email"), name="good", id=uuid7(9), revision_id=uuid7(10))
    await put_campaign(pool, bad)
    await start(pool, good, 6)
    clock = Clock()
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    await pool.execute("""UPDATE revision SET program = '{"steps": 5}' WHERE id = $1""", bad.revision_id)
    engine.known.clear()
    for day in range(1, 4):
        clock.now = NOW + timedelta(days=day)
        for _ in range(4):
            await turn_all(engine)
            clock.now += timedelta(hours=1)
    ended = {e["campaign_id"]: e for e in await rows(pool, "enrollment")}
    assert ended[good.id]["status"] == EnrollmentStatus.COMPLETED
    assert ended[bad.id]["status"] == EnrollmentStatus.QUARANTINED
    assert ended[bad.id]["exit_reason"].startswith("quarantined: ")
    assert len(await rows(pool, "message")) == 6
    # Mended, and tried again by an operator.
    await pool.execute("UPDATE revision SET program = $2 WHERE id = $1", bad.revision_id, msgspec.to_builtins(bad))
    await pool.execute(
        "UPDATE enrollment SET status = 1, due_at = $2, failures = 0, ended_at = NULL, exit_reason = NULL "
        "WHERE campaign_id = $1",
        bad.id, clock.now,
    )  # fmt: skip
    await turn_all(engine)
    assert len(await rows(pool, "message")) == 12


async def test_what_the_database_cannot_take_does_not_spin(pool: Pool) -> None:
    """A text that no jsonb can hold comes up each time: whoever is due with it is tried later, and set aside."""
    way = a_journey(Step("write", "update_profile", {"set": {"x": "{{event.plan}}"}}), say("sms"))
    await start(pool, way, 2)
    clock = Clock()
    engine = await an_engine(pool, clock)
    world = await engine._refresh()
    spoilt = {"set": {"x": "\ud800"}}
    broken = msgspec.structs.replace(way, steps=(Step("write", "update_profile", spoilt), EXIT))
    from motet.journeys.runner import make_runnable

    engine.world = msgspec.structs.replace(
        world, runnables={way.revision_id: make_runnable(broken)}, by_event={"go": [make_runnable(broken)]}
    )
    for lane in list(engine.lease.held):
        for _ in range(3):
            await engine.turn(lane)
    assert await pool.fetchval("SELECT count(*) FROM customer WHERE attributes ? 'x'") == 0
    assert await pool.fetchval("SELECT count(*) FROM enrollment WHERE due_at <= $1", clock.now) == 0


# Few enter -----------------------------------------------------------------------------------------------------


async def test_no_more_enter_than_are_let_in_whatever_races(pool: Pool) -> None:
    way = a_journey(say("sms"), max_entries=25)
    ids = await start(pool, way, 60)
    engine = await an_engine(pool, Clock())

    async def drain(lane: int) -> None:
        while await engine.turn(lane):
            pass

    engine.forget_world()
    await asyncio.gather(*(drain(lane) for lane in list(engine.lease.held)))
    assert await count(pool, way.id, Metric.ENROLLED) == len(await rows(pool, "message")) == 25
    assert await pool.fetchval("SELECT entered FROM entry_budget") == 25
    refused = await pool.fetch("SELECT reasons FROM decision")
    assert [r["reasons"] for r in refused] == [[Reason.CAMPAIGN_FULL]] * (len(ids) - 25)


async def test_who_entered_before_there_was_a_limit_counts(pool: Pool) -> None:
    way = a_journey(say("sms"), reentry="always")
    ids = await start(pool, way, 4)
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    await put_revision(pool, way, say("sms"), max_entries=6)
    for id in ids:
        await put_event(pool, id, "go")
    await turn_all(engine)
    assert await count(pool, way.id, Metric.ENROLLED) == 6
