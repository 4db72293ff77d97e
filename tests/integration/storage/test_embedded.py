"""The embedded PostgreSQL: shared between processes, gone with its parent, back after a crash."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from motet.core.errors import Unavailable
from motet.storage.embedded import EmbeddedServer


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="motet-embedded-"))
    yield folder
    shutil.rmtree(EmbeddedServer(folder).sockets, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


_PARENT = """
import sys, time
from pathlib import Path
from motet.core.errors import Unavailable
from motet.storage.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.start()
print("up", flush=True)
time.sleep(60)
"""


async def test_it_dies_with_a_parent_that_is_killed_and_loses_nothing(home: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, str(home)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"up\n"
    server = EmbeddedServer(home)
    connection = await asyncpg.connect(server.url)
    await connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    await connection.close()
    pid = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 15
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
    server.start()
    connection = await asyncpg.connect(server.url)
    assert await connection.fetchval("SELECT n FROM kept") == 7
    await connection.close()
    server.stop()


async def test_a_second_process_uses_the_running_server(home: Path) -> None:
    first, second = EmbeddedServer(home), EmbeddedServer(home)
    first.start()
    second.start()
    assert first.mine
    assert not second.mine
    second.stop()
    assert first.running()
    first.stop()
    assert not first.running()


async def test_it_comes_back_after_a_crash_of_its_own(home: Path) -> None:
    server = EmbeddedServer(home)
    server.start()
    pid = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    while server.mine:
        time.sleep(0.02)
    server.start()
    assert server.running()
    server.stop()


def test_what_stands_in_the_way_of_a_start_is_told(home: Path) -> None:
    server = EmbeddedServer(home)
    server.start()
    server.stop()
    (server.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(Unavailable, match="did not start"):
        server.start(timeout=5)


def test_others_cannot_reach_the_socket(home: Path) -> None:
    server = EmbeddedServer(home)
    server.start()
    assert server.sockets.stat().st_mode & 0o077 == 0
    server.stop()


def test_a_socket_folder_that_somebody_else_could_write_to_is_not_trusted(home: Path) -> None:
    server = EmbeddedServer(home)
    server.sockets.mkdir(mode=0o777)
    server.sockets.chmod(0o777)
    with pytest.raises(Unavailable, match="somebody else"):
        server.start()
