"""Rows of a file into the database, in batches that remember how far they came: what all imports share.

The batch and the byte where it ends are committed together, so an import that is killed goes on where it was: run the
same file again. What a row means is its kind's business: `customers.py`, `history.py`.
"""

from __future__ import annotations

import asyncio
import gc
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from motet.core.clock import to_ms
from motet.core.errors import Conflict, Problem, Unavailable
from motet.core.ids import uuid7
from motet.ingest.reading import Layout, Row, read_rows
from motet.ingest.rejects import Reject, Rejects
from motet.storage.pool import Connection, Pool
from motet.storage.sql import sql

T = TypeVar("T")

BATCH = 5_000  # rows in one transaction
STOPPED = 5  # the status of a job that a person stopped
_SLICE = 100  # rows between two looks at what the database has answered
_LOCK_PATIENCE = 15.0  # seconds: the session of a killed importer may outlive it by a statement
_ATTEMPTS = 5
_AWAY = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)
_UNFIT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)  # the first stands for values refused here too


class Progress(msgspec.Struct, frozen=True):
    """How far an import is; told after each commit."""

    position: int  # bytes that are committed
    size: int  # bytes of the file
    rows: int  # empty ones included
    accepted: int
    rejected: int


class ImportResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows of a file, over all the runs it took. `accepted + rejected + empty` is `rows`."""

    kind: str = "customers"
    rows: int
    accepted: int
    changed: int  # of the accepted: events appended; customers created or changed
    unchanged: int
    rejected: int
    resumed_at: int  # the rows that an earlier run had committed
    rejects_path: str | None  # None: nothing to tell
    finished: bool = True  # False: somebody stopped it
    already: bool = False  # it was finished before, and nothing was done

    def __str__(self) -> str:
        done, left = ("written", "unchanged") if self.kind == "customers" else ("new", "known before")
        told = f"{self.accepted:,} {self.kind} read: {self.changed:,} {done}, {self.unchanged:,} {left}"
        if self.already:
            return f"this file was imported before ({told}); nothing was done, --again reads it once more"
        if self.rejected:
            told += f"; {self.rejected:,} rows rejected"
        if self.rejects_path:
            told += f", see {self.rejects_path}"
        if self.resumed_at:
            told += f" (went on after row {self.resumed_at:,})"
        return told if self.finished else f"stopped: {told}"


class Source(msgspec.Struct, frozen=True):
    """A file that was looked at. `content` is a digest of its bytes, `fingerprint` of them and of how they are read."""

    path: Path
    layout: Layout
    content: str
    fingerprint: str


class Written(msgspec.Struct, frozen=True):
    """What became of a batch. `notes` are about rows (their place in the batch) that were taken all the same."""

    changed: int
    notes: tuple[tuple[int, Problem], ...] = ()


class Kind(Protocol[T]):
    """What the rows of a file are about."""

    word: str  # customers | events

    def check(self, row: Row) -> T | list[Problem]:
        """What a row says, or everything that is wrong with it; an empty list for a row that says nothing."""
        ...

    def name(self, path: str) -> str:
        """The column that a problem's place is about."""
        ...

    async def write(self, connection: Connection, items: Sequence[T], now: datetime) -> Written:
        """Writes a batch inside the caller's transaction."""
        ...


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How an import is to run. `halt` is asked between batches: when it says True the import stops where it is."""

    again: bool = True  # a file that was finished is read once more
    batch: int = BATCH
    rejects_path: Path | None = None
    progress: Callable[[Progress], None] | None = None
    halt: Callable[[], bool] | None = None
    patience: float | None = None  # seconds to wait for another importer of the same file
    asker: str = "command line"


class _Tally(msgspec.Struct, frozen=True):
    """The counts of `import_job`, as far as they are committed."""

    id: UUID
    position: int
    rows: int
    accepted: int
    changed: int
    rejected: int


class _Batch(msgspec.Struct, Generic[T]):
    """Rows that were read and checked together. `numbers` has the row of each item."""

    items: list[T] = []
    numbers: list[int] = []
    rejects: list[Reject] = []
    rejected: int = 0  # rows
    rows: int = 0
    end: int = 0  # bytes


async def import_rows(pool: Pool, source: Source, kind: Kind[T], wish: Wish, *, now: datetime) -> ImportResult:
    """Reads the file and returns what became of its rows. `now` is the present moment; it goes on by itself.

    Raises Refused when the rejects cannot be written, Conflict while another process imports the same file,
    Unavailable when the database goes away (run it again: it goes on).
    """
    async with pool.acquire() as connection:
        await _lock(connection, source.fingerprint, _LOCK_PATIENCE if wish.patience is None else wish.patience)
        try:
            run = _Run(connection, source, kind, wish, now)
            known = await run.open()
            if known is not None:
                return known
            with _collecting_seldom():
                return await run.work()
        except _AWAY as error:
            if isinstance(error, OSError) and error.filename is not None:
                raise  # a file, not the database
            raise Unavailable(f"the database went away; run the import again to go on: {error}") from error
        finally:
            if not connection.is_closed():
                await connection.execute(sql("imports.unlock_job"), *lock_key(source.fingerprint))


def lock_key(fingerprint: str) -> tuple[int, int]:
    """The advisory lock of an import."""
    first, second = struct.unpack_from(">ii", bytes.fromhex(fingerprint))
    return first, second


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """A batch is some hundred thousand objects without a cycle: looking for one costs a quarter of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


