"""Status callbacks: what Twilio posts back to us, signed, a moment after it took a message.

Order is kept for each message. Failures are tried again a few times; a queue that is full drops the newest and counts.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping

import aiohttp
import msgspec
import structlog

_QUEUE = 20_000
_WORKERS = 4
_ATTEMPTS = 4
_FIRST_PAUSE = 0.5  # seconds before the second attempt; doubles
_TIMEOUT = aiohttp.ClientTimeout(total=15)

log = structlog.get_logger("motet.outbox")


class StatusCallback(msgspec.Struct, frozen=True):
    """One report, not signed yet. `token` is the account's auth token."""

    url: str
    form: dict[str, str]
    token: str


def sign_callback(token: str, url: str, form: Mapping[str, str]) -> str:
    """The X-Twilio-Signature of a form posted to `url` (HMAC-SHA1 over the URL and the sorted fields)."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


class Callbacks:
    """A few workers behind bounded queues; the reports of one message always go through the same worker."""

    def __init__(self, *, delay: float = 0.4) -> None:
        self._delay = delay  # seconds between the message and its first report
        self._queues: list[asyncio.Queue[tuple[float, StatusCallback]]] = []
        self._workers: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None
        self.dropped = 0

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT, connector=aiohttp.TCPConnector(limit=_WORKERS))
        self._queues = [asyncio.Queue(_QUEUE // _WORKERS) for _ in range(_WORKERS)]
        self._workers = [asyncio.create_task(self._work(queue, self._session)) for queue in self._queues]

    async def close(self) -> None:
        """Stops at once: what was not reported stays unreported, as when a provider is down."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def post(self, callback: StatusCallback) -> None:
        """Queues a report. A URL that is not HTTP, or a full queue, drops it."""
        if not callback.url.startswith(("http://", "https://")):
            self.dropped += 1
            return
        queue = self._queues[hash(callback.form["MessageSid"]) % _WORKERS]
        try:
            queue.put_nowait((asyncio.get_running_loop().time() + self._delay, callback))
        except asyncio.QueueFull:
            self.dropped += 1

    async def _work(self, queue: asyncio.Queue[tuple[float, StatusCallback]], session: aiohttp.ClientSession) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, callback = await queue.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self._deliver(session, callback)

    async def _deliver(self, session: aiohttp.ClientSession, callback: StatusCallback) -> None:
        headers = {"X-Twilio-Signature": sign_callback(callback.token, callback.url, callback.form)}
        pause = _FIRST_PAUSE
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(pause)
                pause *= 2
            try:
                async with session.post(
                    callback.url, data=callback.form, headers=headers, allow_redirects=False
                ) as answer:
                    if answer.status < 500:
                        return
            except (aiohttp.ClientError, TimeoutError, ValueError):
                continue
        self.dropped += 1
        log.warning("callback.failed", sid=callback.form["MessageSid"], attempts=_ATTEMPTS)
