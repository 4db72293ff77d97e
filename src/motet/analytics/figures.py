"""The counts of all campaigns, read cheaply enough for a screen that updates every second.

Hours that are over are summed once and kept in memory; each read adds the rows of the present hours, a short range of
the key in each lane. Hours count as over ten minutes after their end, and the sum is made again every ten minutes,
so a batch that committed late is counted by then.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from motet.core.metrics import Metric
from motet.storage.pool import Pool, Record
from motet.storage.sql import sql

HOUR = timedelta(hours=1)
SERIES = 24  # hours that a series shows, the present one included
_LATE = timedelta(minutes=10)
_AGAIN = timedelta(minutes=10)

Place = tuple[int, Metric]  # channel (0: not of one channel), metric
Key = tuple[UUID, Place]  # campaign first


class Tally(msgspec.Struct, frozen=True):
    """How often, and what it was worth."""

    count: int = 0
    value: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.count + other.count, self.value + other.value)


NOTHING = Tally()


class Snapshot(msgspec.Struct, frozen=True):
    """Every count at one moment: over all time by campaign, and by hour for the last SERIES hours and one more."""

    at: datetime
    totals: dict[UUID, dict[Place, Tally]]
    hours: dict[tuple[datetime, Key], Tally]

    def by_place(self) -> dict[Place, Tally]:
        """Over all campaigns."""
        found: defaultdict[Place, Tally] = defaultdict(Tally)
        for tallies in self.totals.values():
            for place, tally in tallies.items():
                found[place] += tally
        return dict(found)

    def of_campaign(self, campaign: UUID) -> dict[Place, Tally]:
        return self.totals.get(campaign, {})

    def last_hour(self) -> dict[Metric, Tally]:
        """Roughly the last sixty minutes: this clock hour, and of the one before the share that is not past yet.

        Counts are kept by clock hour, so the share is an estimate, as if they had come evenly.
        """
        present = floor_hour(self.at)
        share = 1 - (self.at - present) / HOUR
        found: defaultdict[Metric, Tally] = defaultdict(Tally)
        for (hour, (_, (_, metric))), tally in self.hours.items():
            if hour == present:
                found[metric] += tally
            elif hour == present - HOUR:
                found[metric] += Tally(round(tally.count * share), round(tally.value * share, 2))
        return dict(found)


class Figures:
    """Reads snapshots. One for a process: it remembers the hours that are over."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lock = asyncio.Lock()
        self._settled: dict[UUID, dict[Place, Tally]] = {}
        self._hours: dict[tuple[datetime, Key], Tally] = {}
        self._border: datetime | None = None  # hours before it are in memory
        self._settled_at: datetime | None = None

    async def read(self, now: datetime) -> Snapshot:
        """Every count as committed when this is called."""
        border = floor_hour(now - _LATE)
        async with self._lock:
            if self._settled_at is None or border != self._border or now - self._settled_at >= _AGAIN:
                await self._settle(border, now)
        totals, hours = {c: dict(tallies) for c, tallies in self._settled.items()}, dict(self._hours)
        recent = read_hours(await self._pool.fetch(sql("analytics.read_hours"), border, None))
        hours.update(recent)
        for (_, (campaign, place)), tally in recent.items():
            tallies = totals.setdefault(campaign, {})
            tallies[place] = tallies.get(place, NOTHING) + tally
        return Snapshot(now, totals, hours)

    async def _settle(self, border: datetime, now: datetime) -> None:
        rows = await self._pool.fetch(sql("analytics.read_settled"), border)
        since = floor_hour(now) - SERIES * HOUR
        self._hours = read_hours(await self._pool.fetch(sql("analytics.read_hours"), since, border))
        self._settled = {}
        for row in rows:
            tallies = self._settled.setdefault(row["campaign_id"], {})
            tallies[row["channel"], Metric(row["metric"])] = Tally(row["count"], row["value"])
        self._border, self._settled_at = border, now


def read_hours(rows: Iterable[Record]) -> dict[tuple[datetime, Key], Tally]:
    """Rows of `read_hours` by hour and key."""
    return {
        (row["hour"], (row["campaign_id"], (row["channel"], Metric(row["metric"])))): Tally(row["count"], row["value"])
        for row in rows
    }


def floor_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
