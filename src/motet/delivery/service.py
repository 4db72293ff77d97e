"""All channels that one process delivers: a `ChannelPool` each, heartbeats, wakes, a clean stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, tzinfo
from uuid import UUID

import structlog

from motet.channels.base import Provider
from motet.content.render import Brand
from motet.core.words import Channel
from motet.delivery.campaigns import Campaigns
from motet.delivery.limits import Limits
from motet.delivery.pipeline import SURVEY, ChannelPool
from motet.delivery.pulse import Pulse
from motet.delivery.rendering import Renderers
from motet.delivery.troubles import Told, tell
from motet.storage.lanes import BEAT, beat, forget
from motet.storage.pool import TROUBLE, Pool
from motet.storage.wakes import Wakes

log = structlog.get_logger()


class Delivery:
    """The pools of all channels that this process serves. `run` ends when `stop` is set."""

    def __init__(
        self,
        pool: Pool,
        *,
        lanes: int,
        worker_id: UUID,
        providers: dict[Channel, Provider],
        brand: Brand,
        clock: Callable[[], datetime] | None = None,
        zone: tzinfo = UTC,
        limits: Limits | None = None,
    ) -> None:
        """`zone` is the brand's: where the days and months of computed traits begin."""
        self.pool = pool
        self.lanes = lanes
        self.worker_id = worker_id
        self.providers = providers
        self.campaigns = Campaigns(pool)
        self.pulse = Pulse()
        self._told: Told = []
        now = clock or (lambda: datetime.now(UTC))
        renderers = Renderers(brand)
        self.pools = {
            channel: ChannelPool(
                pool,
                channel,
                provider,
                lanes=lanes,
                worker_id=worker_id,
                campaigns=self.campaigns,
                renderers=renderers,
                clock=now,
                zone=zone,
                limits=limits,
                pulse=self.pulse,
            )
            for channel, provider in providers.items()
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop`, finishes what is in hand, and takes itself off the register."""
        await self._beat()
        for provider in self.providers.values():
            await provider.open()
        try:
            await self._run(stop)
        finally:
            for provider in self.providers.values():
                await provider.close()
        await forget(self.pool, self.worker_id)
        await tell(self.pool, self.worker_id, {}, self._told)

    async def _run(self, stop: asyncio.Event) -> None:
        wakes = Wakes(self.pool, ("motet_delivery", "motet_work"), self._heard)
        async with wakes, asyncio.TaskGroup() as group:
            keepers = [group.create_task(self._every(BEAT, self._beat)), group.create_task(wakes.watch())]
            keepers += [group.create_task(self._every(SURVEY, pool.survey)) for pool in self.pools.values()]
            workers = [
                group.create_task(pool.work(stop, share))
                for pool in self.pools.values()
                for share in (pool.first, pool.rest)
                for _ in range(share.workers)
            ]
            await stop.wait()
            for pool in self.pools.values():
                pool.first.turns.stop()
                pool.rest.turns.stop()
            await asyncio.gather(*workers)  # what is in hand is finished, and the heart beats until then
            for keeper in keepers:
                keeper.cancel()
        for pool in self.pools.values():
            await pool.take_back()  # else others would hold it for sent, perhaps

    async def _beat(self) -> None:
        at = self.pulse.read()
        await beat(self.pool, self.worker_id, "delivery")
        self.pulse.beat(at)
        self._told = await tell(self.pool, self.worker_id, self.pools, self._told)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except TROUBLE as error:
                log.warning("will try again", work=work.__name__, error=repr(error))
            await asyncio.sleep(seconds)

    def _heard(self, channel: str, payload: str) -> None:
        """`motet_delivery` names what waits (`lane:channel,...`); a word on `motet_work`: campaigns changed."""
        if channel == "motet_work":
            if not payload.startswith("lanes:"):
                self.campaigns.stale = True
            return
        if not payload:  # something may have been missed
            self.campaigns.stale = True
            for each in self.pools.values():
                each.mark(range(self.lanes))
            return
        for part in payload.split(","):
            lane, _, number = part.partition(":")
            pool = self.pools.get(Channel(int(number)))
            if pool is not None:
                pool.mark([int(lane)])
