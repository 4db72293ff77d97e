"""The overview: the whole house on one screen."""

from __future__ import annotations

import asyncio
from datetime import datetime
from time import monotonic
from uuid import UUID

import msgspec

from motet.analytics.definitions import Campaign, Definitions
from motet.analytics.figures import NOTHING, Figures, Snapshot
from motet.analytics.rows import (
    CampaignRow,
    ChannelRow,
    SeriesPoint,
    Totals,
    shape_campaign,
    shape_channels,
    shape_series,
    shape_totals,
    sum_channels,
)
from motet.core.metrics import Metric
from motet.storage.lanes import LEASE
from motet.storage.pool import Pool, Record
from motet.storage.sql import sql

_RARE = 20  # a slow count is made again after so many times what it took


class Waiting(msgspec.Struct, frozen=True):
    """`approved` messages wait for delivery; `timers_due` enrollments wait for the engine."""

    approved: int
    timers_due: int


class WorkerRow(msgspec.Struct, frozen=True):
    """`alive` is false when it was not heard of for a lease."""

    id: UUID
    kind: str
    detail: str
    seen_at: datetime
    alive: bool


class Overview(msgspec.Struct, frozen=True):
    """`last_hour` is an estimate from counts by clock hour."""

    now: datetime
    customers: int
    enrollments_active: int
    totals: Totals
    last_hour: Totals
    channels: list[ChannelRow]
    campaigns: list[CampaignRow]
    waiting: Waiting
    workers: list[WorkerRow]
    series: list[SeriesPoint]


class Sizes(msgspec.Struct, frozen=True):
    customers: int = 0
    approved: int = 0
    timers_due: int = 0


class OverviewReport:
    """Reads overviews. One for a process."""

    def __init__(self, pool: Pool, figures: Figures, definitions: Definitions) -> None:
        self._pool = pool
        self._figures = figures
        self._definitions = definitions
        self._sizes = Sizes()
        self._measure_at = 0.0
        self._measuring = asyncio.Lock()

    async def read(self, now: datetime) -> Overview:
        snapshot = await self._figures.read(now)
        campaigns = await self._definitions.list_campaigns()
        workers = await list_workers(self._pool)
        return shape_overview(snapshot, campaigns, workers, await self.measure(now))

    async def measure(self, now: datetime) -> Sizes:
        """Counts that grow with the house, made seldom enough that they take a twentieth of the time at most."""
        async with self._measuring:
            begun = monotonic()
            if begun >= self._measure_at:
                customers = await self._pool.fetchval(sql("analytics.count_customers"))
                waiting = await self._pool.fetchrow(sql("analytics.count_waiting"), now)
                assert waiting is not None
                self._sizes = Sizes(customers, waiting["approved"], waiting["timers_due"])
                self._measure_at = monotonic() + _RARE * (monotonic() - begun)
            return self._sizes


async def list_workers(pool: Pool) -> list[WorkerRow]:
    rows = await pool.fetch(sql("analytics.list_workers"), LEASE)
    return [_shape_worker(row) for row in rows]


def _shape_worker(row: Record) -> WorkerRow:
    return WorkerRow(row["id"], row["kind"], row["detail"], row["seen_at"], row["alive"])


def shape_overview(snapshot: Snapshot, campaigns: list[Campaign], workers: list[WorkerRow], sizes: Sizes) -> Overview:
    """Pure: everything on the screen from what was read."""
    places = snapshot.by_place()
    totals = sum_channels(places)
    finished = totals.get(Metric.FINISHED, NOTHING).count
    return Overview(
        now=snapshot.at,
        customers=sizes.customers,
        enrollments_active=max(0, totals.get(Metric.ENROLLED, NOTHING).count - finished),
        totals=shape_totals(totals),
        last_hour=shape_totals(snapshot.last_hour()),
        channels=shape_channels(places, []),
        campaigns=[shape_campaign(campaign, snapshot) for campaign in campaigns],
        waiting=Waiting(sizes.approved, sizes.timers_due),
        workers=workers,
        series=shape_series(snapshot),
    )


def is_same(one: Overview, other: Overview) -> bool:
    """Whether two overviews differ in nothing but the clock and the heartbeats."""
    return _without_clock(one) == _without_clock(other)


def _without_clock(overview: Overview) -> Overview:
    workers = [msgspec.structs.replace(worker, seen_at=datetime.min) for worker in overview.workers]  # noqa: DTZ901
    return msgspec.structs.replace(overview, now=datetime.min, workers=workers)  # noqa: DTZ901
