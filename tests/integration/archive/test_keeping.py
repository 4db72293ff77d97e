"""Merging, sweeping, dropping: none of it changes an answer; and a keeper may die at any moment."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from archiving import (
    EVERYBODY,
    LANES,
    Asked,
    add_customer,
    add_event,
    bought,
    export,
    files_of,
    pass_events,
    read_archive,
    read_plainly,
    snapshot,
)
from motet.archive import compact, files
from motet.archive import export as exporting
from motet.archive import keeper as keeping
from motet.archive import snapshot as snapshots
from motet.archive.compact import merge_files, plan_merge
from motet.archive.duck import Duck
from motet.archive.keeper import Keeper
from motet.archive.manifest import EVENTS, Moment, one_moment
from motet.archive.reader import Archive
from motet.archive.repair import repair
from motet.archive.sweep import drop_warm, sweep_files
from motet.core.clock import to_ms
from motet.core.errors import Conflict, Unavailable
from motet.core.ids import lane_of, uuid7
from motet.storage.migrate import keep_partitions, list_log_days
from motet.storage.pool import Pool

GRACE = timedelta(0)


class Died(BaseException):
    """The process is gone: nothing after this line happens."""


async def look(pool: Pool) -> Moment:
    async with pool.acquire() as connection, one_moment(connection, readonly=True) as moment:
        return moment


async def merge(pool: Pool, duck: Duck, now: datetime | None = None) -> int:
    """Merges as long as there is something to merge. Returns how many files of events there are."""
    now = now or datetime.now(UTC)
    while chosen := plan_merge((await look(pool)).events(), now):
        async with pool.acquire() as connection:
            await merge_files(connection, duck, chosen, now)
    return len((await look(pool)).events())


async def fill(pool: Pool, duck: Duck, rounds: int = 10) -> None:
    now = datetime.now(UTC)
    people = [await add_customer(pool, now) for _ in range(4)]
    for n in range(rounds):
        for person in people[: 1 + n % 4]:
            await add_event(pool, person, f"e{n % 3}", now, properties={"n": n}, value=float(n))
        await export(pool, duck, now)


async def test_merging_changes_no_answer_and_leaves_old_files_for_who_reads_them(
    pool: Pool, archive: Archive, duck: Duck, root: Path
) -> None:
    await fill(pool, duck)
    before = await look(pool)
    assert len(before.events()) == 10
    learned = await archive.learn()
    assert await merge(pool, duck) < 3
    assert await read_archive(archive) == await read_plainly(pool)
    assert all((root / f.path).exists() for f in before.files)
    archive._learned = None
    assert await archive.learn() == learned
    async with pool.acquire() as connection:
        assert await sweep_files(connection, duck, datetime.now(UTC)) == 0
        assert await sweep_files(connection, duck, datetime.now(UTC) + timedelta(days=2)) >= 8
        assert await repair(connection, duck, datetime.now(UTC)) == []
    assert len(files_of(root)) == len((await look(pool)).files)
    assert await read_archive(archive) == await read_plainly(pool)


async def test_two_who_merge_the_same_files_do_not_double_them(pool: Pool, archive: Archive, duck: Duck) -> None:
    await fill(pool, duck)
    chosen = plan_merge((await look(pool)).events(), datetime.now(UTC))
    async with pool.acquire() as one, pool.acquire() as two:
        await merge_files(one, duck, chosen, datetime.now(UTC))
        with pytest.raises(Conflict):
            await merge_files(two, duck, chosen, datetime.now(UTC))
    assert await read_archive(archive) == await read_plainly(pool)


async def test_a_file_that_is_not_in_the_manifest_does_not_count_and_goes(
    pool: Pool, archive: Archive, duck: Duck, root: Path
) -> None:
    await fill(pool, duck, rounds=2)
    (kept,) = [f for f in files_of(root) if "events" in f.parts][:1]
    stray = kept.with_name("01a20def-0000-7000-8000-000000000000.parquet")
    stray.write_bytes(kept.read_bytes())
    foreign = kept.with_name("of-somebody-else.parquet")
    foreign.write_bytes(b"x")
    assert await read_archive(archive) == await read_plainly(pool)
    async with pool.acquire() as connection:
        assert await sweep_files(connection, duck, datetime.now(UTC)) == 0  # it may be on its way
        assert await sweep_files(connection, duck, datetime.now(UTC), grace=GRACE) == 1
    assert (stray.exists(), foreign.exists(), kept.exists()) == (False, True, True)


async def test_files_that_are_gone_are_made_anew_from_the_log(
    pool: Pool, archive: Archive, duck: Duck, root: Path
) -> None:
    await fill(pool, duck)
    await merge(pool, duck)
    await fill(pool, duck, rounds=3)
    await pass_events(pool)
    await snapshot(pool, duck)
    learned = await archive.learn()
    present = (await look(pool)).files
    for file in present[::2]:
        (root / file.path).unlink()
    victim = next(f for f in present[::2] if f.kind == EVENTS)
    with pytest.raises(Unavailable, match=Path(victim.path).name):
        await archive.count(bought(1, "e0"))  # and no smaller number
    async with pool.acquire() as connection:
        assert await repair(connection, duck, datetime.now(UTC)) == []
    assert await read_archive(archive) == await read_plainly(pool)
    await snapshot(pool, duck)
    assert await read_archive(archive) == await read_plainly(pool)
    archive._learned = None
    assert {e.name: e.count for e in (await archive.learn()).events} == {e.name: e.count for e in learned.events}


async def test_a_file_of_a_day_that_was_dropped_is_not_made_smaller(
    pool: Pool, archive: Archive, duck: Duck, root: Path
) -> None:
    now = datetime.now(UTC)
    ada = await add_customer(pool, now)
    await add_event(pool, ada, "purchase", now, received=now - timedelta(days=1))
    await export(pool, duck)
    await add_event(pool, ada, "purchase", now)
    await export(pool, duck)
    await pass_events(pool)
    await drop(pool, now, warm_days=0)
    old, new = sorted((await look(pool)).events(), key=lambda f: str(f.first_day))
    (root / old.path).rename(root / "backup")
    (root / new.path).unlink()
    async with pool.acquire() as connection:
        assert await repair(connection, duck, now) == [old.path]
    with pytest.raises(Unavailable):
        await archive.count(bought(1))
    (root / "backup").rename(root / old.path)
    assert (await archive.count(bought(2))).sample == [ada]


async def test_old_days_may_be_moved_to_another_disk(pool: Pool, duck: Duck, root: Path, tmp_path: Path) -> None:
    await fill(pool, duck, rounds=3)
    (day,) = (root / "events").iterdir()
    (tmp_path / "cold").mkdir()
    day.rename(tmp_path / "cold" / day.name)
    day.symlink_to(tmp_path / "cold" / day.name)
    restarted = Archive(pool, LANES, root, memory="300MB", threads=1)
    assert await read_archive(restarted) == await read_plainly(pool)
    restarted.close()


async def test_nothing_outside_its_folder_can_be_read(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a,b")
    outside = Asked("SELECT * FROM read_csv(?)", (str(tmp_path / "secret.csv"),))
    with pytest.raises(duckdb.PermissionException):
        await archive.count(outside)


async def test_a_damaged_file_is_not_merged_away(pool: Pool, duck: Duck, root: Path) -> None:
    await fill(pool, duck)
    events = (await look(pool)).events()
    (root / events[0].path).write_bytes((root / events[-1].path).read_bytes())
    with pytest.raises(Unavailable, match="damaged"):
        await merge(pool, duck)
    assert len((await look(pool)).events()) == len(events)


# Days of the log ---------------------------------------------------------------------------------------------


async def drop(pool: Pool, now: datetime, warm_days: int = 90) -> list[Any]:
    async with pool.acquire() as connection:
        return await drop_warm(connection, now, timedelta(days=warm_days))


async def test_a_day_is_dropped_only_when_it_is_in_files_and_every_engine_has_passed_it(
    pool: Pool, archive: Archive, duck: Duck
) -> None:
    now, later = datetime.now(UTC), datetime.now(UTC) + timedelta(days=120)
    ids = (uuid7(to_ms(now)) for _ in range(10_000))
    last = await add_customer(pool, now, id=next(id for id in ids if lane_of(id, LANES) == LANES - 1))
    await add_event(pool, last, "purchase", now)
    async with pool.acquire() as connection:
        await keep_partitions(connection, later)
    assert now.date() not in await drop(pool, later)  # in no file
    await export(pool, duck)
    assert now.date() not in await drop(pool, later)  # no engine has heard it
    await pass_events(pool, range(LANES - 1))
    assert now.date() not in await drop(pool, later)  # one lane's engine has not
    await pass_events(pool)
    assert now.date() not in await drop(pool, now)  # it is warm
    plain = await read_plainly(pool)
    assert now.date() in await drop(pool, later)
    assert await pool.fetchval("SELECT count(*) FROM event") == 0
    assert await read_archive(archive) == plain
    assert now.date() not in await _days(pool)


async def test_a_day_after_which_no_customers_were_written_is_kept(pool: Pool, archive: Archive, duck: Duck) -> None:
    now, later = datetime.now(UTC), datetime.now(UTC) + timedelta(days=120)
    ada = await add_customer(pool, now, attributes={"city": "Bonn"})
    await pass_events(pool)
    await snapshot(pool, duck)
    await add_event(pool, ada, "moved", now)
    await pool.execute('UPDATE customer SET attributes = \'{"city": "Kiel"}\'')
    await pass_events(pool)
    await export(pool, duck)
    assert now.date() not in await drop(pool, later)
    assert await read_archive(archive) == await read_plainly(pool)
    await snapshot(pool, duck)
    plain = await read_plainly(pool)
    assert now.date() in await drop(pool, later)
    assert await read_archive(archive) == plain


async def _days(pool: Pool) -> list[Any]:
    async with pool.acquire() as connection:
        return await list_log_days(connection)


async def test_a_day_into_which_somebody_still_writes_is_kept(pool: Pool, archive: Archive, duck: Duck) -> None:
    now, later = datetime.now(UTC), datetime.now(UTC) + timedelta(days=120)
    ada = await add_customer(pool, now)
    await export(pool, duck)
    await pass_events(pool)
    async with pool.acquire() as late, late.transaction():
        await add_event(late, ada, "purchase", now)
        assert now.date() not in await drop(pool, later)
    assert now.date() not in await drop(pool, later)
    assert (await archive.count(bought(1))).count == 1


# Dying -------------------------------------------------------------------------------------------------------

STEPS = [
    (exporting, "take"),
    (exporting, "write_events"),
    (exporting, "learn_events"),
    (files, "settle"),
    (exporting, "add_files"),
    (exporting, "_commit"),
    (snapshots, "take"),
    (snapshots, "_write_lane"),
    (snapshots, "add_files"),
    (compact, "write_events"),
    (compact, "replace_files"),
    (compact, "add_files"),
]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("module", "step"), STEPS, ids=lambda p: getattr(p, "__name__", p).rpartition(".")[2])
async def test_a_keeper_that_dies_at_a_step_loses_and_doubles_nothing(
    pool: Pool, archive: Archive, duck: Duck, monkeypatch: pytest.MonkeyPatch, module: Any, step: str, after: bool
) -> None:
    await fill(pool, duck, rounds=9)
    await pass_events(pool)
    real = getattr(module, step)

    def die(*args: Any, **kwargs: Any) -> Any:
        if after and not asyncio.iscoroutinefunction(real):
            real(*args, **kwargs)
        raise Died

    async def die_later(*args: Any, **kwargs: Any) -> Any:
        if after:
            await real(*args, **kwargs)
        raise Died

    now = datetime.now(UTC)
    ada = await add_customer(pool, now)
    await add_event(pool, ada, "purchase", now)
    works = {exporting: export, snapshots: snapshot, compact: merge, files: export}
    with monkeypatch.context() as patch:
        patch.setattr(module, step, die_later if asyncio.iscoroutinefunction(real) else die)
        with pytest.raises(Died):
            await works[module](pool, duck)
    plain = await read_plainly(pool)
    assert await read_archive(archive) == plain
    for work in (export, snapshot, merge):  # the next keeper
        await work(pool, duck)
        assert await read_archive(archive) == plain


async def test_only_one_keeper_works_and_the_next_takes_over(
    pool: Pool, archive: Archive, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "RETRY", 0.1)
    now = datetime.now(UTC)
    ada = await add_customer(pool, now)
    keepers = [Keeper(pool, LANES, root, memory="300MB") for _ in range(2)]
    stops = [asyncio.Event() for _ in keepers]
    tasks = [asyncio.create_task(k.run(s)) for k, s in zip(keepers, stops, strict=True)]
    async with asyncio.timeout(20):
        while not any(f.kind == EVENTS or f.lane is not None for f in (await look(pool)).files):
            await asyncio.sleep(0.1)
    assert [bool(k._due) for k in keepers].count(True) == 1
    first, second = sorted(range(2), key=lambda n: not keepers[n]._due)
    stops[first].set()
    await tasks[first]
    async with asyncio.timeout(20):
        while not keepers[second]._due:
            await asyncio.sleep(0.1)
    stops[second].set()
    await tasks[second]
    await add_event(pool, ada, "purchase", now)
    assert (await archive.count(bought(1))).sample == [ada]
    assert (await archive.count(EVERYBODY)).total == 1


@pytest.mark.parametrize("step", ["serve_builds", "export_events"])
async def test_what_fails_does_not_keep_the_rest_from_being_done(
    pool: Pool, root: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    async def fail(*args: Any, **options: Any) -> int:
        raise duckdb.InvalidInputException("a row that nobody can read")

    monkeypatch.setattr(keeping, step, fail)
    monkeypatch.setattr(keeping, "RETRY", keeping.BUILDS + 0.1)  # by then builds are due again
    now = datetime.now(UTC)
    for _ in range(20):
        await add_customer(pool, now)
    stop = asyncio.Event()
    task = asyncio.create_task(Keeper(pool, LANES, root, memory="300MB").run(stop))
    async with asyncio.timeout(20):
        while len((await look(pool)).customers()) < LANES:
            await asyncio.sleep(0.1)
    stop.set()
    await task