async def _lock(connection: Connection, fingerprint: str, patience: float) -> None:
    for attempt in range(int(patience / 0.25) + 1):
        if attempt:
            await asyncio.sleep(0.25)
        if await connection.fetchval(sql("imports.lock_job"), *lock_key(fingerprint)):
            return
    raise Conflict("another process is importing this file")


class _Run(Generic[T]):
    """One run over a file: while the database writes one batch, the next is read and checked."""

    def __init__(self, connection: Connection, source: Source, kind: Kind[T], wish: Wish, now: datetime) -> None:
        self._connection, self._source, self._layout = connection, source, source.layout
        self._kind, self._wish = kind, wish
        self._begun, self._ticks = now, monotonic()
        self._header = 1 if source.layout.delimiter else 0  # rows
        self._rejects_path = wish.rejects_path or source.path.with_name(f"{source.path.name}.rejects.csv")
        self._stopped = False
        self._tally: _Tally
        self._rejects: Rejects

    async def open(self) -> ImportResult | None:
        """Begins the job, or finds where it stopped; what came of it when it is finished and not wanted again."""
        source, now = self._source, self._now()
        path, connection = str(source.path), self._connection
        row = await connection.fetchrow(sql("imports.find_job"), source.fingerprint)
        if row is None:
            made = (uuid7(to_ms(now)), path, source.fingerprint, self._kind.word, source.path.name)
            await connection.execute(sql("imports.make_job"), *made, self._layout.size, self._wish.asker, now)
            row = await connection.fetchrow(sql("imports.find_job"), source.fingerprint)
            assert row is not None
        if row["finished"] and not self._wish.again:
            self._tally = _Tally(*list(row)[:6])
            return self._sum_up(0, already=True)
        row = await connection.fetchrow(sql("imports.begin_run"), row["id"], path, self._layout.size, now)
        assert row is not None
        self._tally = _Tally(**row)
        if not self._tally.position:
            self._tally = msgspec.structs.replace(self._tally, position=self._layout.start)
        self._rejects = Rejects(self._rejects_path, keep=self._tally.rows + self._header if self._tally.rows else 0)
        return None

    async def work(self) -> ImportResult:
        resumed_at = self._tally.rows
        pending: asyncio.Task[None] | None = None
        try:
            async for batch in self._read():
                if pending is not None:
                    await pending
                    self._tell()
                    if self._halts():
                        pending = None
                        break
                pending = asyncio.create_task(self._commit(batch))
            if pending is not None:
                await pending
        finally:
            if pending is not None and not pending.done():
                pending.cancel()
                await asyncio.gather(pending, return_exceptions=True)
        if self._stopped:
            return self._sum_up(resumed_at, finished=False)
        await self._save(msgspec.structs.replace(self._tally, position=self._layout.size), finished=True)
        self._tell()
        return self._sum_up(resumed_at)

    def _halts(self) -> bool:
        if self._wish.halt is not None and self._wish.halt():
            self._stopped = True
        return self._stopped

    def _sum_up(self, resumed_at: int, *, finished: bool = True, already: bool = False) -> ImportResult:
        done = self._tally
        return ImportResult(
            kind=self._kind.word,
            rows=done.rows,
            accepted=done.accepted,
            changed=done.changed,
            unchanged=done.accepted - done.changed,
            rejected=done.rejected,
            resumed_at=resumed_at,
            rejects_path=str(self._rejects.path) if not already and self._rejects.count else None,
            finished=finished,
            already=already,
        )

    async def _read(self) -> AsyncIterator[_Batch[T]]:
        """Checked batches; lets the loop turn every few rows, so that the database is not kept waiting."""
        size = self._wish.batch
        with self._source.path.open("rb") as file:
            rows = read_rows(file, self._layout, self._tally.position, self._tally.rows + self._header)
            while True:
                batch: _Batch[T] = _Batch()
                more = True
                while more and batch.rows < size:
                    more = self._check_some(rows, batch, min(_SLICE, size - batch.rows))
                    await asyncio.sleep(0)
                if batch.rows:
                    yield batch
                if not more:
                    return

    def _check_some(self, rows: Iterator[Row], batch: _Batch[T], count: int) -> bool:
        """Takes up to `count` rows into the batch; False at the end of the file."""
        check = self._kind.check
        for _ in range(count):
            row = next(rows, None)
            if row is None:
                return False
            batch.rows += 1
            batch.end = row.end
            if row.problem is not None:
                self._reject(batch, row.number, [row.problem])
            elif row.cells:
                checked = check(row)
                if not isinstance(checked, list):
                    batch.items.append(checked)
                    batch.numbers.append(row.number)
                elif checked:
                    self._reject(batch, row.number, checked)
        return True

    def _reject(self, batch: _Batch[T], number: int, problems: list[Problem]) -> None:
        batch.rejected += 1
        batch.rejects.extend(self._tell_reject(number, problem) for problem in problems)

    def _tell_reject(self, number: int, problem: Problem) -> Reject:
        return Reject(number, self._kind.name(problem.path), problem.message, problem.code, problem.fix)

    async def _commit(self, batch: _Batch[T]) -> None:
        apart = False
        for _ in range(_ATTEMPTS):
            try:
                async with self._connection.transaction():
                    unfit: list[int] = []
                    done = await self._write(batch.items, 0, unfit) if apart else await self._write_all(batch.items)
                    tally = self._count(batch, done, len(unfit))
                    await self._save(tally, finished=False)
                    notes = (self._tell_reject(batch.numbers[place], problem) for place, problem in done.notes)
                    self._rejects.write(sorted([*batch.rejects, *notes]))
            except asyncpg.DeadlockDetectedError:
                continue
            except _UNFIT:
                apart = True
                continue
            self._tally = tally
            return
        raise Unavailable("the database is too busy with the same customers; run the import again to go on")

    async def _write_all(self, items: Sequence[T]) -> Written:
        return await self._kind.write(self._connection, items, self._now()) if items else Written(0)

    async def _write(self, items: Sequence[T], place: int, unfit: list[int]) -> Written:
        """Halves the items until those that the database cannot keep stand alone. `place` is of the first of them."""
        try:
            async with self._connection.transaction():
                done = await self._write_all(items)
            return Written(done.changed, tuple((place + at, problem) for at, problem in done.notes))
        except _UNFIT as error:
            if len(items) == 1:
                unfit.append(place)
                fix = "look for odd characters and numbers in this row"
                problem = Problem("import.unfit", f"the database cannot keep this row: {error}"[:300], fix=fix)
                return Written(0, ((place, problem),))
        middle = len(items) // 2
        first = await self._write(items[:middle], place, unfit)
        second = await self._write(items[middle:], place + middle, unfit)
        return Written(first.changed + second.changed, first.notes + second.notes)

    def _count(self, batch: _Batch[T], done: Written, unfit: int) -> _Tally:
        old = self._tally
        return _Tally(
            old.id,
            batch.end,
            old.rows + batch.rows,
            old.accepted + len(batch.items) - unfit,
            old.changed + done.changed,
            old.rejected + batch.rejected + unfit,
        )

    async def _save(self, tally: _Tally, *, finished: bool) -> None:
        t, now = tally, self._now()
        counts = (t.id, t.position, t.rows, t.accepted, t.changed, t.rejected, now)
        status = await self._connection.fetchval(sql("imports.save_job"), *counts, now if finished else None)
        self._stopped = status == STOPPED
        if finished:
            self._tally = tally

    def _now(self) -> datetime:
        return self._begun + timedelta(seconds=monotonic() - self._ticks)

    def _tell(self) -> None:
        if self._wish.progress is not None:
            done = self._tally
            self._wish.progress(Progress(done.position, self._layout.size, done.rows, done.accepted, done.rejected))
