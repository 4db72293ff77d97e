"""Events out of files: each once, whatever happens to the importer, and quiet unless somebody says otherwise."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from motet.audience.profiles import find_customer
from motet.core.errors import Refused
from motet.core.ids import ms_of
from motet.ingest.events import EventBuffer, RawEvent
from motet.ingest.history import import_events
from motet.ingest.importing import ImportResult, Progress, Wish
from motet.storage.pool import Pool

LANES = 8
TOLD = "SELECT customer_id, id, name, at, properties, value, source FROM event WHERE name <> 'customers_changed'"


async def run(pool: Pool, path: Path, wish: Wish | None = None, **more: Any) -> ImportResult:
    return await import_events(pool, path, lanes=LANES, now=datetime.now(UTC), wish=wish, **more)


async def told(pool: Pool) -> list[Any]:
    return await pool.fetch(f"{TOLD} ORDER BY id")


def orders(path: Path, count: int, *, bad_every: int = 0, ids: bool = False) -> Path:
    begin = datetime(2019, 5, 1, tzinfo=UTC)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Customer ID", "Event", "Timestamp", "Amount", "SKU", *(["Message ID"] if ids else [])])
        for i in range(count):
            bad = bad_every and i % bad_every == bad_every - 1
            at = "yesterday" if bad else (begin + timedelta(minutes=i)).isoformat()
            writer.writerow([f"c-{i % 50}", "purchase", at, f"{i}.5", f"0{i}", *([f"m-{i}"] if ids else [])])
    return path


def rejects(path: Path) -> list[dict[str, str]]:
    with path.with_name(f"{path.name}.rejects.csv").open(newline="") as file:
        return list(csv.DictReader(file))


async def test_rows_become_history_with_their_own_time_and_the_customers_they_name(pool: Pool, tmp_path: Path) -> None:
    path = orders(tmp_path / "orders.csv", 120)
    done = await run(pool, path)
    assert (done.rows, done.accepted, done.changed, done.rejected) == (120, 120, 120, 0)
    events = await told(pool)
    assert {e["source"] for e in events} == {"history"}
    first = events[0]
    assert (first["name"], first["at"], first["value"]) == ("purchase", datetime(2019, 5, 1, tzinfo=UTC), 0.5)
    assert first["properties"] == {"sku": "00"}
    assert abs(ms_of(first["id"]) / 1000 - datetime.now(UTC).timestamp()) < 60  # of receipt, not of 2019
    assert await pool.fetchval("SELECT count(*) FROM customer") == 50
    someone = await find_customer(pool, LANES, "c-7")
    assert someone is not None
    own = [e["at"] for e in events if e["customer_id"] == someone.id]
    assert own == sorted(own)  # rows of one customer keep their order
    assert len(own) == 3


async def test_a_finished_file_is_not_taken_twice_not_even_when_asked_again(pool: Pool, tmp_path: Path) -> None:
    path = orders(tmp_path / "orders.csv", 90)
    await run(pool, path)
    before = await told(pool)
    second = await run(pool, path)
    assert (second.already, second.changed) == (True, 90)
    assert "imported before" in str(second)
    third = await run(pool, path, Wish(again=True))
    assert (third.already, third.accepted, third.changed, third.unchanged) == (False, 90, 0, 90)
    fourth = await run(pool, path, Wish(again=True), mapping={"SKU": "properties.item"})
    assert fourth.changed == 0  # another way to read it, and the same rows
    assert await told(pool) == before


async def test_what_a_sender_told_already_is_known_by_its_own_id(pool: Pool, tmp_path: Path) -> None:
    first, wider = orders(tmp_path / "a.csv", 40, ids=True), orders(tmp_path / "b.csv", 60, ids=True)
    assert (await run(pool, first)).changed == 40
    done = await run(pool, wider)
    assert (done.accepted, done.changed, done.unchanged) == (60, 20, 40)


async def test_live_events_say_so(pool: Pool, tmp_path: Path) -> None:
    await run(pool, orders(tmp_path / "orders.csv", 3), live=True)
    assert {e["source"] for e in await told(pool)} == {"import"}


async def test_rejects_name_the_column_and_the_rest_is_taken(pool: Pool, tmp_path: Path) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=40)).date()
    path = tmp_path / "odd.csv"
    path.write_text(
        "who,mail,what,when,worth\n"
        "a,,purchase,2020-01-01,5\n"
        "b,,purchase,yesterday,5\n"
        "c,,purchase,2020-01-01,much\n"
        f"d,,purchase,{ahead},5\n"
        ",,purchase,2020-01-01,5\n"
        "null,,purchase,2020-01-01,5\n"
        "e,nonsense,purchase,2020-01-01,5\n"
        "f,,segment_entered,2020-01-01,5\n"
        "g,,,2020-01-01,5\n"
        "h,,purchase,1577836800,5\n"
        "i,,purchase,1577836800000,5\n"
        ",i@example.com,purchase,2020-01-01T05:00:00+05:00,5\n"
    )
    mapping = {"who": "user_id", "mail": "email", "what": "name", "when": "at", "worth": "value"}
    done = await run(pool, path, mapping=mapping)
    assert (done.accepted, done.rejected) == (4, 8)
    assert [(r["row"], r["field"], r["code"]) for r in rejects(path)] == [
        ("3", "when", "event.bad_time"),
        ("4", "worth", "event.bad_value"),
        ("5", "when", "event.in_the_future"),
        ("6", "", "event.no_identifier"),
        ("7", "", "event.blocked_identifier"),
        ("8", "mail", "event.bad_email"),
        ("9", "what", "event.reserved_name"),
        ("10", "what", "event.missing_field"),
    ]
    assert {e["at"] for e in await told(pool)} == {datetime(2020, 1, 1, tzinfo=UTC)}


async def test_a_file_without_names_or_times_is_refused_with_the_fix(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("email,SKU\na@example.com,1\n")
    with pytest.raises(Refused) as refused:
        await run(pool, path)
    assert [p.code for p in refused.value.problems] == ["import.no_time", "import.no_event"]
    path.write_text("email,date,SKU\na@example.com,2021-02-03,1\n")
    assert (await run(pool, path, event="purchase")).changed == 1
    [event] = await told(pool)
    assert (event["name"], event["at"].date().isoformat()) == ("purchase", "2021-02-03")


async def test_json_lines_and_calls_of_segment_are_read(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "archive.jsonl"
    old = {"timestamp": "2021-03-04T05:06:07Z", "sentAt": "2021-03-04T05:06:09Z", "receivedAt": "2021-03-04T05:06:10Z"}
    lines = [
        {"type": "identify", "userId": "u1", "anonymousId": "visitor-1", "traits": {"email": "u1@example.com"}, **old},
        {"type": "track", "anonymousId": "visitor-1", "event": "Signed Up", "properties": {"plan": "gold"}, **old},
        {"type": "page", "userId": "u1", "name": "Home", "sentAt": "2021-03-04T05:06:09Z"},
        {"type": "track", "userId": "u1", "event": "", **old},
        {"user_id": "u1", "event": "purchase", "time": 1614834367, "properties": {"total": 12.5}, "messageId": "x1"},
        {"customer": "u1@example.com", "name": "purchase", "at": "2021-03-05", "value": 3},
        {"customer": "u2", "name": "no time"},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = await run(pool, path)
    assert (done.accepted, done.rejected) == (5, 2)
    events = await told(pool)
    assert [(e["name"], e["value"]) for e in events] == [
        ("identify", 0), ("Signed Up", 0), ("page", 0), ("purchase", 12.5), ("purchase", 3),
    ]  # fmt: skip
    assert {e["source"] for e in events} == {"history"}
    assert events[0]["at"] == datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)  # its clock is believed
    assert len({e["customer_id"] for e in events}) == 1
    someone = await find_customer(pool, LANES, "u1")
    assert someone is not None
    assert someone.email == "u1@example.com"
    assert [(r["row"], r["code"]) for r in rejects(path)] == [
        ("4", "event.missing_field"),
        ("7", "event.missing_field"),
    ]


async def test_a_row_that_the_database_refuses_costs_only_itself(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = orders(tmp_path / "orders.csv", 40)
    await pool.execute("ALTER TABLE event ADD CONSTRAINT odd CHECK (value <> 7.5 AND value <> 23.5)")
    done = await run(pool, path, Wish(batch=25))
    assert (done.accepted, done.changed, done.rejected) == (38, 38, 2)
    assert [(r["row"], r["code"]) for r in rejects(path)] == [("9", "import.unfit"), ("25", "import.unfit")]


async def test_a_live_fact_and_an_import_at_the_same_time_do_not_wait_for_each_other_forever(
    pool: Pool, tmp_path: Path
) -> None:
    buffer = EventBuffer(pool, LANES)
    path = orders(tmp_path / "orders.csv", 2000)

    async def talk() -> None:
        for n in range(60):
            await buffer.add([RawEvent(customer=f"c-{(n * 7 + i) % 50}", name="view") for i in range(20)])

    done, _ = await asyncio.gather(run(pool, path, Wish(batch=100)), talk())
    await buffer.close()
    assert done.changed == 2000
    assert await pool.fetchval("SELECT count(*) FROM customer") == 50
    assert await pool.fetchval("SELECT count(*) FROM event WHERE name = 'view'") == 1200


_CHILD = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from motet.ingest.history import import_events
from motet.ingest.importing import Wish
from motet.storage.pool import open_pool

async def main(url, path):
    pool = await open_pool(url, size=2)
    wish = Wish(again=False, progress=lambda p: print(p.rows, flush=True), batch=200)
    await import_events(pool, Path(path), lanes=8, now=datetime.now(UTC), wish=wish)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_killed_in_the_middle_it_goes_on_and_takes_every_row_once(
    pool: Pool, database: str, tmp_path: Path
) -> None:
    path = orders(tmp_path / "orders.csv", 15_000, bad_every=50)
    committed = 0
    for commits in (3, 5):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _CHILD, database, str(path), stdout=asyncio.subprocess.PIPE, env=os.environ
        )
        assert child.stdout is not None
        for _ in range(commits):
            rows = int(await child.stdout.readline())
            assert rows > committed
            committed = rows
        os.kill(child.pid, signal.SIGKILL)
        await child.wait()
    ticks: list[Progress] = []
    done = await run(pool, path, Wish(again=False, batch=200, progress=ticks.append))
    assert committed <= done.resumed_at < 15_000
    assert (done.rows, done.changed, done.rejected, done.already) == (15_000, 14_700, 300, False)
    assert await pool.fetchval("SELECT count(*) FROM event WHERE name = 'purchase'") == 14_700
    assert await pool.fetchval("SELECT count(DISTINCT at) FROM event WHERE name = 'purchase'") == 14_700
    assert [int(r["row"]) for r in rejects(path)] == list(range(51, 15_002, 50))
    assert ticks[-1].position == ticks[-1].size == path.stat().st_size
