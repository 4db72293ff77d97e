"""An archive over a fresh database, and the DuckDB of a keeper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from archiving import LANES
from motet.archive.duck import Duck
from motet.archive.reader import Archive
from motet.storage.pool import Pool


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest_asyncio.fixture
async def archive(pool: Pool, root: Path):
    reader = Archive(pool, LANES, root, memory="300MB", threads=1)
    yield reader
    reader.close()


@pytest.fixture
def duck(root: Path) -> Iterator[Duck]:
    writer = Duck(root, memory="300MB", threads=1)
    yield writer
    writer.close()
