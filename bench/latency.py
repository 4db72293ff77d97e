"""From an event to the provider's hands: how long it takes, alone and while a campaign runs.

    python bench/latency.py [--seconds 10] [--rate 500] [--campaign 50000]

Each event starts an enrollment of a transactional program that says one email. Its time is from before the event is
handed to the log (the buffer of the web's doors, in this process) to when the mail server has read the message whole.
The engine, the delivery and the mail server (a bare SMTP sink) are processes of their own, as `motet up` has them.
With `--campaign N` the same again while a marketing broadcast to N customers goes through the same channel.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from motet.core.clock import to_ms
from motet.core.ids import lane_of, uuid7
from motet.core.program import Program, Step, Trigger
from motet.core.words import CampaignStatus
from motet.ingest.events import EventBuffer, RawEvent
from motet.storage.embedded import EmbeddedServer
from motet.storage.migrate import migrate
from motet.storage.pool import Pool, open_pool
from motet.storage.sql import sql

LANES = 64
TICK = 0.01  # seconds between two handfuls of events
ASKED = re.compile(rb"^Subject: .*?T(\d+\.\d+)T", re.MULTILINE)
HTML = "<h1>Hello {{first_name}}</h1>" + "<p>A line of text, about as long as a brand would write it.</p>" * 12


class Sink(asyncio.Protocol):
    """A mail server that takes everything and remembers how old what it took was."""

    waits: list[float] = []
    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.write = transport.write
        self.rest, self.reading = b"", False
        self.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while True:
            end = b"\r\n.\r\n" if self.reading else b"\r\n"
            part, found, rest = self.rest.partition(end)
            if not found:
                return
            self.rest = rest
            self._take(part) if self.reading else self._obey(part)

    def _take(self, mail: bytes) -> None:
        self.reading = False
        Sink.taken += 1
        if asked := ASKED.search(mail, 0, 2000):
            Sink.waits.append(time.time() - float(asked[1]))
        self.write(b"250 2.0.0 Ok\r\n")

    def _obey(self, line: bytes) -> None:
        if line.startswith(b"EHLO"):
            self.write(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
        elif line == b"DATA":
            self.reading = True
            self.write(b"354 go\r\n")
        elif line == b"STATS":
            self.write(json.dumps([Sink.taken, Sink.waits]).encode() + b"\r\n")
            Sink.taken, Sink.waits = 0, []
        else:
            self.write(b"250 2.0.0 Ok\r\n")


async def run_sink() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def ask_sink(port: int) -> tuple[int, list[float]]:
    """What it took since it was last asked: how many, and the waits of those that tell when they were asked for."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
    await reader.readline()
    writer.write(b"STATS\r\n")
    taken, waits = json.loads(await reader.readline())
    writer.close()
    return taken, waits


def mail(subject: str) -> Step:
    return Step("say", "message", {"channel": "email", "content": {"email": {"subject": subject, "html": HTML}}})


