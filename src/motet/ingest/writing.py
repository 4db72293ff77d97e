"""Parcels of facts into the log, however long the database is away; a bad parcel is parted from the others.

Two transactions may be under way: while one copies and commits, the next looks up who its facts are about. The second
commits only after the first, so that the facts of a customer keep their order in the log; when the first fails, the
second is taken back and begins again after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import structlog

from motet.audience.guard import USUAL, load_guard
from motet.core.errors import Unavailable
from motet.ingest.append import Appended, append_events, is_appended
from motet.ingest.facts import RawEvent
from motet.storage.pool import Connection, Pool

_BACKOFF = (0.05, 1.0)  # seconds between two tries, first and longest
_COLLISIONS = 3
_GUARD_KEPT = timedelta(seconds=30)  # how long the brand's setting is believed

# The database is away, or asks to try again. A ValueError among these (asyncpg's own, for an argument that it
# cannot encode) is a bad fact.
AWAY = (
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
log = structlog.get_logger("motet.ingest.events")


@dataclass(slots=True)
class Parcel:
    """The facts of one caller. `answer` is None for an offer."""

    facts: Sequence[RawEvent]
    ids: Sequence[UUID]
    size: int  # bytes of properties
    received: datetime
    answer: asyncio.Future[list[Appended]] | None = None
    in_hand: bool = False  # about to be written


class Turn:
    """What goes into one transaction.

    `ready` is set when the next turn may begin, `settled` when it is known whether the first try was committed.
    """

    def __init__(self, parcels: list[Parcel]) -> None:
        self.parcels = parcels
        self.ready = asyncio.Event()
        self.settled = asyncio.Event()
        self.committed = False
        self.over = asyncio.Event()


@dataclass(slots=True)
class _Attempt:
    """What was about to be committed when the connection was lost."""

    parcels: list[Parcel]
    results: list[Appended] = field(default_factory=list)


class _OutOfTurn(Exception):
    """The transaction before this one was not committed."""


class LogWriter:
    """`done` is told of parcels that were written, `refused` of one that cannot be."""

    def __init__(
        self,
        pool: Pool,
        lanes: int,
        clock: Callable[[], datetime],
        done: Callable[[list[Parcel], list[Appended]], None],
        refused: Callable[[Parcel, Exception], None],
    ) -> None:
        self.guard = USUAL  # which identifiers name nobody, as the brand has set it
        self._guard_until = clock()
        self._pool, self._lanes, self._clock = pool, lanes, clock
        self._done, self._refused = done, refused
        self._idle: list[asyncpg.pool.PoolConnectionProxy[asyncpg.Record]] = []

    async def write(self, turn: Turn, before: Turn | None) -> None:
        """Writes all of the turn; `before` is the one that may still be under way, and comes first in the log."""
        try:
            attempt = _Attempt(turn.parcels)
            try:
                results = await self._try(attempt, turn, before)
            except Exception as error:
                turn.settled.set()
                if before is not None:
                    await before.over.wait()
                await self._again(attempt, error)
            else:
                turn.committed = True
                turn.settled.set()
                self._done(turn.parcels, results)
        finally:
            for event in (turn.settled, turn.ready, turn.over):
                event.set()

    async def release(self) -> None:
        """Gives the idle connections back."""
        while self._idle:
            await self._give_back(self._idle.pop())

    async def _again(self, attempt: _Attempt, error: Exception) -> None:
        """Further tries, alone, after one that ended with `error`."""
        pause, collisions = _BACKOFF[0], 0
        while True:
            if isinstance(error, asyncpg.UniqueViolationError) and collisions < _COLLISIONS:
                collisions += 1  # our own rows, from an attempt that was committed after all: look again
            elif isinstance(error, AWAY) and not isinstance(error, ValueError):
                log.warning("the event log cannot be written", error=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, _BACKOFF[1])
            elif not isinstance(error, _OutOfTurn):
                await self._part(attempt.parcels, error)
                return
            try:
                results = await self._try(attempt)
            except Exception as next_error:
                error = next_error
                continue
            self._done(attempt.parcels, results)
            return

    async def _part(self, parcels: list[Parcel], error: Exception) -> None:
        """Something in these parcels cannot be written: each goes alone, and the bad one is told."""
        if len(parcels) == 1:
            self._refused(parcels[0], error)
            return
        for parcel in parcels:
            await self.write(Turn([parcel]), None)

    async def _try(self, attempt: _Attempt, turn: Turn | None = None, before: Turn | None = None) -> list[Appended]:
        """One try. `attempt.results` tells the next one what to look for when the answer to the commit is lost."""
        connection = await self._connect()
        try:
            written = next(((r.customer_id, r.id) for r in attempt.results if r.customer_id and r.id), None)
            if written is None or not await is_appended(connection, *written, self._lanes):
                await self._append(connection, attempt, turn, before)
        except BaseException:
            await self._give_back(connection)
            raise
        self._idle.append(connection)
        return attempt.results

    async def _append(self, connection: Connection, attempt: _Attempt, turn: Turn | None, before: Turn | None) -> None:
        now = self._clock()
        if now >= self._guard_until:
            self.guard = await load_guard(connection)
            self._guard_until = now + _GUARD_KEPT
        facts = [f for p in attempt.parcels for f in p.facts]
        ids = [i for p in attempt.parcels for i in p.ids]
        async with connection.transaction():
            results = await append_events(
                connection,
                facts,
                ids,
                lanes=self._lanes,
                now=now,
                guard=self.guard,
                claimed=turn.ready.set if turn is not None else None,
            )
            if before is not None:
                await before.settled.wait()
                if not before.committed:
                    raise _OutOfTurn
            attempt.results = results

    async def _connect(self) -> asyncpg.pool.PoolConnectionProxy[asyncpg.Record]:
        """A connection that is kept while there is work: to get one from the pool costs a round trip."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            await self._give_back(connection)
        return await self._pool.acquire()

    async def _give_back(self, connection: asyncpg.pool.PoolConnectionProxy[asyncpg.Record]) -> None:
        with suppress(*AWAY):
            await self._pool.release(connection)
