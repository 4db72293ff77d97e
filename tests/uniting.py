"""Merges in integration tests: people in lanes of choice, merged and settled, and what is kept of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from motet.audience.merges import Merge, ask_merge, list_merges
from motet.audience.pairs import find_gone
from motet.audience.people import Person, resolve_people
from motet.audience.profiles import find_customer
from motet.core.customers import Customer
from motet.core.ids import lane_of
from motet.engine.loop import Engine
from motet.engine.merging import carry_merges
from motet.storage.pool import Pool
from stage import LANES, NOW, turn_all


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


async def follow_one(pool: Pool, id: UUID) -> UUID:
    async with pool.acquire() as connection:
        return (await find_gone(connection, [id], LANES)).get(id, id)
