"""`motet up` as it is: real processes on free ports, in a home of its own."""

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
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

READY_WITHIN = 60.0  # seconds; a new database is made on the way


class House:
    """One running `motet up`."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.port = _free_port()
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

    def motet(self, *arguments: str) -> dict:
        """Runs a command in the same home, as a second terminal would, and reads its JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "motet.cli", *arguments, "--json"], env=self.env, capture_output=True, text=True
        )
        return {"code": done.returncode, **json.loads(done.stdout or "{}")}

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
                return json.load(answer)["status"] == "ok"
        except (OSError, ValueError):
            return False

    def wait_until_well(self) -> None:
        wait_for(self.well, READY_WITHIN, self.tell)

    def tell(self) -> str:
        return (self.home.parent / "up.log").read_text()[-4000:]

    def end(self, signum: int) -> int:
        self.process.send_signal(signum)
        return self.process.wait(60)


def wait_for(happened: Callable[[], object], seconds: float, tell: Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"it did not happen in time; the log ends:\n{tell()}"
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def up() -> Iterator[Callable[..., House]]:
    """Starts houses; whatever a test leaves alive is killed by its process id."""
    folder = Path(tempfile.mkdtemp(prefix="motet-up-"))
    houses: list[House] = []

    def start(*options: str) -> House:
        houses.append(House(folder / "home", *options))
        return houses[-1]

    yield start
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


def test_it_comes_up_survives_the_death_of_its_children_and_leaves_nothing(up):
    house = up()
    house.wait_until_well()
    wait_for(lambda: '"event":"ready"' in house.tell(), 10, house.tell)

    for words in ("cli serve", "work --engine", "work --channels", "cli outbox"):
        wait_for(lambda words=words: house.member(words), 10, house.tell)
        victim = house.member(words)
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda words=words, v=victim: house.member(words) not in (None, v), 20, house.tell)
    house.wait_until_well()

    assert house.end(signal.SIGTERM) == 0
    wait_for(lambda: not house.members(), 10, lambda: str(house.members()))


def test_postgresql_that_is_killed_comes_back(up):
    house = up()
    house.wait_until_well()
    os.kill(house.member("/bin/postgres -D"), signal.SIGKILL)
    wait_for(lambda: "PostgreSQL ended" in house.tell(), 20, house.tell)
    house.wait_until_well()
    assert house.end(signal.SIGINT) == 0


def test_killed_itself_it_leaves_nobody_behind_and_starts_again(up):
    house = up()
    house.wait_until_well()
    house.end(signal.SIGKILL)
    wait_for(lambda: not house.members(), 20, lambda: str(house.members()))

    again = up()
    again.wait_until_well()
    assert again.end(signal.SIGTERM) == 0


def test_a_second_terminal_knows_the_house(up, tmp_path):
    house = up()
    house.wait_until_well()

    assert house.motet("up")["error"]["problems"][0]["code"] == "up.already_running"

    people = tmp_path / "people.csv"
    people.write_text("external_id,email\nc-1,ann@example.com\n")
    assert house.motet("import", "customers", str(people))["code"] == 0

    campaign = tmp_path / "hello.yaml"
    campaign.write_text(
        "name: hello\nmessages:\n  - channel: email\n    content: {subject: Hello, html: <p>Hello there</p>}\n"
    )
    assert house.motet("apply", str(campaign))["applied"][0]["revision"] == 1
    assert house.motet("launch", "hello")["code"] == 0  # by way of the outbox that `up` runs
    wait_for(lambda: _sent(house) == 1, 30, house.tell)

    explained = house.motet("explain", "--customer", "c-1")["explanations"]
    assert [e["verdict"] for e in explained] == ["send"]
    findings = house.motet("doctor")["findings"]
    assert not [f for f in findings if f["level"] == "error"]
    assert house.end(signal.SIGTERM) == 0


def _sent(house: House) -> int:
    return next(row["sent"] for row in house.motet("status")["campaigns"] if row["name"] == "hello")


def test_a_taken_port_is_told_before_anything_starts(up):
    house = up()
    house.wait_until_well()
    other = house.home.parent / "other"
    done = subprocess.run(
        [sys.executable, "-m", "motet.cli", "up", "--json"],
        env={**house.env, "MOTET_HOME": str(other)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert json.loads(done.stdout.splitlines()[-1])["error"]["problems"][0]["code"] == "up.port_taken"
    assert not (other / "postgres").exists()
    assert house.end(signal.SIGTERM) == 0
