"""Migrations: numbered files, forward only, each in one transaction, under one lock.

Also keeps the time partitions: by day for events, by month for messages and decisions, made ahead. Days of the log are
dropped by whoever has archived them; of the rest, what is past its retention is dropped here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from uuid import UUID

from motet.core.clock import to_ms
from motet.core.errors import Conflict
from motet.core.ids import uuid7_floor
from motet.storage.pool import Connection, Pool

_LOCK = 0x6D6F746574  # "motet"
_DAYS_AHEAD = 7
_MONTHS_AHEAD = 2

BY_DAY = ("event",)
BY_MONTH = ("message", "decision", "transfer")


def available() -> list[tuple[str, str]]:
    """The migrations that ship, as (name, text), in order."""
    folder = files("motet.storage").joinpath("migrations")
    names = sorted(f.name for f in folder.iterdir() if f.name.endswith(".sql"))
    return [(name, folder.joinpath(name).read_text(encoding="utf-8")) for name in names]


async def migrate(pool: Pool, *, lanes: int, now: datetime) -> list[str]:
    """Applies what is missing and returns the names applied.

    `lanes` is fixed when the database is made and ignored afterwards. Raises Conflict when an applied
    migration's text has changed or the database is newer than this code.
    """
    async with pool.acquire() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        try:
            done = await _apply(connection)
            await _make_lanes(connection, lanes)
            await keep_partitions(connection, now)
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)
    return done


async def _apply(connection: Connection) -> list[str]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS migration "
        "(name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL)"
    )
    applied = {row["name"]: row["digest"] for row in await connection.fetch("SELECT name, digest FROM migration")}
    shipped = {name: (text, hashlib.sha256(text.encode()).hexdigest()) for name, text in available()}
    if unknown := sorted(set(applied) - set(shipped)):
        raise Conflict(f"the database has migrations that this version does not know: {', '.join(unknown)}")
    done: list[str] = []
    for name, (text, digest) in shipped.items():
        if name in applied:
            if applied[name] != digest:
                raise Conflict(f"migration {name} was changed after it was applied")
            continue
        async with connection.transaction():
            await connection.execute(text)
            await connection.execute("INSERT INTO migration VALUES ($1, $2, $3)", name, digest, datetime.now(UTC))
        done.append(name)
    return done


async def _make_lanes(connection: Connection, lanes: int) -> None:
    async with connection.transaction():
        made = await connection.fetchval("SELECT value FROM setting WHERE key = 'lanes'")
        if made is None:
            await connection.execute("INSERT INTO setting VALUES ('lanes', $1)", lanes)
            await connection.executemany("INSERT INTO lane (lane) VALUES ($1)", [(n,) for n in range(lanes)])


async def read_lanes(pool: Pool) -> int:
    """The number of lanes that this database was made with."""
    return int(await pool.fetchval("SELECT value FROM setting WHERE key = 'lanes'"))


async def keep_partitions(connection: Connection, now: datetime) -> None:
    """Makes the partitions that are coming and drops the keys and transfers that are past their time."""
    today = now.astimezone(UTC).date()
    days = [today + timedelta(days=n) for n in range(-1, _DAYS_AHEAD + 1)]
    months = [_month(today, n) for n in range(-1, _MONTHS_AHEAD + 1)]
    for table in BY_DAY:
        for day in days:
            await _make_partition(connection, table, f"{day:%Y%m%d}", _floor(day), _floor(day + timedelta(days=1)))
    for table in BY_MONTH:
        for month in months:
            await _make_partition(connection, table, f"{month:%Y%m}", _floor(month), _floor(_month(month, 1)))
    for day in days:
        await _make_partition(connection, "event_seen", f"{day:%Y%m%d}", f"{day}", f"{day + timedelta(days=1)}")
    await _drop_old(connection, "event_seen", today - timedelta(days=8))
    # A merge can be undone for 30 days; a month goes when all of it is older.
    await _drop_old(connection, "transfer", _month(today, -2) - timedelta(days=1))


async def list_log_days(connection: Connection) -> list[date]:
    """The days of receipt (UTC) whose events are in PostgreSQL, or may come to be."""
    return sorted(date.fromisoformat(name[-8:]) for name in await _list_partitions(connection, "event"))


async def drop_log_day(connection: Connection, day: date, is_needed: Callable[[UUID, UUID], Awaitable[bool]]) -> bool:
    """Inside a transaction: drops one day of the log, if nobody needs ids in [low, high) once nobody can append there.

    Raises LockNotAvailableError when the log is in use for longer than the transaction's `lock_timeout`.
    """
    await connection.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
    if await is_needed(*log_day_ids(day)):
        return False
    await connection.execute(f"DROP TABLE event_{day:%Y%m%d}")
    return True


def log_day_ids(day: date) -> tuple[UUID, UUID]:
    """The ids of the events received on a day: [low, high)."""
    return UUID(_floor(day)), UUID(_floor(day + timedelta(days=1)))


async def _make_partition(connection: Connection, table: str, suffix: str, low: str, high: str) -> None:
    name = f"{table}_{suffix}"
    if await connection.fetchval("SELECT to_regclass($1)", name) is None:
        # Names and bounds are made above, from a date and a constant: nothing of a user's is in them.
        options = " WITH (fillfactor = 70)" if table == "message" else ""
        await connection.execute(
            f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ('{low}') TO ('{high}'){options}"
        )


async def _drop_old(connection: Connection, table: str, before: date) -> None:
    for name in await _list_partitions(connection, table):
        if name.rpartition("_")[2] < f"{before:%Y%m%d}":
            await connection.execute(f"DROP TABLE {name}")


async def _list_partitions(connection: Connection, table: str) -> list[str]:
    rows = await connection.fetch(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = $1::text::regclass",
        table,
    )
    return [row["relname"] for row in rows]


def _floor(day: date) -> str:
    return str(uuid7_floor(to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))))


def _month(day: date, ahead: int) -> date:
    index = day.year * 12 + day.month - 1 + ahead
    return date(index // 12, index % 12 + 1, 1)
