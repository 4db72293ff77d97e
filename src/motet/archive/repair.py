"""Makes files anew that are gone from the disk, out of what PostgreSQL still has.

Customers can always be made again. Events can as long as all days of their file are in PostgreSQL; what the other files
of these days hold is left out, by id. Of a file with a day that was dropped nothing is touched: only a backup has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from motet.archive import files
from motet.archive.duck import Duck, Session
from motet.archive.export import write_events
from motet.archive.learning import learn_events
from motet.archive.manifest import CUSTOMERS, ArchiveFile, Moment, add_files, one_moment, replace_files
from motet.archive.relations import EVENT, EVENT_ORDER, read_events, scan_files
from motet.archive.taking import name_csv, take
from motet.core.clock import to_ms
from motet.core.ids import uuid7
from motet.storage.migrate import list_log_days, log_day_ids
from motet.storage.pool import Connection
from motet.storage.sql import sql


async def repair(connection: Connection, duck: Duck, now: datetime) -> list[str]:
    """Makes missing files anew. Returns the paths of those that cannot be, which questions go on to fail for."""
    async with one_moment(connection, readonly=False) as moment:
        missing = [f for f in moment.files if not (duck.root / f.path).is_file()]
        lanes = [f.lane for f in missing if f.kind == CUSTOMERS]
        if lanes:
            await connection.execute(sql("archive.replace_customers"), lanes, now)
            await connection.execute(sql("archive.forget_customers"), lanes)
        events = [f for f in missing if f.kind != CUSTOMERS]
        there = set(await list_log_days(connection)) if events else set()
        curable = [f for f in events if all(day in there for day in _days(f))]
        if curable:
            await _write_again(connection, duck, moment, curable, now)
    return [f.path for f in events if f not in curable]


def _days(file: ArchiveFile) -> list[date]:
    assert file.first_day is not None
    assert file.last_day is not None
    return [file.first_day + timedelta(days=n) for n in range((file.last_day - file.first_day).days + 1)]


async def _write_again(
    connection: Connection, duck: Duck, moment: Moment, lost: Sequence[ArchiveFile], now: datetime
) -> None:
    await connection.execute(sql("archive.allow_scans"))
    days = sorted({day for file in lost for day in _days(file)})
    found = [await _write_day(connection, duck, moment, day) for day in days]
    written = [made for made in found if made is not None]
    files.settle(duck.root, [file.path for file, _ in written])
    await replace_files(connection, lost, now)
    await add_files(connection, [file for file, _ in written], [about for _, about in written], now)


async def _write_day(
    connection: Connection, duck: Duck, moment: Moment, day: date
) -> tuple[ArchiveFile, dict[str, Any]] | None:
    """What is covered of a day, less what the files that are there hold."""
    others = [f for f in moment.events() if day in _days(f) and (duck.root / f.path).is_file()]
    low, high = log_day_ids(day)
    csv = name_csv(duck.scratch)
    async with duck.session() as session:
        try:
            for covered, lanes in moment.groups().items():
                await take(connection, "archive.copy_covered", lanes, covered, low, high, into=csv, append=True)
            return await duck.run(session, lambda s: _write(s, duck.root, csv, day, others))
        finally:
            csv.unlink(missing_ok=True)


def _write(
    session: Session, root: Path, csv: Path, day: date, others: Sequence[ArchiveFile]
) -> tuple[ArchiveFile, dict[str, Any]] | None:
    session.execute(f"CREATE OR REPLACE TEMP TABLE taken AS {read_events(csv)}")
    if others:
        session.execute("SET VARIABLE other_files = ?", [[str(root / f.path) for f in others]])
        session.execute(f"DELETE FROM taken WHERE id IN (SELECT id FROM {scan_files('other_files')})")
    found = session.execute("SELECT count(*) FROM taken").fetchone()
    if not found or not found[0]:
        return None
    id = uuid7(to_ms(datetime.now(UTC)))
    query = f"SELECT {EVENT} FROM taken ORDER BY {EVENT_ORDER}"
    return write_events(session, query, root, files.events_path(day, id), id, day, day), learn_events(session, "taken")
