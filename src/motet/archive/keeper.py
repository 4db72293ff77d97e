"""The keeper: one process of a house that writes files, merges them, counts for builds, and drops what is archived.

Everything it writes goes through the connection that holds its lock, so a keeper that has lost its lock can commit
nothing. A keeper that dies leaves the lock to the next; what it had not committed never was.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import structlog

from motet.archive.builds import serve_builds
from motet.archive.compact import merge_files, plan_merge
from motet.archive.duck import Duck
from motet.archive.export import export_events
from motet.archive.manifest import EVENTS, one_moment
from motet.archive.repair import repair
from motet.archive.snapshot import AT_ONCE, plan_snapshot, write_customers
from motet.archive.sweep import drop_warm, sweep_files
from motet.core.errors import MotetError
from motet.storage.pool import TROUBLE, Connection, Pool
from motet.storage.sql import sql

LOCK = 0x6D6F746574_02  # "motet", 2
BUILDS = 0.5  # seconds between two looks for builds
EXPORT = 10.0
TIDY = 15.0  # merges and customers
HOUSE = 600.0  # files and days that can go
RETRY = 5.0
IDLE = 9.0  # writing customers rests so many times as long as it took

log = structlog.get_logger("motet.archive")


class Keeper:
    """`run(stop)` keeps the archive until told to stop. Only one in a house works; another waits to take over."""

    def __init__(
        self,
        pool: Pool,
        lanes: int,
        root: Path,
        *,
        warm_days: int = 90,
        memory: str = "512MB",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.pool = pool
        self.lanes = lanes
        self.warm = timedelta(days=warm_days)
        self.duck = Duck(root.absolute(), memory=memory, threads=None, at_once=1)
        self.now = clock
        self._due: dict[str, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set. What fails is tried again, and does not keep the rest from being done."""
        try:
            while not stop.is_set():
                try:
                    async with self.pool.acquire() as connection:
                        await self._keep(connection, stop)
                except (*TROUBLE, MotetError, duckdb.Error) as error:
                    log.warning("the archive will try again", error=repr(error))
                    await _rest(stop, RETRY)
        finally:
            self.duck.close()

    async def _keep(self, connection: Connection, stop: asyncio.Event) -> None:
        if not await connection.fetchval(sql("archive.lock_keeper"), LOCK):
            await _rest(stop, RETRY)
            return
        try:
            await connection.execute(sql("archive.add_lanes"))
            while not stop.is_set():
                await self.turn(connection)
                await _rest(stop, BUILDS)
        finally:
            with contextlib.suppress(*TROUBLE):
                await connection.execute(sql("archive.unlock_keeper"), LOCK)

    async def turn(self, connection: Connection) -> None:
        """Whatever is due now. What fails keeps nothing else from being done; the first failure is raised at last."""
        failed: Exception | None = None
        for name, pause, work in (
            ("build", BUILDS, self._serve),
            ("export", EXPORT, self._export),
            ("merge", TIDY, self._merge),
            ("customers", TIDY, self._write_customers),
            ("house", HOUSE, self._keep_house),
        ):
            try:
                await self._when_due(name, pause, work, connection)
            except (*TROUBLE, MotetError, duckdb.Error) as error:
                failed = failed or error
        if failed is not None:
            raise failed

    async def _when_due(
        self, name: str, pause: float, work: Callable[[Connection], Awaitable[None]], connection: Connection
    ) -> None:
        begun = time.monotonic()
        if begun >= self._due.get(name, 0.0):
            self._due[name] = begun + pause
            await work(connection)

    async def _export(self, connection: Connection) -> None:
        await export_events(connection, self.duck, self.now())

    async def _serve(self, connection: Connection) -> None:
        if served := await serve_builds(connection, self.duck, lanes=self.lanes, now=self.now()):
            log.info("counted for builds", lanes=len(served))

    async def _merge(self, connection: Connection) -> None:
        """One merge in a turn, so that exports do not wait long; the next comes soon when there is more."""
        async with one_moment(connection, readonly=True) as moment:
            files = [f for f in moment.files if f.kind == EVENTS]
        if chosen := plan_merge(files, self.now()):
            merged = await merge_files(connection, self.duck, chosen, self.now())
            log.info("merged files", files=len(chosen), rows=merged.rows)
            self._due["merge"] = 0.0

    async def _write_customers(self, connection: Connection) -> None:
        """Some lanes in a turn. Then it rests, so that it never takes more than a part of a processor."""
        async with one_moment(connection, readonly=True) as moment:
            live = frozenset(await connection.fetchval(sql("archive.list_live_segments")))
        if lanes := [lane.lane for lane in plan_snapshot(moment, live, self.now())[:AT_ONCE]]:
            begun = time.monotonic()
            await write_customers(connection, self.duck, lanes, self.now())
            self._due["customers"] = time.monotonic() + IDLE * (time.monotonic() - begun)

    async def _keep_house(self, connection: Connection) -> None:
        if lost := await repair(connection, self.duck, self.now()):
            log.error("files of the archive are gone and cannot be made anew", files=len(lost), first=lost[0])
        gone = await sweep_files(connection, self.duck, self.now())
        days = await drop_warm(connection, self.now(), self.warm)
        if gone or days:
            log.info("tidied", files=gone, days=len(days))


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
