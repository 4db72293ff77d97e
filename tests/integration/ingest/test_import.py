"""Customers out of files: nothing lost, nothing doubled, whatever happens to the importer."""

from __future__ import annotations

import asyncio
import csv
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from motet.audience.profiles import CustomerInput, find_customer, save_customers, search_customers
from motet.core.customers import Customer, Device
from motet.core.errors import Conflict, Refused
from motet.ingest import importing
from motet.ingest.customers import ImportResult, Progress, import_customers
from motet.ingest.export import export_customers
from motet.ingest.fingerprint import read_source
from motet.storage.pool import Pool

LANES = 8
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


async def run(pool: Pool, path: Path, **more: object) -> ImportResult:
    return await import_customers(pool, path, lanes=LANES, now=NOW, **more)


def people(path: Path, count: int, *, bad_every: int = 0) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Customer ID", "E-mail", "First Name", "Cart Value", "Tags"])
        for i in range(count):
            bad = bad_every and i % bad_every == bad_every - 1
            writer.writerow([f"c-{i}", "nonsense" if bad else f"p{i}@example.com", f"N{i}", f"{i}.5", "a;b"])
    return path


def rejects(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


async def everybody(pool: Pool) -> list[Customer]:
    return await search_customers(pool, LANES, limit=500)


async def test_rows_become_customers_and_a_second_run_changes_nothing(pool: Pool, tmp_path: Path) -> None:
    path = people(tmp_path / "people.csv", 1000)
    first = await run(pool, path, batch=300)
    assert (first.rows, first.accepted, first.changed, first.rejected) == (1000, 1000, 1000, 0)
    assert first.rejects_path is None
    assert not (tmp_path / "people.csv.rejects.csv").exists()
    found = await find_customer(pool, LANES, "p7@example.com")
    assert found is not None
    assert (found.external_id, found.tags) == ("c-7", ("a", "b"))
    assert found.attributes == {"first_name": "N7", "cart_value": 7.5}
    before = await pool.fetch("SELECT id, xmin::text, ctid FROM customer ORDER BY id")
    second = await run(pool, path, batch=300)
    assert (second.accepted, second.changed, second.unchanged, second.resumed_at) == (1000, 0, 1000, 0)
    assert await pool.fetch("SELECT id, xmin::text, ctid FROM customer ORDER BY id") == before


async def test_rejects_name_row_field_reason_and_code(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "id,E-mail,Zone,tel\n"
        "1,a@example.com,Europe/Berln,\n"
        "2,b@example.com,,\n"
        "\n"
        ",,Europe/Berlin,\n"
        "3,x,,123\n"
        "4,d@example.com,,,extra\n"
        "5,b@EXAMPLE.com,,\n"
        '6,"open,,\n'
        "7,g@example.com,,\n"
    )
    ticks: list[Progress] = []
    done = await run(pool, path, mapping={"Zone": "timezone"}, progress=ticks.append)
    assert (done.rows, done.accepted, done.rejected) == (9, 3, 5)
    assert done.rejects_path == str(path) + ".rejects.csv"
    told = rejects(Path(done.rejects_path))
    assert [(r["row"], r["field"], r["code"]) for r in told] == [
        ("2", "Zone", "customer.bad_timezone"),
        ("5", "", "customer.no_identifier"),
        ("6", "E-mail", "customer.bad_email"),
        ("6", "tel", "customer.bad_phone"),
        ("7", "", "import.too_many_cells"),
        ("8", "E-mail", "customer.address_taken"),
        ("9", "", "import.bad_csv"),
    ]
    assert all(r["reason"] for r in told)
    assert "Europe/Berlin" in told[0]["fix"]
    assert {c.external_id for c in await everybody(pool)} == {"2", "5", "7"}
    assert ticks[-1].position == ticks[-1].size == path.stat().st_size
    again = await run(pool, path, mapping={"Zone": "timezone"})
    assert again.changed == 0
    assert rejects(Path(done.rejects_path)) == told


async def test_json_lines_carry_whole_profiles(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    lines = [
        {"external_id": "a", "devices": [{"token": "t", "platform": "apns"}], "attributes": {"x": [1]}, "plan": "gold"},
        {"userId": 7, "consents": {"email": False}, "created_at": "2020-01-01"},
        {"external_id": "b", "caps": {"email": "lots"}},
    ]
    path.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines) + b"\nnonsense\n")
    done = await run(pool, path)
    assert (done.accepted, done.rejected) == (2, 2)
    first, second = await find_customer(pool, LANES, "a"), await find_customer(pool, LANES, "7")
    assert first is not None
    assert first.attributes == {"x": [1], "plan": "gold"}
    assert first.devices == (Device("t", "apns"),)
    assert second is not None
    assert second.consents == {"email": False}
    assert second.created_at == datetime(2020, 1, 1, tzinfo=UTC)
    told = rejects(tmp_path / "people.jsonl.rejects.csv")
    assert [(r["row"], r["field"], r["code"]) for r in told] == [
        ("3", "caps.email", "customer.bad_cap"),
        ("4", "", "import.bad_json"),
    ]


_CHILD = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from motet.ingest.customers import import_customers
from motet.storage.pool import open_pool

