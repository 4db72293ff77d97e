"""The tracking door: events a second over HTTP, answered after the commit, and how long an answer takes.

    python bench/ingest.py [--seconds 4] [--batch 100]

The server, the database and the sender share the machine, so a rate is also given by the processor time of the server
alone: what one core of it takes. Beside it, in the same run: a server that reads a body and answers (the same Granian,
no work), bare COPY of the same rows with as many rows in a commit, and bare commits of one row.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from motet.app import run, serve
from motet.audience.inputs import CustomerInput
from motet.audience.upsert import save_customers
from motet.config import Config
from motet.core.clock import to_ms
from motet.core.ids import lane_of, uuid7
from motet.ingest.keys import add_key
from motet.storage.embedded import EmbeddedServer
from motet.storage.migrate import migrate
from motet.storage.pool import Json, Pool, open_pool

CUSTOMERS = 20_000
CONNECTIONS = (1, 4, 16, 64)
LANES = 64
PROPERTIES = b'{"sku":"G-32","category":"Games","name":"Monopoly","price":14.0,"quantity":1,"currency":"usd"}'
HEAD = (
    "POST %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic %s\r\nContent-Type: application/json\r\nContent-Length: "
)


def make_call(pick: random.Random, number: int) -> bytes:
    """One track call about a customer who is known, with an id of its own."""
    return (
        b'{"type":"track","event":"Product Added","userId":"c%d","messageId":"m-%d-%x","timestamp":'
        b'"2026-11-24T09:30:00.000Z","context":{"library":{"name":"bench","version":"1"}},"properties":%b}'
    ) % (pick.randrange(CUSTOMERS), number, pick.getrandbits(64), PROPERTIES)


class Sender(asyncio.Protocol):
    """One connection: the next request goes when the last one is answered."""

    def __init__(self, make: Callable[[], bytes], until: float, done: asyncio.Future[None]) -> None:
        self.make, self.until, self.done = make, until, done
        self.took: list[float] = []
        self.failed = 0
        self.buffer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.next()

    def next(self) -> None:
        now = time.perf_counter()
        if now >= self.until:
            self.transport.close()
            return
        self.transport.write(self.make())
        self.begun = time.perf_counter()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(rest) < length:
            return
        self.took.append(time.perf_counter() - self.begun)
        if not head.startswith(b"HTTP/1.1 200") or b"rejected" in rest:
            self.failed += 1
        self.buffer = b""
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def load(port: int, path: str, key: str, connections: int, batch: int, seconds: float) -> dict[str, Any]:
    """Sends for `seconds` over so many connections; `batch` 0 is one call a request."""
    pick = random.Random(connections * 1000 + batch)
    head = (HEAD % (path, base64.b64encode(f"{key}:".encode()).decode())).encode()
    number = 0

    def make() -> bytes:
        nonlocal number
        number += 1
        body = make_call(pick, number)
        if batch:
            body = b'{"batch":[%b]}' % b",".join([make_call(pick, number) for _ in range(batch)])
        return b"%b%d\r\n\r\n%b" % (head, len(body), body)

    loop = asyncio.get_running_loop()
    until = time.perf_counter() + seconds
    futures = [loop.create_future() for _ in range(connections)]
    begun = time.perf_counter()
    senders = [
        (await loop.create_connection(lambda f=future: Sender(make, until, f), "127.0.0.1", port))[1]
        for future in futures
    ]
    await asyncio.wait_for(asyncio.gather(*futures), seconds + 60)
    elapsed = time.perf_counter() - begun
    took = sorted(t for sender in senders for t in sender.took)
    assert not any(sender.failed for sender in senders)
    requests = len(took)
    return {
        "requests": requests,
        "per_second": requests * (batch or 1) / elapsed,
        "p50_ms": 1000 * took[requests // 2],
        "p99_ms": 1000 * took[int(requests * 0.99)],
    }


def processor_seconds(pids: list[int]) -> float:
    """User and system time of these processes so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def database_pids(home: Path) -> list[int]:
    """PostgreSQL and its children."""
    parent = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
    found = [parent]
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                    found.append(int(entry.name))
    return found


