"""A running `motet up`, as a test or a person would start it: real processes on free ports in a home of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

READY_WITHIN = 60.0  # seconds; a new database is made on the way


class House:
    """One running `motet up`."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("MOTET_")}
        self.env |= {"MOTET_HOME": str(home), "MOTET_PORT": str(self.port)}
        self.log = open(home.parent / "up.log", "ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "motet.cli", "up", "--json", *options],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )

    def motet(self, *arguments: str) -> dict[str, Any]:
        """Runs a command in the same home, as a second terminal would, and reads its JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "motet.cli", *arguments, "--json"], env=self.env, capture_output=True, text=True
        )
        return {"code": done.returncode, **json.loads(done.stdout or "{}")}

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of an answer, of a refusal too."""
        return self._ask(urllib.request.Request(f"{self.url}{path}"))

    def post(self, path: str, body: Any, key: str | None = None) -> tuple[int, Any]:
        """As `get`; with a write key as a website would send it."""
        request = urllib.request.Request(
            f"{self.url}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        if key is not None:
            request.add_header("Authorization", f"Basic {b64encode(f'{key}:'.encode()).decode()}")
        return self._ask(request)

    def _ask(self, request: urllib.request.Request) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def members(self) -> dict[int, str]:
        """Everything alive that belongs to this house: process id -> command."""
        found: dict[int, str] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with contextlib.suppress(OSError):
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                    environment = (entry / "environ").read_bytes()
                    ours = f"MOTET_HOME={self.home}\0".encode() in environment or str(self.home) in command
                    if command and ours and int(entry.name) != os.getpid():
                        found[int(entry.name)] = command
        return found

    def member(self, words: str) -> int | None:
        return next((pid for pid, command in self.members().items() if words in command), None)

    def well(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return bool(json.load(answer)["status"] == "ok")
        except (OSError, ValueError):
            return False

    def wait_until_well(self) -> None:
        wait_for(self.well, READY_WITHIN, self.tell)

    def tell(self) -> str:
        """The end of the log: for a person to read."""
        return self.said()[-4000:]

    def said(self) -> str:
        return (self.home.parent / "up.log").read_text()

    def end(self, signum: int) -> int:
        self.process.send_signal(signum)
        return self.process.wait(60)


def wait_for(happened: Callable[[], object], seconds: float, tell: Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"it did not happen in time; the log ends:\n{tell()}"
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def open_houses() -> Iterator[Callable[..., House]]:
    """Starts houses; whatever a test leaves alive is killed by its process id."""
    folder = Path(tempfile.mkdtemp(prefix="motet-up-"))
    houses: list[House] = []

    def start(*options: str) -> House:
        houses.append(House(folder / "home", *options))
        return houses[-1]

    try:
        yield start
    finally:
        for house in houses:
            house.process.kill()
            house.process.wait()
            house.log.close()
            deadline = time.monotonic() + 15
            while house.members() and time.monotonic() < deadline:
                time.sleep(0.1)
            for pid in house.members():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
