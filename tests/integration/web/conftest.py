"""A real server for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from motet.storage.pool import Pool
from siting import Site, run_site


@pytest_asyncio.fixture
async def site(pool: Pool, tmp_path: Path) -> AsyncIterator[Site]:
    async with run_site(pool, tmp_path) as running:
        yield running
