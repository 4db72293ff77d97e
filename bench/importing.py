"""Importing customers from a CSV file: rows a second, fresh and again with nothing changed.

    python bench/importing.py [--rows 100000]

Beside it, in the same run: bare COPY of as many rows into a keyed table, which is what a database could take.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from motet.app import run
from motet.ingest.customers import import_customers
from motet.storage.embedded import EmbeddedServer
from motet.storage.migrate import migrate
from motet.storage.pool import Pool, open_pool

COLUMNS = ("Customer ID", "E-mail", "First Name", "Last Name", "City", "Cart Value", "Timezone", "Locale", "Tags")


def write_file(path: Path, rows: int) -> None:
    pick = random.Random(1)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for n in range(rows):
            place = pick.choice([("Berlin", "Europe/Berlin", "de"), ("Boston", "America/New_York", "en")])
            tags = pick.choice(["new_signup", "cart_abandoners;vip", "previous_customer"])
            value = round(pick.random() * 200, 2)
            out.writerow((f"c-{n}", f"user.{n}@example.com", "Ann", "Lee", place[0], value, place[1], place[2], tags))


async def bare_copy(pool: Pool, rows: int) -> float:
    """Rows a second of COPY into a table with a key, in batches of 5,000."""
    await pool.execute("CREATE TABLE bare (id int PRIMARY KEY, email text, attributes text, tags text)")
    start = time.perf_counter()
    for at in range(0, rows, 5000):
        records = [(n, f"user.{n}@example.com", '{"city": "Berlin"}', "new_signup") for n in range(at, at + 5000)]
        await pool.copy_records_to_table("bare", records=records)
    return rows / (time.perf_counter() - start)


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
        path = home / "customers.csv"
        write_file(path, options.rows)
        limit = await bare_copy(pool, options.rows)
        result: dict[str, float] = {"rows": options.rows, "bare_copy_per_second": round(limit)}
        for label in ("fresh", "unchanged"):
            start = time.perf_counter()
            done = await import_customers(pool, path, lanes=64, now=datetime.now(UTC))
            rate = options.rows / (time.perf_counter() - start)
            assert done.rejected == 0
            result |= {f"{label}_per_second": round(rate), f"{label}_ratio": round(rate / limit, 3)}
        size = "SELECT pg_total_relation_size('customer') + pg_total_relation_size('identifier')"
        result["bytes_per_customer"] = round(await pool.fetchval(size) / options.rows)
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
