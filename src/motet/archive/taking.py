"""Rows out of PostgreSQL, as CSV in a file on its way to DuckDB."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from motet.archive.manifest import Moment
from motet.core.errors import Unavailable
from motet.storage.pool import Connection
from motet.storage.sql import sql

FIRST_ID = UUID(int=0)
LAST_ID = UUID(int=(1 << 128) - 1)

# More rows than this are not read for one question: whoever asks would wait, and fill the disk.
MOST_NEWER = 3_000_000

_TIMEOUT = 3600.0  # seconds; a first export reads the whole log


async def take(connection: Connection, name: str, *args: Any, into: Path, append: bool = False) -> int:
    """Copies what the query `name` finds into a CSV. Returns the number of rows."""
    with open(into, "ab" if append else "wb") as output:
        done = await connection.copy_from_query(
            sql(name), *args, output=output, format="csv", encoding="utf-8", timeout=_TIMEOUT
        )
    return int(done.rpartition(" ")[2])


def name_csv(folder: Path) -> Path:
    """A name that nobody else uses."""
    return folder / f"{secrets.token_hex(8)}.csv"


async def take_newer(connection: Connection, moment: Moment, into: Path) -> int:
    """The events that no file holds. Raises Unavailable when there are too many for one question."""
    taken = 0
    into.touch()
    for covered, lanes in moment.groups().items():
        room = MOST_NEWER + 1 - taken
        taken += await take(
            connection, "archive.copy_newer", lanes, covered, FIRST_ID, LAST_ID, room, into=into, append=True
        )
        if taken > MOST_NEWER:
            raise Unavailable(
                f"the archive is more than {MOST_NEWER:,} events behind: see that `motet work --archive` runs"
            )
    return taken


async def take_changed(connection: Connection, moment: Moment, into: Path) -> int:
    """The customers whom no file holds as they are now; of a lane that was never written, all of them."""
    into.touch()
    taken = 0
    if whole := [lane.lane for lane in moment.lanes if lane.customers_at is None]:
        taken += await take(connection, "archive.copy_customers", whole, into=into, append=True)
    if written := [lane.lane for lane in moment.lanes if lane.customers_at is not None]:
        taken += await take(connection, "archive.copy_changed", written, into=into, append=True)
    return taken


async def take_stale(connection: Connection, moment: Moment, into: Path) -> Sequence[int]:
    """The lanes that were written before a segment that is live now was; who is in which there goes `into`."""
    live = set(await connection.fetchval(sql("archive.list_live_segments")))
    stale = [lane.lane for lane in moment.lanes if lane.customers_at is not None and not live <= set(lane.segments)]
    if stale:
        await take(connection, "archive.copy_standings", stale, into=into)
    return stale
