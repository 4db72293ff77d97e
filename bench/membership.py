"""Segments kept live: from an event's commit to its customer's membership, and what an evaluation costs.

    python bench/membership.py [--rate 2000] [--seconds 15] [--segments 50] [--customers 20000]

Prints: the delay from the commit of an event to the moment when another connection sees its customer in the segment, at
`rate` events a second beside; events a second that one engine works off from a backlog, with the segments and without
any; and the CPU time of evaluating 10,000 customers, whole and for one event each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from motet.audience.segments.book import SegmentBook
from motet.audience.segments.store import apply_document, load_book, settle_builds
from motet.audience.segments.tallies import count_event
from motet.core.clock import to_ms
from motet.core.customers import Customer
from motet.core.events import Event
from motet.core.ids import lane_of, uuid7
from motet.engine.footing import Footing
from motet.engine.segments import Ground, Reach, StandingRow
from motet.storage.embedded import EmbeddedServer
from motet.storage.migrate import migrate
from motet.storage.pool import Pool, open_pool

MOTET = Path(sys.executable).parent / "motet"
LANES = 64
TICK = 0.02  # seconds between two commits of the generator
EVENTS = ("page_view", "product_viewed", "add_to_cart", "purchase", "search", "signup", "review", "share")
COLUMNS = ("lane", "customer_id", "id", "name", "at", "properties", "value", "source")
Row = tuple[Any, ...]


def segments(count: int) -> list[dict[str, Any]]:
    """As a brand would have them: attributes, counts in windows, sums, what was not done, segments of segments."""
    kinds: list[Any] = [
        lambda n: {"country": ["DE", "FR", "US", "GB"][n % 4], "$did": {"event": "page_view", "count": {"$gte": n}}},
        lambda n: {"$did": {"event": EVENTS[n % 8], "count": {"$gte": 2 + n % 5}, "within": f"{1 + n}d"}},
        lambda n: {"$did": {"event": "purchase", "sum": {"$gte": 50 * n}}},
        lambda n: {"$did_not": {"event": EVENTS[n % 8], "within": f"{1 + n}d"}, "plan": "pro"},
        lambda n: {"segments": "buyers", "$did": {"event": EVENTS[n % 8], "where": {"category": f"c{n % 9}"}}},
    ]
    rules = [("buyers", {"$did": {"event": "bought_first"}})]
    rules += [(f"segment-{n}", kinds[n % len(kinds)](n)) for n in range(1, count)]
    return [{"kind": "segment", "name": name, "where": where} for name, where in rules]


async def prepare(pool: Pool, options: argparse.Namespace) -> list[UUID]:
    now = datetime.now(UTC)
    base = to_ms(now)
    ids = [uuid7(base + n // 50) for n in range(options.customers)]
    countries, plans = ("DE", "FR", "US", "GB"), ("free", "pro")
    await pool.copy_records_to_table(
        "customer",
        records=[
            (lane_of(i, LANES), i, str(n), {"country": countries[n % 4], "plan": plans[n % 2]}, [], now, now)
            for n, i in enumerate(ids)
        ],
        columns=("lane", "id", "external_id", "attributes", "tags", "created_at", "updated_at"),
    )
    await pool.execute("VACUUM ANALYZE customer")
    return ids


def make_row(customer: UUID, name: str, chance: random.Random) -> Row:
    now = datetime.now(UTC)
    properties = {"category": f"c{chance.randrange(9)}", "path": "/shop/oak-stool"}
    return (lane_of(customer, LANES), customer, uuid7(to_ms(now)), name, now, properties, chance.random() * 90, "api")


async def append(pool: Pool, rows: list[Row]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.copy_records_to_table("event", records=rows, columns=COLUMNS)
        lanes = ",".join(map(str, sorted({row[0] for row in rows})))
        await connection.execute("SELECT pg_notify('motet_work', $1)", f"lanes:{lanes}")


async def build(pool: Pool, documents: list[dict[str, Any]]) -> None:
    """Nothing has happened yet, so there is nothing for the keeper to count."""
    for document in documents:
        await apply_document(pool, document, datetime.now(UTC), lanes=LANES)
    while await pool.fetchval("SELECT count(*) FROM build WHERE finished_at IS NULL"):
        await pool.execute("UPDATE build_lane SET status = 3 WHERE status = 2")
        await pool.execute("SELECT pg_notify('motet_work', 'builds')")
        await settle_builds(pool, datetime.now(UTC))
        await asyncio.sleep(0.5)


async def watch(pool: Pool, number: int, waiting: dict[UUID, float], delays: list[float], stop: asyncio.Event) -> None:
    while not stop.is_set() or waiting:
        await asyncio.sleep(0.003)
        ids = list(waiting)
        if ids:
            found = await pool.fetch(
                "SELECT s.customer_id FROM unnest($1::int[], $2::uuid[]) n (lane, id) "
                "JOIN standing s ON s.lane = n.lane AND s.customer_id = n.id WHERE $3 = ANY (s.segments)",
                [lane_of(i, LANES) for i in ids], ids, number,
            )  # fmt: skip
            seen = time.perf_counter()
            delays.extend(seen - waiting.pop(row["customer_id"]) for row in found)


async def follow_events(pool: Pool, ids: list[UUID], options: argparse.Namespace) -> dict[str, Any]:
    """Events at a steady rate, and among them the first purchase of somebody, 25 times a second."""
    number = (await load_book(pool)).numbers["buyers"]
    chance, waiting, delays, stop = random.Random(7), dict[UUID, float](), list[float](), asyncio.Event()
    watching = asyncio.create_task(watch(pool, number, waiting, delays, stop))
    fresh, each, sent = iter(ids), round(options.rate * TICK), 0
    begun = time.perf_counter()
    for tick in range(round(options.seconds / TICK)):
        rows = [make_row(chance.choice(ids), chance.choice(EVENTS), chance) for _ in range(each)]
        probe = next(fresh) if tick % 2 == 0 else None
        if probe is not None:
            rows.append(make_row(probe, "bought_first", chance))
        await append(pool, rows)
        sent += len(rows)
        if probe is not None:
            waiting[probe] = time.perf_counter()
        await asyncio.sleep(max(0.0, begun + (tick + 1) * TICK - time.perf_counter()))
    rate = sent / (time.perf_counter() - begun)
    stop.set()
    await asyncio.wait_for(watching, 60)
    delays.sort()
    return {
        "events_per_second": round(rate),
        "probes": len(delays),
        "membership_p50_ms": round(delays[len(delays) // 2] * 1e3, 1),
        "membership_p99_ms": round(delays[int(len(delays) * 0.99)] * 1e3, 1),
    }


async def work_off(pool: Pool, ids: list[UUID], count: int) -> int:
    """Events a second from a backlog. The engine is told when all of it is there."""
    chance = random.Random(9)
    rows = [make_row(chance.choice(ids), chance.choice(EVENTS), chance) for _ in range(count)]
    begun = time.perf_counter()
    await append(pool, rows)
    behind = (
        "SELECT EXISTS (SELECT FROM event e JOIN lane l USING (lane) WHERE NOT pg_visible_in_snapshot(e.xid, l.done))"
    )
    while await pool.fetchval(behind):
        await asyncio.sleep(0.05)
    return round(count / (time.perf_counter() - begun))


def an_event(customer: UUID, now: datetime, chance: random.Random) -> Event:
    at = now - timedelta(hours=chance.random() * 400)
    name, category = chance.choice(EVENTS), {"category": f"c{chance.randrange(9)}"}
    return Event(id=uuid7(to_ms(now)), customer_id=customer, name=name, at=at, properties=category, value=9.0)


def begin_rows(book: SegmentBook, ground: Ground, people: list[Customer], now: datetime) -> dict[UUID, StandingRow]:
    """A row for everybody, with five events behind it."""
    chance = random.Random(3)
    rows: dict[UUID, StandingRow] = {}
    for person in people:
        footing = Footing(book, ground, person, now, now)
        for _ in range(5):
            event = an_event(person.id, now, chance)
            count_event(footing.counts.tallies, book.by_event.get(event.name, ()), event, now)
        footing.tallied = True
        footing.evaluate(person, book.everything)
        rows[person.id] = footing.finish(person).standings[person.id]
    return rows


def spend(
    book: SegmentBook, ground: Ground, people: list[Customer], work: Callable[[Footing, Customer], object]
) -> int:
    """CPU milliseconds for everybody, from their rows to their rows."""
    now = datetime.now(UTC)
    begun = time.process_time()
    for person in people:
        footing = Footing(book, ground, person, now, now)
        work(footing, person)
        footing.finish(person)
    return round((time.process_time() - begun) * 1e3)


async def evaluate_many(pool: Pool, customers: int = 10_000) -> dict[str, Any]:
    """CPU milliseconds for so many customers: one rule with a window, every rule, and after an event of each."""
    book, now, chance = await load_book(pool), datetime.now(UTC), random.Random(5)
    numbers = frozenset(book.measures)
    nobody = Ground({}, frozenset(), frozenset(), (), None, None, Reach(book.everything, numbers, numbers, ()))
    fields = {"country": "DE", "plan": "pro"}
    people = [Customer(id=uuid7(n), external_id=str(n), attributes=fields, created_at=now) for n in range(customers)]
    ground = msgspec.structs.replace(nobody, standings=begin_rows(book, nobody, people, now))
    events = {person.id: an_event(person.id, now, chance) for person in people}
    one = 1 << next(i for i in range(book.live) if book.timed >> i & 1)
    return {
        "customers": customers,
        "one_rule_with_a_window_ms": spend(book, ground, people, lambda f, c: f.evaluate(c, one)),
        "all_rules_ms": spend(book, ground, people, lambda f, c: f.evaluate(c, book.everything)),
        "after_one_event_each_ms": spend(book, ground, people, lambda f, c: f.hear(c, c, events[c.id], quiet=False)),
    }


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=2000, help="events a second")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--segments", type=int, default=50)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--backlog", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="motet-bench-"))
    server = EmbeddedServer(home)
    server.start()
    env = os.environ | {"MOTET_HOME": str(home), "MOTET_DATABASE_URL": server.url}
    worker: subprocess.Popen[bytes] | None = None
    try:
        pool = await open_pool(server.url, size=6)
        await migrate(pool, lanes=LANES, now=datetime.now(UTC))
        ids = await prepare(pool, options)
        log = open(home / "worker.log", "wb")
        worker = subprocess.Popen([MOTET, "work", "--engine"], env=env, stdout=log, stderr=log)
        await asyncio.sleep(4)
        result: dict[str, Any] = {"segments": options.segments}
        result["backlog_without_segments_per_second"] = await work_off(pool, ids, options.backlog)
        await pool.execute("TRUNCATE event")
        await build(pool, segments(options.segments))
        await asyncio.sleep(1)
        result |= await follow_events(pool, ids, options)
        result["backlog_per_second"] = await work_off(pool, ids, options.backlog)
        result["evaluation"] = await evaluate_many(pool)
        await pool.close()
        print(json.dumps(result, indent=2))
        if options.json:
            options.json.write_text(json.dumps(result))
    finally:
        if worker is not None:
            worker.terminate()
            worker.wait()
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(server.sockets, ignore_errors=True)


if __name__ == "__main__":
    asyncio.run(main())
