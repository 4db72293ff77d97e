"""Who events are about, in a real database: one person is one customer, whatever they are called by."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from motet.audience.inputs import CustomerInput
from motet.audience.pairs import find_gone
from motet.audience.people import Person, list_gone, list_identifiers, resolve_people
from motet.audience.profiles import find_customer, save_customers
from motet.core.customers import Customer
from motet.storage.pool import Pool

LANES = 8
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


async def meet(pool: Pool, *people: Person) -> list[UUID]:
    async with pool.acquire() as connection, connection.transaction():
        return await resolve_people(connection, people, lanes=LANES, now=NOW)


async def profile(pool: Pool, reference: str | UUID) -> Customer:
    found = await find_customer(pool, LANES, reference)
    assert found is not None
    return found


async def gone(pool: Pool, *ids: UUID) -> dict[UUID, UUID]:
    async with pool.acquire() as connection:
        return await find_gone(connection, ids, LANES)


async def test_a_visitor_is_a_customer_and_stays_one(pool: Pool) -> None:
    [first] = await meet(pool, Person(anonymous_id="anon-1"))
    [again] = await meet(pool, Person(anonymous_id="anon-1"))
    assert first == again
    assert (await profile(pool, first)).external_id == str(first)


async def test_a_visitor_who_names_themselves_takes_the_name(pool: Pool) -> None:
    [visitor] = await meet(pool, Person(anonymous_id="anon-1"))
    traits = CustomerInput(attributes={"plan": "gold"})
    [named] = await meet(pool, Person(user_id="u-1", anonymous_id="anon-1", email="Ann@example.com", given=traits))
    assert named == visitor
    found = await profile(pool, "u-1")
    assert (found.id, found.email, found.attributes) == (visitor, "Ann@example.com", {"plan": "gold"})
    assert await list_identifiers(pool, named) == [(1, "u-1"), (2, "ann@example.com"), (4, "anon-1")]


async def test_known_people_cost_one_query(pool: Pool) -> None:
    people = [Person(user_id=f"u-{n}", anonymous_id=f"a-{n}") for n in range(100)]
    ids = await meet(pool, *people)
    statements: list[str] = []
    async with pool.acquire() as connection:
        with connection.query_logger(lambda record: statements.append(record.query)):
            assert await resolve_people(connection, people, lanes=LANES, now=NOW) == ids
    assert len(statements) == 1


async def test_a_visitor_who_signs_in_is_merged_into_the_user(pool: Pool) -> None:
    [user] = await meet(pool, Person(user_id="u-1", anonymous_id="phone"))
    [visitor] = await meet(pool, Person(anonymous_id="laptop"))
    assert await meet(pool, Person(user_id="u-1", anonymous_id="laptop")) == [user]
    assert await gone(pool, visitor, user) == {visitor: user}
    assert await meet(pool, Person(anonymous_id="laptop")) == [user]
    assert await list_gone(pool, user) == [visitor]


async def test_a_shared_device_goes_to_the_newest_user_and_merges_nobody(pool: Pool) -> None:
    [ann] = await meet(pool, Person(user_id="ann", anonymous_id="kiosk"))
    [bo] = await meet(pool, Person(user_id="bo", anonymous_id="kiosk"))
    assert ann != bo
    assert await meet(pool, Person(anonymous_id="kiosk")) == [bo]
    assert await gone(pool, ann, bo) == {}


async def test_an_address_finds_its_owner_and_a_nameless_one_becomes_the_known(pool: Pool) -> None:
    [known] = await meet(pool, Person(user_id="u-1"))
    [subscriber] = await meet(pool, Person(email="ann@example.com"))
    assert await meet(pool, Person(user_id="u-1", email="ANN@example.com")) == [known]
    assert await gone(pool, subscriber) == {subscriber: known}
    assert (await profile(pool, "ann@example.com")).id == known


async def test_two_named_customers_with_one_address_stay_two(pool: Pool) -> None:
    [ann] = await meet(pool, Person(user_id="ann", email="home@example.com"))
    [bo] = await meet(pool, Person(user_id="bo", email="home@example.com"))
    assert ann != bo
    assert (await profile(pool, "home@example.com")).id == ann
    assert (await profile(pool, "bo")).email is None


async def test_one_batch_tells_a_whole_story_without_a_merge(pool: Pool) -> None:
    ids = await meet(
        pool,
        Person(anonymous_id="a"),
        Person(user_id="u"),
        Person(user_id="u", anonymous_id="a"),
        Person(custom={"loyalty": "7"}, anonymous_id="a"),
        Person(custom={"loyalty": "7"}),
    )
    assert len(set(ids)) == 1
    assert await pool.fetchval("SELECT count(*) FROM merge") == 0
    assert await pool.fetchval("SELECT count(*) FROM customer") == 1


async def test_concurrent_identifies_of_one_visitor_make_one_customer(pool: Pool) -> None:
    [visitor] = await meet(pool, Person(anonymous_id="a"))
    [user] = await meet(pool, Person(user_id="u"))
    found = await asyncio.gather(*(meet(pool, Person(user_id="u", anonymous_id="a")) for _ in range(8)))
    assert found == [[user]] * 8
    assert await gone(pool, visitor) == {visitor: user}
    assert await pool.fetchval("SELECT count(*) FROM merge") == 1


async def test_a_file_may_name_people_who_came_by_themselves(pool: Pool) -> None:
    [subscriber] = await meet(pool, Person(email="ann@example.com"))
    done = await save_customers(pool, [CustomerInput(external_id="c-1", email="ann@example.com")], lanes=LANES, now=NOW)
    assert done.ids == (subscriber,)


async def test_an_alias_makes_one_of_two_named_customers(pool: Pool) -> None:
    [old] = await meet(pool, Person(user_id="old@shop"))
    [new] = await meet(pool, Person(user_id="u-1"))
    assert await meet(pool, Person(user_id="u-1", previous="old@shop")) == [new]
    assert await gone(pool, old) == {old: new}
    assert await meet(pool, Person(user_id="old@shop"), Person(user_id="u-1", previous="old@shop")) == [new, new]
    assert await pool.fetchval("SELECT cause FROM merge") == "alias"


async def test_an_alias_of_a_visitor_names_them(pool: Pool) -> None:
    [visitor] = await meet(pool, Person(anonymous_id="a"))
    assert await meet(pool, Person(user_id="u-1", previous="a")) == [visitor]
    assert await pool.fetchval("SELECT count(*) FROM merge") == 0


async def test_an_alias_to_a_new_name_leaves_the_new_name(pool: Pool) -> None:
    [old] = await meet(pool, Person(user_id="before"))
    [new] = await meet(pool, Person(user_id="after", previous="before"))
    assert await gone(pool, old) == {old: new}
    assert (await profile(pool, "before")).external_id == "after"