async def prepare(pool: Pool, customers: int, bulk: int) -> tuple[list[UUID], Program]:
    """Customers, the program of the events, and a broadcast that is ready to launch."""
    now = datetime.now(UTC)
    base = to_ms(now)
    ids = [uuid7(base + n // 50) for n in range(customers + bulk)]
    for start in range(0, len(ids), 20_000):
        await pool.copy_records_to_table(
            "customer",
            records=[
                (lane_of(id, LANES), id, f"c{n}", f"c{n}@example.com", {"first_name": "Ada"},
                 ["all"] if n >= customers else [], now, now)
                for n, id in enumerate(ids[start : start + 20_000], start)
            ],
            columns=("lane", "id", "external_id", "email", "attributes", "tags", "created_at", "updated_at"),
        )  # fmt: skip
    end = Step("exit", "exit")
    reset = Program(
        id=uuid7(base), revision_id=uuid7(base), name="reset", trigger=Trigger(event="asked"), reentry="always",
        steps=(mail("Reset T{{event.t}}T"), end), transactional=True,
    )  # fmt: skip
    news = Program(
        id=uuid7(base + 1), revision_id=uuid7(base + 1), name="news", segments=("all",), steps=(mail("News"), end)
    )
    for program in (reset, news):
        await pool.execute(
            "INSERT INTO campaign (id, name, title, status, revision_id, created_at, updated_at) "
            "VALUES ($1, $2, $2, $3, $4, $5, $5)",
            program.id, program.name, int(CampaignStatus.RUNNING), program.revision_id, now,
        )  # fmt: skip
        await pool.execute(
            "INSERT INTO revision (id, campaign_id, number, document, program, created_at) VALUES ($1,$2,1,'{}',$3,$4)",
            program.revision_id, program.id, msgspec.to_builtins(program), now,
        )  # fmt: skip
    await pool.execute("VACUUM ANALYZE customer")
    return ids[:customers], news


async def launch(pool: Pool, program: Program) -> None:
    now = datetime.now(UTC)
    id = uuid7(to_ms(now))
    await pool.execute(sql("calendar.add_launch"), id, program.id, program.revision_id, "audience", now)
    await pool.execute(sql("calendar.add_launch_lanes"), id)
    await pool.execute(sql("engine.notify"), "motet_work", "launch")


async def send_events(buffer: EventBuffer, customers: list[UUID], rate: float, seconds: float) -> int:
    """Events at an even pace, whatever becomes of them; each of another customer."""
    start, sent = time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < seconds:
        due = min(len(customers), int(passed * rate))
        for customer in customers[sent:due]:
            buffer.offer(RawEvent(customer=customer, name="asked", properties={"t": f"{time.time():.6f}"}))
        sent = due
        await asyncio.sleep(TICK)
    return sent


async def measure(
    buffer: EventBuffer, port: int, customers: list[UUID], rate: float, seconds: float
) -> dict[str, object]:
    await ask_sink(port)
    sent = await send_events(buffer, customers, rate, seconds)
    taken, waits = 0, list[float]()
    deadline = time.perf_counter() + 30
    while len(waits) < sent and time.perf_counter() < deadline:
        await asyncio.sleep(0.2)
        more, found = await ask_sink(port)
        taken, waits = taken + more, waits + found
    waits.sort()
    at = {f"p{p}_ms": round(waits[min(len(waits) - 1, len(waits) * p // 100)] * 1000, 1) for p in (50, 95, 99)}
    return {
        "events": sent, "arrived": len(waits), "per_second": round(sent / seconds), **at,
        "max_ms": round(waits[-1] * 1000, 1), "bulk_meanwhile": taken - len(waits),
    }  # fmt: skip


async def main(options: argparse.Namespace) -> None:
    home = Path(tempfile.mkdtemp(prefix="motet-bench-"))
    server = EmbeddedServer(home)
    server.start()
    sink = subprocess.Popen([sys.executable, __file__, "--sink"], stdout=subprocess.PIPE)
    assert sink.stdout is not None
    port = int(sink.stdout.readline())
    workers: list[subprocess.Popen[bytes]] = []
    log = home / "workers.log"
    try:
        pool = await open_pool(server.url, size=4)
        await migrate(pool, lanes=LANES, now=datetime.now(UTC))
        share = int(options.rate * (options.seconds + 2))
        customers, news = await prepare(pool, share * 2 + 200, options.campaign)
        env = os.environ | {
            "MOTET_HOME": str(home),
            "MOTET_DATABASE_URL": server.url,
            "MOTET_EMAIL_URL": f"smtp://127.0.0.1:{port}?tls=none&pool=10",
        }
        with log.open("wb") as file:
            for args in (("--engine",), ("--channels", "email")):
                command = [sys.executable, "-m", "motet.cli", "work", *args]
                workers.append(subprocess.Popen(command, env=env, stdout=file, stderr=file))
        await asyncio.sleep(4)
        buffer = EventBuffer(pool, LANES)
        warm = await send_events(buffer, customers[-200:], 100, 2)  # everything is compiled and connected then
        while warm > 0:
            await asyncio.sleep(0.2)
            warm -= (await ask_sink(port))[0]
        result = {"alone": await measure(buffer, port, customers[:share], options.rate, options.seconds)}
        if options.campaign:
            await launch(pool, news)
            await asyncio.sleep(1)
            part = customers[share : share * 2]
            result["campaign"] = await measure(buffer, port, part, options.rate, options.seconds)
        print(json.dumps(result, indent=2))
        await buffer.close()
        await pool.close()
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait(20)
        sink.terminate()
        if log.exists():
            print(log.read_text()[-2000:], file=sys.stderr)
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=500, help="events a second")
    parser.add_argument("--campaign", type=int, default=0, help="customers of a broadcast that runs meanwhile")
    parser.add_argument("--sink", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    asyncio.run(run_sink() if options.sink else main(options))
