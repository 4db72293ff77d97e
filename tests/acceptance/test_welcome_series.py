"""The welcome series reaches ten thousand imported customers through a mail server that Motet did not write,
while the workers are killed in the middle of it: each message arrives once or is flagged `unknown`, none is missing.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from motet.core.words import Channel, EnrollmentStatus, MessageStatus
from motet.outbox.credentials import outbox_providers
from motet.storage.pool import Pool

CUSTOMERS = 10_000
KILLS = 4
SCALE = 86400 / 15  # the series' three days pass in 45 seconds, and its caps with them
MOTET = Path(sys.executable).parent / "motet"


@pytest.fixture
def sink() -> Iterator[tuple[int, Path]]:
    """Postfix's smtp-sink, which writes each transaction to a file of its own."""
    program = shutil.which("smtp-sink") or "/usr/sbin/smtp-sink"
    folder = Path(tempfile.mkdtemp(prefix="motet-sink-"))
    folder.chmod(0o777)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen([program, *user, "-d", f"{folder}/m.", f"127.0.0.1:{port}", "256"])
    yield port, folder
    process.terminate()
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


class House:
    """The commands of one Motet, as a person would give them."""

    def __init__(self, home: Path, database: str, smtp_port: int) -> None:
        self.home = home
        # SMS and push are set up, as a launch asks, but nobody here has a phone or a device: nothing goes there.
        others = outbox_providers(home, smtp_port, 9)
        self.env = os.environ | {
            "MOTET_SMS_URL": others[Channel.SMS],
            "MOTET_PUSH_URL": others[Channel.PUSH],
            "MOTET_HOME": str(home),
            "MOTET_DATABASE_URL": database,
            "MOTET_SECRET": "a secret for this test only",
            "MOTET_EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}?tls=none",
            "MOTET_PUBLIC_URL": "http://motet.test",
            "MOTET_API_KEY": "a key, since others would reach motet.test",
        }
        self.workers: list[subprocess.Popen[bytes]] = []

    def run(self, *command: str) -> Any:
        done = subprocess.run([MOTET, *command, "--json"], env=self.env, capture_output=True, cwd=self.home)
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        return json.loads(done.stdout)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        log = open(self.home / "workers.log", "ab")
        worker = subprocess.Popen([MOTET, *command], env=self.env, stdout=log, stderr=log, cwd=self.home)
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.terminate()
                worker.wait(30)


@pytest.fixture
def house(tmp_path: Path, database: str, sink: tuple[int, Path]) -> Iterator[House]:
    opened = House(tmp_path, database, sink[0])
    yield opened
    opened.close()


async def test_each_message_arrives_once_though_workers_are_killed(
    house: House, pool: Pool, sink: tuple[int, Path]
) -> None:
    _write_customers(house.home / "customers.csv")
    imported = house.run("import", "customers", "customers.csv")
    assert (imported["changed"], imported["rejected"]) == (CUSTOMERS, 0)
    _write_campaign(house.home / "welcome.yaml")
    house.run("apply", "welcome.yaml")
    house.run("launch", "welcome-series", "--audience")

    engine = house.start("work", "--engine")
    delivery = house.start("work", "--channels", "email")
    for kill in range(KILLS):
        await _until(pool, "SELECT count(*) > $1 FROM message WHERE status = 3", kill * 6000 + 1500)
        delivery.send_signal(signal.SIGKILL)
        if kill == 1:
            engine.send_signal(signal.SIGKILL)
            engine = house.start("work", "--engine")
        delivery = house.start("work", "--channels", "email")
    await _until(pool, "SELECT count(*) = $1 FROM enrollment WHERE status <> 1", CUSTOMERS)
    await _until(pool, "SELECT count(*) = $1 FROM message WHERE status IN (1, 2)", 0)

    arrived = _read_sink(sink[1])
    ledger = {row["id"]: row for row in await pool.fetch("SELECT * FROM message")}
    assert set(arrived) <= set(ledger)
    assert max(arrived.values()) == 1
    lost = [id for id, row in ledger.items() if row["status"] == MessageStatus.ACCEPTED and id not in arrived]
    assert lost == []
    unknown = [id for id, row in ledger.items() if row["status"] == MessageStatus.UNKNOWN]
    assert {row["status"] for row in ledger.values()} <= {MessageStatus.ACCEPTED, MessageStatus.UNKNOWN}
    assert len(unknown) < KILLS * 300  # no more than was in hand
    per_customer = Counter(row["customer_id"] for row in ledger.values())
    assert len(per_customer) == CUSTOMERS
    assert set(per_customer.values()) == {3}  # welcome, the SMS that falls back to email, the tips
    ended = await pool.fetch("SELECT status, count(*) FROM enrollment GROUP BY 1")
    assert [tuple(row) for row in ended] == [(EnrollmentStatus.COMPLETED, CUSTOMERS)]
    assert await pool.fetchval("SELECT sum(count) FROM stat WHERE metric = 1") == len(ledger) - len(unknown)
    assert await pool.fetchval("SELECT coalesce(sum(count), 0) FROM stat WHERE metric = 13") == len(unknown)


def _write_customers(path: Path) -> None:
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["customer_id", "email", "first_name", "tags"])
        out.writerows([f"c{n}", f"c{n}@example.com", f"Ada {n}", "new_signup"] for n in range(CUSTOMERS))


def _write_campaign(path: Path) -> None:
    """The blueprint as it ships, on a fast clock."""
    from motet.authoring.blueprints import read_blueprint

    path.write_text(yaml.safe_dump(read_blueprint("welcome-series") | {"time_scale": SCALE}))


def _read_sink(folder: Path) -> Counter[UUID]:
    found: Counter[UUID] = Counter()
    for file in folder.iterdir():
        match = re.search(rb"^Message-ID: <([0-9a-f]{32})@", file.read_bytes(), re.MULTILINE | re.IGNORECASE)
        assert match, file.read_bytes()[:500]
        found[UUID(match[1].decode())] += 1
    return found


async def _until(pool: Pool, question: str, *args: Any, timeout: float = 240) -> None:
    async with asyncio.timeout(timeout):
        while not await pool.fetchval(question, *args):
            await asyncio.sleep(0.1)
