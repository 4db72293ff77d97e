"""A clock that jumps an hour, both ways, under an engine and a sender that run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from delivering import BRAND
from faults.conftest import SECRET
from faults.crew import tell, until
from faults.oracle import judge
from faults.providers import Receiver
from making import a_program, wait
from motet.channels.base import Context
from motet.channels.egress import Egress
from motet.channels.registry import open_provider
from motet.core.clock import to_ms
from motet.core.ids import uuid7
from motet.core.program import Trigger
from motet.core.words import Channel
from motet.delivery.service import Delivery
from motet.engine.loop import Engine
from motet.storage.lanes import Lease
from motet.storage.pool import Pool
from stage import LANES, NOW, put_campaign, put_customers

HOUR = timedelta(hours=1)
PATIENCE = timedelta(minutes=30)


class Jumping:
    """The real clock and what somebody set it off by."""

    def __init__(self) -> None:
        self.off = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.off


@asynccontextmanager
async def running(pool: Pool, receiver: Receiver, clock: Callable[[], datetime]) -> AsyncIterator[None]:
    """An engine and a sender in this process, with the real provider of webhooks."""
    egress, stop = Egress([f"127.0.0.1:{receiver.port}"]), asyncio.Event()
    provider = open_provider(Channel.WEBHOOK, f"standard://{SECRET}", Context(egress=egress))
    engine = Engine(pool, lanes=LANES, worker_id=uuid7(to_ms(NOW)), channels=frozenset({Channel.WEBHOOK}), clock=clock)
    delivery = Delivery(
        pool, lanes=LANES, worker_id=uuid7(to_ms(NOW)), providers={Channel.WEBHOOK: provider}, brand=BRAND, clock=clock
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(engine.run(stop))
        group.create_task(delivery.run(stop))
        try:
            yield
        finally:
            stop.set()
    await egress.close()


async def test_a_clock_that_jumps_an_hour_sends_nothing_early_nothing_twice_and_goes_on(
    pool: Pool, receiver: Receiver, haste: None
) -> None:
    program = a_program(
        receiver.hook("first"), wait(PATIENCE.total_seconds(), "now"), receiver.hook("second"),
        trigger=Trigger(event="go"),
    )  # fmt: skip
    await put_campaign(pool, program)
    customers = await put_customers(pool, 600)
    before, back, after = customers[:200], customers[200:400], customers[400:]
    clock = Jumping()

    async with running(pool, receiver, clock):
        await _hear(pool, receiver, before, "first")
        assert _names(receiver, "second") == set()

        clock.off = HOUR  # half an hour has passed by this clock, and more: the second is due
        await _until_arrived(receiver, 200, "second")

        await _hear(pool, receiver, back, "first")  # by the wrong clock: their second is due in an hour and a half
        clock.off = timedelta()
        await _hear(pool, receiver, after, "first")  # nobody waits for the clock to come there again
        await asyncio.sleep(2)
        assert _names(receiver, "second") == _externals(customers, before)

        clock.off = PATIENCE + timedelta(minutes=1)
        await _until_arrived(receiver, 400, "second")
        assert _names(receiver, "second") == _externals(customers, [*before, *after])

        clock.off = HOUR + PATIENCE + timedelta(minutes=1)
        await _until_arrived(receiver, 600, "second")
        await until(pool, "SELECT NOT EXISTS (SELECT FROM message WHERE status IN (1, 2))")

    figures = await judge(pool, {Channel.WEBHOOK: receiver}, told=customers, steps=2)
    early = await pool.fetch(
        "SELECT s.customer_id, f.approved_at AS first, s.approved_at AS second FROM message s "
        "JOIN message f ON f.lane = s.lane AND f.customer_id = s.customer_id AND f.step = 0 "
        "WHERE s.step = 2 AND s.approved_at < f.approved_at + $1::interval",
        PATIENCE,
    )
    assert early == []
    print(f"forward, back and forward again: {figures}")


async def test_a_database_clock_that_goes_back_an_hour_leaves_no_lane_to_the_dead(pool: Pool) -> None:
    """Leases are the database's own times: what was written before it went back lies an hour ahead."""
    dead, alive, heir = (Lease(pool, uuid7(to_ms(NOW)), LANES) for _ in range(3))
    await dead.balance()
    await alive.balance()
    await dead.balance()
    await alive.balance()
    assert (len(dead.held), len(alive.held)) == (LANES // 2, LANES // 2)
    await pool.execute("UPDATE lane SET expires_at = expires_at + interval '1 hour'")
    await pool.execute("UPDATE worker SET seen_at = seen_at + interval '1 hour'")
    await alive.balance()
    await heir.balance()
    await alive.balance()
    await heir.balance()
    assert len(alive.held) + len(heir.held) == LANES


async def _hear(pool: Pool, receiver: Receiver, customers: list[UUID], step: str) -> None:
    """Tells them, and waits until each has been called: a jump may not keep that from being prompt."""
    so_far = len(_names(receiver, step))
    await tell(pool, customers)
    await _until_arrived(receiver, so_far + len(customers), step)


async def _until_arrived(receiver: Receiver, many: int, step: str) -> None:
    try:
        async with asyncio.timeout(90):
            while len(_names(receiver, step)) < many:
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{len(_names(receiver, step))} of {many} have heard {step!r}") from None


def _names(receiver: Receiver, step: str) -> set[str]:
    return {arrival.to for arrival in receiver.log if arrival.step == step}


def _externals(everybody: list[UUID], some: list[UUID]) -> set[str]:
    places = {customer: n for n, customer in enumerate(everybody)}
    return {f"c{places[customer]}" for customer in some}
