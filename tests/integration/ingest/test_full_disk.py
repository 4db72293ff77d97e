"""A disk that is full: events are refused, and none that was acknowledged is lost."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import asyncpg
import pytest

from motet.core.errors import Unavailable
from motet.ingest.events import EventBuffer, RawEvent
from motet.storage.embedded import EmbeddedServer
from motet.storage.migrate import migrate
from motet.storage.pool import open_pool

LANES = 4
BALLAST = 24 << 20  # bytes that a person would free
PADDING = Random(1).randbytes(4_000).hex()  # it does not compress


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, large enough for a new database and little more."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=220m,mode=755", "tmpfs", disk], capture_output=True)
    if made.returncode:
        pytest.skip(f"needs the right to mount a small file system: {made.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


async def test_what_was_acknowledged_is_there_when_there_is_room_again(small_disk: Path) -> None:
    server = EmbeddedServer(small_disk)
    server.start()
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(BALLAST))
    try:
        acknowledged = await _fill(server.url)
        assert acknowledged, "nothing was taken before the disk was full"

        ballast.unlink()
        server.stop()
        server.start()

        connection = await asyncpg.connect(server.url)
        there = {row[0] for row in await connection.fetch("SELECT properties ->> 'n' FROM event WHERE name = 'fill'")}
        await connection.close()
        assert not acknowledged - there
    finally:
        server.stop()


async def _fill(url: str) -> set[str]:
    """Adds events until one is refused; returns those that were acknowledged."""
    pool = await open_pool(url, size=2)
    buffer = EventBuffer(pool, LANES, patience=3)
    acknowledged: set[str] = set()
    try:
        await migrate(pool, lanes=LANES, now=datetime.now(UTC))
        for start in range(0, 1_000_000, 200):
            numbers = [str(n) for n in range(start, start + 200)]
            facts = [RawEvent(customer="ann", name="fill", properties={"n": n, "pad": PADDING + n}) for n in numbers]
            await buffer.add(facts)
            acknowledged.update(numbers)
        pytest.fail("the disk never became full")
    except (Unavailable, asyncpg.PostgresError, OSError):
        return acknowledged
    finally:
        await buffer.close(grace=1)
        with suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), 2)
        pool.terminate()
