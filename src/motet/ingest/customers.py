"""`motet import customers`: rows of a file into profiles, in batches that remember how far they came.

The batch and the byte where it ends are committed together, so an import that is killed goes on where it was: run the
same file again. A file that was read to its end is read again from the start, and changes nothing if nothing changed.
"""

from __future__ import annotations

import asyncio
import gc
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from motet.audience.inputs import CustomerInput, check_customer
from motet.audience.upsert import Upserted, upsert_customers
from motet.core.clock import to_ms
from motet.core.errors import Conflict, Problem, Unavailable
from motet.core.ids import uuid7
from motet.ingest.columns import Columns
from motet.ingest.reading import Layout, Row, read_layout, read_rows
from motet.ingest.rejects import Reject, Rejects
from motet.storage.pool import Connection, Pool
from motet.storage.sql import sql

BATCH = 5_000  # rows in one transaction
_SLICE = 100  # rows between two looks at what the database has answered
_LOCK_PATIENCE = 15.0  # seconds: the session of a killed importer may outlive it by a statement
_ATTEMPTS = 5
_AWAY = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)


class Progress(msgspec.Struct, frozen=True):
    """How far an import is; told after each commit."""

    position: int  # bytes that are committed
    size: int  # bytes of the file
    rows: int  # empty ones included
    accepted: int
    rejected: int


class ImportResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows of a file, over all the runs it took. `accepted + rejected + empty` is `rows`."""

    rows: int
    accepted: int
    changed: int  # of the accepted: created a customer, or changed one
    unchanged: int
    rejected: int
    resumed_at: int  # the rows that an earlier run had committed
    rejects_path: str | None  # None: nothing to tell

    def __str__(self) -> str:
        told = f"{self.accepted:,} customers read: {self.changed:,} written, {self.unchanged:,} unchanged"
        if self.rejected:
            told += f"; {self.rejected:,} rows rejected"
        if self.rejects_path:
            told += f", see {self.rejects_path}"
        if self.resumed_at:
            told += f" (went on after row {self.resumed_at:,})"
        return told


class _Tally(msgspec.Struct):
    """The counts of `import_job`, as far as they are committed."""

    id: UUID
    position: int
    rows: int
    accepted: int
    changed: int
    rejected: int


class _Batch(msgspec.Struct):
    """Rows that were read and checked together. `numbers` has the row of each input."""

    inputs: list[CustomerInput] = []
    numbers: list[int] = []
    rejects: list[Reject] = []
    rejected: int = 0  # rows
    rows: int = 0
    end: int = 0  # bytes


async def import_customers(
    pool: Pool,
    path: Path,
    *,
    lanes: int,
    mapping: Mapping[str, str] | None = None,
    now: datetime,
    progress: Callable[[Progress], None] | None = None,
    rejects_path: Path | None = None,
    batch: int = BATCH,
) -> ImportResult:
    """Reads the file into profiles and returns what became of it.

    Raises Refused when the file or the mapping cannot be used, Conflict while another process imports the same
    file, Unavailable when the database goes away (run it again: it goes on).
    """
    layout = read_layout(path)
    columns = Columns(layout.header, mapping or {})
    print_ = fingerprint(path, mapping or {})
    rejects_path = rejects_path or path.with_name(f"{path.name}.rejects.csv")
    async with pool.acquire() as connection:
        await _lock(connection, print_)
        try:
            run = _Run(connection, layout, columns, lanes, now)
            await run.open(path, print_, rejects_path)
            with _collecting_seldom():
                return await run.work(path, batch, progress)
        except _AWAY as error:
            if isinstance(error, OSError) and error.filename is not None:
                raise  # a file, not the database
            raise Unavailable(f"the database went away; run the import again to go on: {error}") from error
        finally:
            if not connection.is_closed():
                await connection.execute(sql("ingest.unlock_job"), *_lock_key(print_))


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """A batch is some hundred thousand objects without a cycle: looking for one costs a quarter of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def fingerprint(path: Path, mapping: Mapping[str, str]) -> str:
    """Of the file's content and the mapping: what makes two imports the same."""
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    digest.update(msgspec.json.encode(sorted(mapping.items())))
    return digest.hexdigest()


def _lock_key(print_: str) -> tuple[int, int]:
    first, second = struct.unpack_from(">ii", bytes.fromhex(print_))
    return first, second


async def _lock(connection: Connection, print_: str) -> None:
    for _ in range(int(_LOCK_PATIENCE / 0.25)):
        if await connection.fetchval(sql("ingest.lock_job"), *_lock_key(print_)):
            return
        await asyncio.sleep(0.25)
    raise Conflict("another process is importing this file")


