"""LISTEN on a connection of its own, made again when it breaks.

Then each channel is told once, with an empty payload: something may have been missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from motet.storage.pool import TROUBLE, Pool

Heard = Callable[[str, str], None]  # channel, payload
_RETRY = 1.0


class Wakes:
    """`async with Wakes(pool, channels, heard) as wakes`, and `wakes.watch()` in a task."""

    def __init__(self, pool: Pool, channels: Sequence[str], heard: Heard) -> None:
        self.pool = pool
        self.channels = channels
        self.heard = heard
        self._connection: Any = None
        self._lost = asyncio.Event()

    async def __aenter__(self) -> Wakes:
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.remove_termination_listener(self._on_lost)
            for channel in self.channels:
                await connection.remove_listener(channel, self._on_heard)
            await self.pool.release(connection)

    async def watch(self) -> None:
        """Listens again whenever the connection was lost; runs until it is cancelled."""
        while True:
            await self._lost.wait()
            self._lost.clear()
            try:
                await self._listen()
            except TROUBLE:
                await asyncio.sleep(_RETRY)
                self._lost.set()
                continue
            for channel in self.channels:  # what was said meanwhile is not known: look at everything
                self.heard(channel, "")

    async def _listen(self) -> None:
        connection = await self.pool.acquire()
        try:
            connection.add_termination_listener(self._on_lost)
            for channel in self.channels:
                await connection.add_listener(channel, self._on_heard)
        except BaseException:  # else each try would keep a connection, and in the end nobody had one
            connection.terminate()  # the pool takes back what has ended
            raise
        self._connection = connection

    def _on_heard(self, connection: object, pid: int, channel: str, payload: Any) -> None:
        self.heard(channel, str(payload))

    def _on_lost(self, connection: object) -> None:
        self._connection = None
        self._lost.set()
