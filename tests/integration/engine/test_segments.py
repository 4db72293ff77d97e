"""Segments kept live by the engine, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from making import a_program, say
from motet.audience.segments import store
from motet.core.errors import Conflict, Refused
from motet.core.ids import lane_of, uuid7
from motet.core.program import Trigger
from motet.core.words import Channel
from motet.engine.loop import Engine
from motet.storage.changes import note_changes
from motet.storage.pool import Pool
from segmenting import change, check_truth, keep, members, move_clock, tell, turn_until_quiet
from stage import LANES, Clock, an_engine, put_campaign, put_customers, put_launch, rows, turn_all

DAY = timedelta(days=1)
BUYERS = {"$did": {"event": "purchase", "count": {"$gte": 2}, "within": "30d"}}


def segment(name: str, where: Any, **more: Any) -> dict[str, Any]:
    return {"kind": "segment", "name": name, "where": where, **more}


async def apply(pool: Pool, clock: Clock, *documents: dict[str, Any]) -> None:
    for document in documents:
        await store.apply_document(pool, document, clock.now, lanes=LANES)


async def moves(pool: Pool) -> list[tuple[str, str]]:
    """Events of entering and leaving, in their order."""
    found = await pool.fetch("SELECT name, properties FROM event WHERE source = 'segment' ORDER BY xid, id")
    return [(row["name"], row["properties"]["segment"]) for row in found]


async def test_a_segment_is_exact_from_its_first_answer_and_then_follows_events(pool: Pool) -> None:
    clock = Clock()
    ada, ben, _ = await put_customers(pool, 3)
    for _ in range(2):
        await tell(pool, clock, ada, "purchase", value=5)
    await tell(pool, clock, ben, "purchase", value=5)
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    await apply(pool, clock, segment("buyers", BUYERS))
    assert (await store.read_segment(pool, "buyers")).status == "building"
    await turn_until_quiet(engine, pool)
    row = await store.read_segment(pool, "buyers")
    assert (row.status, row.members) == ("live", 1)
    assert await members(pool, "buyers") == {ada}
    assert await moves(pool) == []

    await tell(pool, clock, ben, "purchase", value=5)
    await turn_all(engine)
    assert await members(pool, "buyers") == {ada, ben}
    assert await moves(pool) == [("segment_entered", "buyers")]
    assert (await store.read_segment(pool, "buyers")).members == 2
    await check_truth(pool, clock.now)


async def test_events_between_the_beginning_of_a_build_and_its_end_are_counted_once(pool: Pool) -> None:
    clock = Clock()
    (ada,) = await put_customers(pool, 1)
    engine = await an_engine(pool, clock)
    await tell(pool, clock, ada, "purchase")
    await apply(pool, clock, segment("thrice", {"$did": {"event": "purchase", "count": {"$eq": 3}}}))
    await turn_all(engine)  # the lanes begin to count
    await tell(pool, clock, ada, "purchase")
    await turn_all(engine)
    assert await keep(pool) == LANES
    await tell(pool, clock, ada, "purchase")
    await turn_until_quiet(engine, pool)
    assert await members(pool, "thrice") == {ada}
    await check_truth(pool, clock.now)


async def test_a_window_ends_by_itself(pool: Pool) -> None:
    clock = Clock()
    (ada,) = await put_customers(pool, 1)
    engine = await an_engine(pool, clock)
    await apply(pool, clock, segment("buyers", BUYERS))
    await turn_until_quiet(engine, pool)
    await tell(pool, clock, ada, "purchase")
    await move_clock(pool, clock, DAY)
    await tell(pool, clock, ada, "purchase")
    await turn_all(engine)
    assert await members(pool, "buyers") == {ada}
    await move_clock(pool, clock, 29 * DAY - timedelta(seconds=1))
    await turn_all(engine)
    assert await members(pool, "buyers") == {ada}
    await move_clock(pool, clock, timedelta(seconds=1))
    await turn_all(engine)
    assert await members(pool, "buyers") == set()
    assert await moves(pool) == [("segment_entered", "buyers"), ("segment_left", "buyers")]
    (row,) = await rows(pool, "standing", "customer_id")
    assert row["flips_at"] is None


async def test_a_profile_that_is_written_moves_its_customer(pool: Pool) -> None:
    clock = Clock()
    ada, _ = await put_customers(pool, 2)
    engine = await an_engine(pool, clock)
    await apply(pool, clock, segment("german", {"country": "DE"}), segment("buyers", BUYERS))
    await turn_until_quiet(engine, pool)
    await change(pool, clock, ada, country="DE")
    await turn_all(engine)
    assert await members(pool, "german") == {ada}
    await change(pool, clock, ada, country="FR")
    await turn_all(engine)
    assert await members(pool, "german") == set()
    assert await moves(pool) == [("segment_entered", "german"), ("segment_left", "german")]


async def test_entering_a_segment_starts_a_campaign_once(pool: Pool) -> None:
    clock = Clock()
    (ada,) = await put_customers(pool, 1)
    engine = await an_engine(pool, clock)
    trigger = Trigger(event="segment_entered", where={"segment": "buyers"})
    program = a_program(say(), trigger=trigger, segments=("buyers",))
    await put_campaign(pool, program)
    await apply(pool, clock, segment("buyers", BUYERS), segment("others", {"$did": {"event": "purchase"}}))
    await turn_until_quiet(engine, pool)
    for _ in range(3):
        await tell(pool, clock, ada, "purchase")
        await turn_all(engine)
    assert [m["channel"] for m in await rows(pool, "message")] == [Channel.EMAIL]


async def test_the_event_that_moves_a_customer_in_finds_them_in(pool: Pool) -> None:
    """A campaign for buyers that starts with a purchase starts with the purchase that makes a buyer."""
    clock = Clock()
    (ada,) = await put_customers(pool, 1)
    engine = await an_engine(pool, clock)
    await put_campaign(pool, a_program(say(), trigger=Trigger(event="purchase"), segments=("buyers",)))
    await apply(pool, clock, segment("buyers", BUYERS))
    await turn_until_quiet(engine, pool)
    await tell(pool, clock, ada, "purchase")
    await turn_all(engine)
    assert await rows(pool, "message") == []
    await tell(pool, clock, ada, "purchase")
    await turn_all(engine)
    assert len(await rows(pool, "message")) == 1


async def test_a_launch_reaches_a_segment_and_waits_until_it_is_built(pool: Pool) -> None:
    clock = Clock()
    people = await put_customers(pool, 40, tags=[])
    for customer in people[:15]:
        await tell(pool, clock, customer, "purchase")
        await tell(pool, clock, customer, "purchase")
    program = a_program(say(), segments=("buyers",))
    await put_campaign(pool, program)
    await apply(pool, clock, segment("buyers", BUYERS))
    await put_launch(pool, program)
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    assert not any(r["done"] for r in await rows(pool, "launch_lane", "lane"))
    await turn_until_quiet(engine, pool)
    await turn_all(engine)
    assert {m["customer_id"] for m in await rows(pool, "message")} == set(people[:15])


async def test_a_segment_of_segments_follows_an_edit_of_the_other_at_once(pool: Pool) -> None:
    clock = Clock()
    ada, ben = await put_customers(pool, 2)
    await change(pool, clock, ada, country="DE")
    await change(pool, clock, ben, country="FR")
    engine = await an_engine(pool, clock)
    await apply(pool, clock, segment("home", {"country": "DE"}), segment("abroad", {"segments": {"$ne": "home"}}))
    await turn_until_quiet(engine, pool)
    assert (await members(pool, "home"), await members(pool, "abroad")) == ({ada}, {ben})
    await apply(pool, clock, segment("home", {"country": "FR"}))
    row = await store.read_segment(pool, "home")
    assert (row.status, row.members, row.where) == ("live", 1, {"country": "FR"})
    assert (await members(pool, "home"), await members(pool, "abroad")) == ({ada}, {ben})
    await turn_until_quiet(engine, pool)
    assert (await members(pool, "home"), await members(pool, "abroad")) == ({ben}, {ada})
    assert await moves(pool) == []
    await check_truth(pool, clock.now)


async def test_what_is_imported_about_the_past_is_counted_and_starts_nothing(pool: Pool) -> None:
    clock = Clock()
    (ada,) = await put_customers(pool, 1)
    engine = await an_engine(pool, clock)
    await put_campaign(pool, a_program(say(), trigger=Trigger(event="purchase")))
    await apply(pool, clock, segment("buyers", BUYERS))
    await turn_until_quiet(engine, pool)
    for days in (3, 4):
        await tell(pool, clock, ada, "purchase", at=clock.now - days * DAY, source="history")
    await turn_all(engine)
    assert await members(pool, "buyers") == {ada}
    assert await moves(pool) == []
    assert await rows(pool, "message") == []
    (customer,) = await rows(pool, "customer")
    assert customer["last_purchase_at"] == clock.now - 3 * DAY


async def test_stages_move_by_their_rules_and_say_so(pool: Pool) -> None:
    clock = Clock()
    ada, ben = await put_customers(pool, 2)
    await tell(pool, clock, ada, "purchase", value=600)
    engine = await an_engine(pool, clock)
    trait = {"kind": "trait", "name": "spent", "event": "purchase", "take": "sum"}
    stages = [
        {"stage": "loyal", "when": {"traits.spent": {"$gte": 500}}},
        {"stage": "customer", "when": {"$did": {"event": "purchase"}}},
    ]
    loyal = segment("loyal", {"lifecycle_stage": "loyal"})
    await apply(pool, clock, trait, {"kind": "lifecycle", "stages": stages}, loyal)
    await turn_until_quiet(engine, pool)
    assert {r["id"]: r["lifecycle_stage"] for r in await rows(pool, "customer")} == {ada: "loyal", ben: "prospect"}
    assert await members(pool, "loyal") == {ada}
    assert await rows_from(pool, "lifecycle_changed") == []
    await tell(pool, clock, ben, "purchase", value=100)
    await turn_all(engine)
    await tell(pool, clock, ben, "purchase", value=450)
    await turn_all(engine)
    told = [r["properties"] for r in await rows_from(pool, "lifecycle_changed")]
    assert told == [{"from": "prospect", "to": "customer"}, {"from": "customer", "to": "loyal"}]
    assert await members(pool, "loyal") == {ada, ben}
    standing = await store.read_standing(pool, ben, lanes=LANES, now=clock.now)
    assert (standing.segments, standing.traits) == ([("loyal", "Loyal")], {"spent": 550.0})


async def rows_from(pool: Pool, name: str) -> list[Any]:
    return await pool.fetch("SELECT * FROM event WHERE name = $1 ORDER BY xid, id", name)


async def test_a_step_whose_condition_asks_of_the_past_waits_until_it_is_counted(pool: Pool) -> None:
    clock = Clock()
    ada, ben = await put_customers(pool, 2)
    await tell(pool, clock, ada, "purchase")
    engine = await an_engine(pool, clock)
    await turn_all(engine)
    program = a_program(say(conditions={"$did": {"event": "purchase"}}), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    for customer in (ada, ben):
        await tell(pool, clock, customer, "go")
    await turn_all(engine)
    assert await rows(pool, "message") == []
    await turn_until_quiet(engine, pool)
    await move_clock(pool, clock, timedelta(minutes=1))
    await turn_all(engine)
    assert [m["customer_id"] for m in await rows(pool, "message")] == [ada]


async def test_a_trait_that_changes_is_built_beside_the_old_one(pool: Pool) -> None:
    clock = Clock()
    (ada,) = await put_customers(pool, 1)
    await tell(pool, clock, ada, "purchase", value=100)
    await tell(pool, clock, ada, "refund", value=60)
    engine = await an_engine(pool, clock)
    trait = {"kind": "trait", "name": "spent", "event": "purchase", "take": "sum"}
    await apply(pool, clock, trait, segment("big", {"traits.spent": {"$gte": 80}}))
    await turn_until_quiet(engine, pool)
    assert await members(pool, "big") == {ada}
    await apply(pool, clock, trait | {"event": "refund"})
    await turn_all(engine)
    assert await members(pool, "big") == {ada}
    await turn_until_quiet(engine, pool)
    assert await members(pool, "big") == set()
    assert [m["digest"] for m in await rows(pool, "measure", "number") if '"purchase"' in m["digest"]] == []


async def test_documents_that_cannot_be_are_refused_with_their_place(pool: Pool) -> None:
    clock = Clock()
    await apply(pool, clock, segment("a", {"segments": "b"}))
    cases = [
        (segment("b", {"segments": "a"}), "segment.circle", "where"),
        (segment("self", {"segments": "self"}), "segment.circle", "where"),
        (segment("x", {"traits.nope": {"$gt": 1}}), None, "where.traits.nope.$gt"),
        ({"kind": "trait", "name": "t", "take": "sum"}, None, "event"),
        ({"kind": "segmnt"}, "document.unknown_kind", "kind"),
        (segment("Not A Name", {}), "document.bad_name", "name"),
        (segment("x", {}, wher={}), "document.unknown_field", "wher"),
        ({"kind": "lifecycle", "stages": [{"stage": "x"}]}, "document.missing_field", "stages[0].when"),
    ]
    for document, code, path in cases:
        with pytest.raises(Refused) as refused:
            await store.plan_document(pool, document)
        problem = refused.value.problems[0]
        assert (problem.path, code or problem.code) == (path, problem.code), document


async def test_a_segment_in_use_is_not_put_away(pool: Pool) -> None:
    clock = Clock()
    await put_campaign(pool, a_program(say(), name="sale", segments=("a",)))
    await apply(pool, clock, segment("a", {}), segment("b", {"segments": "a"}), segment("c", {}))
    with pytest.raises(Conflict, match="segment 'b', the campaign 'sale'"):
        await store.archive_segment(pool, "a", clock.now)
    await store.archive_segment(pool, "c", clock.now)
    assert {s.name: s.status for s in await store.list_segments(pool)}["c"] == "archived"
    assert await store.list_uses(pool) == {"a": ["sale"]}


async def test_a_segment_put_away_and_applied_again_is_built_anew(pool: Pool) -> None:
    clock = Clock()
    (ada,) = await put_customers(pool, 1)
    engine = await an_engine(pool, clock)
    await apply(pool, clock, segment("all", {}))
    await turn_until_quiet(engine, pool)
    assert await members(pool, "all") == {ada}
    await store.archive_segment(pool, "all", clock.now)
    assert await members(pool, "all") == set()
    applied = await store.apply_document(pool, segment("all", {"tags": "new"}), clock.now, lanes=LANES)
    assert applied.action == "create"
    await turn_until_quiet(engine, pool)
    assert await members(pool, "all") == {ada}
    again = await store.apply_document(pool, segment("all", {"tags": "new"}), clock.now, lanes=LANES)
    assert (again.action, again.changes) == ("unchanged", ())
    retitled = await store.apply_document(pool, segment("all", {"tags": "new"}, title="All"), clock.now, lanes=LANES)
    assert (retitled.action, retitled.changes) == ("unchanged", ())
    retitled = await store.apply_document(pool, segment("all", {"tags": "new"}, title="Us"), clock.now, lanes=LANES)
    assert (retitled.action, retitled.changes) == ("update", ("title",))
    assert (await store.read_segment(pool, "all")).status == "live"


async def test_an_import_of_many_is_looked_at_in_turns_of_bounded_size(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("motet.engine.load.TOUCHED", 7)
    clock = Clock()
    engine = await an_engine(pool, clock)
    await apply(pool, clock, segment("new", {"tags": "new"}))
    await turn_until_quiet(engine, pool)
    people = await put_customers(pool, 120)
    for start in range(0, 120, 5):
        async with pool.acquire() as connection, connection.transaction():
            await note_changes(connection, people[start : start + 5], lanes=LANES, now=clock.now)
    await turn_all(engine)
    assert await members(pool, "new") == set(people)
    assert len(await moves(pool)) == 120


async def test_a_running_engine_builds_a_segment_and_follows_events_without_being_asked(pool: Pool) -> None:
    clock = Clock(datetime.now(UTC))
    ada, ben = await put_customers(pool, 2)
    await tell(pool, clock, ada, "purchase")
    engine = Engine(pool, lanes=LANES, worker_id=uuid7(5), channels=frozenset(Channel))
    stop = asyncio.Event()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(engine.run(stop))
        await apply(pool, clock, segment("buyers", {"$did": {"event": "purchase"}}))
        while (await store.read_segment(pool, "buyers")).status != "live":
            await keep(pool)
            await asyncio.sleep(0.05)
        assert await members(pool, "buyers") == {ada}
        await tell(pool, Clock(datetime.now(UTC)), ben, "purchase")
        await pool.execute("SELECT pg_notify('motet_work', $1)", f"lanes:{lane_of(ben, LANES)}")
        begun = time.monotonic()
        while await members(pool, "buyers") != {ada, ben}:
            await asyncio.sleep(0.01)
        assert time.monotonic() - begun < 4  # a look without being told comes every 5 s
        stop.set()


class OneConnection:
    """A pool that counts what is asked."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.asked: list[str] = []
        connection.add_query_logger(lambda record: self.asked.append(record.query))

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        yield self.connection


async def test_a_turn_asks_nine_questions_and_two_more_for_segments(pool: Pool) -> None:
    clock = Clock()
    (ada,) = await put_customers(pool, 1)
    engine = await an_engine(pool, clock)
    counts: list[int] = []
    async with pool.acquire() as connection:
        for documents in ([], [segment("buyers", BUYERS)]):
            await apply(pool, clock, *documents)
            await turn_until_quiet(engine, pool)
            one = OneConnection(connection)
            clock.now += timedelta(seconds=1)
            await tell(pool, clock, ada, "purchase")
            engine.pool = one  # type: ignore[assignment]
            await engine.turn(lane_of(ada, LANES))
            engine.pool = pool
            await asyncio.sleep(0)  # the last is told a little later
            counts.append(len([q for q in one.asked if not q.startswith(("\n", "WITH RECURSIVE", "BEGIN", "COMMIT"))]))
    # cursor, events, customers, enrollments, messages; lock, customers, cursor; the next timer
    assert counts == [9, 11]
