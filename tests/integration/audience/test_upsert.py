"""Profiles in a real database: nothing lost, nothing doubled, whoever writes at the same time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from motet.audience.profiles import (
    CustomerInput,
    check_customer,
    find_customer,
    load_customers,
    save_customers,
    search_customers,
    upsert_customers,
)
from motet.core.customers import Customer, Device
from motet.core.ids import lane_of
from motet.storage.pool import Pool

LANES = 8
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


async def save(pool: Pool, *inputs: CustomerInput):
    return await save_customers(pool, inputs, lanes=LANES, now=NOW)


async def profile(pool: Pool, reference: str) -> Customer:
    found = await find_customer(pool, LANES, reference)
    assert found is not None
    return found


FULL = CustomerInput(
    external_id="c-1",
    email="Ann@example.com",
    phone="+12025550101",
    devices=(Device("token-1"), Device("token-2", "apns")),
    handles={"telegram": "@ann"},
    attributes={"city": "Berlin", "cart": {"value": 59.9}},
    tags=("new_signup", "vip"),
    lifecycle_stage="active",
    timezone="Europe/Berlin",
    locale="de",
    preferences={"sms": False},
    topics={"news": True, "offers": False},
    caps={"email": 2},
    consents={"push": False},
    last_interaction_at=NOW - timedelta(days=3),
    last_purchase_at=NOW - timedelta(days=9),
    created_at=NOW - timedelta(days=400),
)


async def test_a_profile_comes_back_as_it_was_given(pool: Pool) -> None:
    done = await save(pool, FULL)
    assert (done.created, done.changed, done.unchanged) == (1, 0, 0)
    async with pool.acquire() as connection:
        [found] = await load_customers(connection, lane_of(done.ids[0], LANES), done.ids)
    for field in CustomerInput.__struct_fields__:
        if field not in ("remove_tags", "clear"):
            assert getattr(found, field) == getattr(FULL, field), field


async def test_the_same_again_writes_nothing(pool: Pool) -> None:
    await save(pool, FULL)
    before = await pool.fetchval("SELECT xmin::text FROM customer")
    done = await save(pool, FULL)
    assert (done.created, done.changed, done.unchanged) == (0, 0, 1)
    assert await pool.fetchval("SELECT xmin::text FROM customer") == before


async def test_what_is_absent_stays_and_maps_are_merged(pool: Pool) -> None:
    await save(pool, FULL)
    done = await save(
        pool,
        CustomerInput(
            external_id="c-1",
            attributes={"plan": "gold"},
            tags=("buyer",),
            remove_tags=("new_signup",),
            devices=(Device("token-1", "web"),),
            caps={"sms": 1},
            last_interaction_at=NOW - timedelta(days=30),
        ),
    )
    assert done.changed == 1
    found = await profile(pool, "c-1")
    assert found.attributes == {"city": "Berlin", "cart": {"value": 59.9}, "plan": "gold"}
    assert found.tags == ("buyer", "vip")
    assert set(found.devices) == {Device("token-1", "web"), Device("token-2", "apns")}
    assert found.caps == {"email": 2, "sms": 1}
    assert (found.email, found.timezone, found.lifecycle_stage) == ("Ann@example.com", "Europe/Berlin", "active")
    assert found.last_interaction_at == NOW - timedelta(days=3)


async def test_a_written_profile_never_undoes_an_unsubscribe(pool: Pool) -> None:
    await save(pool, FULL)
    await save(pool, CustomerInput(external_id="c-1", consents={"push": True, "sms": True}))
    assert (await profile(pool, "c-1")).consents == {"push": False, "sms": True}
    await save(pool, CustomerInput(external_id="c-1", consents={"sms": False}))
    assert (await profile(pool, "c-1")).consents == {"push": False, "sms": False}


async def test_the_first_owner_keeps_an_address(pool: Pool) -> None:
    await save(pool, FULL)
    done = await save(pool, CustomerInput(external_id="c-2", email="ann@EXAMPLE.com", attributes={"x": 1}))
    assert done.created == 1
    assert [(t.index, t.field) for t in done.taken] == [(0, "email")]
    other = await profile(pool, "c-2")
    assert other.email is None
    assert other.attributes == {"x": 1}
    assert (await profile(pool, "ann@example.com")).external_id == "c-1"


async def test_one_known_by_address_only_gets_a_name_later(pool: Pool) -> None:
    first = await save(pool, CustomerInput(email="bo@example.com"))
    assert (await profile(pool, "bo@example.com")).external_id == str(first.ids[0])
    second = await save(pool, CustomerInput(external_id="c-9", email="bo@example.com"))
    assert second.ids == first.ids
    assert second.changed == 1
    assert (await profile(pool, "c-9")).id == first.ids[0]
    assert (await profile(pool, str(first.ids[0]))).external_id == "c-9"
    third = await save(pool, CustomerInput(external_id="c-10", email="bo@example.com"))
    assert third.created == 1
    assert third.taken[0].field == "email"


async def test_one_batch_may_name_a_customer_many_times(pool: Pool) -> None:
    done = await save(
        pool,
        CustomerInput(external_id="d", attributes={"a": 1, "b": 1}, tags=("one",)),
        CustomerInput(external_id="d", attributes={"b": 2}, tags=("two",), email="d@example.com"),
        CustomerInput(email="D@example.com", locale="fr"),
        CustomerInput(external_id="e"),
    )
    assert (done.created, done.changed, done.unchanged) == (2, 2, 0)
    assert len(set(done.ids[:3])) == 1
    found = await profile(pool, "d")
    assert (found.attributes, found.tags, found.locale) == ({"a": 1, "b": 2}, ("one", "two"), "fr")


async def test_a_batch_is_written_by_a_handful_of_statements(pool: Pool) -> None:
    inputs = [CustomerInput(external_id=f"n-{i}", email=f"n{i}@example.com") for i in range(500)]
    statements: list[str] = []
    async with pool.acquire() as connection:
        with connection.query_logger(lambda record: statements.append(record.query)):
            async with connection.transaction():
                await upsert_customers(connection, inputs, lanes=LANES, now=NOW)
    assert 3 <= len(statements) <= 12


async def test_concurrent_updates_lose_no_field(pool: Pool) -> None:
    await save(pool, CustomerInput(external_id="c", attributes={"zero": 0}))
    first, second = await pool.acquire(), await pool.acquire()
    try:
        one = first.transaction()
        await one.start()
        given = CustomerInput(external_id="c", attributes={"left": 1}, tags=("left",), handles={"a": "1"})
        await upsert_customers(first, [given], lanes=LANES, now=NOW)

        async def other() -> None:
            async with second.transaction():
                given = CustomerInput(external_id="c", attributes={"right": 2}, tags=("right",), locale="en")
                await upsert_customers(second, [given], lanes=LANES, now=NOW)

        waiting = asyncio.create_task(other())
        await _until_blocked(pool)
        await one.commit()
        await waiting
    finally:
        await pool.release(first)
        await pool.release(second)
    found = await profile(pool, "c")
    assert found.attributes == {"zero": 0, "left": 1, "right": 2}
    assert found.tags == ("left", "right")
    assert (found.handles, found.locale) == ({"a": "1"}, "en")


async def _until_blocked(pool: Pool) -> None:
    for _ in range(200):
        if await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            return
        await asyncio.sleep(0.01)
    pytest.fail("the second writer never waited for the first")


async def test_the_same_identifiers_at_once_never_make_two_customers(pool: Pool) -> None:
    def batch(seed: int) -> list[CustomerInput]:
        order = range(300) if seed % 2 else reversed(range(300))  # the other way round: a deadlock, if unsorted
        return [
            CustomerInput(external_id=f"r-{i}", email=f"r{i}@example.com", attributes={f"from{seed}": i}) for i in order
        ]

    done = await asyncio.gather(*(save(pool, *batch(seed)) for seed in range(6)))
    assert sum(d.created for d in done) == 300
    assert await pool.fetchval("SELECT count(*) FROM customer") == 300
    assert await pool.fetchval("SELECT count(*) FROM identifier") == 600
    assert await pool.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0
    assert (await profile(pool, "r-7")).attributes == {f"from{seed}": 7 for seed in range(6)}


async def test_an_address_claimed_meanwhile_stays_with_the_winner(pool: Pool) -> None:
    first, second = await pool.acquire(), await pool.acquire()
    try:
        one = first.transaction()
        await one.start()
        await upsert_customers(first, [CustomerInput(external_id="x", email="z@example.com")], lanes=LANES, now=NOW)
        late = CustomerInput(external_id="y", email="z@example.com")
        waiting = asyncio.create_task(upsert_customers(second, [late], lanes=LANES, now=NOW))
        await _until_blocked(pool)
        await one.commit()
        done = await waiting
    finally:
        await pool.release(first)
        await pool.release(second)
    assert done.taken[0].field == "email"
    assert (await profile(pool, "z@example.com")).external_id == "x"


async def test_a_screen_finds_by_beginning_name_and_tag_in_pages(pool: Pool) -> None:
    inputs = [
        CustomerInput(external_id=f"p-{i:03d}", email=f"Pat{i}@example.com", attributes={"first_name": f"100%_{i}"})
        for i in range(30)
    ]
    await save(pool, *inputs)
    await save(pool, CustomerInput(external_id="q", tags=("rare",), attributes={"last_name": "Lovelace"}))
    page = await search_customers(pool, LANES, limit=20)
    rest = await search_customers(pool, LANES, limit=20, before=page[-1].id)
    assert len(page) == 20
    assert len(rest) == 11
    assert not {c.id for c in page} & {c.id for c in rest}
    assert [c.id for c in page] == sorted((c.id for c in page), reverse=True)
    assert [c.external_id for c in await search_customers(pool, LANES, "p-01", 5)] != []
    assert {c.external_id for c in await search_customers(pool, LANES, "p-01")} == {f"p-{i:03d}" for i in range(10, 20)}
    assert len(await search_customers(pool, LANES, "pat1@EXAMPLE")) == 1
    assert [c.external_id for c in await search_customers(pool, LANES, "rare")] == ["q"]
    assert [c.external_id for c in await search_customers(pool, LANES, "lovel")] == ["q"]
    assert [c.external_id for c in await search_customers(pool, LANES, "100%_7")] == ["p-007"]
    assert await search_customers(pool, LANES, "nobody\x00 at all") == []


async def test_a_reference_that_nobody_has_finds_nobody(pool: Pool) -> None:
    await save(pool, FULL)
    for reference in ("nobody", "no@example.com", "+12025550199", "a\x00b", "00000000-0000-7000-8000-000000000000"):
        assert await find_customer(pool, LANES, reference) is None
    for reference in ("c-1", "ANN@example.com", "+1 202 555 0101"):
        assert (await profile(pool, reference)).external_id == "c-1"


async def test_null_takes_a_value_away_and_what_is_absent_stays(pool: Pool) -> None:
    await save(pool, FULL)
    given = check_customer(
        {"external_id": "c-1", "email": None, "timezone": None, "attributes": {"city": None, "x": 1}}
    )
    assert isinstance(given, CustomerInput)
    assert (await save(pool, given)).changed == 1
    found = await profile(pool, "c-1")
    assert (found.email, found.timezone, found.phone) == (None, None, "+12025550101")
    assert found.attributes == {"cart": {"value": 59.9}, "x": 1}
    assert await find_customer(pool, LANES, "ann@example.com") is None
    other = await save(pool, CustomerInput(external_id="c-2", email="ann@example.com"))
    assert not other.taken


async def test_a_value_written_after_it_was_cleared_stands(pool: Pool) -> None:
    await save(pool, FULL)
    await save(
        pool,
        CustomerInput(external_id="c-1", email="old@example.com", attributes={"city": "Rome", "y": 1}),
        CustomerInput(external_id="c-1", clear=("email", "attributes.city", "attributes.y")),
        CustomerInput(external_id="c-1", email="new@example.com", attributes={"city": "Oslo"}),
    )
    found = await profile(pool, "c-1")
    assert (found.email, found.attributes) == ("new@example.com", {"city": "Oslo", "cart": {"value": 59.9}})
    assert await find_customer(pool, LANES, "ann@example.com") is None
    assert (await profile(pool, "new@example.com")).external_id == "c-1"
