"""Timers that are all due in one second: how many a second advance to a committed message, and how long an urgent event
waits meanwhile.

    python bench/timers.py [--timers 100000] [--engines 1] [--urgent 20] [--profile]

Each timer is an enrollment that stands on a delay; it passes the delay, is decided on, says an email and ends. Beside
it, in the same run on the same database: a bare loop that could do the tables' part (batches of 1,000: select what is
due, update it, COPY the messages), three connections at once as an engine has. `--urgent` events a second start a
campaign of their own over SMS; their time is from before the event's INSERT to the notification that its message is
committed. `--engines` are processes; with `--profile` the one engine runs here under cProfile.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import pstats
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from motet.core.clock import to_ms
from motet.core.ids import derive_enrollment_id, derive_message_id, lane_of, uuid7
from motet.core.program import Program, Step, Trigger
from motet.core.words import CampaignStatus, Channel, EnrollmentStatus, MessageStatus, Priority
from motet.engine.loop import Engine
from motet.storage.embedded import EmbeddedServer
from motet.storage.migrate import migrate
from motet.storage.pool import Pool, open_pool

LANES = 64
BATCH = 1000
_CUSTOMER = ("lane", "id", "external_id", "email", "phone", "attributes", "tags", "created_at", "updated_at")
_ENROLLMENT = (
    "lane", "customer_id", "id", "campaign_id", "revision_id", "step", "visit", "status", "entered_at", "arrived_at",
    "due_at",
)  # fmt: skip
_MESSAGE = (
    "lane", "customer_id", "id", "campaign_id", "revision_id", "step", "channel", "priority", "status", "reasons",
    "send_at", "approved_at",
)  # fmt: skip


def say(channel: str) -> Step:
    content = {"email": {"subject": "Hi", "html": "<p>Hi</p>"}, "sms": {"text": "Hi"}}[channel]
    return Step("say", "message", {"channel": channel, "content": {channel: content}})


def programs(base: int) -> tuple[Program, Program, Program]:
    """The one whose timers are due, one that the bare loop works on, and the urgent one."""
    steps = (Step("wait", "delay", {"seconds": 60.0}), say("email"), Step("exit", "exit"))
    timed = Program(id=uuid7(base), revision_id=uuid7(base), name="timed", steps=steps, trigger=Trigger(event="never"))
    bare = msgspec.structs.replace(timed, id=uuid7(base), revision_id=uuid7(base), name="bare")
    urgent = Program(
        id=uuid7(base),
        revision_id=uuid7(base),
        name="urgent",
        steps=(say("sms"), Step("exit", "exit")),
        trigger=Trigger(event="code_asked"),
        priority=Priority.URGENT,
        reentry="always",
        transactional=True,
    )
    return timed, bare, urgent


async def put_program(pool: Pool, program: Program, status: CampaignStatus) -> None:
    now = datetime.now(UTC)
    await pool.execute(
        "INSERT INTO campaign (id, name, title, status, revision_id, created_at, updated_at) "
        "VALUES ($1, $2, $2, $3, $4, $5, $5)",
        program.id, program.name, int(status), program.revision_id, now,
    )  # fmt: skip
    await pool.execute(
        "INSERT INTO revision (id, campaign_id, number, document, program, created_at) VALUES ($1,$2,1,'{}',$3,$4)",
        program.revision_id, program.id, msgspec.to_builtins(program), now,
    )  # fmt: skip


async def put_people(pool: Pool, count: int) -> list[UUID]:
    now = datetime.now(UTC)
    base = to_ms(now)
    ids: list[UUID] = []
    for start in range(0, count, 20_000):
        fresh = [uuid7(base + n // 50) for n in range(start, min(count, start + 20_000))]
        await pool.copy_records_to_table(
            "customer",
            records=[
                (lane_of(id, LANES), id, f"c{start + n}", f"c{start + n}@example.com", f"+1202{(start + n) % 10**7:07}",
                 {"first_name": "Ada"}, ["all"], now, now)
                for n, id in enumerate(fresh)
            ],
            columns=_CUSTOMER,
        )  # fmt: skip
        ids += fresh
    return ids


async def put_timers(pool: Pool, program: Program, customers: list[UUID], due: datetime) -> None:
    """Enrollments on the delay, all due at one moment."""
    entered = due - timedelta(seconds=60)
    ms, cause = to_ms(entered), uuid7(1)
    for start in range(0, len(customers), 20_000):
        part = customers[start : start + 20_000]
        await pool.copy_records_to_table(
            "enrollment",
            records=[
                (lane_of(c, LANES), c, derive_enrollment_id(c, program.id, cause, ms), program.id, program.revision_id,
                 0, 0, int(EnrollmentStatus.ACTIVE), entered, entered, due)
                for c in part
            ],
            columns=_ENROLLMENT,
        )  # fmt: skip


async def bare_lane(pool: Pool, lane: int, program: Program) -> int:
    """The least that the tables need for one lane."""
    done = 0
    async with pool.acquire() as connection:
        while True:
            now = datetime.now(UTC)
            rows = await connection.fetch(
                "SELECT customer_id, id FROM enrollment WHERE lane = $1 AND due_at <= $2 AND campaign_id = $3 "
                "ORDER BY due_at LIMIT $4",
                lane, now, program.id, BATCH,
            )  # fmt: skip
            if not rows:
                return done
            async with connection.transaction():
                await connection.execute(
                    "UPDATE enrollment e SET step = 2, visit = 2, status = 2, due_at = NULL, ended_at = $2 "
                    "FROM unnest($3::uuid[], $4::uuid[]) AS n (customer_id, id) "
                    "WHERE e.lane = $1 AND e.customer_id = n.customer_id AND e.id = n.id",
                    lane, now, [r["customer_id"] for r in rows], [r["id"] for r in rows],
                )  # fmt: skip
                await connection.copy_records_to_table(
                    "message",
                    records=[
                        (lane, r["customer_id"], derive_message_id(r["id"], 1, Channel.EMAIL), program.id,
                         program.revision_id, 1, int(Channel.EMAIL), int(Priority.MEDIUM), int(MessageStatus.APPROVED),
                         [1], now, now)
                        for r in rows
                    ],
                    columns=_MESSAGE,
                )  # fmt: skip
            done += len(rows)


async def bare(pool: Pool, program: Program) -> float:
    """Timers a second of the bare loop."""
    lanes = iter(range(LANES))
    done = 0

    async def work() -> None:
        nonlocal done
        for lane in lanes:
            done += await bare_lane(pool, lane, program)

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(3)))
    return done / (time.perf_counter() - begun)


class Urgent:
    """Puts urgent events and waits for their messages."""

    def __init__(self, pool: Pool, customers: list[UUID], rate: float) -> None:
        self.pool, self.customers, self.rate = pool, customers, rate
        self.asked: dict[UUID, float] = {}  # customer -> when
        self.took: list[float] = []

    async def run(self, stop: asyncio.Event) -> None:
        async with self.pool.acquire() as ears:
            await ears.add_listener("motet_delivery", self._heard)
            place = 0
            while not stop.is_set():
                customer = self.customers[place % len(self.customers)]
                place += 1
                lane = lane_of(customer, LANES)
                self.asked[customer] = time.perf_counter()
                await self.pool.execute(
                    "WITH put AS (INSERT INTO event (lane, customer_id, id, name, at, source) "
                    "VALUES ($1, $2, $3, 'code_asked', now(), 'api')) SELECT pg_notify('motet_work', $4)",
                    lane, customer, uuid7(to_ms(datetime.now(UTC))), f"lanes:{lane}",
                )  # fmt: skip
                await asyncio.sleep(1 / self.rate)
            await asyncio.sleep(2)
            await ears.remove_listener("motet_delivery", self._heard)

    def _heard(self, connection: object, pid: int, channel: str, payload: object) -> None:
        now = time.perf_counter()
        lanes = {int(p.split(":")[0]) for p in str(payload).split(",") if p.endswith(f":{int(Channel.SMS)}")}
        for customer in [c for c in self.asked if lane_of(c, LANES) in lanes]:
            self.took.append(now - self.asked.pop(customer))


async def work(url: str, stop: asyncio.Event) -> None:
    """One engine until it is told to stop."""
    pool = await open_pool(url, size=8)
    channels = frozenset({Channel.EMAIL, Channel.SMS})
    await Engine(pool, lanes=LANES, worker_id=uuid7(to_ms(datetime.now(UTC))), channels=channels).run(stop)
    await pool.close()


async def drain(url: str, pool: Pool, args: argparse.Namespace, timed: Program, people: list[UUID]) -> dict[str, float]:
    """Everything due now, with engines at work; the campaign is resumed when they stand ready."""
    stop, quiet = asyncio.Event(), asyncio.Event()
    workers = []
    if args.engines > 1:
        command = (sys.executable, __file__, "--worker", url)
        workers = [await asyncio.create_subprocess_exec(*command) for _ in range(args.engines)]
    else:
        here = asyncio.create_task(work(url, stop))
    await asyncio.sleep(8 if args.engines > 1 else 2)
    urgent = Urgent(pool, people, args.urgent)
    await pool.execute("UPDATE campaign SET status = 3 WHERE id = $1", timed.id)
    await pool.execute("SELECT pg_notify('motet_work', 'campaigns')")
    begun, cpu = time.perf_counter(), time.process_time()
    asking = asyncio.create_task(urgent.run(quiet)) if args.urgent else None
    left = args.timers
    while left:
        await asyncio.sleep(0.25)
        left = await pool.fetchval(
            "SELECT count(*) FROM enrollment WHERE due_at IS NOT NULL AND campaign_id = $1", timed.id
        )
    took, spent = time.perf_counter() - begun, time.process_time() - cpu
    quiet.set()
    if asking:
        await asking
    stop.set()
    for worker in workers:
        worker.terminate()
        await worker.wait()
    if not workers:
        await here
    told = {"timers/s": args.timers / took, "seconds": took}
    if not workers:
        told["engine's CPU, us a timer"] = spent * 1e6 / args.timers
    if len(urgent.took) > 10:
        cuts = statistics.quantiles(urgent.took, n=100)
        told |= {"urgent": len(urgent.took), "urgent p50 ms": cuts[49] * 1000, "urgent p99 ms": cuts[98] * 1000,
                 "urgent lost": len(urgent.asked)}  # fmt: skip
    return told


async def run(args: argparse.Namespace, url: str) -> dict[str, float]:
    pool = await open_pool(url, size=8)
    await migrate(pool, lanes=LANES, now=datetime.now(UTC))
    due = datetime.now(UTC)
    timed, plain, urgent = programs(to_ms(due))
    await put_program(pool, timed, CampaignStatus.PAUSED)
    await put_program(pool, plain, CampaignStatus.PAUSED)
    await put_program(pool, urgent, CampaignStatus.RUNNING)
    people = await put_people(pool, args.timers)
    await put_timers(pool, plain, people[: min(100_000, args.timers)], due)
    await pool.execute("VACUUM ANALYZE")
    limit = await bare(pool, plain)
    await pool.execute("TRUNCATE message, enrollment")
    await put_timers(pool, timed, people, due)
    await pool.execute("VACUUM ANALYZE")
    size = await pool.fetchval("SELECT pg_total_relation_size('enrollment')")
    told = {"bare/s": limit, "bytes of an enrollment": size / args.timers} | await drain(url, pool, args, timed, people)
    messages = await pool.fetchval("SELECT count(*) FROM message WHERE campaign_id = $1", timed.id)
    assert messages == args.timers, f"{messages} messages of {args.timers} timers"
    await pool.close()
    return told | {"ratio": told["timers/s"] / limit}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--timers", type=int, default=100_000)
    parser.add_argument("--engines", type=int, default=1, help="processes")
    parser.add_argument("--urgent", type=float, default=20.0, help="events a second; 0 for none")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        asyncio.run(_until_terminated(args.worker))
        return
    home = Path(tempfile.mkdtemp(prefix="motet-bench-"))
    server = EmbeddedServer(home)
    server.start()
    profile = cProfile.Profile()
    try:
        if args.profile:
            profile.enable()
        told = asyncio.run(run(args, server.url))
        profile.disable()
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
    print(json.dumps({name: round(value, 2) for name, value in told.items()}, indent=1))
    if args.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)


async def _until_terminated(url: str) -> None:
    import signal

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await work(url, stop)


if __name__ == "__main__":
    main()
