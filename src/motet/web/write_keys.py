"""The write keys in memory: a request is admitted without asking the database.

A key that is made or revoked is notified, and everything is read again every few seconds in case that was missed.
While the database is away the keys are those that were known.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from contextlib import suppress
from types import TracebackType

import structlog

from motet.core.errors import Unavailable
from motet.ingest.keys import CHANNEL, digest_key, load_digests
from motet.storage.pool import TROUBLE, Pool
from motet.storage.wakes import Wakes

log = structlog.get_logger("motet.web")

_BEAT = 5.0  # seconds between two looks that nothing asked for
_RETRY = 1.0  # seconds
_MAX_HEADERS = 1000  # remembered spellings of good keys
_LONGEST_HEADER = 500  # bytes of one that is remembered: whoever knows a key may put anything behind it


class WriteKeys:
    """`async with WriteKeys(pool) as keys`; then `find` and `find_basic` by any number of requests."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: dict[bytes, bool] | None = None  # digest -> whether it stands in a page; None until read once
        self._headers: dict[bytes, bool] = {}
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> WriteKeys:
        with suppress(*TROUBLE):  # read again below
            await self._reload()
        self._task = asyncio.create_task(self._run(), name="write keys")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def find(self, key: str) -> bool | None:
        """Whether a good key stands in a page; None for one that is not good. Raises Unavailable when the keys were
        never read."""
        if self._known is None:
            raise Unavailable("the write keys are not read yet; try again")
        return self._known.get(digest_key(key))

    def find_basic(self, header: bytes) -> bool | None:
        """As `find`, for the value of an Authorization header: the key is the user of HTTP Basic (RFC 7617)."""
        found = self._headers.get(header)
        if found is None:
            key = read_basic(header)
            found = self.find(key) if key else None
            if found is not None and len(header) <= _LONGEST_HEADER and len(self._headers) < _MAX_HEADERS:
                self._headers[header] = found
        return found

    async def _run(self) -> None:
        while True:
            try:
                async with Wakes(self._pool, [CHANNEL], self._hear) as wakes:
                    watching = asyncio.create_task(wakes.watch())
                    try:
                        await self._follow()
                    finally:
                        watching.cancel()
                        await asyncio.gather(watching, return_exceptions=True)
            except TROUBLE as error:
                log.warning("the write keys wait for the database", error=repr(error))
                await asyncio.sleep(_RETRY)

    async def _follow(self) -> None:
        while True:
            await self._reload()
            with suppress(TimeoutError):
                async with asyncio.timeout(_BEAT):
                    await self._news.wait()

    async def _reload(self) -> None:
        self._news.clear()
        known = await load_digests(self._pool)
        if known != self._known:
            self._known, self._headers = known, {}

    def _hear(self, channel: str, payload: str) -> None:
        self._news.set()


def read_basic(header: bytes) -> str:
    """The user of HTTP Basic; empty for any other scheme and for what cannot be read."""
    scheme, _, coded = header.partition(b" ")
    if scheme.lower() != b"basic":
        return ""
    try:
        return base64.b64decode(coded.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
