"""Two customers become one across lanes: nothing lost, nothing repeated, whoever gets in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from making import a_program, say, wait
from motet.audience.merges import list_merges
from motet.audience.people import Person, list_identifiers, resolve_people
from motet.audience.profiles import CustomerInput, save_customers
from motet.core.clock import to_ms
from motet.core.customers import Suppression
from motet.core.ids import lane_of, uuid7
from motet.core.metrics import Metric
from motet.core.program import Trigger
from motet.core.words import CampaignStatus, MessageStatus
from motet.engine.merging import carry_merges
from motet.storage.pool import Pool
from stage import LANES, NOW, Clock, an_engine, count, put_campaign, put_event, put_launch, rows, turn_all
from uniting import follow_one, merge, of, person, profile, settle, statuses, two

SHOP = Trigger(event="user_signup")


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
