"""Imports over HTTP: a file is streamed to the disk, a worker takes it up, and what was refused can be fetched."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from motet.ingest import jobs
from motet.ingest.jobs import run_jobs, sweep
from motet.storage.pool import Pool
from motet.storage.sql import sql
from motet.web import uploads
from siting import LANES, Site, until

ORDERS = "email,date,total,sku\n" + "".join(f"p{n}@example.com,2020-01-0{n % 9 + 1},{n}.5,x{n}\n" for n in range(40))
PEOPLE = "Customer ID,E-mail,Plan\n" + "".join(
    f"c-{n},{'odd' if n == 7 else f'p{n}@example.com'},gold\n" for n in range(30)
)


def folder(site: Site) -> Path:
    return site.services.config.home / "imports"


@asynccontextmanager
async def working(pool: Pool, site: Site) -> AsyncIterator[None]:
    stop = asyncio.Event()
    worker = asyncio.create_task(run_jobs(pool, LANES, folder(site), stop))
    try:
        yield
    finally:
        stop.set()
        await worker


async def bring(site: Site, text: str | bytes, **query: Any) -> Any:
    answer = await site.post("/api/imports", data=text.encode() if isinstance(text, str) else text, params=query)
    return answer.status, await answer.json()


async def finished(site: Site, id: str) -> Any:
    async def look() -> Any:
        seen = await (await site.get(f"/api/imports/{id}")).json()
        return seen if seen["status"] not in ("waiting", "running") else None

    return await until(look, 20)


async def test_a_file_is_brought_imported_and_listed_with_its_rejects(site: Site, pool: Pool) -> None:
    status, told = await bring(site, PEOPLE, kind="customers", name="../../people\n.csv")
    assert status == 202
    waiting = await (await site.get(f"/api/imports/{told['id']}")).json()
    assert (waiting["status"], waiting["name"], waiting["size"]) == ("waiting", "../../people.csv", len(PEOPLE))
    [file] = folder(site).iterdir()
    assert re.fullmatch(r"[0-9a-f-]{36}\.data", file.name)  # a name of ours
    assert file.stat().st_mode & 0o077 == 0
    async with working(pool, site):
        done = await finished(site, told["id"])
    assert (done["status"], done["rows"], done["accepted"], done["changed"], done["rejected"]) == (
        "done",
        30,
        29,
        29,
        1,
    )
    assert done["position"] == done["size"]
    assert done["rows_per_second"] > 0
    assert not file.exists()
    listed = (await (await site.get("/api/imports")).json())["imports"]
    assert [one["id"] for one in listed] == [told["id"]]
    answer = await site.get(f"/api/imports/{told['id']}/rejects")
    assert answer.headers["content-type"].startswith("text/csv")
    [row] = csv.DictReader(io.StringIO(await answer.text()))
    assert (row["row"], row["field"], row["code"]) == ("9", "E-mail", "customer.bad_email")
    [first] = (await (await site.get(f"/api/imports/{told['id']}/rejects/first")).json())["rejects"]
    assert (first["row"], first["field"], first["code"]) == (9, "E-mail", "customer.bad_email")


async def test_events_are_taken_once_unless_asked_again(site: Site, pool: Pool) -> None:
    query = {"kind": "events", "name": "orders.csv", "event": "purchase", "mapping": json.dumps({"total": "value"})}
    async with working(pool, site):
        status, told = await bring(site, ORDERS, **query)
        assert status == 202
        done = await finished(site, told["id"])
        assert (done["status"], done["changed"], done["options"]["event"]) == ("done", 40, "purchase")
        status, refused = await bring(site, ORDERS, **query)
        assert (status, refused["code"]) == (400, "import.already_done")
        status, again = await bring(site, ORDERS, **query, again="true")
        assert (status, again["id"]) == (202, told["id"])
        done = await finished(site, told["id"])
        assert (done["accepted"], done["changed"]) == (40, 0)
    assert await pool.fetchval("SELECT count(*) FROM event WHERE name = 'purchase' AND source = 'history'") == 40
    assert list(folder(site).iterdir()) == []


async def test_a_file_that_cannot_be_used_is_refused_at_once_and_leaves_nothing(site: Site, pool: Pool) -> None:
    for text, query, code in (
        ("", {"kind": "customers"}, "import.empty_file"),
        ("[{}]", {"kind": "customers"}, "import.json_array"),
        ("a,b\n1,2\n", {"kind": "customers"}, "import.no_identifier"),
        (PEOPLE, {"kind": "customers", "mapping": '{"Plan": "plan"}'}, "import.unknown_target"),
        (PEOPLE, {"kind": "customers", "mapping": "[1]"}, "import.bad_mapping"),
        (PEOPLE, {"kind": "events"}, "import.no_time"),
        (ORDERS, {"kind": "events", "event": "no\tname"}, "event.bad_text"),
        (PEOPLE, {"kind": "people"}, "request.invalid"),
    ):
        status, told = await bring(site, text, **query)
        assert (status, told["code"]) == (400, code)
        assert str(folder(site)) not in json.dumps(told)
    answer = await site.post("/api/imports?kind=customers", data={"file": io.BytesIO(b"x")})
    assert (answer.status, (await answer.json())["code"]) == (415, "body.multipart")
    assert list(folder(site).iterdir()) == []
    assert await pool.fetchval("SELECT count(*) FROM import_job") == 0


async def test_a_file_beyond_the_bound_is_cut_off(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads.save_upload, "__kwdefaults__", {"most": 1000})

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 100

    for body in (b"x" * 5000, pieces()):  # with a Content-Length, and without one
        answer = await site.post("/api/imports?kind=customers", data=body)
        assert (answer.status, (await answer.json())["code"]) == (413, "body.too_large")
    assert [p.name for p in folder(site).glob("*")] == []


async def test_a_disk_without_room_says_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_RESERVE", 1 << 60)
    status, told = await bring(site, PEOPLE, kind="customers")
    assert (status, told["code"]) == (507, "import.no_room")


async def test_a_disk_that_fills_while_a_file_comes_keeps_its_reserve(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a Content-Length nobody knows before how much will come, and the database may be on the same disk."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"external_id\n" + b"c1\n" * 500_000
        monkeypatch.setattr(uploads, "_RESERVE", 1 << 60)
        yield b"c1\n" * 500_000

    answer = await site.post("/api/imports?kind=customers", data=pieces())
    assert (answer.status, (await answer.json())["code"]) == (507, "import.no_room")
    assert list(folder(site).iterdir()) == []


async def test_a_preview_shows_columns_guesses_and_rejects(site: Site) -> None:
    cut = PEOPLE[:-5].encode()
    answer = await site.post("/api/imports/preview?kind=customers", data=cut)
    told = await answer.json()
    assert answer.status == 200
    assert [(c["name"], c["target"]) for c in told["columns"]] == [
        ("Customer ID", "external_id"), ("E-mail", "email"), ("Plan", "attributes.plan"),
    ]  # fmt: skip
    assert told["columns"][2]["samples"] == ["gold"]
    assert told["rows"][0] == ["c-0", "p0@example.com", "gold"]
    assert (told["checked"], told["accepted"], [r["code"] for r in told["rejects"]]) == (29, 28, ["customer.bad_email"])
    assert {"name": "attributes", "is_map": True} in told["fields"]
    ill = await (await site.post("/api/imports/preview?kind=events", data=ORDERS)).json()
    assert [p["code"] for p in ill["problems"]] == ["import.no_event"]
    assert {c["name"]: c["target"] for c in ill["columns"]} == {
        "email": "email", "date": "at", "total": "value", "sku": "properties.sku",
    }  # fmt: skip
    lines = b'{"user_id": "a", "event": "x", "time": "2020-01-01", "color": "red"}\n{"user_id": "b", "size": [1]}\n'
    json_told = await (await site.post("/api/imports/preview?kind=events&whole=true", data=lines)).json()
    assert json_told["form"] == "json_lines"
    assert json_told["rows"] == [["a", "x", "2020-01-01", "red", ""], ["b", "", "", "", "[1]"]]
    assert (json_told["accepted"], len(json_told["rejects"])) == (1, 2)
    assert list(folder(site).iterdir()) == []


async def test_what_waits_can_be_stopped_and_goes_on_when_it_is_brought_again(site: Site, pool: Pool) -> None:
    _, told = await bring(site, PEOPLE, kind="customers")
    stopped = await (await site.post(f"/api/imports/{told['id']}/stop")).json()
    assert stopped["status"] == "stopped"
    assert (await site.post(f"/api/imports/{told['id']}/stop")).status == 409
    assert (await site.post("/api/imports/01890000-0000-7000-8000-000000000000/stop")).status == 404
    async with working(pool, site):
        _, again = await bring(site, PEOPLE, kind="customers")
        assert again["id"] == told["id"]
        assert (await finished(site, told["id"]))["accepted"] == 29


async def test_a_file_that_was_changed_on_the_disk_is_not_imported(site: Site, pool: Pool) -> None:
    _, told = await bring(site, PEOPLE, kind="customers")
    [brought] = folder(site).iterdir()
    with brought.open("a") as file:
        file.write("x,x@example.com,x\n")
    async with working(pool, site):
        done = await finished(site, told["id"])
    assert done["status"] == "refused"
    assert "import.file_changed" in done["error"]


async def test_old_files_are_thrown_away_and_those_that_wait_are_not(site: Site, pool: Pool) -> None:
    await bring(site, PEOPLE, kind="customers")
    [brought] = folder(site).iterdir()
    for name in ("cut.part", "gone.data", "old.rejects.csv"):
        (folder(site) / name).write_text("x")
    for path in folder(site).iterdir():
        os.utime(path, (0, 0))
    (folder(site) / "fresh.part").write_text("x")
    await sweep(pool, folder(site))
    assert sorted(p.name for p in folder(site).iterdir()) == sorted([brought.name, "fresh.part"])


_CHILD = """
import asyncio, sys
from pathlib import Path
from motet.ingest import importing, jobs
from motet.storage.pool import open_pool

