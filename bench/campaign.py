"""A campaign from its audience to the SMTP wire: messages a second, resident memory, bytes on disk per message.

    python bench/campaign.py [--customers 100000] [--dkim none|ed25519|rsa]

Beside it, in the same run on the same machine: the plainest client that could do the wire's part (one bare
asyncio.Protocol a connection, the same bytes every time, no database). Both talk to Postfix's smtp-sink on loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

from motet.core.clock import to_ms
from motet.core.ids import lane_of, uuid7
from motet.core.program import Program, Step
from motet.core.words import CampaignStatus
from motet.storage.embedded import EmbeddedServer
from motet.storage.migrate import migrate
from motet.storage.pool import Pool, open_pool
from motet.storage.sql import sql

MOTET = Path(sys.executable).parent / "motet"
CONNECTIONS = 20
ADA = {"first_name": "Ada"}
HTML = (
    "<h1>Welcome, {{#if first_name}}{{first_name}}{{else}}friend{{/if}}</h1>"
    + "<p>A line of text that a brand would write to somebody who has just joined, about as long as this one.</p>" * 9
    + '<p><a href="https://shop.example/start?c={{customer_id}}">Start here</a> or '
    '<a href="https://shop.example/help">ask us</a>.</p>'
)


async def prepare(pool: Pool, customers: int) -> Program:
    """Customers by COPY and one broadcast, ready to launch."""
    now = datetime.now(UTC)
    lanes = 64
    base = to_ms(now)
    for start in range(0, customers, 20_000):
        ids = [uuid7(base + n // 50) for n in range(start, min(customers, start + 20_000))]
        await pool.copy_records_to_table(
            "customer",
            records=[
                (lane_of(id, lanes), id, f"c{start + n}", f"c{start + n}@example.com", ADA, ["all"], now, now)
                for n, id in enumerate(ids)
            ],
            columns=("lane", "id", "external_id", "email", "attributes", "tags", "created_at", "updated_at"),
        )  # fmt: skip
    step = Step(
        "say",
        "message",
        {"channel": "email", "content": {"email": {"subject": "Welcome {{first_name}}", "html": HTML}}},
    )
    program = Program(
        id=uuid7(base), revision_id=uuid7(base), name="bench", segments=("all",), steps=(step, Step("end", "exit"))
    )
    await pool.execute(
        "INSERT INTO campaign (id, name, title, status, revision_id, created_at, updated_at) "
        "VALUES ($1, 'bench', 'Bench', $2, $3, $4, $4)",
        program.id, int(CampaignStatus.RUNNING), program.revision_id, now,
    )  # fmt: skip
    await pool.execute(
        "INSERT INTO revision (id, campaign_id, number, document, program, created_at) VALUES ($1,$2,1,'{}',$3,$4)",
        program.revision_id, program.id, msgspec.to_builtins(program), now,
    )  # fmt: skip
    return program


async def launch(pool: Pool, program: Program) -> None:
    now = datetime.now(UTC)
    id = uuid7(to_ms(now))
    await pool.execute(sql("calendar.add_launch"), id, program.id, program.revision_id, "audience", now)
    await pool.execute(sql("calendar.add_launch_lanes"), id)
    await pool.execute(sql("engine.notify"), "motet_work", "launch")


def start_sink() -> tuple[subprocess.Popen[bytes], int]:
    program = shutil.which("smtp-sink") or "/usr/sbin/smtp-sink"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    return subprocess.Popen([program, *user, f"127.0.0.1:{port}", "256"]), port


class Bare(asyncio.Protocol):
    """The barest pipelining client: the next envelope goes out behind the body (RFC 2920, 3.1)."""

    ENVELOPE = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"

    def __init__(self, messages: int, body: bytes, done: asyncio.Future[None]) -> None:
        self.left = messages
        self.body = body + b"\r\n.\r\n"
        self.done = done
        self.greeted = 0
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.write = transport.write

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\r\n")
        for line in lines:
            if line[3:4] == b"-":
                continue
            if self.greeted < 2:
                self.greeted += 1
                self.write(b"EHLO bench\r\n" if self.greeted == 1 else self.ENVELOPE)
            elif line.startswith(b"354"):
                self.left -= 1
                self.write(self.body + (self.ENVELOPE if self.left else b""))
            elif self.left == 0 and line.startswith(b"250 2.0.0") and not self.done.done():
                self.done.set_result(None)


async def bare_limit(port: int, messages: int) -> float:
    """Messages a second of the barest client against the same sink."""
    loop = asyncio.get_running_loop()
    body = b"Subject: x\r\n\r\n" + (b"y" * 74 + b"\r\n") * 54
    share = messages // CONNECTIONS
    futures = [loop.create_future() for _ in range(CONNECTIONS)]
    start = time.perf_counter()
    await asyncio.gather(*(loop.create_connection(partial(Bare, share, body, f), "127.0.0.1", port) for f in futures))
    await asyncio.wait_for(asyncio.gather(*futures), 120)
    return share * CONNECTIONS / (time.perf_counter() - start)


def resident(pid: int) -> int:
    """Resident memory in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def done_or_one(done: int) -> int:
    return max(1, int(done))


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of some processes and of their children that are alive."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(entry.name) in pids or int(fields[1]) in pids:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=1, help="delivery processes")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="motet-bench-"))
    server = EmbeddedServer(home)
    server.start()
    sink, port = start_sink()
    await asyncio.sleep(0.3)
    workers: list[subprocess.Popen[bytes]] = []
    try:
        limit = await bare_limit(port, 40_000)
        pool = await open_pool(server.url, size=4)
        await migrate(pool, lanes=64, now=datetime.now(UTC))
        program = await prepare(pool, options.customers)
        await pool.execute("VACUUM ANALYZE customer")
        env = os.environ | {
            "MOTET_HOME": str(home),
            "MOTET_DATABASE_URL": server.url,
            "MOTET_EMAIL_URL": f"smtp://127.0.0.1:{port}?tls=none&pool={CONNECTIONS}",
        }
        log = open(home / "workers.log", "wb")
        for args in (("work", "--engine"), *[("work", "--channels", "email")] * options.workers):
            workers.append(subprocess.Popen([MOTET, *args], env=env, stdout=log, stderr=log))
        await asyncio.sleep(4)
        before = [resident(w.pid) for w in workers]
        postmaster = int((server.data / "postmaster.pid").read_text().splitlines()[0])
        parts = {
            "engine": [workers[0].pid],
            "delivery": [w.pid for w in workers[1:]],
            "postgres": [postmaster],
            "sink": [sink.pid],
        }
        used = {name: cpu_seconds(pids) for name, pids in parts.items()}
        start = time.perf_counter()
        await launch(pool, program)
        peak = list(before)
        while True:
            done = await pool.fetchval("SELECT coalesce(sum(count), 0) FROM stat WHERE metric IN (1, 13, 3)")
            peak = [max(p, resident(w.pid)) for p, w in zip(peak, workers, strict=True)]
            if done >= options.customers or time.perf_counter() - start > 600:
                break
            await asyncio.sleep(0.25)
        seconds = time.perf_counter() - start
        cost = {n: round((cpu_seconds(pids) - used[n]) / done_or_one(done) * 1e6) for n, pids in parts.items()}
        size = await pool.fetchval(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname ~ '^message_'"
        )
        result = {
            "customers": options.customers,
            "delivered": int(done),
            "seconds": round(seconds, 2),
            "messages_per_second": round(int(done) / seconds),
            "bare_wire_per_second": round(limit),
            "ratio": round(int(done) / seconds / limit, 3),
            "cpu_us_per_message": cost,
            "engine_rss_mb": round(peak[0] / 2**20),
            "delivery_rss_mb": round(max(peak[1:]) / 2**20),
            "message_bytes_on_disk": round(int(size) / done_or_one(done)),
        }
        print(json.dumps(result, indent=2))
        if options.json:
            options.json.write_text(json.dumps(result))
        await pool.close()
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait(20)
        sink.terminate()
        print((home / "workers.log").read_text()[-2000:] if (home / "workers.log").exists() else "")
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    asyncio.run(main())
