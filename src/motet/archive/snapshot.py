"""Customers into files, a lane at a time: profiles, and who is in which segment, as the engine left them.

A lane's file is as of the engine's cursor: whoever has an event that the cursor had not passed, and whoever is named by
a `customers_changed` row that it had not passed, is read from PostgreSQL instead. So a write to a profile must leave a
row in the log (`storage.changes.note_changes`), and a live segment's members move with an event of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from motet.archive import files, relations
from motet.archive.duck import Duck, Session
from motet.archive.learning import learn_customers
from motet.archive.manifest import CUSTOMERS, ArchiveFile, Lane, Moment, add_files, one_moment
from motet.archive.taking import name_csv, take
from motet.core.clock import to_ms
from motet.core.errors import Conflict
from motet.core.ids import uuid7
from motet.storage.pool import Connection
from motet.storage.sql import sql

SHARE = 0.05  # of a lane's customers: when so many may have changed, it is written again
AT_LEAST = 200  # changed customers; fewer are quickly read
IDLE = timedelta(hours=6)  # then even one change is worth it
AT_ONCE = 8  # lanes in one transaction


def plan_snapshot(moment: Moment, live: frozenset[int], now: datetime) -> list[Lane]:
    """The lanes that are worth writing, the most urgent first.

    A lane whose cursor has not moved since is as good as it can be, unless a segment went live.
    """
    urgent: list[tuple[float, Lane]] = []
    for lane in moment.lanes:
        if lane.customers_at is None or lane.written_at is None or not live <= set(lane.segments):
            urgent.append((float("inf"), lane))
        elif lane.done != lane.customers_at and lane.changed:
            worth = lane.changed / max(AT_LEAST, SHARE * lane.customers)
            if worth >= 1 or now - lane.written_at > IDLE:
                urgent.append((worth, lane))
    return [lane for _, lane in sorted(urgent, key=lambda found: -found[0])]


async def write_customers(connection: Connection, duck: Duck, lanes: Sequence[int], now: datetime) -> int:
    """Writes these lanes' customers as they are now. Returns how many there are.

    Raises Conflict, or a SerializationError, when somebody else wrote them meanwhile.
    """
    async with one_moment(connection, readonly=False) as moment:
        found = [lane for lane in moment.lanes if lane.lane in set(lanes)]
        live = await connection.fetchval(sql("archive.list_live_segments"))
        await connection.execute(sql("archive.allow_scans"))
        csv = name_csv(duck.scratch)
        async with duck.session() as session:
            try:
                await take(connection, "archive.copy_customers", [lane.lane for lane in found], into=csv)
                written = await duck.run(session, lambda s: _write(s, duck.root, csv, [lane.lane for lane in found]))
            finally:
                csv.unlink(missing_ok=True)
        files.settle(duck.root, [file.path for file, _ in written])
        await connection.execute(sql("archive.replace_customers"), [lane.lane for lane in found], now)
        await add_files(connection, [file for file, _ in written], [about for _, about in written], now)
        saved = await connection.fetch(
            sql("archive.save_customers_at"), [lane.lane for lane in found], [lane.done for lane in found], live, now
        )
        if len(saved) != len(found):
            raise Conflict("the archive does not know all of these lanes")
    return sum(file.rows for file, _ in written)


def _write(session: Session, root: Path, csv: Path, lanes: Sequence[int]) -> list[tuple[ArchiveFile, dict[str, Any]]]:
    session.execute(f"CREATE OR REPLACE TEMP TABLE taken AS {relations.read_customers(csv)}")
    written = []
    for lane in lanes:
        rows = f"(SELECT * FROM taken WHERE lane = {int(lane)})"
        file = _write_lane(session, f"SELECT {relations.CUSTOMER} FROM {rows} ORDER BY id", root, lane)
        written.append((file, learn_customers(session, rows)))
    return written


def _write_lane(session: Session, query: str, root: Path, lane: int) -> ArchiveFile:
    id = uuid7(to_ms(datetime.now(UTC)))
    path = files.customers_path(lane, id)
    rows = files.write_parquet(session, query, root, path)
    return ArchiveFile(
        id=id, kind=CUSTOMERS, path=path, lane=lane, rows=rows, bytes=(root / path).stat().st_size
    )  # fmt: skip
