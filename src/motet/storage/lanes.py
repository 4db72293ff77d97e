"""Lanes by lease: which of them this worker owns, with the fence that every commit checks.

A lease lasts LEASE and is renewed every BEAT. A worker that stops gives its lanes up at once; one that is killed
loses them when the lease runs out; one that stalls past its lease finds its fence refused when it wakes, or, when it
stalled in the middle of a commit, finds that its commit was broken off.
"""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from uuid import UUID

from motet.core.errors import LeaseLost
from motet.storage.pool import Connection, Pool
from motet.storage.sql import sql

LEASE = timedelta(seconds=10)
BEAT = 3.0  # seconds


class Lease:
    """The lanes of one engine worker. `held` maps a lane to its fence."""

    def __init__(self, pool: Pool, worker_id: UUID, lanes: int) -> None:
        self.pool = pool
        self.worker_id = worker_id
        self.lanes = lanes
        self.held: dict[int, int] = {}

    async def balance(self) -> set[int]:
        """One heartbeat: renews what is held, takes a fair share of what is free. Returns the lanes gained."""
        await beat(self.pool, self.worker_id, "engine")
        await self._renew()
        share = await self._share()
        for lane in sorted(self.held)[share:]:
            await self._release(lane)
        gained: set[int] = set()
        if len(self.held) < share:
            for row in await self.pool.fetch(sql("lanes.list_free"), LEASE):
                if len(self.held) >= share:
                    break
                fence = await self._take(row["lane"])
                if fence is not None:
                    self.held[row["lane"]] = fence
                    gained.add(row["lane"])
        return gained

    async def release_all(self) -> None:
        """Gives every lane back, so that another worker takes over at once."""
        for lane in list(self.held):
            await self._release(lane)
        await forget(self.pool, self.worker_id)

    def fence(self, lane: int) -> int:
        """The fence to load a batch under. Raises LeaseLost when the lane is not ours."""
        if lane not in self.held:
            raise LeaseLost(f"lane {lane} has another owner")
        return self.held[lane]

    async def lock(self, connection: Connection, lane: int, fence: int) -> None:
        """Inside a transaction: holds the lane against a change of hands.

        Raises LeaseLost when it has changed hands since `fence`, even if it is ours again.
        """
        if not await connection.fetchval(sql("lanes.lock"), lane, self.worker_id, fence):
            self._lose(lane, fence)
            raise LeaseLost(f"lane {lane} has another owner")

    async def _renew(self) -> None:
        held = dict(self.held)
        rows = await self.pool.fetch(sql("lanes.renew_idle"), list(held), self.worker_id, LEASE) if held else []
        renewed = {row["lane"]: row["fence"] for row in rows}
        for lane, fence in held.items():
            now = renewed.get(lane)
            if now is None:  # in a commit, or not ours any more
                now = await self.pool.fetchval(sql("lanes.renew"), lane, self.worker_id, LEASE)
            if now != fence:
                self._lose(lane, fence)

    def _lose(self, lane: int, fence: int) -> None:
        if self.held.get(lane) == fence:
            del self.held[lane]

    async def _take(self, lane: int) -> int | None:
        """The fence of a lane that was free; None when somebody else has it, or locks it and is at work."""
        fence: int | None = await self.pool.fetchval(sql("lanes.take"), lane, self.worker_id, LEASE)
        if fence is None and await self.pool.fetchval(sql("lanes.break_in"), lane, LEASE):
            fence = await self.pool.fetchval(sql("lanes.take"), lane, self.worker_id, LEASE)
        return fence

    async def _share(self) -> int:
        alive: int = await self.pool.fetchval(sql("lanes.count_alive"), "engine", LEASE)
        return -(-self.lanes // max(1, alive))

    async def _release(self, lane: int) -> None:
        self.held.pop(lane, None)
        await self.pool.execute(sql("lanes.release"), lane, self.worker_id)


async def beat(pool: Pool, worker_id: UUID, kind: str) -> None:
    """Says that the worker lives; registers it when the register does not know it."""
    if not await pool.fetchval(sql("lanes.beat"), worker_id):
        detail = f"{socket.gethostname()}:{os.getpid()}"
        await pool.execute(sql("lanes.register_worker"), worker_id, kind, detail)
        await pool.execute(sql("lanes.sweep_workers"))


async def forget(pool: Pool, worker_id: UUID) -> None:
    """Takes the worker off the register: a clean stop."""
    await pool.execute(sql("lanes.forget_worker"), worker_id)
