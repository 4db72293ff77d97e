"""Merges while events, identifies and engines run at the same time, and engines die: every event counts once."""

from __future__ import annotations

import asyncio
import contextlib
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from making import a_program, say, wait
from motet.audience.merges import list_merges
from motet.audience.people import Person, list_gone
from motet.audience.profiles import find_customer
from motet.audience.segments.store import apply_document
from motet.audience.segments.tallies import read_tallies
from motet.core.clock import to_ms
from motet.core.ids import lane_of, uuid7
from motet.core.program import Trigger
from motet.core.words import Channel, EnrollmentStatus
from motet.engine.loop import Engine
from motet.ingest.events import EventBuffer, RawEvent
from motet.storage.pool import Pool
from stage import LANES, Clock, an_engine, put_campaign, turn_all

USERS, DEVICES, PURCHASES = 8, 3, 4


def an_event(person: Person, name: str) -> RawEvent:
    return RawEvent(customer=person, name=name, at=datetime.now(UTC))


async def test_every_event_counts_once_whoever_merges_and_dies(pool: Pool) -> None:
    program = a_program(wait(3600), say(), trigger=Trigger(event="user_signup"))
    await put_campaign(pool, program)
    where = {"$did": {"event": "purchase"}}
    now = datetime.now(UTC)
    await apply_document(pool, {"kind": "segment", "name": "buyers", "where": where}, now, lanes=LANES)
    await _count_the_past(pool)
    buffers = [EventBuffer(pool, LANES) for _ in range(3)]
    stop = asyncio.Event()
    engines = asyncio.create_task(_run_engines(pool, stop))
    await asyncio.gather(*(_live(user, buffers) for user in range(USERS)))
    await asyncio.gather(*(buffer.close() for buffer in buffers))
    await asyncio.sleep(0.5)
    stop.set()
    await engines
    await _finish(pool)
    await _check(pool, program.id)


async def _live(user: int, buffers: list[EventBuffer]) -> None:
    """One person on several devices who names themselves on each at some moment; on two of them at the same time."""
    chance = random.Random(user)

    async def on_device(device: int) -> None:
        unknown = Person(anonymous_id=f"{user}-{device}")
        known = Person(user_id=f"user-{user}", anonymous_id=f"{user}-{device}")
        buffer = chance.choice(buffers)
        await buffer.add([an_event(unknown, "user_signup")])
        for n in range(PURCHASES):
            who = unknown if n < PURCHASES // 2 else known
            await chance.choice(buffers).add([an_event(who, "purchase"), an_event(unknown, "page")])
            await asyncio.sleep(chance.random() * 0.05)

    await asyncio.gather(*(on_device(device) for device in range(DEVICES)))


async def _run_engines(pool: Pool, stop: asyncio.Event) -> None:
    """Two workers; one after the other is killed in the middle of whatever it does, and its lanes are free at once."""

    def a_worker() -> Engine:
        return Engine(pool, lanes=LANES, worker_id=uuid7(to_ms(datetime.now(UTC))), channels=frozenset(Channel))

    running = [asyncio.create_task(a_worker().run(asyncio.Event())) for _ in range(2)]
    while not stop.is_set():
        await asyncio.sleep(0.4)
        await _kill(pool, running.pop(0))
        running.append(asyncio.create_task(a_worker().run(asyncio.Event())))
    for task in running:
        await _kill(pool, task)


async def _kill(pool: Pool, task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, BaseExceptionGroup):
        await task
    await pool.execute("DELETE FROM worker")
    await pool.execute("UPDATE lane SET expires_at = now() - interval '1 second' WHERE owner IS NOT NULL")


async def _count_the_past(pool: Pool) -> None:
    """A keeper says that there was nothing before."""
    engine = await an_engine(pool, Clock(datetime.now(UTC)))
    for _ in range(3):
        await turn_all(engine)
        await pool.execute("UPDATE build_lane SET status = 3 WHERE status = 2")
    await engine.lease.release_all()


async def _finish(pool: Pool) -> None:
    engine = await an_engine(pool, Clock(datetime.now(UTC) + timedelta(hours=2)))
    for _ in range(10):
        await turn_all(engine)


async def _check(pool: Pool, campaign: UUID) -> None:
    assert await pool.fetchval("SELECT count(*) FROM transfer WHERE done_at IS NULL") == 0
    assert await pool.fetchval("SELECT count(*) FROM customer") == USERS
    signups = enrolled = refused = 0
    for user in range(USERS):
        found = await find_customer(pool, LANES, f"user-{user}")
        assert found is not None
        lane, ids = lane_of(found.id, LANES), [found.id, *await list_gone(pool, found.id)]
        assert {m.status for m in await list_merges(pool, found.id, now=datetime.now(UTC))} <= {"merged"}
        raw = await pool.fetchval("SELECT tallies FROM standing WHERE lane = $1 AND customer_id = $2", lane, found.id)
        assert sum(tally.count for tally in read_tallies(raw).values()) == DEVICES * PURCHASES
        signups += await _count(pool, "event", ids, "name = 'user_signup' AND source <> 'forward'")
        enrolled += await _count(pool, "enrollment", [found.id])
        refused += await _count(pool, "decision", [found.id], "enrollment_id IS NULL")
    assert signups == USERS * DEVICES
    assert enrolled + refused == signups
    assert await pool.fetchval("SELECT count(*) FROM enrollment") == enrolled
    active = f"SELECT count(*) FROM enrollment WHERE status = {int(EnrollmentStatus.ACTIVE)}"
    assert await pool.fetchval("SELECT sum(entered - departed) FROM step_stat") == await pool.fetchval(active)
    assert await pool.fetchval("SELECT sum(members) FROM segment_count WHERE number > 0") == USERS


async def _count(pool: Pool, table: str, ids: list[UUID], where: str = "true") -> int:
    return int(await pool.fetchval(f"SELECT count(*) FROM {table} WHERE customer_id = ANY ($1) AND {where}", ids))
