from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from motet.core.clock import to_ms
from motet.core.errors import Conflict
from motet.core.ids import uuid7
from motet.storage.migrate import drop_log_day, keep_partitions, list_log_days, migrate
from motet.storage.pool import Connection, Pool


async def test_a_second_migration_changes_nothing(pool: Pool) -> None:
    assert await migrate(pool, lanes=64, now=datetime.now(UTC)) == []
    assert await pool.fetchval("SELECT count(*) FROM lane") == 8


async def test_a_changed_migration_is_refused(pool: Pool) -> None:
    await pool.execute("UPDATE migration SET digest = 'other'")
    with pytest.raises(Conflict, match="changed after"):
        await migrate(pool, lanes=8, now=datetime.now(UTC))


async def test_a_newer_database_is_refused(pool: Pool) -> None:
    await pool.execute("INSERT INTO migration VALUES ('9999_later.sql', '', now())")
    with pytest.raises(Conflict, match="9999_later"):
        await migrate(pool, lanes=8, now=datetime.now(UTC))


async def _append(connection: Connection, now: datetime) -> None:
    await connection.execute(
        "INSERT INTO event (lane, customer_id, id, name, at, source) VALUES (1, $1, $2, 'x', $3, 'api')",
        uuid7(1),
        uuid7(to_ms(now)),
        now,
    )


async def test_events_fall_into_their_day_and_no_day_goes_by_itself(pool: Pool) -> None:
    now = datetime.now(UTC)
    async with pool.acquire() as connection:
        await _append(connection, now)
        await keep_partitions(connection, now + timedelta(days=400))
        assert now.date() in await list_log_days(connection)
        assert await connection.fetchval("SELECT count(*) FROM event") == 1


async def test_a_day_that_is_needed_is_not_dropped(pool: Pool) -> None:
    now = datetime.now(UTC)

    async def is_needed(low: UUID, high: UUID) -> bool:
        return False

    async def is_there(low: UUID, high: UUID) -> bool:
        return bool(await connection.fetchval("SELECT true FROM event WHERE id >= $1 AND id < $2", low, high))

    async with pool.acquire() as connection:
        await _append(connection, now)
        async with connection.transaction():
            assert not await drop_log_day(connection, now.date(), is_there)
        assert await connection.fetchval("SELECT count(*) FROM event") == 1
        async with connection.transaction():
            assert await drop_log_day(connection, now.date(), is_needed)
        assert await connection.fetchval("SELECT count(*) FROM event") == 0
        assert now.date() not in await list_log_days(connection)
