"""A full segment counted over a million customers and a hundred million events, in seconds.

    python bench/segments.py [--customers 1000000] [--events 100000000] [--keep FOLDER]

The events are of a year, made straight into the archive's files as the keeper would have left them: a file a month,
the running month by day. Newer rows and changed customers are in PostgreSQL. Each question is written in the language
of conditions, and asked three times of `Archive.count`, the best of which counts. Beside it, in the same run: the same
SQL by bare DuckDB over the same files, which neither looks into PostgreSQL nor at who has changed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb

from motet.app import run
from motet.archive import files, relations
from motet.archive.duck import Duck
from motet.archive.manifest import CUSTOMERS, EVENTS, ArchiveFile, add_files
from motet.archive.reader import Archive
from motet.core.clock import to_ms
from motet.core.filters import compile_filter
from motet.core.filters.columns import ColumnQuery, compile_columns
from motet.core.ids import lane_of, uuid7
from motet.core.measures import Measure
from motet.storage.changes import note_changes
from motet.storage.embedded import EmbeddedServer
from motet.storage.migrate import migrate
from motet.storage.pool import Pool, open_pool
from motet.storage.sql import sql

LANES = 64
DAYS = 365
NEWER = 20_000  # events that no file holds yet
CHANGED = 10_000  # customers who changed since their file was written
NAMES = (
    "page_viewed", "view", "delivered", "click", "product_viewed", "add_to_cart", "search", "purchase", "signup",
    "wishlist", "review", "refund",
)  # fmt: skip

TYPICAL: dict[str, dict[str, Any]] = {
    "bought twice in 30 days": {"$did": {"event": "purchase", "within": "30d", "count": {"$gte": 2}}},
    "in Germany, bought in 90 days, opened no email in 30": {
        "country": "DE",
        "$and": [
            {"$did": {"event": "purchase", "within": "90d"}},
            {"$not": {"$message": {"did": "opened", "channel": "email", "within": "30d"}}},
        ],
    },
    "spent more than 300 ever": {"$did": {"event": "purchase", "sum": {"$gt": 300}}},
    "looked at hats thrice in 60 days": {
        "$did": {"event": "product_viewed", "where": {"category": "hats"}, "within": "60d", "count": {"$gte": 3}}
    },
}
WORST: dict[str, dict[str, Any]] = {
    "viewed 30 pages ever": {"$did": {"event": "page_viewed", "count": {"$gte": 30}}},
    "viewed 10 pages about hats ever": {
        "$did": {"event": "page_viewed", "where": {"category": "hats"}, "count": {"$gte": 10}}
    },
    "six events ever, one of them absent": {
        "plan": {"$in": ["gold", "silver"]},
        "$and": [
            *({"$did": {"event": e, "count": {"$gte": 2}}} for e in ("page_viewed", "view", "click", "search")),
            {"$did": {"event": "purchase", "average": {"$gt": 50}}},
            {"$did_not": {"event": "refund"}},
        ],
    },
}

_PEOPLE = """
CREATE OR REPLACE TABLE people AS
SELECT n::INTEGER AS n, id, {lane} AS lane
FROM (SELECT n, (lpad(hex({base} + n * 20000), 12, '0') || '7' || substr(md5(n::VARCHAR), 1, 3) || '8'
                 || substr(md5(n::VARCHAR), 4, 15))::UUID AS id
      FROM range({customers}) t (n))
