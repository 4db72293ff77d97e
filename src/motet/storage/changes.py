"""Profiles that changed, told to whoever follows the event log.

One row of the log for many customers of a lane: an import of a million is some thousands of rows. The row belongs to
NOBODY, is named CUSTOMERS_CHANGED, and holds the ids; the engine looks at these customers again, and the columnar log
reads them anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from motet.core.clock import to_ms
from motet.core.events import CUSTOMERS_CHANGED, NOBODY
from motet.core.ids import lane_of, uuid7
from motet.storage.pool import Connection
from motet.storage.sql import sql

IDS = 500  # in one row

_COLUMNS = ("lane", "customer_id", "id", "name", "at", "properties", "source")


async def note_changes(connection: Connection, ids: Iterable[UUID], *, lanes: int, now: datetime) -> None:
    """Tells, inside the caller's transaction, that these profiles changed; the engine hears of it after the commit."""
    by_lane: defaultdict[int, list[str]] = defaultdict(list)
    for id in ids:
        by_lane[lane_of(id, lanes)].append(str(id))
    rows = [
        (lane, NOBODY, uuid7(to_ms(now)), CUSTOMERS_CHANGED, now, {"ids": found[start : start + IDS]}, "profile")
        for lane, found in sorted(by_lane.items())
        for start in range(0, len(found), IDS)
    ]
    if rows:
        await connection.copy_records_to_table("event", records=rows, columns=_COLUMNS)
        await connection.execute(sql("ingest.wake"), "lanes:" + ",".join(map(str, sorted(by_lane))))