async def main(url, path):
    pool = await open_pool(url, size=2)
    tell = lambda p: print(p.rows, flush=True)
    await import_customers(pool, Path(path), lanes=8, now=datetime(2026, 11, 24, tzinfo=UTC), progress=tell, batch=200)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_killed_in_the_middle_it_goes_on_where_it_was(pool: Pool, database: str, tmp_path: Path) -> None:
    path = people(tmp_path / "people.csv", 20_000, bad_every=50)
    committed = 0
    for commits in (3, 5, 2):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _CHILD, database, str(path), stdout=asyncio.subprocess.PIPE, env=os.environ
        )
        assert child.stdout is not None
        for _ in range(commits):
            rows = int(await child.stdout.readline())
            assert rows > committed  # a new run begins where the last was stopped
            committed = rows
        os.kill(child.pid, signal.SIGKILL)
        await child.wait()
    with (tmp_path / "people.csv.rejects.csv").open("a") as file:
        file.write("19999,half a li")  # what a kill may leave
    done = await run(pool, path, batch=200)
    assert committed <= done.resumed_at < 20_000
    assert (done.rows, done.accepted, done.changed, done.rejected) == (20_000, 19_600, 19_600, 400)
    assert await pool.fetchval("SELECT count(*) FROM customer") == 19_600
    assert await pool.fetchval("SELECT count(*) FROM identifier") == 39_200
    told = rejects(tmp_path / "people.csv.rejects.csv")
    assert [int(r["row"]) for r in told] == list(range(51, 20_002, 50))


async def test_two_importers_of_one_file_do_not_meet(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_LOCK_PATIENCE", 0.25)
    path = people(tmp_path / "people.csv", 50)
    async with pool.acquire() as other:
        key = importing.lock_key(read_source(path, "customers", {}).fingerprint)
        assert await other.fetchval("SELECT pg_try_advisory_lock($1, $2)", *key)
        with pytest.raises(Conflict):
            await run(pool, path)
        assert await other.fetchval("SELECT pg_advisory_unlock($1, $2)", *key)
    assert (await run(pool, path)).accepted == 50


async def test_a_foreign_file_is_never_taken_for_rejects(pool: Pool, tmp_path: Path) -> None:
    path, other = people(tmp_path / "people.csv", 5), tmp_path / "thesis.csv"
    other.write_text("my,own,work\n")
    with pytest.raises(Refused) as refused:
        await run(pool, path, rejects_path=other)
    assert refused.value.problems[0].code == "import.rejects_exist"
    assert other.read_text() == "my,own,work\n"


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
async def test_what_is_exported_can_be_imported(pool: Pool, tmp_path: Path, name: str) -> None:
    odd = CustomerInput(
        external_id="=1+1",
        email="odd@example.com",
        phone="+442071838750",
        devices=(Device("t1"), Device("t2", "apns")),
        handles={"telegram": "@ann"},
        attributes={
            "zip": "0123",
            "num": "12",
            "yes": "true",
            "list": [1, "a"],
            "n": 1.5,
            "cmd": "=X()",
            "say": "'hi'",
        },
        tags=("a", "b c"),
        lifecycle_stage="active",
        timezone="Europe/Berlin",
        locale="de",
        preferences={"sms": False},
        caps={"email": 2},
        consents={"email": False, "push": True},
        last_interaction_at=NOW - timedelta(seconds=1.5),
        created_at=NOW - timedelta(days=1),
    )
    crowd = [CustomerInput(external_id=f"c-{i}", attributes={"n": i}) for i in range(300)]
    await save_customers(pool, [odd, *crowd], lanes=LANES, now=NOW)
    before = {c.external_id: c for c in await everybody(pool)}
    path = tmp_path / name
    assert await export_customers(pool, path) == 301
    assert (await run(pool, path)).changed == 0  # says the same
    await pool.execute("TRUNCATE customer, identifier")
    assert (await run(pool, path)).changed == 301
    after = {c.external_id: c for c in await everybody(pool)}
    assert after.keys() == before.keys()
    for external_id, customer in after.items():
        assert msgspec.structs.replace(customer, id=before[external_id].id) == before[external_id]


async def test_an_export_runs_no_formula_and_is_its_owners_alone(pool: Pool, tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    person = {
        "external_id": "a",
        "tags": ["=HYPERLINK(1)"],
        "devices": [{"token": "@SUM(1)"}],
        "attributes": {"x": "=1"},
    }
    file.write_text(msgspec.json.encode(person).decode() + "\n")
    await import_customers(pool, file, lanes=LANES, now=datetime.now(UTC))
    out = tmp_path / "out.csv"
    await export_customers(pool, out)
    assert out.stat().st_mode & 0o077 == 0
    [row] = csv.DictReader(out.open(newline=""))
    assert not [cell for cell in row.values() if cell[:1] in "=+-@\t\r" and cell]
    await pool.execute("TRUNCATE customer, identifier")
    assert (await import_customers(pool, out, lanes=LANES, now=datetime.now(UTC))).changed == 1
    kept = await pool.fetchrow("SELECT tags, devices FROM customer")
    assert kept is not None
    assert (kept["tags"], kept["devices"][0]["token"]) == (["=HYPERLINK(1)"], "@SUM(1)")
