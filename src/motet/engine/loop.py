"""The engine: owns lanes, and turns each as long as something waits in it.

wake    a notification, a timer that comes due, or the look that happens anyway every SURVEY seconds
load    new events in order, due timers, the next slice of a launch, and the customers they touch
think   pure: who enters, where everybody stands next, what to say and what not
commit  all of it in one transaction that holds the lane's fence
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, tzinfo
from functools import partial
from uuid import UUID

import structlog

from motet.audience.segments.book import EMPTY, SegmentBook
from motet.audience.segments.store import load_book, require_measures, settle_builds
from motet.core.clock import to_ms
from motet.core.errors import LeaseLost
from motet.core.ids import uuid7_floor
from motet.core.words import Channel
from motet.engine.batch import Batch
from motet.engine.calendar import keep_calendar, keep_house
from motet.engine.commit import Overspent, commit, commit_apart
from motet.engine.load import LATE, Outdated, load
from motet.engine.merging import carry_merges
from motet.engine.think import give_up, think, think_apart
from motet.engine.world import World, make_world, measures_of
from motet.journeys.runner import Runnable
from motet.storage.lanes import BEAT, Lease
from motet.storage.pool import TROUBLE, UNFIT, Connection, Pool
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
        zone: tzinfo = UTC,
    ) -> None:
        """`zone` is the brand's: where its days, weeks and months begin."""
        self.pool = pool
        self.lanes = lanes
        self.lease = Lease(pool, worker_id, lanes)
        self.channels = channels
        self.now = clock or (lambda: datetime.now(UTC))
        self.zone = zone
        self.world: World | None = None
        self.version = 0  # rises when a campaign changes, so that a picture begun before is not kept
        self.known: dict[UUID, Runnable] = {}  # revisions never change: what was made ready once is kept
        self.book: SegmentBook = EMPTY
        self.turns = Turns(self.now)
        self._reading = asyncio.Lock()

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
            self._mark((int(lane) for lane in rest.split(",") if lane.isdecimal()), first=True)
        else:
            self.forget_world()
            self._mark(self.lease.held)

    def _mark(self, lanes: Iterable[int], *, first: bool = False) -> None:
        """What was told of goes before what is behind, so that a pile of timers holds up no event."""
        self.turns.mark((lane for lane in lanes if lane in self.lease.held), first=first)

    async def _balance(self) -> None:
        self._mark(await self.lease.balance())

    async def _survey(self) -> None:
        """Which of our lanes have something waiting, and when the next timer of each is due."""
        world = await self._refresh()
        now = self.now()
        floor = uuid7_floor(to_ms(now - LATE))
        lanes, timed = list(self.lease.held), bool(world.book.timed)
        rows = await self.pool.fetch(sql("engine.survey"), lanes, world.idle, world.running, floor, timed)
        for row in rows:
            self.turns.plan(row["lane"], row["next_due"])
        self._mark(r["lane"] for r in rows if r["events"] or r["launching"] or r["building"] or r["merging"])

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
        said = False
        async with self.pool.acquire() as connection:
            try:
                batch = await load(connection, lane, fence, world, self.now())
                if not batch.empty:
                    said = await self._work(connection, batch, world)
            except Outdated:
                self.forget_world()
                return True
            except Overspent:
                return True
            if batch.merging:
                said |= await carry_merges(connection, self.lease, lane, fence, self.now(), lanes=self.lanes)
            due = "engine.next_due_or_flip" if world.book.timed else "engine.next_due"
            self.turns.plan(lane, await connection.fetchval(sql(due), lane, world.idle))
        if batch.ground is not None and batch.ground.finished:
            await self._settle()
        return batch.full or said

    async def _work(self, connection: Connection, batch: Batch, world: World) -> bool:
        """Thinks and commits. Returns whether the log says something new that is awaited."""
        try:
            effects = think(batch, world)
            await commit(connection, self.lease, batch, effects)
        except UNFIT:
            instead = partial(give_up, batch, world)
            await commit_apart(connection, self.lease, batch, think_apart(batch, world), instead)
            return True
        return any(world.awaits(name) for name in effects.said)

    # the rest ------------------------------------------------------------------------------------------------

    async def _refresh(self) -> World:
        """The world, read again when a campaign or a segment has changed; one that changed while it was read is read
        once more. One reads it, and the others wait for that."""
        if self.world is not None:
            return self.world
        async with self._reading:
            return await self._read_world()

    async def _read_world(self) -> World:
        while (world := self.world) is None:
            version = self.version
            broken: dict[UUID, str] = {}
            programs, campaigns = await load_programs(self.pool, broken)
            book = await load_book(self.pool, self.book)
            known = self.known if book.traits == self.book.traits else {}
            policy = await load_policy(self.pool)
            made = make_world(programs, campaigns, policy, self.channels, known, book, self.zone, broken)
            self.known, self.book = made.runnables, book
            missing = [m for m in measures_of(made.runnables.values()) if not book.lookup.find(m)]
            if missing and await require_measures(self.pool, missing, self.now()):
                continue
            if version == self.version:
                self.world = made
        return world

    async def _settle(self) -> None:
        """Takes in what builds every lane is done with."""
        if await settle_builds(self.pool, self.now()):
            self.forget_world()

    def forget_world(self) -> None:
        self.version += 1
        self.world = None

    async def _keep_calendar(self) -> None:
        if 0 in self.lease.held:
            world = await self._refresh()
            async with self.pool.acquire() as connection:
                await keep_calendar(connection, world, self.now())
            if world.book.builds:
                await self._settle()

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
