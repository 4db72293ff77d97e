"""Two customers who were made one are two again: each has what was theirs, and what came since is kept."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from making import a_program, say, wait
from motet.audience.merges import list_merges, undo_merge
from motet.audience.people import Person, list_identifiers
from motet.audience.profiles import CustomerInput, save_customers
from motet.core.errors import Conflict, NotFound, Refused
from motet.core.ids import uuid7
from motet.core.metrics import Metric
from motet.core.program import Trigger
from motet.core.words import EnrollmentStatus, MessageStatus
from motet.engine import arriving, errands, merging, returning
from motet.engine.loop import Engine
from motet.storage.pool import Pool
from stage import LANES, NOW, Clock, an_engine, count, put_campaign, put_event, turn_all
from uniting import follow_one, merge, of, person, profile, settle, statuses, two

SHOP = Trigger(event="user_signup")


async def test_what_waits_to_be_sent_twice_is_dropped_once(pool: Pool) -> None:
    program = a_program(say(), wait(3600), trigger=SHOP)
    await put_campaign(pool, program)
    visitor, user = await two(pool)
    await save_customers(pool, [CustomerInput(external_id=str(visitor), email="v@example.com")], lanes=LANES, now=NOW)
    engine = await an_engine(pool, Clock())
    for who in (visitor, user):
        await put_event(pool, who, "user_signup")
    await turn_all(engine)
    done = await merge(pool, visitor, user)
    await settle(engine)
    assert sorted(m["status"] for m in await of(pool, "message", user)) == [
        MessageStatus.APPROVED,
        MessageStatus.DROPPED,
    ]
    assert await count(pool, program.id, Metric.DROPPED) == 1
    await undo_merge(pool, done.id, lanes=LANES, now=NOW)
    await settle(engine)
    assert [m["status"] for m in await of(pool, "message", visitor)] == [MessageStatus.APPROVED]
    assert [e["status"] for e in await of(pool, "enrollment", visitor)] == [EnrollmentStatus.ACTIVE]
    assert await count(pool, program.id, Metric.DROPPED) == 0
    assert await of(pool, "decision", visitor) == await of(pool, "decision", user) == []


async def test_chains_end_at_the_last_and_come_apart_in_reverse(pool: Pool) -> None:
    a, b, c = [
        await person(pool, Person(user_id=name, given=CustomerInput(tags=(name,), attributes={name: 1})))
        for name in ("a", "b", "c")
    ]
    engine = await an_engine(pool, Clock())
    first = await merge(pool, a, b)
    second = await merge(pool, b, c)  # while the first is on its way
    with pytest.raises(Refused, match="one customer already"):
        await merge(pool, c, a)  # a circle
    await settle(engine)
    assert [await follow_one(pool, x) for x in (a, b, c)] == [c, c, c]
    found = await profile(pool, "a")
    assert (found.id, found.tags, found.attributes) == (c, ("a", "b", "c"), {"a": 1, "b": 1, "c": 1})
    with pytest.raises(Refused, match="merged into another"):
        await undo_merge(pool, first.id, lanes=LANES, now=NOW)
    await undo_merge(pool, second.id, lanes=LANES, now=NOW)
    await settle(engine)
    assert [await follow_one(pool, x) for x in (a, b, c)] == [b, b, c]
    assert (await profile(pool, "c")).tags == ("c",)
    assert (await profile(pool, "a")).tags == ("a", "b")
    await undo_merge(pool, first.id, lanes=LANES, now=NOW)
    await settle(engine)
    assert [await follow_one(pool, x) for x in (a, b, c)] == [a, b, c]
    for name in ("a", "b", "c"):
        assert (await profile(pool, name)).attributes == {name: 1}
    assert await pool.fetchval("SELECT count(*) FROM alias") == 0


async def test_an_undo_gives_back_what_was_theirs_and_keeps_what_came_since(pool: Pool) -> None:
    program = a_program(wait(60), say(), wait(60), trigger=SHOP)
    await put_campaign(pool, program)
    visitor, user = await two(pool)
    await save_customers(
        pool,
        [
            CustomerInput(external_id=str(visitor), email="v@example.com", tags=("v",), attributes={"city": "Rome"},
                          consents={"sms": False}),
            CustomerInput(external_id="u", tags=("u",), attributes={"plan": "gold"}, consents={"sms": True}),
        ],
        lanes=LANES, now=NOW,
    )  # fmt: skip
    engine = await an_engine(pool, clock := Clock())
    await put_event(pool, visitor, "user_signup")
    await turn_all(engine)
    done = await merge(pool, visitor, user)
    await settle(engine)
    merged = await profile(pool, "u")
    assert (merged.tags, merged.consents, merged.email) == (("u", "v"), {"sms": False}, "u@example.com")
    assert (await profile(pool, "v@example.com")).id == user
    clock.now += timedelta(minutes=2)
    await turn_all(engine)  # the visitor's enrollment goes on under the user, and speaks
    await save_customers(
        pool, [CustomerInput(external_id="u", attributes={"city": "Oslo", "new": 1})], lanes=LANES, now=NOW
    )
    undone = await undo_merge(pool, done.id, lanes=LANES, now=NOW)
    assert undone.status == "undoing"
    with pytest.raises(Refused, match="nothing to undo"):
        await undo_merge(pool, done.id, lanes=LANES, now=NOW)
    await settle(engine)
    assert await statuses(pool, user) == ["undone"]
    theirs, mine = await profile(pool, "v@example.com"), await profile(pool, "u")
    assert (theirs.id, theirs.tags, theirs.consents) == (visitor, ("v",), {"sms": False})
    assert theirs.attributes["city"] == "Rome"
    assert (mine.tags, mine.consents) == (("u",), {"sms": True})
    assert mine.attributes == {"plan": "gold", "city": "Oslo", "new": 1}
    assert [len(await of(pool, "message", who)) for who in (visitor, user)] == [1, 0]
    assert [len(await of(pool, "enrollment", who)) for who in (visitor, user)] == [1, 0]
    clock.now += timedelta(minutes=2)
    await turn_all(engine)
    assert [e["status"] for e in await of(pool, "enrollment", visitor)] == [EnrollmentStatus.COMPLETED]
    assert await pool.fetchval("SELECT sum(entered - departed) FROM step_stat") == 0


async def test_whom_a_person_took_apart_does_not_come_together_by_themselves(pool: Pool) -> None:
    visitor, user = await two(pool)
    [(_, anonymous)] = [i for i in await list_identifiers(pool, visitor) if i[0] == 4]
    both = Person(user_id="u", anonymous_id=anonymous)
    assert await person(pool, both) == user
    engine = await an_engine(pool, Clock())
    await settle(engine)
    [done] = await list_merges(pool, user, now=NOW)
    await undo_merge(pool, done.id, lanes=LANES, now=NOW)
    await settle(engine)
    assert await person(pool, both) == user
    assert await follow_one(pool, visitor) == visitor
    assert await person(pool, Person(anonymous_id=anonymous)) == user  # the device is the user's from now on
    await merge(pool, visitor, user)  # by hand they may
    assert await follow_one(pool, visitor) == user


async def test_an_unsubscribe_since_the_merge_outlives_its_undo(pool: Pool) -> None:
    visitor, user = await two(pool)
    await save_customers(
        pool, [CustomerInput(external_id=str(visitor), consents={"email": False})], lanes=LANES, now=NOW
    )
    engine = await an_engine(pool, Clock())
    done = await merge(pool, visitor, user)
    await settle(engine)
    await put_event(pool, user, "unsubscribe", properties={"channel": "email"})
    await settle(engine)
    await undo_merge(pool, done.id, lanes=LANES, now=NOW)
    await settle(engine)
    assert (await profile(pool, "u")).consents == {"email": False}


@pytest.mark.parametrize("step", ["finish", "wake", "unpack", "mark_merge"])
async def test_killed_in_the_middle_it_goes_on_where_it_was(
    pool: Pool, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = a_program(say(), wait(3600), say("sms"), trigger=SHOP)
    await put_campaign(pool, program)
    visitor, user = await two(pool)
    engine = await an_engine(pool, clock := Clock())
    for who in (visitor, user):
        await put_event(pool, who, "user_signup")
    await turn_all(engine)
    done = await merge(pool, visitor, user)
    assert await _die_at(engine, step, monkeypatch)
    await settle(engine)
    assert await statuses(pool, user) == ["merged"]
    await undo_merge(pool, done.id, lanes=LANES, now=NOW)
    assert await _die_at(engine, step, monkeypatch)
    await settle(engine)
    assert await statuses(pool, user) == ["undone"]
    clock.now += timedelta(hours=2)
    await turn_all(engine)
    assert [len(await of(pool, "enrollment", who)) for who in (visitor, user)] == [1, 1]
    assert await pool.fetchval("SELECT sum(entered - departed) FROM step_stat") == 0
    assert await count(pool, program.id, Metric.FINISHED) == 2


class Killed(BaseException):
    pass


async def _die_at(engine: Engine, step: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Everybody who comes by a step in a module dies there, once. Returns how many did."""
    deaths = 0

    def deadly(step: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        alive = False

        async def work(*args: Any, **named: Any) -> Any:
            nonlocal alive, deaths
            if alive:
                return await step(*args, **named)
            alive, deaths = True, deaths + 1
            raise Killed

        return work

    with monkeypatch.context() as patch:
        for place in (merging, arriving, errands, returning):
            if hasattr(place, step):
                patch.setattr(place, step, deadly(getattr(place, step)))
        while True:
            with contextlib.suppress(Killed):
                await settle(engine)
                return deaths


async def test_counts_of_both_are_one_and_two_again(pool: Pool) -> None:
    from motet.audience.segments.store import apply_document
    from motet.audience.segments.tallies import read_tallies

    where = {"$did": {"event": "purchase", "count": {"$gte": 1}}}
    await apply_document(pool, {"kind": "segment", "name": "buyers", "where": where}, NOW, lanes=LANES)
    visitor, user = await two(pool)
    engine = await an_engine(pool, Clock())
    # A keeper has counted that there was nothing before.
    for _ in range(4):
        await turn_all(engine)
        await pool.execute("UPDATE build_lane SET status = 3 WHERE status = 2")
    await turn_all(engine)

    async def counted(who: UUID) -> int:
        raw = await pool.fetchval("SELECT tallies FROM standing WHERE customer_id = $1", who)
        return sum(t.count for t in read_tallies(raw).values())

    async def members() -> int:
        return await pool.fetchval("SELECT sum(members) FROM segment_count") or 0

    await put_event(pool, visitor, "purchase", value=10)
    await put_event(pool, visitor, "purchase", value=20)
    await put_event(pool, user, "purchase", value=5)
    await turn_all(engine)
    assert [await counted(visitor), await counted(user), await members()] == [2, 1, 2]
    done = await merge(pool, visitor, user)
    await settle(engine)
    assert [await counted(user), await members()] == [3, 1]
    await put_event(pool, user, "purchase", value=1)
    await settle(engine)
    assert await counted(user) == 4
    await undo_merge(pool, done.id, lanes=LANES, now=NOW)
    await settle(engine)
    assert [await counted(visitor), await counted(user), await members()] == [2, 2, 2]
    entered = await pool.fetchval("SELECT count(*) FROM event WHERE name = 'segment_entered'")
    assert entered == 2  # each once, when they bought


async def test_what_cannot_be_merged_or_undone_says_why(pool: Pool) -> None:
    visitor, user = await two(pool)
    with pytest.raises(NotFound):
        await merge(pool, uuid7(1), user)
    with pytest.raises(NotFound):
        await undo_merge(pool, uuid7(1), lanes=LANES, now=NOW)
    done = await merge(pool, visitor, user)
    with pytest.raises(Conflict, match="under way"):
        await undo_merge(pool, done.id, lanes=LANES, now=NOW)
    await settle(await an_engine(pool, Clock()))
    with pytest.raises(Refused, match="30 days"):
        await undo_merge(pool, done.id, lanes=LANES, now=NOW + timedelta(days=31))
