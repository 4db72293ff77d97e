"""The door of the event log: callers who come at the same time share one transaction.

`add` answers after the commit; `offer` takes a fact in memory and never waits (links use it, and answer without the
database). While the database is away offers are kept, within bounds, and written when it is back (`writing.py`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from motet.audience.guard import Guard
from motet.core.clock import to_ms
from motet.core.errors import Unavailable
from motet.ingest.append import Appended, EventIds
from motet.ingest.facts import RawEvent, check_event
from motet.ingest.tap import Tap, Written
from motet.ingest.writing import LogWriter, Parcel, Turn
from motet.storage.pool import Json, Pool

__all__ = ["Appended", "EventBuffer", "RawEvent", "check_event"]

BATCH = 5_000  # facts in one transaction
CAPACITY = 100_000  # facts in memory
BATCH_BYTES = 8 * 1024 * 1024  # of properties in one transaction
CAPACITY_BYTES = 128 * 1024 * 1024  # of properties in memory
PATIENCE = 10.0  # seconds that `add` waits for the database
_WORTH = 200  # facts that are worth a transaction of their own while another is under way
_KEPT = 1.0  # seconds that idle connections are kept

log = structlog.get_logger(__name__)


class EventBuffer:
    """One per process; the facts of a customer keep their order. `tap` is told of every fact after its commit."""

    def __init__(
        self,
        pool: Pool,
        lanes: int,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        capacity: int = CAPACITY,
        patience: float = PATIENCE,
        tap: Tap | None = None,
    ) -> None:
        self.dropped = 0  # offers lost for want of room, or refused by the database
        self._clock = clock
        self._capacity, self._patience = capacity, patience
        self._tap = tap
        self._writer = LogWriter(pool, lanes, clock, self._deliver, self._refuse)
        self._ids = EventIds()
        self._queue: deque[Parcel] = deque()
        self._queued = 0  # facts in it
        self._held = 0  # facts in the queue and in hand
        self._bytes = 0  # of their properties
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._writing: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def guard(self) -> Guard:
        """Which identifiers name nobody, as the brand has set it."""
        return self._writer.guard

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
        if self._closed or self._held + len(facts) > self._capacity or self._bytes > CAPACITY_BYTES:
            raise Unavailable("too many events wait for the database; try again")
        answer: asyncio.Future[list[Appended]] = asyncio.get_running_loop().create_future()
        parcel = self._enqueue(facts, answer)
        try:
            async with asyncio.timeout(self._patience):
                return await answer
        except TimeoutError:
            self._abandon(parcel)
            raise Unavailable("the database does not answer; try again") from None

    def offer(self, fact: RawEvent) -> bool:
        """Takes one fact into memory; False when there is no room for it, which is counted."""
        if self._closed or self._held >= self._capacity or self._bytes > CAPACITY_BYTES:
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
            for task in (self._task, *self._writing):
                task.cancel()
            await asyncio.gather(self._task, *self._writing, return_exceptions=True)
        if self._held:
            log.warning("events dropped at the end", count=self._held)
            self.dropped += self._held
        for parcel in self._queue:
            if parcel.answer is not None and not parcel.answer.done():
                parcel.answer.set_exception(Unavailable("the process ended before the database answered"))
        self._queue.clear()
        self._held = self._bytes = self._queued = 0

    def _enqueue(self, facts: Sequence[RawEvent], answer: asyncio.Future[list[Appended]] | None) -> Parcel:
        now = self._clock()
        ms = to_ms(now)
        parcel = Parcel(facts, self._ids.take_many(ms, len(facts)), sum(map(_weigh, facts)), now, answer)
        self._queue.append(parcel)
        self._queued += len(facts)
        self._held += len(facts)
        self._bytes += parcel.size
        self._wake.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="event buffer")
        return parcel

    async def _run(self) -> None:
        before: Turn | None = None
        try:
            while True:
                await self._wait()
                await asyncio.sleep(0)  # whoever comes in the same turn goes along
                parcels = self._take()
                if parcels:
                    before = await self._begin(Turn(parcels), before)
                elif before is not None:
                    await before.over.wait()
                    before = None
                elif self._closed:
                    return
                else:
                    self._wake.clear()
        finally:
            await self._writer.release()

    async def _begin(self, turn: Turn, before: Turn | None) -> Turn | None:
        """Begins a turn, and returns when the next may begin: after this one, or beside it when much waits."""
        task = asyncio.create_task(self._writer.write(turn, before), name="event writer")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await turn.ready.wait()
        if before is not None:
            await before.over.wait()
        if self._queued < _WORTH or (turn.settled.is_set() and not turn.committed):
            await turn.over.wait()
        return None if turn.over.is_set() else turn

    async def _wait(self) -> None:
        """Until there is something to write."""
        if not self._wake.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_KEPT):
                    await self._wake.wait()
                    return
            await self._writer.release()
        await self._wake.wait()

    def _take(self) -> list[Parcel]:
        taken: list[Parcel] = []
        facts = size = 0
        while self._queue:
            parcel = self._queue[0]
            facts, size = facts + len(parcel.facts), size + parcel.size
            if taken and (facts > BATCH or size > BATCH_BYTES):
                break
            self._queue.popleft()
            self._queued -= len(parcel.facts)
            if parcel.facts:
                parcel.in_hand = True
                taken.append(parcel)
        return taken

    def _let_go(self, parcel: Parcel) -> None:
        self._held -= len(parcel.facts)
        self._bytes -= parcel.size

    def _abandon(self, parcel: Parcel) -> None:
        """Its caller was told that the database is away: what is not in hand is not kept for nobody."""
        if not parcel.in_hand:
            self._let_go(parcel)
            self._queued -= len(parcel.facts)
            parcel.facts, parcel.ids, parcel.size = (), (), 0

    def _refuse(self, parcel: Parcel, error: Exception) -> None:
        """The database cannot keep what is in this parcel."""
        self._let_go(parcel)
        if parcel.answer is None:
            self.dropped += len(parcel.facts)
            log.error("an event cannot be written", name=parcel.facts[0].name, error=str(error))
        elif not parcel.answer.done():
            parcel.answer.set_exception(error)

    def _deliver(self, parcels: list[Parcel], results: list[Appended]) -> None:
        start = 0
        for parcel in parcels:
            end = start + len(parcel.facts)
            self._let_go(parcel)
            if parcel.answer is not None and not parcel.answer.done():
                parcel.answer.set_result(results[start:end])
            if self._tap is not None:
                self._tap.tell(Written(parcel.facts, parcel.ids, results[start:end], parcel.size, parcel.received))
            start = end


def _weigh(fact: RawEvent) -> int:
    """Bytes of properties, about; only those that come encoded can be many."""
    properties = fact.properties
    return len(properties.json) if isinstance(properties, Json) else 64
