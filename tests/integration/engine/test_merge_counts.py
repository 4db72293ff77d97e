"""Counts through any order of merges, undos, events and new measures: what is counted is what each one did."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest

from motet.audience.merges import ask_merge, undo_merge
from motet.audience.people import Person, resolve_people
from motet.audience.segments.store import apply_document
from motet.audience.segments.tallies import read_tallies
from motet.core.ids import lane_of
from motet.engine.loop import Engine
from motet.storage.pool import Pool
from segmenting import turn_until_quiet
from stage import LANES, NOW, Clock, an_engine, put_event, turn_all

PEOPLE = 4


async def define(pool: Pool, name: str, event: str) -> None:
    document = {"kind": "segment", "name": name, "where": {"$did": {"event": event, "count": {"$gte": 2}}}}
    await apply_document(pool, document, NOW, lanes=LANES)


async def settle(pool: Pool, engine: Engine) -> None:
    """Turns until nothing moves. A keeper says at once that nothing was before."""
    for _ in range(8):
        await turn_all(engine)
        await pool.execute("UPDATE build_lane SET status = 3 WHERE status = 2")


@pytest.mark.parametrize("seed", range(8))
async def test_counts_are_right_whatever_is_merged_and_undone(
    pool: Pool, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    # Ids decide about lanes and orders: a seed makes the same ones.
    monkeypatch.setattr("motet.core.ids.os", SimpleNamespace(urandom=random.Random(seed).randbytes))
    told: list[str] = [f"seed {seed}"]
    await define(pool, "buyers", "purchase")
    async with pool.acquire() as connection, connection.transaction():
        people = [Person(user_id=f"person {n}") for n in range(PEOPLE)]
        ids = await resolve_people(connection, people, lanes=LANES, now=NOW)
    engine = await an_engine(pool, Clock())
    await settle(pool, engine)
    now = {id: id for id in ids}
    did = {id: Counter[UUID]() for id in ids}  # who -> whose events count for them, by the id they came for
    merges: list[tuple[UUID, UUID, UUID, Counter[UUID]]] = []
    for _ in range(14):
        match chance.choice(("event", "event", "merge", "undo")):
            case "event":
                who = now[chance.choice(ids)]
                await put_event(pool, who, "purchase", value=1)
                did[who][who] += 1
                told.append(f"event {ids.index(who)}")
            case "merge":
                present = sorted(set(now.values()), key=str)
                if len(present) > 1:
                    loser, winner = chance.sample(present, 2)
                    done = await ask_merge(pool, loser, winner, lanes=LANES, now=NOW)
                    merges.append((done.id, loser, winner, Counter(did[loser])))
                    did[winner] += did.pop(loser)
                    told.append(f"merge {ids.index(loser)} into {ids.index(winner)}")
                    now = {id: winner if whose == loser else whose for id, whose in now.items()}
            case "undo":
                open_ones = [m for m in merges if now[m[2]] == m[2] and now[m[1]] == m[2]]
                if open_ones:
                    entry = chance.choice(open_ones)
                    id, loser, winner, brought = entry
                    await settle(pool, engine)
                    await undo_merge(pool, id, lanes=LANES, now=NOW)
                    merges.remove(entry)
                    told.append(f"settle, undo {ids.index(loser)} into {ids.index(winner)}")
                    did[loser] = brought
                    did[winner] = did[winner] - brought
                    within = _inside(merges, loser)
                    now = {i: loser if i == loser or i in within else whose for i, whose in now.items()}
        if chance.random() < 0.5:
            told.append("settle")
            await settle(pool, engine)
    await settle(pool, engine)
    for id, events in did.items():
        assert await count_of(pool, id) == events.total(), (ids.index(id), told)
    members = sum(events.total() >= 2 for events in did.values())
    assert (await pool.fetchval("SELECT coalesce(sum(members), 0) FROM segment_count")) == members, told
    assert await pool.fetchval("SELECT count(*) FROM transfer WHERE done_at IS NULL") == 0, told
    assert await pool.fetchval("SELECT count(*) FROM customer") == len(did), told


def _inside(merges: list[tuple[UUID, UUID, UUID, Counter[UUID]]], winner: UUID) -> set[UUID]:
    """Who is gone into a customer, by merges that stand."""
    found: set[UUID] = set()
    for _, loser, into, _ in merges:
        if into == winner:
            found |= {loser} | _inside(merges, loser)
    return found


async def test_the_order_of_merges_is_not_a_matter_of_clocks(pool: Pool) -> None:
    """Two became the winner, the second by a worker whose clock is behind; the first is taken back."""
    await define(pool, "buyers", "purchase")
    async with pool.acquire() as connection, connection.transaction():
        people = [Person(user_id=name) for name in ("winner", "first", "second")]
        winner, first, second = await resolve_people(connection, people, lanes=LANES, now=NOW)
    engine = await an_engine(pool, clock := Clock())
    await settle(pool, engine)
    for who, times in ((winner, 1), (first, 2), (second, 4)):
        for _ in range(times):
            await put_event(pool, who, "purchase")
    merge = await ask_merge(pool, first, winner, lanes=LANES, now=NOW)
    await settle(pool, engine)
    clock.now = NOW - timedelta(seconds=1)
    await ask_merge(pool, second, winner, lanes=LANES, now=clock.now)
    await settle(pool, engine)
    await undo_merge(pool, merge.id, lanes=LANES, now=NOW)
    await settle(pool, engine)
    assert [await count_of(pool, who) for who in (winner, first)] == [5, 2]


async def count_of(pool: Pool, who: UUID) -> int:
    raw = await pool.fetchval(
        "SELECT tallies FROM standing WHERE lane = $1 AND customer_id = $2", lane_of(who, LANES), who
    )
    return sum(tally.count for tally in read_tallies(raw).values())


async def test_what_began_to_be_counted_after_a_merge_is_counted_for_each_after_its_undo(pool: Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        people = [Person(user_id="winner"), Person(user_id="loser")]
        winner, loser = await resolve_people(connection, people, lanes=LANES, now=NOW)
    engine = await an_engine(pool, clock := Clock())
    await put_event(pool, loser, "purchase")
    await put_event(pool, loser, "purchase")
    await put_event(pool, winner, "purchase")
    done = await ask_merge(pool, loser, winner, lanes=LANES, now=NOW)
    await settle(pool, engine)
    clock.now = NOW + timedelta(minutes=1)
    document = {"kind": "segment", "name": "buyers", "where": {"$did": {"event": "purchase", "count": {"$gte": 2}}}}
    await apply_document(pool, document, clock.now, lanes=LANES)
    await settle(pool, engine)
    await put_event(pool, winner, "purchase")
    await settle(pool, engine)
    await undo_merge(pool, done.id, lanes=LANES, now=NOW)
    await settle(pool, engine)
    assert [await count_of(pool, who) for who in (winner, loser)] == [2, 2]


async def test_what_a_build_still_counted_during_a_merge_is_counted_for_each_after_its_undo(pool: Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        people = [Person(user_id="winner"), Person(user_id="loser")]
        winner, loser = await resolve_people(connection, people, lanes=LANES, now=NOW)
    engine = await an_engine(pool, clock := Clock())
    for who in (winner, winner, winner, loser, loser):
        await put_event(pool, who, "purchase")
    await turn_all(engine)
    await define(pool, "buyers", "purchase")
    await turn_all(engine)  # every lane waits for the keeper now
    clock.now = NOW + timedelta(minutes=1)
    done = await ask_merge(pool, loser, winner, lanes=LANES, now=clock.now)
    for _ in range(3):
        await turn_all(engine)
    assert await pool.fetchval("SELECT merged_at FROM merge") is not None
    await turn_until_quiet(engine, pool)
    await put_event(pool, winner, "purchase")
    await settle(pool, engine)
    assert await count_of(pool, winner) == 6
    await undo_merge(pool, done.id, lanes=LANES, now=clock.now)
    await settle(pool, engine)
    assert [await count_of(pool, who) for who in (winner, loser)] == [4, 2]
