"""The door of the event log: callers who come at the same time share one transaction.

`add` answers after the commit; `offer` takes a fact in memory and never waits (links use it, and answer without the
database). While the database is away offers are kept, within bounds, and written when it is back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import structlog

from motet.core.clock import to_ms
from motet.core.errors import Unavailable
from motet.ingest.append import Appended, EventIds, append_events, is_appended
from motet.ingest.facts import RawEvent, check_event
from motet.storage.pool import Pool

__all__ = ["Appended", "EventBuffer", "RawEvent", "check_event"]

BATCH = 5_000  # facts in one transaction
CAPACITY = 100_000  # facts in memory
PATIENCE = 10.0  # seconds that `add` waits for the database
_BACKOFF = (0.05, 1.0)  # seconds between two tries, first and longest
_COLLISIONS = 3

# The database is away, or asks to try again. A ValueError among these (asyncpg's own, for an argument that it
# cannot encode) is a bad fact.
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # it takes no connections just now
    asyncpg.TransactionRollbackError,
    Unavailable,
)
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Parcel:
    """The facts of one caller. `answer` is None for an offer."""

    facts: Sequence[RawEvent]
    ids: Sequence[UUID]
    answer: asyncio.Future[list[Appended]] | None = None
    abandoned: bool = False  # its caller has been told that the database is away


@dataclass(slots=True)
class _Attempt:
    """What was about to be committed when the connection was lost."""

    parcels: list[_Parcel]
    results: list[Appended] = field(default_factory=list)


class EventBuffer:
    """One per process; it writes in one transaction at a time, so the facts of a customer keep their order."""

    def __init__(
        self,
        pool: Pool,
        lanes: int,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        capacity: int = CAPACITY,
        patience: float = PATIENCE,
    ) -> None:
        self.dropped = 0  # offers lost for want of room, or refused by the database
        self._pool, self._lanes, self._clock = pool, lanes, clock
        self._capacity, self._patience = capacity, patience
        self._ids = EventIds()
        self._queue: deque[_Parcel] = deque()
        self._held = 0  # facts in the queue and in hand
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many facts are in memory."""
        return self._held

    async def add(self, facts: Sequence[RawEvent]) -> list[Appended]:
        """Writes the facts and returns what became of each, after the commit.

        Raises Unavailable when the database does not answer in time; then the facts may have been written or not,
        and can be sent again with the same keys. Raises the database's own error for a fact that it cannot keep.
        """
        if not facts:
            return []
        if self._closed or self._held + len(facts) > self._capacity:
            raise Unavailable("too many events wait for the database; try again")
        answer: asyncio.Future[list[Appended]] = asyncio.get_running_loop().create_future()
        parcel = self._enqueue(facts, answer)
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.shield(answer)
        except TimeoutError:
            parcel.abandoned = True
            answer.cancel()
            raise Unavailable("the database does not answer; try again") from None

    def offer(self, fact: RawEvent) -> bool:
        """Takes one fact into memory; False when there is no room for it, which is counted."""
        if self._closed or self._held >= self._capacity:
            self.dropped += 1
            return False
        self._enqueue([fact], None)
        return True

    async def close(self, grace: float = PATIENCE) -> None:
        """Writes what is in memory and stops. What cannot be written in `grace` seconds is dropped and counted."""
        self._closed = True
        self._wake.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=grace)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._held:
            log.warning("events dropped at the end", count=self._held)
            self.dropped += self._held
        for parcel in self._queue:
            if parcel.answer is not None and not parcel.answer.done():
                parcel.answer.set_exception(Unavailable("the process ended before the database answered"))
        self._queue.clear()
        self._held = 0

    def _enqueue(self, facts: Sequence[RawEvent], answer: asyncio.Future[list[Appended]] | None) -> _Parcel:
        ms = to_ms(self._clock())
        parcel = _Parcel(facts, [self._ids.take(ms) for _ in facts], answer)
        self._queue.append(parcel)
        self._held += len(facts)
        self._wake.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="event buffer")
        return parcel

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(0)  # whoever comes in the same turn goes along
            parcels = self._take()
            if parcels:
                await self._flush(parcels)
            elif self._closed:
                return
            else:
                self._wake.clear()

    def _take(self) -> list[_Parcel]:
        taken: list[_Parcel] = []
        size = 0
        while self._queue and (not taken or size + len(self._queue[0].facts) <= BATCH):
            parcel = self._queue.popleft()
            if parcel.abandoned:
                self._held -= len(parcel.facts)
                continue
            size += len(parcel.facts)
            taken.append(parcel)
        return taken

    async def _flush(self, parcels: list[_Parcel]) -> None:
        """Writes the parcels, however long the database is away; a bad one is parted from the others."""
        pause, collisions = _BACKOFF[0], 0
        attempt = _Attempt(parcels)
        while True:
            try:
                self._deliver(attempt.parcels, await self._write(attempt))
                return
            except asyncpg.UniqueViolationError as error:
                # Our own rows, from an attempt that was committed after all: look again.
                collisions += 1
                if collisions > _COLLISIONS:
                    await self._part(attempt.parcels, error)
                    return
            except Exception as error:
                if not isinstance(error, _AWAY) or isinstance(error, ValueError):
                    await self._part(attempt.parcels, error)
                    return
                log.warning("the event log cannot be written", error=str(error), waiting=self._held)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _BACKOFF[1])

    async def _write(self, attempt: _Attempt) -> list[Appended]:
        """One try. `attempt.results` tells the next one what to look for when the answer to the commit is lost."""
        async with self._pool.acquire() as connection:
            written = next(((r.customer_id, r.id) for r in attempt.results if r.id is not None), None)
            if written is not None and await is_appended(connection, *written, self._lanes):
                return attempt.results
            facts = [f for p in attempt.parcels for f in p.facts]
            ids = [i for p in attempt.parcels for i in p.ids]
            async with connection.transaction():
                attempt.results = await append_events(connection, facts, ids, lanes=self._lanes, now=self._clock())
            return attempt.results

    async def _part(self, parcels: list[_Parcel], error: Exception) -> None:
        """Something in these parcels cannot be written: each goes alone, and the bad one is told."""
        if len(parcels) > 1:
            for parcel in parcels:
                await self._flush([parcel])
            return
        [parcel] = parcels
        self._held -= len(parcel.facts)
        if parcel.answer is None:
            self.dropped += len(parcel.facts)
            log.error("an event cannot be written", name=parcel.facts[0].name, error=str(error))
        elif not parcel.answer.done():
            parcel.answer.set_exception(error)

    def _deliver(self, parcels: list[_Parcel], results: list[Appended]) -> None:
        start = 0
        for parcel in parcels:
            end = start + len(parcel.facts)
            self._held -= len(parcel.facts)
            if parcel.answer is not None and not parcel.answer.done():
                parcel.answer.set_result(results[start:end])
            start = end
