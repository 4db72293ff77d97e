"""Counts gathered in memory and added to the database in the transaction of what they count."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from uuid import UUID

from motet.core.metrics import Metric
from motet.core.reasons import Reason
from motet.core.words import Verdict
from motet.storage.pool import Connection
from motet.storage.sql import sql


class Counts:
    """What one batch counted. Channel 0 stands for what is not of one channel."""

    def __init__(self) -> None:
        self.metrics: Counter[tuple[UUID, int, Metric]] = Counter()
        self.values: defaultdict[tuple[UUID, int, Metric], float] = defaultdict(float)
        self.entered: Counter[tuple[UUID, int]] = Counter()
        self.departed: Counter[tuple[UUID, int]] = Counter()
        self.reasons: Counter[tuple[UUID, int, Verdict, Reason]] = Counter()

    def add(self, campaign: UUID, channel: int, metric: Metric, value: float = 0.0, count: int = 1) -> None:
        key = (campaign, channel, metric)
        self.metrics[key] += count
        if value:
            self.values[key] += value

    def merge(self, other: Counts) -> None:
        self.metrics.update(other.metrics)
        self.entered.update(other.entered)
        self.departed.update(other.departed)
        self.reasons.update(other.reasons)
        for key, value in other.values.items():
            self.values[key] += value

    async def save(self, connection: Connection, lane: int, now: datetime) -> None:
        """Adds everything to one lane's rows; the rows are taken in one order, so that two writers never deadlock."""
        if self.metrics:
            keys = list(self.metrics)
            await connection.execute(
                sql("stats.add"),
                lane,
                now.replace(minute=0, second=0, microsecond=0),
                [k[0] for k in keys],
                [k[1] for k in keys],
                [int(k[2]) for k in keys],
                [self.metrics[k] for k in keys],
                [self.values.get(k, 0.0) for k in keys],
            )
        if self.entered or self.departed:
            steps = list(self.entered.keys() | self.departed.keys())
            await connection.execute(
                sql("stats.add_steps"),
                lane,
                [k[0] for k in steps],
                [k[1] for k in steps],
                [self.entered[k] for k in steps],
                [self.departed[k] for k in steps],
            )
        if self.reasons:
            told = list(self.reasons)
            await connection.execute(
                sql("stats.add_reasons"),
                lane,
                [k[0] for k in told],
                [k[1] for k in told],
                [int(k[2]) for k in told],
                [int(k[3]) for k in told],
                [self.reasons[k] for k in told],
            )