class _Run:
    """One run over a file: while the database writes one batch, the next is read and checked."""

    def __init__(self, connection: Connection, layout: Layout, columns: Columns, lanes: int, now: datetime) -> None:
        self._connection, self._layout, self._columns = connection, layout, columns
        self._lanes, self._now = lanes, now
        self._header = 1 if layout.delimiter else 0  # rows
        self._tally: _Tally
        self._rejects: Rejects

    async def open(self, path: Path, print_: str, rejects_path: Path) -> None:
        """Begins the job, or finds where it stopped."""
        id = uuid7(to_ms(self._now))
        row = await self._connection.fetchrow(sql("ingest.open_job"), id, str(path), print_, self._now)
        assert row is not None
        self._tally = _Tally(**row)
        if not self._tally.position:
            self._tally.position = self._layout.start
        self._rejects = Rejects(rejects_path, keep=self._tally.rows + self._header if self._tally.rows else 0)

    async def work(self, path: Path, size: int, progress: Callable[[Progress], None] | None) -> ImportResult:
        resumed_at = self._tally.rows
        pending: asyncio.Task[None] | None = None
        try:
            async for batch in self._read(path, size):
                if pending is not None:
                    await pending
                    self._tell(progress)
                pending = asyncio.create_task(self._commit(batch))
            if pending is not None:
                await pending
        finally:
            if pending is not None and not pending.done():
                pending.cancel()
                await asyncio.gather(pending, return_exceptions=True)
        self._tally.position = self._layout.size
        await self._save(self._tally, finished=True)
        self._tell(progress)
        done = self._tally
        return ImportResult(
            rows=done.rows,
            accepted=done.accepted,
            changed=done.changed,
            unchanged=done.accepted - done.changed,
            rejected=done.rejected,
            resumed_at=resumed_at,
            rejects_path=str(self._rejects.path) if self._rejects.count else None,
        )

    async def _read(self, path: Path, size: int) -> AsyncIterator[_Batch]:
        """Checked batches; lets the loop turn every few rows, so that the database is not kept waiting."""
        with path.open("rb") as file:
            rows = read_rows(file, self._layout, self._tally.position, self._tally.rows + self._header)
            while True:
                batch, more = _Batch(), True
                while more and batch.rows < size:
                    more = self._check_some(rows, batch, min(_SLICE, size - batch.rows))
                    await asyncio.sleep(0)
                if batch.rows:
                    yield batch
                if not more:
                    return

    def _check_some(self, rows: Iterator[Row], batch: _Batch, count: int) -> bool:
        """Takes up to `count` rows into the batch; False at the end of the file."""
        for _ in range(count):
            row = next(rows, None)
            if row is None:
                return False
            batch.rows += 1
            batch.end = row.end
            if row.problem is not None:
                self._reject(batch, row.number, [row.problem])
            elif row.cells:
                checked = self._check(row)
                if isinstance(checked, CustomerInput):
                    batch.inputs.append(checked)
                    batch.numbers.append(row.number)
                elif checked:
                    self._reject(batch, row.number, checked)
        return True

    def _check(self, row: Row) -> CustomerInput | list[Problem]:
        if not self._header:
            return check_customer(self._columns.read_object(row.cells))
        try:
            raw = self._columns.read_cells(row.cells)
        except IndexError:
            told = f"has {len(row.cells)} cells, and the header has {len(self._layout.header)}"
            return [Problem("import.too_many_cells", told, fix="put cells that contain the delimiter in quotes")]
        return check_customer(raw) if raw else []  # a row of empty cells is an empty row

    def _reject(self, batch: _Batch, number: int, problems: list[Problem]) -> None:
        batch.rejected += 1
        batch.rejects.extend(Reject(number, self._columns.name(p.path), p.message, p.code, p.fix) for p in problems)

    async def _commit(self, batch: _Batch) -> None:
        for _ in range(_ATTEMPTS):
            try:
                async with self._connection.transaction():
                    done = await upsert_customers(self._connection, batch.inputs, lanes=self._lanes, now=self._now)
                    tally = self._count(batch, done)
                    await self._save(tally, finished=False)
                    self._rejects.write(sorted([*batch.rejects, *self._taken(batch, done)]))
            except asyncpg.DeadlockDetectedError:
                continue
            self._tally = tally
            return
        raise Unavailable("the database is too busy with the same customers; run the import again to go on")

    def _count(self, batch: _Batch, done: Upserted) -> _Tally:
        old = self._tally
        return _Tally(
            old.id,
            batch.end,
            old.rows + batch.rows,
            old.accepted + len(batch.inputs),
            old.changed + done.created + done.changed,
            old.rejected + batch.rejected,
        )

    def _taken(self, batch: _Batch, done: Upserted) -> Iterator[Reject]:
        fix = "merge the two customers, or give one of them another address"
        for loss in done.taken:
            column = self._columns.name(loss.field)
            told = "another customer has it already; the rest of the row was taken"
            yield Reject(batch.numbers[loss.index], column, told, "customer.address_taken", fix)

    async def _save(self, tally: _Tally, *, finished: bool) -> None:
        t, end = tally, self._now if finished else None
        await self._connection.execute(
            sql("ingest.save_job"), t.id, t.position, t.rows, t.accepted, t.changed, t.rejected, self._now, end
        )

    def _tell(self, progress: Callable[[Progress], None] | None) -> None:
        if progress is not None:
            done = self._tally
            progress(Progress(done.position, self._layout.size, done.rows, done.accepted, done.rejected))
