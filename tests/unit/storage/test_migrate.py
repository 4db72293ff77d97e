from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from motet.core.clock import to_ms
from motet.core.errors import Conflict
from motet.core.ids import uuid7
from motet.storage.migrate import keep_partitions, migrate
from motet.storage.pool import Pool


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


async def test_events_fall_into_their_day_and_old_days_are_dropped(pool: Pool) -> None:
    now = datetime.now(UTC)
    async with pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO event (lane, customer_id, id, name, at, source) VALUES (1, $1, $2, 'x', $3, 'api')",
            uuid7(1),
            uuid7(to_ms(now)),
            now,
        )
        await keep_partitions(connection, now + timedelta(days=60), keep_days=90)
        assert await connection.fetchval("SELECT count(*) FROM event") == 1
        await keep_partitions(connection, now + timedelta(days=120), keep_days=90)
        assert await connection.fetchval("SELECT count(*) FROM event") == 0
