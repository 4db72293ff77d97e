"""Whatever happens, in whatever order: the archive holds what PostgreSQL was ever told, and no more."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from archiving import (
    LANES,
    Asked,
    add_customer,
    add_event,
    bought,
    change_customer,
    export,
    pass_events,
    read_archive,
    read_plainly,
    snapshot,
)
from motet.archive.compact import merge_files, plan_merge
from motet.archive.duck import Duck
from motet.archive.manifest import one_moment
from motet.archive.reader import Archive
from motet.archive.sweep import drop_warm, sweep_files
from motet.core.errors import Conflict
from motet.core.ids import lane_of, uuid7
from motet.storage.changes import note_changes
from motet.storage.pool import Pool

STEPS = 70
WORDS = ["purchase", "view", "", 'a "b"', "é\n"]

# Every event ever committed, whatever becomes of its partition.
MIRROR = """
CREATE TABLE mirror (LIKE event);
CREATE FUNCTION reflect() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO mirror VALUES (NEW.*); RETURN NULL; END $$;
CREATE TRIGGER reflect AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION reflect();
"""


class World:
    """A house in which things happen at random; each method is one thing."""

    def __init__(self, pool: Pool, duck: Duck, seed: int) -> None:
        self.pool = pool
        self.duck = duck
        self.pick = random.Random(seed)
        self.now = datetime.now(UTC)
        self.people: list[UUID] = []
        self.late: list[tuple[Any, Any]] = []
        self.segments = 0

    async def come(self) -> None:
        for _ in range(self.pick.randint(1, 3)):
            city = self.pick.choice(["Bonn", 'K"iel', "\\"])
            self.people.append(await add_customer(self.pool, self.now, attributes={"city": city}))

    async def change(self) -> None:
        if self.people:
            await change_customer(self.pool, self.now, self.someone(), tags=[self.pick.choice("abc")])

    async def leave(self) -> None:
        if len(self.people) > 3:
            gone = self.people.pop(self.pick.randrange(len(self.people)))
            async with self.pool.acquire() as connection, connection.transaction():
                await connection.execute("DELETE FROM customer WHERE id = $1", gone)
                await note_changes(connection, [gone], lanes=LANES, now=self.now)

    async def act(self, connection: Any = None) -> None:
        for _ in range(self.pick.randint(1, 6)):
            received = self.now - timedelta(hours=self.pick.choice([0, 0, 0, 10, 23]))
            await add_event(
                connection or self.pool, self.someone(), self.pick.choice(WORDS), self.now, received=received,
                properties=self.pick.choice([None, {}, {"x": self.pick.randint(0, 9)}]), value=self.pick.random(),
                source=self.pick.choice(["api", "api", "api", "forward"]),
            )  # fmt: skip

    async def begin_late(self) -> None:
        if len(self.late) < 3:
            connection = await self.pool.acquire()
            transaction = connection.transaction()
            await transaction.start()
            self.late.append((connection, transaction))
            await self.act(connection)

    async def end_late(self) -> None:
        if self.late:
            connection, transaction = self.late.pop(self.pick.randrange(len(self.late)))
            await (transaction.commit() if self.pick.random() < 0.7 else transaction.rollback())
            await self.pool.release(connection)

    async def hear(self) -> None:
        """An engine's turn over some lanes: what it writes and how far it is are one commit."""
        lanes = self.pick.sample(range(LANES), self.pick.randint(1, LANES))
        async with self.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            await connection.execute(
                "UPDATE customer c SET attributes = attributes || '{\"heard\": 1}' "
                "FROM event e JOIN lane l USING (lane) "
                "WHERE e.lane = ANY ($1) AND e.customer_id = c.id AND c.lane = e.lane "
                "AND NOT pg_visible_in_snapshot(e.xid, l.done)",
                lanes,
            )
            await connection.execute("UPDATE lane SET done = pg_current_snapshot() WHERE lane = ANY ($1)", lanes)

    async def enter(self) -> None:
        """A live segment gains a member, which is an event."""
        if self.people and self.segments:
            person = self.someone()
            async with self.pool.acquire() as connection, connection.transaction():
                await self._stand(connection, person, self.segments)
                await add_event(connection, person, "segment_entered", self.now)

    async def build(self) -> None:
        """A new segment moves members quietly, and then goes live."""
        if self.people and self.segments < 4:
            self.segments += 1
            for person in self.people[:: self.pick.randint(1, 3)]:
                await self._stand(self.pool, person, self.segments)
            await self.pool.execute(
                "INSERT INTO segment (id, name, title, status, number, created_at, updated_at) "
                "VALUES ($1, $2, '', 2, $3, now(), now())",
                uuid7(self.segments), f"s{self.segments}", self.segments,
            )  # fmt: skip

    async def merge_people(self) -> None:
        if len(self.people) > 3:
            loser, winner = self.pick.sample(self.people, 2)
            self.people.remove(loser)
            async with self.pool.acquire() as connection, connection.transaction():
                await connection.execute("UPDATE alias SET customer_id = $2 WHERE customer_id = $1", loser, winner)
                await connection.execute(
                    "INSERT INTO alias (lane, id, customer_id, merge_id) VALUES ($1, $2, $3, $4)",
                    lane_of(loser, LANES), loser, winner, uuid7(9),
                )  # fmt: skip
                if self.pick.random() < 0.5:  # it is taken out of its lane at once, or later
                    await connection.execute("DELETE FROM customer WHERE id = $1", loser)
                await note_changes(connection, [loser, winner], lanes=LANES, now=self.now)

    async def undo(self) -> None:
        if row := await self.pool.fetchrow("SELECT a.* FROM alias a JOIN customer c ON c.id = a.id LIMIT 1"):
            self.people.append(row["id"])
            async with self.pool.acquire() as connection, connection.transaction():
                await connection.execute("DELETE FROM alias WHERE id = $1", row["id"])
                await note_changes(connection, [row["id"], row["customer_id"]], lanes=LANES, now=self.now)

    async def export(self) -> None:
        await export(self.pool, self.duck, self.now)

    async def export_twice(self) -> None:
        other = Duck(self.duck.root, memory="200MB", threads=1)
        done = await asyncio.gather(self.export(), export(self.pool, other, self.now), return_exceptions=True)
        other.close()
        assert all(isinstance(o, (int, Conflict, asyncpg.SerializationError, type(None))) for o in done), done

    async def write_customers(self) -> None:
        await snapshot(self.pool, self.duck, self.pick.sample(range(LANES), self.pick.randint(1, LANES)))

    async def merge(self) -> None:
        async with self.pool.acquire() as connection:
            async with one_moment(connection, readonly=True) as moment:
                events = moment.events()
            if chosen := plan_merge(events, self.now) or events[: self.pick.randint(0, 3)]:
                await merge_files(connection, self.duck, chosen, self.now)

    async def tidy(self) -> None:
        async with self.pool.acquire() as connection:
            await sweep_files(connection, self.duck, self.now + timedelta(days=2))
            await drop_warm(connection, self.now, timedelta(days=self.pick.randint(1, 2)))

    async def sleep(self) -> None:
        if self.now < datetime.now(UTC) + timedelta(days=6):
            self.now += timedelta(hours=self.pick.randint(1, 20))

    def someone(self) -> UUID:
        return self.pick.choice(self.people)

    async def _stand(self, connection: Any, person: UUID, number: int) -> None:
        await connection.execute(
            "INSERT INTO standing (lane, customer_id, segments) VALUES ($1, $2, ARRAY[$3::integer]) "
            "ON CONFLICT (lane, customer_id) DO UPDATE SET segments = standing.segments || $3::integer",
            lane_of(person, LANES), person, number,
        )  # fmt: skip