"""
_CUSTOMERS = """
SELECT id, lane, 'c' || n AS external_id, 'user' || n || '@example.com' AS email, NULL::VARCHAR AS phone,
       ['prospect', 'active', 'lapsed'][1 + n % 3] AS lifecycle_stage, 'Europe/Berlin' AS timezone, 'de' AS locale,
       [['vip'], ['new'], []][1 + n % 3]::VARCHAR[] AS tags, [n % 40]::INTEGER[] AS segments,
       ('{{"country": "' || ['DE', 'FR', 'US', 'AT', 'GB', 'NL', 'ES', 'IT'][1 + n // 7 % 8] || '", "plan": "'
        || ['gold', 'silver', 'free', 'free'][1 + n // 3 % 4] || '", "points": ' || n % 1000
        || ', "first_name": "Ann", "address": {{"city": "Berlin"}}}}') AS attributes,
       '[]' AS devices, '{{}}' AS handles, '{{}}' AS topics, '{{}}' AS preferences,
       '{{}}' AS caps, '{{}}' AS consents, NULL::TIMESTAMPTZ AS last_interaction_at,
       NULL::TIMESTAMPTZ AS last_purchase_at, TIMESTAMPTZ '2026-01-01' AS created_at
FROM people WHERE lane = {lane} ORDER BY id
"""
# People who come often and people who do not; events that are frequent and some that are rare.
_EVENTS = """
SELECT p.lane, p.id AS customer_id,
       (lpad(hex(ms), 12, '0') || '7' || substr(uuid()::VARCHAR, 16, 3) || '8'
        || substr(replace(uuid()::VARCHAR, '-', ''), 1, 15))::UUID AS id,
       (1000 + ms // 50 % 1000000000)::UBIGINT AS xid, {names}[k + 1] AS name, epoch_ms(ms)::TIMESTAMPTZ AS "at",
       CASE WHEN k IN (0, 4, 5, 7) THEN ('{{"url": "/p/' || (s * 5000)::INTEGER || '", "category": "'
            || ['shoes', 'hats', 'coats', 'bags'][1 + (s * 997)::INTEGER % 4] || '", "price": ' || round(s * 200, 2)
            || '}}') END AS properties,
       CASE WHEN k = 7 THEN round(s * 200, 2) ELSE 0 END AS value,
       CASE WHEN k IN (1, 2, 3) THEN 1 + (s * 97)::INTEGER % 3 ELSE 0 END::SMALLINT AS channel,
       CASE WHEN k IN (1, 2, 3) THEN uuid() END AS message_id, 'api' AS source
FROM (SELECT (random() * random() * {customers})::INTEGER AS n,
             least({most}, floor(power(random(), 2.5) * {most} + 0.3))::INTEGER AS k, random() AS s,
             ({start} + random() * {length})::BIGINT AS ms
      FROM range({rows})) e
JOIN people p ON p.n = e.n
ORDER BY {order}
"""


def make_files(duck: Any, root: Path, customers: int, events: int, now: datetime) -> list[ArchiveFile]:
    """Everything but the last hour: customers by lane, events by month, those of the running month by day."""
    base = to_ms(now - timedelta(days=DAYS))
    born = base - 20_000 * customers
    duck.execute(_PEOPLE.format(lane=relations.lane_of("id", LANES), base=born, customers=customers))
    made = []
    for lane in range(LANES):
        id = uuid7(to_ms(now))
        path = files.customers_path(lane, id)
        rows = files.write_parquet(duck, _CUSTOMERS.format(lane=lane), root, path)
        made.append(_file(root, id, CUSTOMERS, path, rows, lane=lane))
    start = now - timedelta(days=DAYS)
    while start < now:
        by_month = (start.year, start.month) != (now.year, now.month)
        days = 32 - start.day if by_month else 1
        end = min(now, (start + timedelta(days=days)).replace(day=1 if by_month else (start + timedelta(days=1)).day))
        end = min(now, end.replace(hour=0, minute=0, second=0, microsecond=0))
        if end <= start:
            end = now
        length = (end - start).total_seconds() * 1000
        query = _EVENTS.format(
            names=list(NAMES), most=len(NAMES) - 1, customers=customers, start=to_ms(start), length=length,
            rows=round(events * length / (DAYS * 86_400_000)), order=relations.EVENT_ORDER,
        )  # fmt: skip
        id = uuid7(to_ms(now))
        path = files.events_path(start.date(), id)
        rows = files.write_parquet(duck, query, root, path)
        made.append(_file(root, id, EVENTS, path, rows, first_day=start.date(), last_day=end.date()))
        start = end
    return made


def find_files(duck: Any, root: Path) -> list[ArchiveFile]:
    """What an earlier run left in the folder."""
    found = []
    for path, _ in files.list_ours(root):
        kind = EVENTS if path.startswith("events") else CUSTOMERS
        rows = duck.execute("SELECT count(*) FROM read_parquet(?)", [str(root / path)]).fetchone()[0]
        name = path.split("=")[1].split("/")[0]
        about = {"lane": int(name)} if kind == CUSTOMERS else {"first_day": date.fromisoformat(name)}
        found.append(_file(root, UUID(Path(path).stem), kind, path, rows, **about))
    return found


def make(duck: Any, root: Path, options: argparse.Namespace, now: datetime) -> tuple[list[ArchiveFile], list[UUID]]:
    """The files, and some of the customers."""
    made = find_files(duck, root) or make_files(duck, root, options.customers, options.events, now)
    scan = f"read_parquet('{root}/customers/*/*.parquet', hive_partitioning = false)"
    return made, [row[0] for row in duck.execute(f"SELECT id FROM {scan} USING SAMPLE {CHANGED}").fetchall()]


def _file(root: Path, id: UUID, kind: int, path: str, rows: int, **about: Any) -> ArchiveFile:
    return ArchiveFile(id=id, kind=kind, path=path, rows=rows, bytes=(root / path).stat().st_size, **about)


async def register(pool: Pool, made: list[ArchiveFile], now: datetime) -> None:
    """Says in the manifest that all of it is there, up to this moment."""
    async with pool.acquire() as connection:
        await connection.execute(sql("archive.add_lanes"))
        await add_files(connection, made, [{} for _ in made], now)
        await connection.execute("UPDATE lane SET done = pg_current_snapshot()")
        await connection.execute(
            "UPDATE archive_lane SET covered = pg_current_snapshot(), customers_at = pg_current_snapshot(), "
            "written_at = $1",
            now,
        )


async def add_newer(pool: Pool, people: list[UUID], now: datetime) -> None:
    """What came after the files: events, and profiles that changed."""
    for start in range(0, len(people), 5_000):
        page = people[start : start + 5_000]
        async with pool.acquire() as connection, connection.transaction():
            await connection.copy_records_to_table(
                "customer",
                records=[(lane_of(id, LANES), id, str(id), {"country": "DE", "plan": "gold"}, now, now) for id in page],
                columns=("lane", "id", "external_id", "attributes", "created_at", "updated_at"),
            )
            await note_changes(connection, page, lanes=LANES, now=now)
    columns = ("lane", "customer_id", "id", "name", "at", "properties", "value", "source")
    for start in range(0, NEWER, 5_000):
        ids = [people[n % len(people)] for n in range(start, start + 5_000)]
        about = ("purchase", now, {"category": "hats"}, 9.5, "api")
        rows = [(lane_of(id, LANES), id, uuid7(to_ms(now)), *about) for id in ids]
        await pool.copy_records_to_table("event", records=rows, columns=columns)


def plain_duckdb(root: Path, threads: int) -> Callable[[ColumnQuery], int]:
    """Bare DuckDB over the files: the two relations are nothing but them."""
    bare = duckdb.connect(config={"threads": str(threads), "memory_limit": "1GB"})
    bare.execute("SET TimeZone = 'UTC'; SET parquet_metadata_cache = true")
    for name in ("events", "customers"):
        scan = f"read_parquet('{root}/{name}/*/*.parquet', hive_partitioning = false)"
        bare.execute(f"CREATE VIEW {name} AS SELECT * FROM {scan}")

    def count(query: ColumnQuery) -> int:
        found = bare.execute(f"SELECT count(*) FROM ({query.sql})", list(query.params)).fetchone()
        assert found is not None
        return int(found[0])

    return count


async def ask(
    archive: Archive, plain: Callable[[ColumnQuery], int], where: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """The best of three. CPU seconds are this process's: what a busy machine does not change much."""
    query = compile_columns(compile_filter(where).tree, now=now, segments={})
    counts: set[int] = set()

    async def count() -> None:
        counts.add((await archive.count(query)).count)

    async def count_plainly() -> None:
        await asyncio.to_thread(plain, query)

    ours = min([await timed(count) for _ in range(3)])
    bare = min([await timed(count_plainly) for _ in range(3)])
    (found,) = counts
    return {
        "count": found,
        "seconds": round(ours[0], 2), "plain": round(bare[0], 2), "ratio": round(ours[0] / bare[0], 2),
        "cpu": round(ours[1], 2), "plain_cpu": round(bare[1], 2),
    }  # fmt: skip


async def timed(work: Callable[[], Coroutine[Any, Any, None]]) -> tuple[float, float]:
    """Seconds by the wall, and of processors."""
    begun, used = time.perf_counter(), time.process_time()
    await work()
    return time.perf_counter() - begun, time.process_time() - used


async def build(archive: Archive, now: datetime) -> dict[str, Any]:
    """What a new segment over a frequent event costs the keeper: every customer's tally, as the engine takes it."""
    since = {lane: await archive.pool.fetchval("SELECT pg_current_snapshot()::text") for lane in range(LANES)}
    begun = time.perf_counter()
    tallies = 0
    async for _ in archive.tallies(Measure(event="product_viewed", keep=30 * 86400.0), since, now=now):
        tallies += 1
    return {"tallies": tallies, "seconds": round(time.perf_counter() - begun, 2)}


async def measure(options: argparse.Namespace, home: Path) -> dict[str, Any]:
    now = datetime.now(UTC).replace(microsecond=0)
    root = options.keep or home / "archive"
    duck = Duck(root, memory="1500MB", at_once=1)
    begun = time.perf_counter()
    async with duck.session() as session:
        made, people = await duck.run(session, lambda s: make(s, root, options, now))
    duck.close()
    events = [f for f in made if f.kind == EVENTS]
    report: dict[str, Any] = {
        "customers": options.customers,
        "events": sum(f.rows for f in events),
        "bytes_an_event": round(sum(f.bytes for f in events) / sum(f.rows for f in events), 1),
        "files": len(made),
        "made_in": round(time.perf_counter() - begun, 1),
    }
    print(report, flush=True)
    server = EmbeddedServer(home)
    server.start()
    pool = await open_pool(server.url, size=4)
    try:
        await migrate(pool, lanes=LANES, now=now)
        await register(pool, made, now)
        await add_newer(pool, people, now)
        archive = Archive(pool, LANES, root, threads=options.threads)
        plain = plain_duckdb(root, archive.duck.threads)
        for kind, questions in (("typical", TYPICAL), ("worst", WORST)):
            for name, where in questions.items():
                found = await ask(archive, plain, where, now)
                report[f"{kind}: {name}"] = found
                print(f"{kind:8} {name:55} {found}", flush=True)
        report["build of one measure"] = await build(archive, now)
        archive.close()
    finally:
        await pool.close()
        server.stop()
        shutil.rmtree(server.sockets, ignore_errors=True)
    report["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return report


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=100_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="leave the files in this folder, and use those that are there")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="motet-bench-"))
    try:
        report = await measure(options, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(json.dumps(report, indent=2))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    run(main())
