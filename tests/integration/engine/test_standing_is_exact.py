"""What `standing` says is what all events from the beginning say: through builds and edits, aborted commits, lost
answers, changes of hands, late commits and windows that turn."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest

import motet.engine.loop as loop
from motet.audience.segments import store
from motet.core.errors import LeaseLost
from motet.core.ids import lane_of
from motet.engine.commit import commit
from motet.engine.load import load
from motet.engine.loop import Engine
from motet.engine.think import think
from motet.storage.pool import Pool
from segmenting import change, check_truth, keep, move_clock, tell, turn_until_quiet
from stage import LANES, NOW, Clock, an_engine, put_customers

HOUR = timedelta(hours=1)
ZONE = ZoneInfo("America/New_York")  # of the brand
EVENTS = ("purchase", "view", "refund")

# Rules for the segments s0, s1, ...; one that names a segment names an earlier one.
RULES: tuple[Any, ...] = (
    {"country": "DE"},
    {"$did": {"event": "purchase", "count": {"$gte": 2}, "within": "10d"}},
    {"$did": {"event": "purchase", "sum": {"$gt": 50}}},
    {"$did_not": {"event": "view", "within": "3d"}},
    {"$did": {"event": "purchase", "where": {"sku": "a"}, "count": {"$between": [1, 3]}, "within": "20d"}},
    {"$did": {"event": "view", "during": "this_week"}},
    {"$did": {"event": "purchase", "within": "20d", "until": "5d"}},
    {"$did": {"event": "view", "last": {"$lt": {"$ago": "2d"}}}},
    {"$did": {"event": "purchase", "of": "sku", "most": "a"}},
    {"last_interaction_at": {"$gt": {"$ago": "4d"}}},
    {"days_since_last_interaction": {"$lt": 2}},
    {"traits.spent": {"$gte": 40}},
    {"traits.spent": {"$lt": 40}, "country": {"$ne": "DE"}},
    {"$percent": {"of": 50, "salt": "x"}},
    {"$or": [{"$did": {"event": "refund", "max": {"$gt": 30}}}, {"$did": {"event": "view", "count": {"$gt": 4}}}]},
)
OF_OTHERS: tuple[Callable[[str], Any], ...] = (
    lambda name: {"segments": name},
    lambda name: {"segments": {"$ne": name}, "$did": {"event": "purchase"}},
    lambda name: {"$did": {"event": "segment_entered", "where": {"segment": name}, "within": "5d"}},
)
TRAITS = (
    {"kind": "trait", "name": "spent", "event": "purchase", "take": "sum"},
    {"kind": "trait", "name": "spent", "event": "purchase", "take": "sum", "within": "15d"},
    {"kind": "trait", "name": "spent", "event": "refund", "take": "max"},
)


class Killed(Exception):
    """The process ended here."""


class House:
    """Random things that happen, each in its own way."""

    def __init__(self, pool: Pool, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pool, self.random, self.clock = pool, random.Random(seed), Clock()
        self.people: list[UUID] = []
        self.engine: Engine
        self.late: list[tuple[Any, Any]] = []
        monkeypatch.setattr(loop, "commit", self.commit)
        for name, size in (("load.EVENTS", 7), ("load.TOUCHED", 5), ("segments.PAGE", 3), ("segments.FLIPS", 3)):
            monkeypatch.setattr(f"motet.engine.{name}", size)

    async def commit(self, connection: Any, *args: Any) -> None:
        """A commit that may never happen, or whose answer may never come."""
        fate = self.random.random()
        if fate < 0.15:
            async with connection.transaction():
                await commit(connection, *args)
                raise Killed
        await commit(connection, *args)
        if fate < 0.3:
            raise Killed

    async def turn(self, lane: int) -> None:
        with suppress(Killed):
            await self.engine.turn(lane)

    async def hire(self) -> None:
        self.engine = await an_engine(self.pool, self.clock)
        self.engine.zone = ZONE

    async def hand_over(self) -> None:
        """Another worker takes every lane; the old one wakes once more, too late."""
        old = self.engine
        await self.pool.execute("UPDATE lane SET expires_at = now() - interval '1 second'")
        await self.pool.execute("DELETE FROM worker")
        await self.hire()
        customer = self.random.choice(self.people)
        await tell(self.pool, self.clock, customer, "view")
        with pytest.raises(LeaseLost):
            await commit_late(old, lane_of(customer, LANES))

    async def something(self) -> None:
        chance, clock, pool = self.random, self.clock, self.pool
        match chance.choices(range(8), (40, 8, 30, 6, 8, 6, 2, 3))[0]:
            case 0:
                await self.tell(pool)
            case 1:
                await change(pool, clock, chance.choice(self.people), country=chance.choice(["DE", "FR", None]))
            case 2:
                lanes = chance.sample(range(LANES), 3)
                work = [self.turn(lane) for lane in lanes]
                await asyncio.gather(*work, *([keep(pool)] if chance.random() < 0.5 else []))
            case 3:
                await self.define()
            case 4:
                await keep(pool)
            case 5:
                await self.settle_late()
                await move_clock(pool, clock, chance.choice([HOUR, 7 * HOUR, 30 * HOUR]))
            case 6:
                await self.hand_over()
            case 7:
                await self.begin_late()

    async def tell(self, connection: Any) -> None:
        chance = self.random
        at = self.clock.now - chance.choice([0, 0, 1, 30, 100, 400]) * HOUR * chance.random()
        sku = {"sku": chance.choice(["a", "b"])}
        customer, name, value = chance.choice(self.people), chance.choice(EVENTS), float(chance.randint(1, 40))
        await tell(connection, self.clock, customer, name, at=at, value=value, properties=sku)

    async def define(self) -> None:
        chance = self.random
        if chance.random() < 0.15:
            document: dict[str, Any] = chance.choice(TRAITS)
        else:
            place = chance.randint(0, 7)
            where = chance.choice(RULES)
            if place and chance.random() < 0.4:
                where = chance.choice(OF_OTHERS)(f"s{chance.randrange(place)}")
            document = {"kind": "segment", "name": f"s{place}", "where": where}
        await store.apply_document(self.pool, document, self.clock.now, lanes=LANES)

    async def begin_late(self) -> None:
        """A transaction that appends now and commits after others."""
        connection = await self.pool.acquire()
        transaction = connection.transaction()
        await transaction.start()
        await self.tell(connection)
        self.late.append((connection, transaction))

    async def settle_late(self) -> None:
        for connection, transaction in self.late:
            await transaction.commit()
            await self.pool.release(connection)
        self.late.clear()


async def commit_late(engine: Engine, lane: int) -> None:
    """What a worker does that slept past its lease."""
    engine.forget_world()
    world = await engine._refresh()
    async with engine.pool.acquire() as connection:
        batch = await load(connection, lane, engine.lease.fence(lane), world, engine.now())
        await commit(connection, engine.lease, batch, think(batch, world))


@pytest.mark.parametrize("seed", range(5))
async def test_standing_is_what_all_events_say(pool: Pool, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    house = House(pool, seed, monkeypatch)
    house.people = await put_customers(pool, 24)
    await house.hire()
    for _ in range(25):  # what happened before anything was defined
        await house.tell(pool)
    await store.apply_document(pool, TRAITS[0], NOW, lanes=LANES)
    for number in range(4):
        where = {"kind": "segment", "name": f"steady{number}", "where": RULES[(seed * 4 + number) % 11]}
        await store.apply_document(pool, where, NOW, lanes=LANES)
    seen: dict[str, int] = {}
    for _ in range(3):
        for _ in range(70):
            try:
                await house.something()
            except asyncpg.PostgresError as error:  # pragma: no cover - says what broke
                raise AssertionError(f"seed {seed}") from error
        await house.settle_late()
        monkeypatch.setattr(loop, "commit", commit)
        await turn_until_quiet(house.engine, pool)
        seen |= await check_truth(pool, house.clock.now.astimezone(ZONE))
        await check_moves(pool)
        monkeypatch.setattr(loop, "commit", house.commit)
    assert len([count for count in seen.values() if 0 < count < 24]) >= 4


async def check_moves(pool: Pool) -> None:
    """Entering and leaving were told in turns, and the last word is true."""
    told = await pool.fetch(
        "SELECT customer_id, name, properties ->> 'segment' AS segment FROM event "
        "WHERE source = 'segment' AND properties ->> 'segment' LIKE 'steady%' ORDER BY xid, id"
    )
    last: dict[tuple[UUID, str], str] = {}
    for row in told:
        key = (row["customer_id"], row["segment"])
        assert last.get(key) != row["name"], key
        last[key] = row["name"]
    inside = await pool.fetch(
        "SELECT s.customer_id, g.name FROM standing s JOIN segment g ON g.number = ANY (s.segments) AND g.status = 2"
    )
    now = {(row["customer_id"], row["name"]) for row in inside}
    for key, name in last.items():
        assert (key in now) == (name == "segment_entered"), key
