"""From the log into files: what the files do not hold, in one transaction that also says what they hold from then on.

The transaction sees one moment. Rows that it sees go into files; rows of a transaction that is still open then are not
seen, and stay newer, however late they are committed. When this process dies before its commit, the files it wrote are
nobody's. When two export at once, the second to commit fails, since the lanes are no more where it found them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from motet.archive import files
from motet.archive.duck import Duck, Session
from motet.archive.learning import learn_events
from motet.archive.manifest import EVENTS, ArchiveFile, Moment, add_files, one_moment
from motet.archive.relations import EVENT_ORDER, read_events
from motet.archive.taking import name_csv, take
from motet.core.clock import EPOCH, to_ms
from motet.core.errors import Conflict
from motet.core.ids import uuid7, uuid7_floor
from motet.storage.pool import Connection
from motet.storage.sql import sql

SLICE = 1_000_000  # rows that are on their way at once, about
FEW = 500_000  # of so many an index finds them sooner than a scan

_MINUTE = 60_000  # milliseconds


class Slice(msgspec.Struct, frozen=True):
    """Some minutes of one day of receipt: ids in [low, high)."""

    day: date
    low: UUID
    high: UUID
    rows: int


async def export_events(connection: Connection, duck: Duck, now: datetime) -> int:
    """Everything that is committed and in no file. Returns the number of rows that are in files now and were not.

    Raises Conflict, or a SerializationError, when somebody else exported meanwhile.
    """
    async with one_moment(connection, readonly=False) as moment:
        if not await connection.fetchval(sql("archive.find_newer")):
            return 0
        written: list[ArchiveFile] = []
        learned: list[dict[str, Any]] = []
        for covered, lanes in moment.groups().items():
            rows = await connection.fetch(sql("archive.survey_newer"), lanes, covered)
            for part in plan_slices([(r["minute"], r["rows"]) for r in rows]):
                found = await _export_slice(connection, duck, part, lanes, covered)
                if found is not None:
                    written.append(found[0])
                    learned.append(found[1])
        files.settle(duck.root, [f.path for f in written])
        await _commit(connection, moment, written, learned, now)
    return sum(f.rows for f in written)


def plan_slices(minutes: Sequence[tuple[int, int]]) -> list[Slice]:
    """(minute since 1970, rows), in order, as slices of about SLICE rows that never hold two days."""
    slices: list[Slice] = []
    start = end = rows = 0
    for minute, found in minutes:
        if rows and (rows + found > SLICE or _day(start) != _day(minute)):
            slices.append(_slice(start, end, rows))
            rows = 0
        if not rows:
            start = minute
        end, rows = minute + 1, rows + found
    if rows:
        slices.append(_slice(start, end, rows))
    return slices


async def _export_slice(
    connection: Connection, duck: Duck, part: Slice, lanes: Sequence[int], covered: str
) -> tuple[ArchiveFile, dict[str, Any]] | None:
    await connection.execute(sql("archive.prefer_indexes" if part.rows < FEW else "archive.allow_scans"))
    async with duck.session() as session:
        csv = name_csv(duck.scratch)
        try:
            taken = await take(connection, "archive.copy_newer", lanes, covered, part.low, part.high, None, into=csv)
            if not taken:
                return None
            id = uuid7(to_ms(datetime.now(UTC)))
            path = files.events_path(part.day, id)
            return await duck.run(session, lambda s: _write(s, duck.root, csv, path, id, part.day))
        finally:
            csv.unlink(missing_ok=True)


def _write(
    session: Session, root: Path, csv: Path, path: str, id: UUID, day: date
) -> tuple[ArchiveFile, dict[str, Any]]:
    session.execute(f"CREATE OR REPLACE TEMP TABLE taken AS {read_events(csv)}")
    file = write_events(session, f"SELECT * FROM taken ORDER BY {EVENT_ORDER}", root, path, id, day, day)
    return file, learn_events(session, "taken")


def write_events(session: Session, query: str, root: Path, path: str, id: UUID, first: date, last: date) -> ArchiveFile:
    """Writes the events that a query finds into a file."""
    rows = files.write_parquet(session, query, root, path)
    found = session.execute(
        "SELECT coalesce(max(xid), 0) FROM read_parquet(?, hive_partitioning = false)", [str(root / path)]
    ).fetchone()
    assert found is not None
    return ArchiveFile(
        id=id, kind=EVENTS, path=path, first_day=first, last_day=last, rows=rows, bytes=(root / path).stat().st_size,
        max_xid=found[0],
    )  # fmt: skip


async def _commit(
    connection: Connection,
    moment: Moment,
    written: Sequence[ArchiveFile],
    learned: Sequence[dict[str, Any]],
    now: datetime,
) -> None:
    await connection.execute(sql("archive.prefer_indexes"))
    await add_files(connection, written, learned, now)
    snapshotted = {lane.lane for lane in moment.lanes if lane.customers_at is not None}
    for covered, lanes in moment.groups().items():
        if counted := [lane for lane in lanes if lane in snapshotted]:
            rows = await connection.fetch(sql("archive.survey_lanes"), counted, covered)
            await connection.execute(
                sql("archive.note_changed"), [r["lane"] for r in rows], [r["changed"] for r in rows]
            )
        moved = await connection.fetch(sql("archive.cover"), lanes, moment.snapshot, covered)
        if len(moved) != len(lanes):
            raise Conflict("somebody else exported these lanes meanwhile")


def _day(minute: int) -> date:
    return (EPOCH + timedelta(minutes=minute)).date()


def _slice(start: int, end: int, rows: int) -> Slice:
    return Slice(_day(start), uuid7_floor(start * _MINUTE), uuid7_floor(end * _MINUTE), rows)
