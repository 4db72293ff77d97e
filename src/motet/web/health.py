"""`/healthz` for whoever watches the process, `/metrics` for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from time import monotonic

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from motet.analytics.figures import Figures, Snapshot
from motet.core.metrics import Metric as Counted
from motet.core.words import Channel
from motet.storage.lanes import LEASE
from motet.storage.pool import Pool, Record
from motet.storage.sql import sql
from motet.web.asgi import NO_STORE, Receive, Scope, Send, respond, respond_json
from motet.web.problems import DATABASE_TROUBLE

_PATIENCE = 1.0  # seconds for the database to answer
_FRESH = 1.0  # seconds that an answer is believed
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Health:
    """200 while the process serves, also without the database: the links go on then. The body tells which."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._looked_at = -_FRESH
        self._well = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        well = await self.is_database_well()
        told = {"status": "ok" if well else "degraded", "database": "ok" if well else "down"}
        await respond_json(scope, send, told)

    async def is_database_well(self) -> bool:
        if monotonic() - self._looked_at >= _FRESH:
            self._looked_at = monotonic()
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._pool.fetchval("SELECT 1")
                self._well = True
            except DATABASE_TROUBLE:
                self._well = False
        return self._well


class Meters:
    """What this process counts, and the counts of `stat`, as Prometheus reads them."""

    def __init__(self, figures: Figures, pool: Pool) -> None:
        self._figures, self._pool = figures, pool
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "motet_http_requests", "Requests answered, by door and status.", ("door", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "motet_http_seconds", "Time to answer, by door.", ("door",), registry=self.registry, buckets=_BUCKETS
        )
        self._up = Gauge("motet_database_up", "Whether the database answered the scrape.", registry=self.registry)
        self._known: dict[tuple[str, int], Counter] = {}
        self._timed: dict[str, Histogram] = {}

    def count(self, door: str, status: int, seconds: float) -> None:
        key = (door, status)
        counter = self._known.get(key)
        if counter is None:
            counter = self._known[key] = self._requests.labels(door, str(status))
            self._timed.setdefault(door, self._seconds.labels(door))
        counter.inc()
        self._timed[door].observe(seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(_PATIENCE * 5):
                snapshot: Snapshot | None = await self._figures.read(datetime.now(UTC))
                troubles = await self._pool.fetch(sql("delivery.list_troubles"), LEASE)
        except DATABASE_TROUBLE:
            snapshot, troubles = None, []
        self._up.set(snapshot is not None)
        text = generate_latest(self.registry)
        if snapshot is not None:
            totals = CollectorRegistry(auto_describe=False)
            totals.register(_Totals(snapshot))
            totals.register(_Troubles(troubles))
            text += generate_latest(totals)
        await respond(scope, send, 200, text, CONTENT_TYPE_LATEST.encode(), (NO_STORE,))


class _Totals(Collector):
    """The counts of all campaigns together, by channel and metric, and the revenue."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        counts = CounterMetricFamily("motet_messages", "What became of messages.", labels=("channel", "metric"))
        revenue = CounterMetricFamily("motet_revenue", "Revenue credited to messages.", labels=("channel",))
        for (channel, metric), tally in sorted(self._snapshot.by_place().items()):
            word = Channel(channel).word if channel else "none"
            counts.add_metric((word, metric.word), tally.count)
            if metric is Counted.CONVERTED:
                revenue.add_metric((word,), tally.value)
        yield counts
        yield revenue


class _Troubles(Collector):
    """Who does not answer: nothing while everybody does."""

    def __init__(self, troubles: list[Record]) -> None:
        self._troubles = troubles

    def collect(self) -> Iterator[Metric]:
        down = GaugeMetricFamily(
            "motet_provider_down",
            "Workers that have given a provider a rest because it does not answer; host, of a webhook.",
            labels=("channel", "provider", "host"),
        )
        for row in self._troubles:
            down.add_metric((Channel(row["channel"]).word, row["provider"], row["place"]), row["workers"])
        yield down
