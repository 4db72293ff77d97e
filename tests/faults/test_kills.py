"""Workers that are killed, stopped and replaced while a campaign runs."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from uuid import UUID

import pytest

from faults.crew import Crew, Feed, held_by, in_hand_of, tell, until, until_ended, waits_for
from faults.oracle import judge
from faults.providers import MailServer, Receiver
from making import a_program, say
from motet.core.clock import to_ms
from motet.core.ids import uuid7
from motet.core.program import Trigger
from motet.core.words import Channel
from motet.storage.lanes import Lease
from motet.storage.pool import TROUBLE, Pool
from stage import LANES, NOW, put_campaign, put_customers

KILLS = 20


async def test_twenty_kills_of_sender_and_engine_lose_and_double_nothing(
    pool: Pool, crew: Crew, receiver: Receiver, mail: MailServer
) -> None:
    program = a_program(receiver.hook(), say("email", "write"), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    async with Feed(pool, await put_customers(pool, 6_000)) as feed:
        engine, sender = crew.engine(), crew.sender()
        in_hand: set[UUID] = set()
        began = time.monotonic()
        for kill in range(KILLS):
            if kill % 2:
                entered = await pool.fetchval("SELECT count(*) FROM enrollment")
                await until(pool, "SELECT count(*) > $1 FROM enrollment", entered, crew=crew, every=0.01)
                await asyncio.sleep(random.uniform(0, 0.1))
                engine.kill()
                engine = crew.engine()
            else:
                while not await in_hand_of(pool, sender):
                    await asyncio.sleep(0.002)
                    assert time.monotonic() - began < 300, crew.said()
                await asyncio.sleep(random.uniform(0, 0.05))  # between the claim, the wire and the record
                sender.kill()
                in_hand |= await in_hand_of(pool, sender)
                await asyncio.sleep(0.05)  # a statement of the dead may still have been on its way
                in_hand |= await in_hand_of(pool, sender)
                sender = crew.sender()
        took = time.monotonic() - began
        told = await feed.stop()
        await until_ended(pool, len(told), crew=crew)
        figures = await judge(
            pool, {Channel.WEBHOOK: receiver, Channel.EMAIL: mail}, told=told, steps=2, in_hand=in_hand
        )
        assert in_hand, "no kill landed in the middle"
        print(f"{KILLS} kills in {took:.1f} s over {len(told)} customers, {len(in_hand)} in hand: {figures}")


async def test_the_lanes_of_a_killed_engine_are_taken_over_in_fifteen_seconds(
    pool: Pool, crew: Crew, receiver: Receiver, mail: MailServer
) -> None:
    """With the leases as they ship."""
    program = a_program(receiver.hook(), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    customers = await put_customers(pool, 400)
    first, second, _ = crew.engine(hasty=False), crew.engine(hasty=False), crew.sender(hasty=False)
    half = "SELECT count(DISTINCT owner) = 2 AND bool_and(owner IS NOT NULL) FROM lane"
    await until(pool, half, crew=crew)
    orphaned = await held_by(pool, first)
    assert 0 < len(orphaned) < LANES
    first.kill()
    began = time.monotonic()
    lateness = asyncio.create_task(_measure_lateness())
    await tell(pool, customers)
    await until(
        pool, "SELECT bool_and(split_part(w.detail, ':', 2) = $1::text) FROM lane l JOIN worker w ON w.id = l.owner "
        "HAVING count(*) = $2", str(second.pid), LANES, crew=crew
    )  # fmt: skip
    taken = time.monotonic() - began
    lateness.cancel()
    late = await lateness
    await until_ended(pool, len(customers), crew=crew)
    spoken = time.monotonic() - began
    await judge(pool, {Channel.WEBHOOK: receiver, Channel.EMAIL: mail}, told=customers, steps=1)
    print(f"{len(orphaned)} lanes taken over after {taken:.1f} s ({late:.1f} s late); all said after {spoken:.1f} s")
    assert taken <= 15 + late


async def _measure_lateness() -> float:
    """Seconds by which this process came too late until it is cancelled: what a loaded machine takes from everybody."""
    late = 0.0
    try:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.05)
            late += time.monotonic() - began - 0.05
    except asyncio.CancelledError:
        return late


async def test_workers_stopped_past_their_lease_and_woken_double_nothing(
    pool: Pool, crew: Crew, receiver: Receiver, mail: MailServer
) -> None:
    program = a_program(receiver.hook(), say("email", "write"), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    receiver.pause = 0.05  # so that a stop finds something in hand
    async with Feed(pool, await put_customers(pool, 4_000), at_once=40) as feed:
        engines, senders = [crew.engine(), crew.engine()], [crew.sender(), crew.sender()]
        await until(pool, "SELECT count(DISTINCT owner) = 2 FROM lane", crew=crew)
        in_hand: set[UUID] = set()
        for turn in range(2):
            sleeper, drowsy = engines[turn], senders[turn]
            await until(pool, "SELECT count(*) > $1 FROM enrollment", len(feed.told) // 2, crew=crew)
            fences = {row["lane"]: row["fence"] for row in await pool.fetch("SELECT lane, fence FROM lane")}
            lanes = await held_by(pool, sleeper)
            async with asyncio.timeout(60):
                while not await in_hand_of(pool, drowsy):
                    await asyncio.sleep(0.002)
            for worker in (sleeper, drowsy):
                worker.send(signal.SIGSTOP)
            in_hand |= await in_hand_of(pool, drowsy)
            deadline = time.monotonic() + 60  # others take the lanes, and settle what was in hand
            while (kept := await held_by(pool, sleeper)) | (holding := await in_hand_of(pool, drowsy)):
                waiting = f"lanes {kept}, messages {len(holding)} are still theirs; {await waits_for(pool)}"
                assert time.monotonic() < deadline, waiting
                await asyncio.sleep(0.1)
            for worker in (sleeper, drowsy):
                worker.send(signal.SIGCONT)
            after = {row["lane"]: row["fence"] for row in await pool.fetch("SELECT lane, fence FROM lane")}
            assert all(after[lane] > fences[lane] for lane in lanes)
            await asyncio.sleep(1.0)
        told = await feed.stop()
        receiver.pause = 0.0
        assert all(worker.alive for worker in (*engines, *senders)), crew.said()
        await until_ended(pool, len(told), crew=crew)
        figures = await judge(
            pool, {Channel.WEBHOOK: receiver, Channel.EMAIL: mail}, told=told, steps=2, in_hand=in_hand
        )
        print(f"two stops of an engine and a sender over {len(told)} customers, {len(in_hand)} in hand: {figures}")


async def test_a_worker_that_stands_still_in_the_middle_of_a_commit_loses_its_lanes(pool: Pool, haste: None) -> None:
    """Its transaction is open and locks a lane; nobody waits for that lock, and everything of it is taken back."""
    still, other = (Lease(pool, uuid7(to_ms(NOW)), LANES) for _ in range(2))
    await still.balance()
    assert len(still.held) == LANES
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await still.lock(connection, 3, still.fence(3))
        await connection.execute("UPDATE lane SET at_xid = '7' WHERE lane = 3")
        began = time.monotonic()
        while len(other.held) < LANES:
            async with asyncio.timeout(20):  # a heartbeat that waited for the lock would wait for ever
                await other.balance()
            assert time.monotonic() - began < 60, f"it holds {sorted(other.held)}; {await waits_for(pool)}"
            await asyncio.sleep(0.1)
        with pytest.raises(TROUBLE):
            await transaction.commit()
    assert await pool.fetchval("SELECT at_xid::text FROM lane WHERE lane = 3") == "0"
