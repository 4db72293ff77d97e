"""Which files count and what they cover, as PostgreSQL has it. A file that is not in the manifest does not exist."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.core.errors import Conflict
from motet.storage.pool import Connection, Record
from motet.storage.sql import sql

EVENTS = 1
CUSTOMERS = 2
NOTHING = "1:1:"  # the snapshot that sees no transaction


class ArchiveFile(msgspec.Struct, frozen=True, kw_only=True):
    """One Parquet file. `path` is below the archive's folder."""

    id: UUID
    kind: int
    path: str
    lane: int | None = None  # of customers
    first_day: date | None = None  # of events: the days of receipt, UTC
    last_day: date | None = None
    rows: int
    bytes: int
    max_xid: int = 0  # no row of it was written by a later transaction


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """What the files cover of one lane. Snapshots are pg_snapshot as text."""

    lane: int
    covered: str  # of events
    customers_at: str | None  # the engine's cursor when the customers were written; None: they are not
    segments: tuple[int, ...]  # the segment revisions that were live then
    changed: int  # at most so many customers have changed since
    customers: int  # rows in the customers file
    written_at: datetime | None
    done: str  # the engine's cursor now


class Moment(msgspec.Struct, frozen=True):
    """What one transaction sees: everything that was committed before `at`, and nothing else."""

    at: datetime
    snapshot: str
    lanes: tuple[Lane, ...]
    files: tuple[ArchiveFile, ...]

    def events(self) -> list[ArchiveFile]:
        return [f for f in self.files if f.kind == EVENTS]

    def customers(self) -> list[ArchiveFile]:
        return [f for f in self.files if f.kind == CUSTOMERS]

    def groups(self) -> dict[str, list[int]]:
        """The lanes by what is covered of their events: mostly one group, since they are exported together."""
        found: dict[str, list[int]] = {}
        for lane in self.lanes:
            found.setdefault(lane.covered, []).append(lane.lane)
        return found


@asynccontextmanager
async def one_moment(connection: Connection, *, readonly: bool) -> AsyncIterator[Moment]:
    """A transaction in which the manifest, the log and the customers are of one moment.

    When it writes and somebody else wrote the same rows of the manifest meanwhile, it fails with a
    SerializationError and leaves nothing behind.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=readonly):
        moment = await connection.fetchrow(sql("archive.read_moment"))
        assert moment is not None
        await connection.execute(sql("archive.prefer_indexes"))
        lanes = [_lane(row) for row in await connection.fetch(sql("archive.list_lanes"))]
        files = [_file(row) for row in await connection.fetch(sql("archive.list_files"))]
        yield Moment(moment["at"], moment["present"], tuple(lanes), tuple(files))


async def add_files(
    connection: Connection, files: Sequence[ArchiveFile], learned: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """Writes files into the manifest, with what was learned from each."""
    rows = [
        (f.id, f.kind, f.path, f.lane, f.first_day, f.last_day, f.rows, f.bytes, str(f.max_xid), about, now)
        for f, about in zip(files, learned, strict=True)
    ]
    await connection.executemany(sql("archive.add_file"), rows)


async def replace_files(connection: Connection, files: Sequence[ArchiveFile], now: datetime) -> None:
    """Takes files out of what counts. Raises Conflict when somebody else took one of them first."""
    gone = await connection.fetch(sql("archive.replace_files"), [f.id for f in files], now)
    if len(gone) != len(files):
        raise Conflict("the files were replaced by somebody else meanwhile")


def sees(snapshot: str) -> tuple[int, int, list[int]]:
    """A pg_snapshot taken apart: (xmin, xmax, the transactions between them that it does not see)."""
    low, high, between = snapshot.split(":")
    return int(low), int(high), [int(xid) for xid in between.split(",") if xid]


def _lane(row: Record) -> Lane:
    return Lane(
        lane=row["lane"],
        covered=row["covered"],
        customers_at=row["customers_at"],
        segments=tuple(row["segments"]),
        changed=row["changed"],
        customers=row["customers"],
        written_at=row["written_at"],
        done=row["done"],
    )


def _file(row: Record) -> ArchiveFile:
    return ArchiveFile(
        id=row["id"],
        kind=row["kind"],
        path=row["path"],
        lane=row["lane"],
        first_day=row["first_day"],
        last_day=row["last_day"],
        rows=row["rows"],
        bytes=row["bytes"],
        max_xid=int(row["max_xid"]),
    )
