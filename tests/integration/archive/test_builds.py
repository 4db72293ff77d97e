"""What a build counts is what the engine would have counted, event by event, up to the cursor of each lane."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from archiving import LANES, add_customer, add_event, export, pass_events
from motet.archive import builds
from motet.archive.builds import serve_builds
from motet.archive.duck import Duck
from motet.archive.reader import Archive
from motet.core.clock import to_ms
from motet.core.events import Event
from motet.core.filters.history import make_counter
from motet.core.ids import lane_of, uuid7
from motet.core.measures import Measure, Tally
from motet.storage.pool import Connection, Pool

NOW = datetime.now(UTC).replace(microsecond=0)
MEASURES = [
    Measure(event="purchase"),
    Measure(event="purchase", of="value", keep=30 * 86400.0),
    Measure(event="purchase", where={"category": "hats"}, keep=90 * 86400.0, depth=2),
    Measure(event="view", of="category", values=True),
    Measure(event="purchase", since=NOW - timedelta(days=10), before=NOW - timedelta(days=1)),
]


async def fill(pool: Pool, people: list[UUID], days: int = 40) -> None:
    for n in range(days):
        for place, person in enumerate(people):
            at = NOW - timedelta(days=n, minutes=place)
            category = ["hats", "shoes", 'b"ags'][(n + place) % 3]
            if (n + place) % 2:
                await add_event(
                    pool, person, "purchase", at, properties={"category": category}, value=float(n), received=NOW
                )
            else:
                await add_event(pool, person, "view", at, properties={"category": category}, received=NOW)


async def count_plainly(connection: Any, measure: Measure, since: dict[int, str]) -> dict[UUID, Tally]:
    """One by one, as the engine does."""
    aliases = {r["id"]: r["customer_id"] for r in await connection.fetch("SELECT id, customer_id FROM alias")}
    counter = make_counter(measure)
    tallies: dict[UUID, Tally] = {}
    for lane, snapshot in since.items():
        for e in await connection.fetch(
            "SELECT * FROM event WHERE lane = $1 AND pg_visible_in_snapshot(xid, $2::text::pg_snapshot) "
            "AND customer_id <> $3 AND source <> 'forward'",
            lane, snapshot, UUID(int=0),
        ):  # fmt: skip
            person = aliases.get(e["customer_id"], e["customer_id"])
            event = Event(
                id=e["id"], customer_id=person, name=e["name"], at=e["at"], properties=e["properties"] or {},
                message_id=e["message_id"], value=e["value"],
            )  # fmt: skip
            tally = tallies.get(person, Tally(recent=[], values={}))
            if counter.count(tally, event, to_ms(NOW)):
                tallies[person] = tally
    return tallies


def plain(tally: Tally) -> Any:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(tally), type=Tally)


async def cursors(pool: Pool) -> dict[int, str]:
    return {r["lane"]: r["done"] for r in await pool.fetch("SELECT lane, done::text AS done FROM lane")}


async def test_tallies_are_those_of_counting_one_by_one(pool: Pool, archive: Archive, duck: Duck) -> None:
    people = [await add_customer(pool, NOW) for _ in range(6)]
    await fill(pool, people)
    await export(pool, duck)
    await fill(pool, people[:3], days=3)
    await pass_events(pool, range(0, LANES, 2))
    await fill(pool, people, days=2)  # after the cursors of the even lanes
    await pass_events(pool, range(1, LANES, 2))
    await export(pool, duck)
    await fill(pool, people, days=2)  # after all of them, and in no file
    since = await cursors(pool)
    for measure in MEASURES:
        found = {}
        order = []
        async for lane, person, tally in archive.tallies(measure, since, now=NOW):
            assert lane == lane_of(person, LANES)
            order.append((lane, person))
            found[person] = plain(tally)
        assert order == sorted(order)
        assert found == {p: plain(t) for p, t in (await count_plainly(pool, measure, since)).items()}
        assert len(found) == len(people)


async def test_lanes_that_are_not_named_have_no_tallies(pool: Pool, archive: Archive) -> None:
    people = [await add_customer(pool, NOW) for _ in range(9)]
    await fill(pool, people, days=2)
    await pass_events(pool)
    some = {lane: snapshot for lane, snapshot in (await cursors(pool)).items() if lane < 4}
    found = [person async for _, person, _ in archive.tallies(MEASURES[0], some, now=NOW)]
    assert sorted(found) == sorted(p for p in people if lane_of(p, LANES) < 4)


async def ask(pool: Pool, measures: list[Measure], status: int = 2) -> UUID:
    """A build as the engine leaves it: every lane counts from its cursor on."""
    build = uuid7(to_ms(NOW))
    first = await pool.fetchval("SELECT coalesce(max(number), 0) FROM measure")
    await pool.execute("INSERT INTO build (id, created_at) VALUES ($1, $2)", build, NOW)
    await pool.executemany(
        "INSERT INTO measure (number, digest, spec, build_id, created_at) VALUES ($1, $2, $3, $4, $5)",
        [(first + n, m.digest, msgspec.to_builtins(m), build, NOW) for n, m in enumerate(measures, 1)],
    )
    await pool.execute(
        "INSERT INTO build_lane (lane, build_id, status, since) SELECT lane, $1, $2, done FROM lane", build, status
    )
    return build


async def serve(pool: Pool, duck: Duck) -> list[int]:
    async with pool.acquire() as connection:
        return await serve_builds(connection, duck, lanes=LANES, now=NOW)


async def statuses(pool: Pool, build: UUID) -> set[int]:
    return {r["status"] for r in await pool.fetch("SELECT status FROM build_lane WHERE build_id = $1", build)}


async def stored(connection: Pool | Connection, build: UUID) -> dict[UUID, dict[int, Tally]]:
    rows = await connection.fetch("SELECT * FROM build_tally WHERE build_id = $1", build)
    assert all(r["lane"] == lane_of(r["customer_id"], LANES) for r in rows)
    return {r["customer_id"]: msgspec.msgpack.decode(r["tallies"], type=dict[int, Tally]) for r in rows}


async def test_a_build_is_counted_up_to_the_cursors(pool: Pool, archive: Archive, duck: Duck) -> None:
    people = [await add_customer(pool, NOW) for _ in range(7)]
    await fill(pool, people)
    await pass_events(pool)
    build = await ask(pool, MEASURES)
    await fill(pool, people, days=3)  # the engine counts these itself
    await export(pool, duck)
    assert await serve(pool, duck) == list(range(LANES))
    assert await statuses(pool, build) == {3}
    since = {r["lane"]: r["s"] for r in await pool.fetch("SELECT lane, since::text AS s FROM build_lane")}
    found = await stored(pool, build)
    for number, measure in enumerate(MEASURES, 1):
        wanted = {p: plain(t) for p, t in (await count_plainly(pool, measure, since)).items()}
        assert {p: t[number] for p, t in found.items() if number in t} == wanted
    assert await serve(pool, duck) == []


async def test_a_build_without_measures_goes_on_at_once(pool: Pool, duck: Duck) -> None:
    build = await ask(pool, [], status=1)
    await pool.execute("UPDATE build_lane SET status = 2 WHERE lane = 3")
    assert await serve(pool, duck) == [3]
    assert await statuses(pool, build) == {1, 3}


async def test_a_build_waits_for_the_last_lane(pool: Pool, duck: Duck) -> None:
    build = await ask(pool, MEASURES)
    await pool.execute("UPDATE build_lane SET status = 1, since = NULL WHERE lane = 3")
    assert await serve(pool, duck) == []
    await pool.execute(
        "UPDATE build_lane SET status = 2, since = (SELECT done FROM lane WHERE lane = 3) WHERE lane = 3"
    )
    assert len(await serve(pool, duck)) == LANES
    assert await statuses(pool, build) == {3}


async def test_a_keeper_that_dies_while_it_counts_leaves_the_rest_to_the_next(
    pool: Pool, duck: Duck, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [await add_customer(pool, NOW) for _ in range(20)]
    await fill(pool, people, days=4)
    await pass_events(pool)
    build = await ask(pool, MEASURES[:2])
    monkeypatch.setattr(builds, "LANES", 2)
    real, calls = builds._finish, []

    async def die(*args: Any) -> list[int]:
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return await real(*args)

    monkeypatch.setattr(builds, "_finish", die)
    with pytest.raises(KeyboardInterrupt):
        await serve(pool, duck)
    assert await statuses(pool, build) == {2, 3}
    assert {lane_of(p, LANES) for p in await stored(pool, build)} <= {0, 1, 2, 3}
    assert await serve(pool, duck) == [4, 5, 6, 7]
    assert set(await stored(pool, build)) == set(people)
    assert await statuses(pool, build) == {3}


async def test_a_build_that_was_begun_anew_meanwhile_is_not_finished(pool: Pool, duck: Duck) -> None:
    build = await ask(pool, [])
    await pass_events(pool)
    async with pool.acquire() as connection:
        found = builds._build((await connection.fetch(builds.sql("archive.list_builds")))[0])
        await connection.execute("UPDATE build_lane SET since = pg_current_snapshot()")
        assert await builds._finish(connection, found, found.waiting) == []
    assert await statuses(pool, build) == {2}


async def test_a_gone_id_is_counted_for_who_it_is_now_and_no_event_twice(
    pool: Pool, archive: Archive, duck: Duck
) -> None:
    gone, ada = await add_customer(pool, NOW), await add_customer(pool, NOW)
    await add_event(pool, gone, "purchase", NOW)
    await export(pool, duck)
    heard = await add_event(pool, gone, "purchase", NOW)
    late = await add_event(pool, gone, "purchase", NOW)
    await gone_for(pool, gone, ada)
    await add_event(pool, ada, "purchase", NOW, id=heard, source="forward")
    await pass_events(pool)
    since = await cursors(pool)
    await add_event(pool, ada, "purchase", NOW, id=late, source="forward")  # the engine counts this one itself
    assert [(p, t.count) async for _, p, t in archive.tallies(MEASURES[0], since, now=NOW)] == [(ada, 2)]


async def test_a_gone_id_that_was_still_in_its_lane_is_counted_there(pool: Pool, archive: Archive, duck: Duck) -> None:
    """The engine that gives it away carries the counts over."""
    gone, ada = await add_customer(pool, NOW), await add_customer(pool, NOW)
    for person in (gone, gone, ada):
        await add_event(pool, person, "purchase", NOW)
    await gone_for(pool, gone, ada, settled=False)
    await pass_events(pool)
    since = await cursors(pool)
    counts = {p: t.count async for _, p, t in archive.tallies(MEASURES[0], since, now=NOW)}
    assert counts == {gone: 2, ada: 1}
    await pool.execute("UPDATE alias SET settled = pg_current_xact_id()")  # after the cursors
    assert {p: t.count async for _, p, t in archive.tallies(MEASURES[0], since, now=NOW)} == counts
    await pass_events(pool)
    later = await cursors(pool)
    assert {p: t.count async for _, p, t in archive.tallies(MEASURES[0], later, now=NOW)} == {ada: 3}


async def gone_for(pool: Pool, loser: UUID, winner: UUID, *, settled: bool = True) -> None:
    await pool.execute(
        "INSERT INTO alias (lane, id, customer_id, merge_id, settled) "
        "VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN pg_current_xact_id() END)",
        lane_of(loser, LANES), loser, winner, uuid7(5), settled,
    )  # fmt: skip
