"""Importing from CSV files: customers and events, in rows a second.

    python bench/importing.py [--rows 100000]

Customers: fresh, and again with nothing changed. Events: of customers who are not known, of known ones, and the same
file once more, where every row is found to be known. Beside them, in the same run: bare COPY of as many rows into a
keyed table, which is what a database could take; for events into a table with the columns and the key of the log.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from motet.app import run
from motet.ingest.append import EventIds
from motet.ingest.customers import import_customers
from motet.ingest.history import import_events
from motet.ingest.importing import Wish
from motet.storage.embedded import EmbeddedServer
from motet.storage.migrate import migrate
from motet.storage.pool import Pool, open_pool

BATCH = 5_000
COLUMNS = ("Customer ID", "E-mail", "First Name", "Last Name", "City", "Cart Value", "Timezone", "Locale", "Tags")
EVENT_COLUMNS = ("Message ID", "Customer ID", "Event", "Timestamp", "Revenue", "SKU", "Category")


def write_customers(path: Path, rows: int) -> None:
    pick = random.Random(1)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for n in range(rows):
            place = pick.choice([("Berlin", "Europe/Berlin", "de"), ("Boston", "America/New_York", "en")])
            tags = pick.choice(["new_signup", "cart_abandoners;vip", "previous_customer"])
            value = round(pick.random() * 200, 2)
            out.writerow((f"c-{n}", f"user.{n}@example.com", "Ann", "Lee", place[0], value, place[1], place[2], tags))


def write_events(path: Path, rows: int, people: int, prefix: str) -> None:
    """Events of two years, in order, by `people` customers."""
    pick = random.Random(2)
    at, step = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=700) / rows
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(EVENT_COLUMNS)
        for n in range(rows):
            name = pick.choice(["page_view", "page_view", "page_view", "add_to_cart", "purchase"])
            who, revenue = f"{prefix}-{pick.randrange(people)}", round(pick.random() * 200, 2)
            sku = f"sku-{pick.randrange(5000)}"
            out.writerow((f"m-{prefix}-{n}", who, name, (at + step * n).isoformat(), revenue, sku, "shoes"))


async def bare_copy(pool: Pool, rows: int) -> float:
    """Rows a second of COPY into a table with a key, in batches of 5,000."""
    await pool.execute("CREATE TABLE bare (id int PRIMARY KEY, email text, attributes text, tags text)")
    start = time.perf_counter()
    for at in range(0, rows, BATCH):
        records = [(n, f"user.{n}@example.com", '{"city": "Berlin"}', "new_signup") for n in range(at, at + BATCH)]
        await pool.copy_records_to_table("bare", records=records)
    return rows / (time.perf_counter() - start)


async def bare_events(pool: Pool, rows: int) -> float:
    """Rows a second of COPY into a table like the log: its columns, its key and the index of its cursor."""
    await pool.execute("CREATE TABLE bare_event (LIKE event INCLUDING DEFAULTS)")
    await pool.execute("ALTER TABLE bare_event ADD PRIMARY KEY (lane, customer_id, id)")
    await pool.execute("CREATE INDEX ON bare_event (lane, xid, id)")
    ids, pick, at = EventIds(), random.Random(3), datetime(2024, 1, 1, tzinfo=UTC)
    people = [UUID(int=pick.getrandbits(128)) for _ in range(20_000)]
    columns = ("lane", "customer_id", "id", "name", "at", "properties", "value", "source")
    properties = {"sku": "sku-1234", "category": "shoes"}
    start = time.perf_counter()
    for begin in range(0, rows, BATCH):
        who = [people[(begin + n) * 7919 % 20_000] for n in range(BATCH)]
        told = zip(who, ids.take_many(1, BATCH), strict=True)
        records = [(w.int % 64, w, id, "page_view", at, properties, 9.5, "history") for w, id in told]
        await pool.copy_records_to_table("bare_event", records=records, columns=columns)
    return rows / (time.perf_counter() - start)


async def measure_customers(pool: Pool, home: Path, rows: int) -> dict[str, float]:
    path = home / "customers.csv"
    write_customers(path, rows)
    limit = await bare_copy(pool, rows)
    result: dict[str, float] = {"bare_copy_per_second": round(limit)}
    for label in ("fresh", "unchanged"):
        start = time.perf_counter()
        done = await import_customers(pool, path, lanes=64, now=datetime.now(UTC))
        rate = rows / (time.perf_counter() - start)
        assert done.rejected == 0
        result |= {f"{label}_per_second": round(rate), f"{label}_ratio": round(rate / limit, 3)}
    size = "SELECT pg_total_relation_size('customer') + pg_total_relation_size('identifier')"
    result["bytes_per_customer"] = round(await pool.fetchval(size) / rows)
    return result


async def measure_events(pool: Pool, home: Path, rows: int) -> dict[str, float]:
    """After the customers: `c-N` are known, `n-N` are not."""
    limit = await bare_events(pool, rows)
    result: dict[str, float] = {"bare_copy_of_events_per_second": round(limit)}
    people = min(20_000, rows)
    write_events(home / "known.csv", rows, people, "c")
    write_events(home / "new.csv", rows, people, "n")
    runs = (
        ("events_of_new", "new.csv", rows),
        ("events_of_known", "known.csv", rows),
        ("events_again", "known.csv", 0),
    )
    for label, file, new in runs:
        start = time.perf_counter()
        done = await import_events(pool, home / file, lanes=64, now=datetime.now(UTC), wish=Wish(again=True))
        rate = rows / (time.perf_counter() - start)
        assert (done.accepted, done.rejected) == (rows, 0)
        assert new is None or done.changed == new
        result |= {f"{label}_per_second": round(rate), f"{label}_ratio": round(rate / limit, 3)}
    return result


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="motet-bench-"))
    server = EmbeddedServer(home)
    server.start()
    pool = await open_pool(server.url, size=4)
    try:
        await migrate(pool, lanes=64, now=datetime.now(UTC))
        rows = max(BATCH, options.rows // BATCH * BATCH)
        result: dict[str, float] = {"rows": rows}
        result |= await measure_customers(pool, home, rows)
        result |= await measure_events(pool, home, rows)
        print(json.dumps(result, indent=2))
        if options.json:
            options.json.write_text(json.dumps(result))
    finally:
        await pool.close()
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(server.sockets, ignore_errors=True)


if __name__ == "__main__":
    run(main())  # as `motet import` does it
