"""Many small files into few large ones, so that a question opens few, and finds one customer's rows side by side.

Today's files are merged when there are several of about one size; those of a day that is over, and then of a month that
is over, into one, as long as it does not grow too large. What is merged is worth it: a file takes part only beside
others that together are not much smaller, so a row is rewritten a handful of times in its life.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from motet.archive import files
from motet.archive.duck import Duck, Session
from motet.archive.export import write_events
from motet.archive.learning import merge_learned, to_json
from motet.archive.manifest import ArchiveFile, add_files, replace_files
from motet.archive.relations import EVENT, EVENT_ORDER, scan_files
from motet.core.clock import to_ms
from motet.core.errors import Unavailable
from motet.core.ids import uuid7
from motet.storage.pool import Connection
from motet.storage.sql import sql

LARGEST = 16_000_000  # rows that a merged file may have
TIER = 8  # a file is merged with others that have at least one eighth of its rows together
SEVERAL = 8  # files of a day that is not over, to be worth a merge
QUIET = timedelta(hours=2)  # after midnight, until a day counts as over


def plan_merge(found: Sequence[ArchiveFile], now: datetime) -> list[ArchiveFile]:
    """The files of events to be merged next; none when all is well."""
    over = (now - QUIET).astimezone(UTC).date()
    groups: defaultdict[date, list[ArchiveFile]] = defaultdict(list)
    for file in found:
        assert file.first_day is not None
        first = file.first_day
        whole_month = (first.year, first.month) < (over.year, over.month)
        groups[first.replace(day=1) if whole_month else first].append(file)
    for start, group in sorted(groups.items()):
        if chosen := _choose(group, 2 if start < over else SEVERAL):
            return chosen
    return []


def _choose(group: Sequence[ArchiveFile], least: int) -> list[ArchiveFile]:
    """The smallest files, as long as the next is not much larger than they are together, nor all of them too large."""
    chosen: list[ArchiveFile] = []
    rows = 0
    for file in sorted(group, key=lambda f: (f.rows, f.id)):
        if rows + file.rows > LARGEST or (chosen and file.rows > TIER * rows):
            if len(chosen) >= least:
                return chosen
            chosen, rows = [], 0  # these are best left alone: perhaps larger ones go together
        chosen.append(file)
        rows += file.rows
    return chosen if len(chosen) >= least and rows <= LARGEST else []


async def merge_files(connection: Connection, duck: Duck, chosen: Sequence[ArchiveFile], now: datetime) -> ArchiveFile:
    """Merges files into one that takes their place. They stay on the disk for who is reading them.

    Raises Conflict when somebody else replaced one of them meanwhile.
    """
    first = min(f.first_day for f in chosen if f.first_day is not None)
    last = max(f.last_day for f in chosen if f.last_day is not None)
    async with duck.session() as session:
        merged = await duck.run(session, lambda s: _write(s, duck.root, chosen, first, last))
    files.settle(duck.root, [merged.path])
    async with connection.transaction():
        rows = await connection.fetch(sql("archive.list_learned"), [f.id for f in chosen])
        learned: dict[str, Any] = to_json(merge_learned(row["learned"] for row in rows))
        await replace_files(connection, chosen, now)
        await add_files(connection, [merged], [learned], now)
    return merged


def _write(session: Session, root: Path, chosen: Sequence[ArchiveFile], first: date, last: date) -> ArchiveFile:
    id = uuid7(to_ms(datetime.now(UTC)))
    session.execute("SET VARIABLE merged_files = ?", [[str(root / f.path) for f in chosen]])
    query = f"SELECT {EVENT} FROM {scan_files('merged_files')} ORDER BY {EVENT_ORDER}"
    merged = write_events(session, query, root, files.events_path(first, id), id, first, last)
    if merged.rows != (expected := sum(f.rows for f in chosen)):
        files.remove(root, [merged.path])
        raise Unavailable(f"files of {first} hold {merged.rows:,} rows and not {expected:,}: one of them is damaged")
    return merged