async def measure(
    server: int, home: Path, port: int, path: str, key: str, batch: int, seconds: float
) -> dict[int, Any]:
    """The load at each number of connections, and the processor time of an event; `per_core` is by the server's."""
    found: dict[int, Any] = {}
    await load(port, path, key, 4, batch, 1)  # plans, caches, partitions: not measured
    for connections in CONNECTIONS:
        database = database_pids(home)
        before, before_database = processor_seconds([server]), processor_seconds(database)
        result = await load(port, path, key, connections, batch, seconds)
        spent = processor_seconds([server]) - before
        spent_database = processor_seconds(database) - before_database
        events = result.pop("requests") * (batch or 1)
        found[connections] = {
            **{name: round(value, 2) for name, value in result.items()},
            "per_core": round(events / spent),
            "server_us": round(1e6 * spent / events, 1),
            "database_us": round(1e6 * spent_database / events, 1),
        }
    return found


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """The plainest server: reads the body, answers."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"16")]})
    await send({"type": "http.response.body", "body": b'{"success":true}'})


async def serve_echo(port: int) -> None:
    from granian.constants import HTTPModes, Interfaces
    from granian.server.embed import Server

    server = Server(
        echo, address="127.0.0.1", port=port, interface=Interfaces.ASGINL, http=HTTPModes.http1, websockets=False,
        log_enabled=False,
    )  # fmt: skip
    await server.serve()


async def serve_door(home: Path, url: str, port: int) -> None:
    config = Config(
        home=home, database_url=url, host="127.0.0.1", port=port, public_url=f"http://127.0.0.1:{port}",
        secret=b"a secret of the benchmark, long enough", api_key=None, lanes=LANES, archive=home / "archive",
    )  # fmt: skip
    await serve(config, asyncio.Event())


async def prepare(pool: Pool) -> str:
    """Customers with external ids, as if they had all been heard of before; returns a write key."""
    now = datetime.now(UTC)
    await migrate(pool, lanes=LANES, now=now)
    key = (await add_key(pool, "bench", now)).key
    for start in range(0, CUSTOMERS, 5_000):
        inputs = [CustomerInput(external_id=f"c{n}") for n in range(start, start + 5_000)]
        await save_customers(pool, inputs, lanes=LANES, now=now)
    await pool.execute("VACUUM ANALYZE")
    return key


async def bare_copy(pool: Pool, rows: int, seconds: float) -> float:
    """Rows a second of COPY into a table like the event log's, `rows` in a commit, one connection."""
    await pool.execute("CREATE TABLE IF NOT EXISTS bare (LIKE event INCLUDING DEFAULTS, PRIMARY KEY (lane, id))")
    columns = ("lane", "customer_id", "id", "name", "at", "properties", "value", "source")
    now = datetime.now(UTC)
    done = 0
    begun = time.perf_counter()
    async with pool.acquire() as connection:
        while time.perf_counter() - begun < seconds:
            ids = [uuid7(to_ms(now)) for _ in range(rows)]
            records = [(lane_of(i, LANES), i, i, "Product Added", now, Json(PROPERTIES), 0.0, "segment") for i in ids]
            await connection.copy_records_to_table("bare", records=records, columns=columns)
            done += rows
    return done / (time.perf_counter() - begun)


async def bare_commit(pool: Pool, seconds: float) -> float:
    """Commits of one row a second, one connection."""
    await pool.execute("CREATE TABLE IF NOT EXISTS one (id uuid PRIMARY KEY)")
    done = 0
    begun = time.perf_counter()
    async with pool.acquire() as connection:
        while time.perf_counter() - begun < seconds:
            await connection.execute("INSERT INTO one VALUES ($1)", uuid4())
            done += 1
    return done / (time.perf_counter() - begun)


async def wait_until_open(port: int) -> None:
    async with aiohttp.ClientSession() as client, asyncio.timeout(60):
        while True:
            try:
                async with client.post(f"http://127.0.0.1:{port}/v1/track"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)


async def with_server(arguments: list[str], port: int, work: Callable[[subprocess.Popen[bytes]], Any]) -> Any:
    process = subprocess.Popen([sys.executable, __file__, "--serve", *arguments, str(port)])
    try:
        await wait_until_open(port)
        return await work(process)
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def main(options: argparse.Namespace) -> None:
    home = Path(tempfile.mkdtemp(prefix="motet-bench-"))
    server = EmbeddedServer(home)
    server.start()
    pool = await open_pool(server.url, size=4)
    seconds, batch = options.seconds, options.batch
    try:
        key = await prepare(pool)
        result: dict[str, Any] = {"seconds": seconds, "batch": batch, "cores": os.cpu_count()}

        async def run_echo(process: subprocess.Popen[bytes]) -> Any:
            port = options.port
            return [await measure(process.pid, home, port, "/v1/x", key, size, seconds) for size in (0, batch)]

        async def run_door(process: subprocess.Popen[bytes]) -> Any:
            port = options.port
            return [
                await measure(process.pid, home, port, "/v1/track", key, 0, seconds),
                await measure(process.pid, home, port, "/v1/batch", key, batch, seconds),
            ]

        options.port = free_port()
        bare = await with_server(["echo"], options.port, run_echo)
        options.port = free_port()
        door = await with_server(["door", str(home), server.url], options.port, run_door)
        for label, plain, ours in zip(("single", "batches"), bare, door, strict=True):
            result[label] = ours
            result[f"{label}_bare_server"] = plain
            best = max(CONNECTIONS, key=lambda c: ours[c]["per_second"])
            result[f"{label}_best"] = ours[best] | {"connections": best}
            result[f"{label}_ratio_to_bare_server"] = round(ours[best]["per_second"] / plain[best]["per_second"], 3)
        copy = await bare_copy(pool, batch, seconds)
        commits = await bare_commit(pool, seconds)
        result |= {
            "bare_copy_per_second": round(copy),
            "bare_commits_per_second": round(commits),
            "batches_ratio_to_bare_copy": round(result["batches_best"]["per_second"] / copy, 3),
            "single_ratio_to_bare_commits": round(result["single_best"]["per_second"] / commits, 3),
        }
        print(json.dumps(result, indent=2))
        if options.json:
            options.json.write_text(json.dumps(result))
    finally:
        await pool.close()
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(server.sockets, ignore_errors=True)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        if sys.argv[2] == "echo":
            run(serve_echo(int(sys.argv[3])))
        else:
            run(serve_door(Path(sys.argv[3]), sys.argv[4], int(sys.argv[5])))
    else:
        run(main(read_options()))
