"""DuckDB in this process, bounded: so much memory, so many threads, files below one folder, nothing else.

What it computes runs in threads. A caller that gives up interrupts its query.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias, TypeVar

import duckdb

from motet.core.errors import Unavailable

T = TypeVar("T")
Session: TypeAlias = "duckdb.DuckDBPyConnection"

SCRATCH = "tmp"
MOST_THREADS = 4


class Duck:
    """One in-memory database; each piece of work has a session with temporary tables of its own."""

    def __init__(self, root: Path, *, memory: str, threads: int | None = None, at_once: int = 2) -> None:
        """`memory` such as "1GB" is for all of it; beyond that it spills to disk. At most `at_once` sessions work."""
        self.root = root
        self.memory = memory
        self.threads = threads or min(os.cpu_count() or 1, MOST_THREADS)
        # Where rows on their way and spilled data are: nobody else's.
        self.scratch = root / SCRATCH / f"{os.getpid()}-{secrets.token_hex(4)}"
        self._free = asyncio.Semaphore(at_once)
        self._database: Session | None = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """A session, when it is our turn; what it made is gone afterwards."""
        async with self._free:
            try:
                make_root(self.root)
                self.scratch.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise Unavailable(f"the archive's folder cannot be written: {error}") from error
            session = self._open().cursor()
            try:
                yield session
            finally:
                session.close()

    async def run(self, session: Session, work: Callable[[Session], T]) -> T:
        """`work(session)` in a thread. Raises Unavailable when the disk or the memory does not hold it."""
        task = asyncio.ensure_future(asyncio.to_thread(work, session))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            session.interrupt()
            await asyncio.wait([task])
            raise
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise Unavailable(f"the archive cannot be read or written: {error}") from error

    def close(self) -> None:
        """Forgets everything in memory and on its way."""
        if self._database is not None:
            self._database.close()
            self._database = None
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _open(self) -> Session:
        if self._database is None:
            database = duckdb.connect(
                config={
                    "threads": str(self.threads),
                    "memory_limit": self.memory,
                    "temp_directory": str(self.scratch),
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                }
            )
            _lock_up(database, self.root)
            self._database = database
        return self._database


def make_root(root: Path) -> None:
    """The archive's folder, where all that customers told us is: a new one is its owner's alone."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)


def _lock_up(database: Session, root: Path) -> None:
    database.execute("SET GLOBAL TimeZone = 'UTC'")
    database.execute("SET GLOBAL parquet_metadata_cache = true")  # a file never changes
    database.execute("SET GLOBAL allowed_directories = ?", [[f"{folder}/" for folder in _list_folders(root)]])
    database.execute("SET GLOBAL enable_external_access = false")
    database.execute("SET GLOBAL lock_configuration = true")


def _list_folders(root: Path) -> list[Path]:
    """The folder, and where links in it lead: an owner may have moved old months to another disk."""
    links = [path for pattern in ("*", "*/*") for path in root.glob(pattern) if path.is_symlink()]
    return [root.absolute(), root.resolve(), *(link.resolve() for link in links)]