importing.BATCH = 200
jobs.Wish = lambda **more: importing.Wish(**{**more, "batch": 200, "progress": lambda p: print(p.rows, flush=True)})

async def main(url, folder):
    pool = await open_pool(url, size=2)
    await jobs.run_jobs(pool, 8, Path(folder), asyncio.Event())

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_worker_leaves_the_import_to_the_next(site: Site, pool: Pool, database: str) -> None:
    rows = "user_id,event,date\n" + "".join(f"c-{n % 40},view,2020-01-01\n" for n in range(12_000))
    _, told = await bring(site, rows, kind="events")
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _CHILD, database, str(folder(site)), stdout=asyncio.subprocess.PIPE, env=os.environ
    )
    assert child.stdout is not None
    for _ in range(3):
        committed = int(await child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    await child.wait()
    seen = await (await site.get(f"/api/imports/{told['id']}")).json()
    assert seen["status"] == "running"
    assert committed <= seen["rows"] < 12_000
    async with working(pool, site):
        done = await finished(site, told["id"])
    assert (done["rows"], done["changed"]) == (12_000, 12_000)
    assert await pool.fetchval("SELECT count(*) FROM event WHERE name = 'view'") == 12_000


async def test_two_workers_share_what_waits(site: Site, pool: Pool) -> None:
    ids = [
        (await bring(site, PEOPLE.replace("c-", f"c{n}-").replace("@", f"{n}@"), kind="customers"))[1]["id"]
        for n in range(6)
    ]
    async with working(pool, site), working(pool, site):
        for id in ids:
            assert (await finished(site, id))["accepted"] == 29
    assert await pool.fetchval("SELECT count(*) FROM customer") == 6 * 29
    assert jobs.rejects_of(folder(site), ids[0]).name.endswith(".rejects.csv")


async def test_a_worker_that_comes_late_to_a_finished_import_leaves_it(site: Site, pool: Pool) -> None:
    _, told = await bring(site, PEOPLE, kind="customers")
    [listed] = await pool.fetch(sql("imports.list_waiting"))
    kept = (folder(site) / listed["file"]).read_bytes()
    async with working(pool, site):
        await finished(site, told["id"])
    assert not await jobs._run(pool, LANES, folder(site), listed, asyncio.Event())  # its file is gone
    (folder(site) / listed["file"]).write_bytes(kept)
    assert not await jobs._run(pool, LANES, folder(site), listed, asyncio.Event())  # it is done
    seen = await (await site.get(f"/api/imports/{told['id']}")).json()
    assert (seen["status"], seen["accepted"]) == ("done", 29)
