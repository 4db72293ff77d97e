"""Takes away what nobody needs: files that were replaced or never counted, days of the log that are archived."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg

from motet.archive import files
from motet.archive.duck import Duck
from motet.storage.migrate import drop_log_day, list_log_days, log_day_ids
from motet.storage.pool import Connection
from motet.storage.sql import sql

GRACE = timedelta(days=1)  # for whoever still reads a file that was replaced, or restores a backup of the database
_PATIENCE = "500ms"  # for the lock on the log: whoever appends waits behind us meanwhile


async def sweep_files(connection: Connection, duck: Duck, now: datetime, *, grace: timedelta = GRACE) -> int:
    """Deletes files that were replaced, or that the manifest does not name, for longer than `grace`."""
    files.remove_scratch(duck.root, grace.total_seconds())
    rows = await connection.fetch(sql("archive.forget_replaced"), now - grace)
    named = {row["path"] for row in await connection.fetch(sql("archive.list_paths"))}
    doomed = [row["path"] for row in rows]
    doomed += [p for p, age in files.list_ours(duck.root) if p not in named and age > grace.total_seconds()]
    files.remove(duck.root, doomed)
    return len(doomed)


async def drop_warm(connection: Connection, now: datetime, warm: timedelta) -> list[date]:
    """Drops the days of the log that are older than `warm` and that nobody needs. Returns them.

    Needed is a day with a row that is in no file, that the engine's cursor has not passed, or that came after a lane's
    customers were written. One that is in use at the moment is left for the next time.
    """

    async def is_needed(low: UUID, high: UUID) -> bool:
        return bool(await connection.fetchval(sql("archive.is_needed"), low, high))

    dropped = []
    for day in await list_log_days(connection):
        if day >= (now - warm).date() or await is_needed(*log_day_ids(day)):
            continue
        try:
            async with connection.transaction():
                await connection.execute(sql("archive.limit_patience"), _PATIENCE)
                await connection.execute(sql("archive.prefer_indexes"))
                if await drop_log_day(connection, day, is_needed):
                    dropped.append(day)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            continue
    return dropped
