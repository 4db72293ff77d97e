"""Two customers become one across lanes, and two again: nothing lost, nothing repeated, whoever dies on the way."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from making import a_program, say, wait
from motet.audience.merges import Merge, ask_merge, list_merges, undo_merge
from motet.audience.people import Person, follow, list_identifiers, resolve_people
from motet.audience.profiles import CustomerInput, find_customer, save_customers
from motet.core.clock import to_ms
from motet.core.customers import Customer, Suppression
from motet.core.errors import Conflict, NotFound, Refused
from motet.core.ids import lane_of, uuid7
from motet.core.metrics import Metric
from motet.core.program import Trigger
from motet.core.words import CampaignStatus, EnrollmentStatus, MessageStatus
from motet.engine import arriving, errands, merging, returning
from motet.engine.loop import Engine
from motet.engine.merging import carry_merges
from motet.storage.pool import Pool
from stage import LANES, NOW, Clock, an_engine, count, put_campaign, put_event, put_launch, rows, turn_all

SHOP = Trigger(event="user_signup")


async def person(pool: Pool, *people: Person) -> UUID:
    async with pool.acquire() as connection, connection.transaction():
        return (await resolve_people(connection, people, lanes=LANES, now=NOW))[0]


async def two(pool: Pool, *, same_lane: bool | None = False) -> tuple[UUID, UUID]:
    """A visitor and a user; in two lanes unless said otherwise."""
    user = await person(pool, Person(user_id="u", email="u@example.com", phone="+12025550100"))
    for n in range(200):
        visitor = await person(pool, Person(anonymous_id=f"a{n}", email=f"v{n}@example.com"))
        if same_lane is None or (lane_of(visitor, LANES) == lane_of(user, LANES)) is same_lane:
            return visitor, user
    raise AssertionError("no visitor in another lane")


async def carry(engine: Engine) -> int:
    """One look at the merges of every lane; how many lanes did something."""
    done = 0
    for lane in list(engine.lease.held):
        async with engine.pool.acquire() as connection:
            done += await carry_merges(
                connection, engine.lease, lane, engine.lease.fence(lane), engine.now(), lanes=LANES
            )
    return done


async def settle(engine: Engine) -> None:
    for _ in range(12):
        await turn_all(engine)
        if not await carry(engine):
            return await turn_all(engine)  # what one lane sent to another before it
    raise AssertionError("merges never settle")


async def merge(pool: Pool, loser: UUID, winner: UUID) -> Merge:
    return await ask_merge(pool, loser, winner, lanes=LANES, now=NOW)


async def statuses(pool: Pool, customer: UUID) -> list[str]:
    return [m.status for m in await list_merges(pool, customer, now=NOW)]


async def profile(pool: Pool, id: UUID | str) -> Customer:
    found = await find_customer(pool, LANES, id)
    assert found is not None
    return found


async def of(pool: Pool, table: str, customer: UUID) -> list[Any]:
    return await pool.fetch(
        f"SELECT * FROM {table} WHERE lane = $1 AND customer_id = $2 ORDER BY id", lane_of(customer, LANES), customer
    )


@pytest.mark.parametrize("same_lane", [False, True])
async def test_everything_of_the_loser_arrives_and_nothing_stays(pool: Pool, same_lane: bool) -> None:
    program = a_program(say(), wait(86400), say("sms"), trigger=SHOP)
    await put_campaign(pool, program)
    visitor, user = await two(pool, same_lane=same_lane)
    engine = await an_engine(pool, clock := Clock())
    await put_event(pool, visitor, "user_signup")
    await turn_all(engine)
    before = [dict(r) for table in ("enrollment", "message") for r in await rows(pool, table)]
    await merge(pool, visitor, user)
    await settle(engine)
    assert await statuses(pool, user) == ["merged"]
    assert await follow_one(pool, visitor) == user
    assert await pool.fetchval("SELECT count(*) FROM customer WHERE id = $1", visitor) == 0
    after = [dict(r) for table in ("enrollment", "message") for r in await rows(pool, table)]
    place = {"lane": lane_of(user, LANES), "customer_id": user}
    assert after == [row | place for row in before]
    clock.now += timedelta(days=1, minutes=1)
    await turn_all(engine)
    assert len(await of(pool, "message", user)) == 2  # the SMS came from the step that the visitor had reached
    assert await pool.fetchval("SELECT sum(entered - departed) FROM step_stat") == 0


async def follow_one(pool: Pool, id: UUID) -> UUID:
    async with pool.acquire() as connection:
        return (await follow(connection, [id], LANES)).get(id, id)


async def test_who_is_in_a_campaign_twice_hears_it_once(pool: Pool) -> None:
    program = a_program(wait(3600), say(), trigger=SHOP)
    other = a_program(wait(60), say(), trigger=Trigger(event="cart"), id=uuid7(11), revision_id=uuid7(12), name="cart")
    await put_campaign(pool, program)
    await put_campaign(pool, other)
    visitor, user = await two(pool)
    engine = await an_engine(pool, clock := Clock())
    for who in (visitor, user):
        await put_event(pool, who, "user_signup")
    await put_event(pool, visitor, "cart")
    await turn_all(engine)
    await merge(pool, visitor, user)
    await settle(engine)
    ended = [e for e in await of(pool, "enrollment", user) if e["exit_reason"] == "merged"]
    assert [e["campaign_id"] for e in ended] == [program.id]
    clock.now += timedelta(hours=2)
    await turn_all(engine)
    messages = await of(pool, "message", user)
    assert sorted(str(m["campaign_id"]) for m in messages) == sorted([str(program.id), str(other.id)])
    assert await count(pool, program.id, Metric.FINISHED) == 2


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


async def test_a_message_on_the_wire_holds_the_merge_until_its_answer(pool: Pool) -> None:
    await put_campaign(pool, a_program(say(), trigger=SHOP))
    visitor, user = await two(pool)
    await save_customers(pool, [CustomerInput(external_id=str(visitor), email="v@example.com")], lanes=LANES, now=NOW)
    engine = await an_engine(pool, Clock())
    await put_event(pool, visitor, "user_signup")
    await turn_all(engine)
    [message] = await rows(pool, "message")
    await pool.execute("UPDATE message SET status = 2, send_at = NULL")
    claim = uuid7(to_ms(NOW))
    await pool.execute(
        "INSERT INTO delivery_claim VALUES ($1, $2, $3, 1, $4, $5, $6)",
        message["lane"], claim, uuid7(1), NOW, [visitor], [message["id"]],
    )  # fmt: skip
    await merge(pool, visitor, user)
    await settle(engine)
    assert await statuses(pool, user) == ["asked"]
    # A receipt may come before the answer: the row is not `sending` any more, and still in hand.
    await pool.execute("UPDATE message SET status = 7")
    await settle(engine)
    assert await statuses(pool, user) == ["asked"]
    await pool.execute("DELETE FROM delivery_claim")
    await settle(engine)
    assert await statuses(pool, user) == ["merged"]
    assert [m["id"] for m in await of(pool, "message", user)] == [message["id"]]


async def test_a_receipt_for_a_message_that_moved_finds_it(pool: Pool) -> None:
    program = a_program(say(), trigger=SHOP)
    await put_campaign(pool, program)
    visitor, user = await two(pool)
    await save_customers(pool, [CustomerInput(external_id=str(visitor), email="v@example.com")], lanes=LANES, now=NOW)
    engine = await an_engine(pool, Clock())
    await put_event(pool, visitor, "user_signup")
    await turn_all(engine)
    await pool.execute("UPDATE message SET status = 3, sent_at = $1, send_at = NULL", NOW)
    [message] = await rows(pool, "message")
    await merge(pool, visitor, user)
    await settle(engine)
    await put_event(pool, await follow_one(pool, visitor), "delivered", message_id=message["id"])
    await turn_all(engine)
    [found] = await of(pool, "message", user)
    assert found["status"] == MessageStatus.DELIVERED


@pytest.mark.parametrize(
    ("source", "copied", "messages"),
    [("api", "forward", 1), ("history", "forward-history", 0)],  # the past starts nothing, for the winner neither
)
async def test_an_event_that_commits_late_for_the_gone_id_is_heard_by_the_winner(
    pool: Pool, source: str, copied: str, messages: int
) -> None:
    program = a_program(say(), trigger=SHOP)
    await put_campaign(pool, program)
    visitor, user = await two(pool)
    engine = await an_engine(pool, Clock())
    late = await pool.acquire()
    transaction = late.transaction()
    await transaction.start()
    await put_event(late, visitor, "user_signup", source=source)
    await merge(pool, visitor, user)
    await settle(engine)
    assert await statuses(pool, user) == ["merged"]
    await transaction.commit()
    await pool.release(late)
    [event] = await pool.fetch("SELECT id FROM event WHERE customer_id = $1 AND name = 'user_signup'", visitor)
    await settle(engine)
    assert len(await of(pool, "message", user)) == messages
    assert (await profile(pool, user)).last_interaction_at == NOW
    copies = await pool.fetch("SELECT * FROM event WHERE source = $1", copied)
    assert [(c["customer_id"], c["id"]) for c in copies] == [(user, event["id"])]


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


async def test_the_guard_stops_what_would_swallow_everybody(pool: Pool) -> None:
    user = await person(pool, Person(user_id="kiosk"))
    people = [Person(anonymous_id=f"device-{n}") for n in range(40)]
    async with pool.acquire() as connection, connection.transaction():
        devices = await resolve_people(connection, people, lanes=LANES, now=NOW)
    for n in range(40):
        assert await person(pool, Person(user_id="kiosk", anonymous_id=f"device-{n}")) == user
    assert len({await follow_one(pool, d) for d in devices} - {user}) == 15
    refused = [m for m in await list_merges(pool, user, now=NOW) if m.status == "refused"]
    assert len(refused) == 15
    assert refused[0].reason is not None
    assert not refused[0].undoable
    await person(pool, Person(user_id="kiosk", anonymous_id="device-39"))
    assert await pool.fetchval("SELECT count(*) FROM merge WHERE status = 7") == 15  # told once
    assert await person(pool, Person(anonymous_id="device-39")) == devices[39]


async def test_the_guard_counts_within_one_batch(pool: Pool) -> None:
    people = [Person(anonymous_id=f"device-{n}") for n in range(60)]
    async with pool.acquire() as connection, connection.transaction():
        await resolve_people(connection, people, lanes=LANES, now=NOW)
        await connection.execute("SELECT 1")
    await person(pool, Person(user_id="kiosk"))
    both = [Person(user_id="kiosk", anonymous_id=f"device-{n}") for n in range(60)]
    await person(pool, *both)
    assert await pool.fetchval("SELECT count(*) FROM alias") == 25
    assert await pool.fetchval("SELECT count(*) FROM merge WHERE status = 7") == 35


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


async def test_a_worker_that_lost_its_lane_moves_nobody(pool: Pool) -> None:
    from motet.core.errors import LeaseLost

    visitor, user = await two(pool)
    engine = await an_engine(pool, Clock())
    await merge(pool, visitor, user)
    lane = lane_of(visitor, LANES)
    await pool.execute("UPDATE lane SET fence = fence + 1, owner = $1, done = pg_current_snapshot()", uuid7(9))
    async with pool.acquire() as connection:
        with pytest.raises(LeaseLost):
            await carry_merges(connection, engine.lease, lane, engine.lease.fence(lane), NOW, lanes=LANES)
    assert await pool.fetchval("SELECT count(*) FROM customer WHERE id = $1", visitor) == 1


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


async def test_suppressions_and_inbox_go_along(pool: Pool) -> None:
    visitor, user = await two(pool)
    entry = {"email": {"address": "v@example.com", "reason": "bounced"}}
    await pool.execute("UPDATE customer SET suppressions = $2 WHERE id = $1", visitor, entry)
    item = uuid7(to_ms(NOW))
    await pool.execute(
        "INSERT INTO inbox_item VALUES ($1, $2, $3, 'Hi', 'there', '', $4)", lane_of(visitor, LANES), visitor, item, NOW
    )
    engine = await an_engine(pool, Clock())
    await merge(pool, visitor, user)
    await settle(engine)
    assert (await profile(pool, "u")).suppressions == {"email": Suppression("v@example.com", "bounced")}
    assert [i["id"] for i in await of(pool, "inbox_item", user)] == [item]


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


async def test_a_profile_written_while_its_customer_goes_reaches_the_winner(pool: Pool) -> None:
    """The writer found the visitor before the merge; it writes after the visitor has left."""
    import motet.audience.upsert as upsert

    visitor, user = await two(pool)
    [(_, anonymous)] = [i for i in await list_identifiers(pool, visitor) if i[0] == 4]
    engine = await an_engine(pool, Clock())
    original = upsert._merge_known

    async def slow(*args: Any) -> Any:
        await merge(pool, visitor, user)
        await settle(engine)
        return await original(*args)

    upsert._merge_known = slow  # type: ignore[assignment]
    try:
        traits = CustomerInput(attributes={"late": True})
        assert await person(pool, Person(anonymous_id=anonymous, given=traits)) == user
    finally:
        upsert._merge_known = original
    assert (await profile(pool, "u")).attributes["late"] is True


@pytest.mark.parametrize("winner_first", [False, True])
async def test_a_launch_that_named_the_loser_reaches_the_winner_once(pool: Pool, winner_first: bool) -> None:
    program = a_program(say())
    await put_campaign(pool, program, CampaignStatus.PAUSED)
    visitor, user = await two(pool)
    await put_launch(pool, program, "customers", [visitor, user] if winner_first else [visitor])
    engine = await an_engine(pool, Clock())
    if winner_first:
        await pool.execute("UPDATE launch_lane SET done = true WHERE $1 = ANY (customers)", user)
    await merge(pool, visitor, user)
    await settle(engine)
    await pool.execute("UPDATE campaign SET status = $1", int(CampaignStatus.RUNNING))
    await settle(engine)
    assert len(await of(pool, "message", user)) == 1
    assert all(r["done"] for r in await rows(pool, "launch_lane", "lane"))
