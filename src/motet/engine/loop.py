"""The engine: owns lanes, and turns each as long as something waits in it.

wake    a notification, a timer that comes due, or the look that happens anyway every SURVEY seconds
load    new events in order, due timers, the next slice of a launch, and the customers they touch
think   pure: who enters, where everybody stands next, what to say and what not
commit  all of it in one transaction that holds the lane's fence
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from uuid import UUID

import structlog

from motet.core.clock import to_ms
from motet.core.errors import LeaseLost
from motet.core.ids import uuid7_floor
from motet.core.words import Channel
from motet.engine.calendar import keep_calendar, keep_house
from motet.engine.commit import commit, commit_apart
from motet.engine.load import LATE, load
from motet.engine.think import think, think_apart
from motet.engine.world import World, make_world
from motet.journeys.runner import Runnable
from motet.storage.lanes import BEAT, Lease
from motet.storage.pool import TROUBLE, UNFIT, Pool
from motet.storage.programs import load_policy, load_programs
from motet.storage.sql import sql
from motet.storage.turns import Turns
from motet.storage.wakes import Wakes

log = structlog.get_logger()

AT_ONCE = 3  # lanes turned at the same time: while one waits for the database another thinks
SURVEY = 5.0  # seconds between looks that no notification asked for
CALENDAR = 2.0
HOUSE = 3600.0


class Engine:
    """One worker over its share of the lanes. `run` ends when `stop` is set, with every lane given back."""

    def __init__(
        self,
        pool: Pool,
        *,
        lanes: int,
        worker_id: UUID,
        channels: frozenset[Channel],
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.pool = pool
        self.lanes = lanes
        self.lease = Lease(pool, worker_id, lanes)
        self.channels = channels
        self.now = clock or (lambda: datetime.now(UTC))
        self.world: World | None = None
        self.version = 0  # rises when a campaign changes, so that a picture begun before is not kept
        self.known: dict[UUID, Runnable] = {}  # revisions never change: what was made ready once is kept
        self.turns = Turns(self.now)

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop`. A database that goes away is waited for."""
        async with Wakes(self.pool, ("motet_work",), self._heard) as wakes, asyncio.TaskGroup() as group:
            await self._refresh()
            await self._balance()
            keepers = [
                group.create_task(self._every(BEAT, self._balance, stop)),
                group.create_task(self._every(SURVEY, self._survey, stop)),
                group.create_task(self._every(CALENDAR, self._keep_calendar, stop)),
                group.create_task(self._every(HOUSE, self._keep_house, stop)),
                group.create_task(wakes.watch()),
            ]
            for _ in range(AT_ONCE):
                group.create_task(self._turn_lanes(stop))
            await stop.wait()
            self.turns.stop()
            for keeper in keepers:
                keeper.cancel()
        await self.lease.release_all()

    # wake ----------------------------------------------------------------------------------------------------

    def _heard(self, channel: str, payload: str) -> None:
        """A notification: `lanes:1,2,3`, or a word that asks for a look at everything."""
        kind, _, rest = payload.partition(":")
        if kind == "lanes":
            self._mark(int(lane) for lane in rest.split(",") if lane.isdecimal())
        else:
            self.forget_world()
            self._mark(self.lease.held)

    def _mark(self, lanes: Iterable[int]) -> None:
        self.turns.mark(lane for lane in lanes if lane in self.lease.held)

    async def _balance(self) -> None:
        self._mark(await self.lease.balance())

    async def _survey(self) -> None:
        """Which of our lanes have something waiting, and when the next timer of each is due."""
        world = await self._refresh()
        now = self.now()
        floor = uuid7_floor(to_ms(now - LATE))
        rows = await self.pool.fetch(sql("engine.survey"), list(self.lease.held), world.idle, world.running, floor)
        for row in rows:
            self.turns.plan(row["lane"], row["next_due"])
        self._mark(r["lane"] for r in rows if r["events"] or r["launching"])

    # load, think, commit -------------------------------------------------------------------------------------

    async def _turn_lanes(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            lane = self.turns.take()
            if lane is None:
                await self.turns.wait(SURVEY)
                continue
            more = False
            try:
                if lane in self.lease.held:
                    more = await self.turn(lane)
            except LeaseLost as lost:
                log.warning("lane lost", lane=lane, detail=str(lost))
            except TROUBLE as error:
                log.warning("turn failed, will try again", lane=lane, error=repr(error))
                more = True
                await asyncio.sleep(0.5)
            finally:
                self.turns.done(lane, more=more)

    async def turn(self, lane: int) -> bool:
        """One batch of one lane. Returns whether more waits."""
        fence = self.lease.fence(lane)
        world = await self._refresh()
        async with self.pool.acquire() as connection:
            batch = await load(connection, lane, fence, world, self.now())
            if not batch.empty:
                try:
                    await commit(connection, self.lease, batch, think(batch, world))
                except UNFIT:
                    await commit_apart(connection, self.lease, batch, think_apart(batch, world))
            self.turns.plan(lane, await connection.fetchval(sql("engine.next_due"), lane, world.idle))
        return batch.full

    # the rest ------------------------------------------------------------------------------------------------

    async def _refresh(self) -> World:
        """The world, read again when a campaign has changed; one that changed while it was read is read once more."""
        while (world := self.world) is None:
            version = self.version
            programs, campaigns = await load_programs(self.pool)
            made = make_world(programs, campaigns, await load_policy(self.pool), self.channels, self.known)
            self.known = made.runnables
            if version == self.version:
                self.world = made
        return world

    def forget_world(self) -> None:
        self.version += 1
        self.world = None

    async def _keep_calendar(self) -> None:
        if 0 in self.lease.held:
            world = await self._refresh()
            async with self.pool.acquire() as connection:
                await keep_calendar(connection, world, self.now())

    async def _keep_house(self) -> None:
        if 0 in self.lease.held:
            async with self.pool.acquire() as connection:
                await keep_house(connection, self.now())

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await work()
            except TROUBLE as error:
                log.warning("will try again", work=work.__name__, error=repr(error))
            await asyncio.sleep(seconds)
