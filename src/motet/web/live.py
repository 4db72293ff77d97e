"""The overview, live: one reader of the database for any number of watching screens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import structlog

from motet.analytics.overview import Overview, OverviewReport, is_same
from motet.web.asgi import encode_json
from motet.web.problems import DATABASE_TROUBLE

log = structlog.get_logger("motet.web")

BEAT = 1.0  # seconds between two looks
_STILL_HERE = 15.0  # seconds between two comments where nothing changes


class OverviewFeed:
    """Looks once a second while somebody watches, and tells all of them when something changed."""

    def __init__(self, report: OverviewReport, *, beat: float = BEAT) -> None:
        self._report = report
        self._beat = beat
        self._frame = b""
        self._turn: asyncio.Event = asyncio.Event()
        self._watching = 0
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def watching(self) -> int:
        """How many screens watch."""
        return self._watching

    async def frames(self) -> AsyncIterator[bytes]:
        """The overview now, and again whenever it changed, until the reader leaves or the feed is closed."""
        self._watching += 1
        if self._looking is None or self._looking.done():
            self._frame = b""
            self._looking = asyncio.create_task(self._look())
        try:
            yield b"retry: 2000\n\n" + self._frame
            while not self._closed:
                turn = self._turn
                try:
                    async with asyncio.timeout(_STILL_HERE):
                        await turn.wait()
                except TimeoutError:
                    yield b": still here\n\n"
                else:
                    if not self._closed:
                        yield self._frame
        finally:
            self._watching -= 1

    def close(self) -> None:
        """Ends every stream."""
        self._closed = True
        self._turn.set()
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        told: Overview | None = None
        while self._watching and not self._closed:
            try:
                overview = await self._report.read(datetime.now(UTC))
            except DATABASE_TROUBLE as error:
                log.warning("the overview waits for the database", error=repr(error))
            except Exception as error:  # the screens would stand still without a word
                log.error("the overview cannot be made", exc_info=error)
            else:
                if told is None or not is_same(told, overview):
                    told = overview
                    self._tell(b"event: overview\ndata: %b\n\n" % encode_json(overview))
            await asyncio.sleep(self._beat)

    def _tell(self, frame: bytes) -> None:
        self._frame = frame
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()
