"""Who waits for news of an inbox: one LISTEN for the process, any number of waiting streams."""

from __future__ import annotations

import asyncio
from types import TracebackType
from uuid import UUID

import asyncpg
import structlog

from motet.storage.pool import Pool
from motet.storage.wakes import Wakes

log = structlog.get_logger("motet.web")

_CHANNEL = "motet_inbox"
_RETRY = 2.0  # seconds


class Notices:
    """`async with Notices(pool) as notices`; then `watch` from as many streams as there are.

    A notice is a hint and may be missed while the database is away: a stream looks again by itself now and then.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._watchers: dict[UUID | None, set[Watch]] = {}
        self._listening: asyncio.Task[None] | None = None
        self.closed = False

    async def __aenter__(self) -> Notices:
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    def close(self) -> None:
        """Ends every stream that waits."""
        self.closed = True
        for watches in list(self._watchers.values()):
            for watch in watches:
                watch.wake(None)

    def watch(self, customer_id: UUID | None) -> Watch:
        """A place to wait for news of one customer, or of anybody (None). Leave it by `close`."""
        watch = Watch(self, customer_id)
        self._watchers.setdefault(customer_id, set()).add(watch)
        return watch

    def forget(self, watch: Watch) -> None:
        watches = self._watchers.get(watch.customer_id)
        if watches is not None:
            watches.discard(watch)
            if not watches:
                del self._watchers[watch.customer_id]

    def hear(self, channel: str, payload: str) -> None:
        """A notification: the customer's id."""
        try:
            customer_id = UUID(payload)
        except ValueError:
            return
        for key in (customer_id, None):
            for watch in self._watchers.get(key, ()):
                watch.wake(customer_id)

    async def _listen(self) -> None:
        while True:
            try:
                async with Wakes(self._pool, [_CHANNEL], self.hear) as wakes:
                    await wakes.watch()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("inbox notices wait for the database", error=repr(error))
                await asyncio.sleep(_RETRY)


class Watch:
    """One stream's place to wait."""

    def __init__(self, notices: Notices, customer_id: UUID | None) -> None:
        self.customer_id = customer_id
        self._notices = notices
        self._news = asyncio.Event()
        self._who: set[UUID] = set()

    def wake(self, customer_id: UUID | None) -> None:
        if customer_id is not None:
            self._who.add(customer_id)
        self._news.set()

    async def wait(self, timeout: float) -> set[UUID]:
        """Whose inboxes changed since the last call; empty when `timeout` seconds passed without news."""
        try:
            async with asyncio.timeout(timeout):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()
        who, self._who = self._who, set()
        return who

    @property
    def closed(self) -> bool:
        return self._notices.closed

    def close(self) -> None:
        self._notices.forget(self)