EVERYDAY = [
    "come",
    "change",
    "act",
    "act",
    "act",
    "hear",
    "hear",
    "begin_late",
    "end_late",
    "end_late",
    "enter",
    "sleep",
]
SELDOM = ["leave", "build", "merge_people", "undo"]
KEEPING = ["export", "export", "export_twice", "write_customers", "merge", "tidy"]


@pytest.mark.parametrize("seed", range(4))
async def test_the_archive_is_what_postgresql_was_told(pool: Pool, archive: Archive, duck: Duck, seed: int) -> None:
    await pool.execute(MIRROR)
    world = World(pool, duck, seed)
    await world.come()
    done = []
    for _ in range(STEPS):
        step = world.pick.choice(world.pick.choice([EVERYDAY, EVERYDAY, SELDOM, KEEPING, KEEPING]))
        done.append(step)
        await getattr(world, step)()
        if step not in ("sleep", "begin_late"):
            assert await read_archive(archive) == await read_plainly(pool, "mirror"), (seed, done)
    while world.late:
        await world.end_late()
    await pass_events(pool)
    await world.export()
    await snapshot(pool, duck)
    await world.tidy()
    await same_answers(pool, archive)
    assert {"export", "write_customers", "merge", "tidy"} <= set(done)


async def same_answers(pool: Pool, archive: Archive) -> None:
    """Counts of both, each in its own SQL."""
    aliased = (
        "SELECT coalesce(a.customer_id, e.customer_id) AS id FROM mirror e LEFT JOIN alias a ON a.id = e.customer_id"
    )
    for times in (1, 3, 8):
        wanted = await pool.fetch(
            f"SELECT id FROM ({aliased} WHERE e.name = 'view' AND e.source <> 'forward') e JOIN customer c USING (id) "
            "WHERE c.id NOT IN (SELECT id FROM alias) GROUP BY id HAVING count(*) >= $1",
            times,
        )
        counted = await archive.count(bought(times, "view"), sample=1000)
        assert sorted(counted.sample) == sorted(r["id"] for r in wanted)
        assert counted.count == len(wanted)
        assert counted.total == await pool.fetchval(
            "SELECT count(*) FROM customer WHERE id NOT IN (SELECT id FROM alias)"
        )
    for number in (1, 2):
        members = Asked("SELECT id FROM customers WHERE list_contains(segments, $1)", (number,))
        assert (await archive.count(members)).count == await pool.fetchval(
            "SELECT count(*) FROM standing s JOIN customer c ON c.id = s.customer_id AND c.lane = s.lane "
            "WHERE $1 = ANY (segments) AND c.id NOT IN (SELECT id FROM alias)",
            number,
        )


