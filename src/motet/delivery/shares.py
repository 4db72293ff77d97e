"""The two shares of a channel's capacity: what is transactional, and the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

from motet.storage.sql import sql
from motet.storage.turns import Turns

AT_ONCE = 4  # lanes of the rest at work at the same time
FIRST_AT_ONCE = 2  # lanes of what is transactional
_KEPT = 1  # calls of a provider that only transactional messages may use


class Share:
    """Whose turn it is in one share, and its calls of the provider."""

    def __init__(
        self, turns: Turns, *, first: bool, workers: int, calls: asyncio.Semaphore, most: asyncio.Semaphore | None
    ) -> None:
        self.turns = turns
        self.first = first  # of transactional messages
        self.workers = workers
        self.survey = sql("delivery.survey_first" if first else "delivery.survey")
        self._calls, self._most = calls, most

    @property
    def calls(self) -> AbstractAsyncContextManager[None]:
        """Held for one call of the provider."""
        return self._call()

    @asynccontextmanager
    async def _call(self) -> AsyncIterator[None]:
        if self._most is None:
            async with self._calls:
                yield
        else:
            async with self._most, self._calls:
                yield


def make_shares(clock: Callable[[], datetime], lanes: int, concurrency: int) -> tuple[Share, Share]:
    """(transactional, the rest) of a provider that takes `concurrency` calls at once. One that takes a single call
    cannot keep one back: what is transactional then waits for the call under way."""
    calls = asyncio.Semaphore(concurrency)
    most = asyncio.Semaphore(max(1, concurrency - _KEPT))
    return (
        Share(Turns(clock, range(lanes)), first=True, workers=FIRST_AT_ONCE, calls=calls, most=None),
        Share(Turns(clock, range(lanes)), first=False, workers=AT_ONCE, calls=calls, most=most),
    )
