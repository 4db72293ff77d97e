"""What every test may ask for. A database is a copy of one migrated template on one embedded server."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from motet.storage.embedded import EmbeddedServer
from motet.storage.migrate import migrate
from motet.storage.pool import Pool, open_pool

LANES = 8

# How fast a machine draws examples, or answers, is nothing that a test may fail of.
settings.register_profile("motet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("motet")


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """A PostgreSQL of its own for this run."""
    home = Path(tempfile.mkdtemp(prefix="motet-test-"))
    embedded = EmbeddedServer(home)
    embedded.start()
    yield embedded
    embedded.stop()
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(embedded.sockets, ignore_errors=True)


def named(server: EmbeddedServer, database: str) -> str:
    return server.url.replace("/motet?", f"/{database}?")


@pytest_asyncio.fixture(scope="session")
async def template(server: EmbeddedServer) -> str:
    """The name of a migrated database that tests copy."""
    await _admin(server, "CREATE DATABASE motet_template")
    pool = await open_pool(named(server, "motet_template"), size=1)
    await migrate(pool, lanes=LANES, now=datetime.now(UTC))
    await pool.close()
    return "motet_template"


@pytest_asyncio.fixture
async def database(server: EmbeddedServer, template: str) -> AsyncIterator[str]:
    """The url of a fresh migrated database with 8 lanes."""
    name = f"test_{uuid4().hex[:12]}"
    await _admin(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield named(server, name)
    await _admin(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """An open pool on a fresh database."""
    opened = await open_pool(database, size=8)
    yield opened
    opened.terminate()


async def _admin(server: EmbeddedServer, statement: str) -> None:
    connection = await asyncpg.connect(named(server, "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
