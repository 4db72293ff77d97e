"""Listening that fails half-way leaves nothing behind."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from motet.storage.pool import open_pool
from motet.storage.wakes import Wakes


async def test_a_connection_on_which_nobody_can_listen_goes_back_to_the_pool(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = await open_pool(database, size=1)
    add, tried = asyncpg.Connection.add_listener, 0

    async def fail_once(connection: Any, channel: str, callback: Any) -> None:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise asyncpg.CannotConnectNowError("the database system is starting up")
        await add(connection, channel, callback)

    monkeypatch.setattr(asyncpg.Connection, "add_listener", fail_once)
    try:
        with pytest.raises(asyncpg.CannotConnectNowError):
            async with Wakes(pool, ("motet_work",), lambda channel, payload: None):
                pass
        async with asyncio.timeout(10), Wakes(pool, ("motet_work",), lambda channel, payload: None):
            assert tried == 2
    finally:
        pool.terminate()