KEEPER = """
import asyncio, sys
from pathlib import Path
from motet.archive import compact, keeper, snapshot
from motet.storage.pool import open_pool
keeper.EXPORT = keeper.TIDY = keeper.BUILDS = 0.01
keeper.IDLE = 0.0
snapshot.AT_LEAST = 1
compact.SEVERAL = 3

async def main():
    pool = await open_pool(sys.argv[1], size=2)
    await keeper.Keeper(pool, 8, Path(sys.argv[2]), memory="200MB").run(asyncio.Event())

asyncio.run(main())
"""


async def test_a_keeper_that_is_killed_again_and_again_loses_and_doubles_nothing(
    database: str, pool: Pool, archive: Archive, root: Path
) -> None:
    pick = random.Random(5)
    world = World(pool, archive.duck, 5)
    await world.come()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    written = 0
    for _ in range(6):
        keeper = subprocess.Popen([sys.executable, "-c", KEEPER, database, str(root)], env=environment)
        try:
            files = await pool.fetchval("SELECT count(*) FROM archive_file")
            deadline = asyncio.get_running_loop().time() + 30
            while await pool.fetchval("SELECT count(*) FROM archive_file") < files + 3:
                assert asyncio.get_running_loop().time() < deadline
                await world.act()
                await world.change()
                await world.hear()
            for _ in range(pick.randint(1, 12)):  # it is at work
                await world.act()
        finally:
            keeper.send_signal(signal.SIGKILL)
            keeper.wait()
        assert await read_archive(archive) == await read_plainly(pool)
        written = await pool.fetchval("SELECT count(*) FROM archive_file WHERE replaced_at IS NOT NULL")
    assert written > 0
