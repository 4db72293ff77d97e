"""The archive answers what PostgreSQL would, whatever is in files and whatever is not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from archiving import (
    EVERYBODY,
    LANES,
    Asked,
    add_customer,
    add_event,
    bought,
    change_customer,
    export,
    files_of,
    pass_events,
    read_archive,
    read_plainly,
    snapshot,
)
from motet.archive import taking
from motet.archive.duck import Duck
from motet.archive.reader import Archive
from motet.core.clock import to_ms
from motet.core.errors import Conflict, Unavailable
from motet.core.ids import derive_message_id, lane_of, uuid7
from motet.storage.pool import Pool

NASTY = [
    {"text": 'a "quoted", \\ and\nbroken\r\nline\ttab \u2028 é 🎉'},
    {"": "", "null": None, "list": [1, [2, {"x": "\\N"}]], "n": 1e300, "big": 12345678901234567890123},
    {},
    {"\\.": "\\."},
]


async def test_an_empty_house_has_nobody(archive: Archive) -> None:
    counted = await archive.count(EVERYBODY)
    assert (counted.count, counted.total, counted.sample) == (0, 0, [])


async def test_rows_are_the_same_before_and_after_they_are_in_files(pool: Pool, archive: Archive, duck: Duck) -> None:
    now = datetime.now(UTC)
    for n, properties in enumerate(NASTY):
        customer = await add_customer(
            pool, now, attributes=properties, tags=["a,b", 'c"d', ""], email=f"ada+{n}@example.com", topics={"x": True}
        )
        message = derive_message_id(uuid7(to_ms(now)), 3, 1 + n)
        await add_event(pool, customer, 'odd, "name"\n', now, properties=properties, message_id=message, value=1.5)
        await add_event(pool, customer, "", datetime(1, 1, 3, tzinfo=UTC), received=now)
        await add_event(pool, customer, "later", datetime(9999, 12, 1, tzinfo=UTC), received=now, value=-0.1)
    plain = await read_plainly(pool)
    assert await read_archive(archive) == plain
    assert await export(pool, duck) == 3 * len(NASTY)
    assert await read_archive(archive) == plain
    await pass_events(pool)
    assert await snapshot(pool, duck) == len(NASTY)
    assert await read_archive(archive) == plain
    assert await export(pool, duck) == 0


async def test_a_transaction_that_commits_late_is_newer_until_it_is_exported(
    pool: Pool, archive: Archive, duck: Duck
) -> None:
    now = datetime.now(UTC)
    ada = await add_customer(pool, now)
    late = await pool.acquire()
    transaction = late.transaction()
    await transaction.start()
    await add_event(late, ada, "purchase", now)
    for _ in range(3):  # later transactions that are exported before it
        await add_event(pool, ada, "purchase", now)
        assert await export(pool, duck) == 1
    assert (await archive.count(bought(4))).count == 0
    await transaction.commit()
    await pool.release(late)
    assert (await archive.count(bought(4))).sample == [ada]
    assert await export(pool, duck) == 1
    assert await export(pool, duck) == 0
    assert (await archive.count(bought(4))).count == 1
    assert (await archive.count(bought(5))).count == 0


async def test_a_transaction_that_is_rolled_back_never_was(pool: Pool, archive: Archive, duck: Duck) -> None:
    now = datetime.now(UTC)
    ada = await add_customer(pool, now)
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await add_event(connection, ada, "purchase", now)
        await export(pool, duck)
        await transaction.rollback()
    await export(pool, duck)
    assert await read_archive(archive) == await read_plainly(pool)


async def test_two_exporters_at_once_write_nothing_twice(pool: Pool, archive: Archive, duck: Duck, root) -> None:
    now = datetime.now(UTC)
    customers = [await add_customer(pool, now) for _ in range(20)]
    other = Duck(root, memory="300MB", threads=1)
    for n in range(12):
        for customer in customers:
            await add_event(pool, customer, f"e{n % 3}", now)
        outcomes = await asyncio.gather(export(pool, duck), export(pool, other), return_exceptions=True)
        assert all(isinstance(o, (int, Conflict, asyncpg.SerializationError)) for o in outcomes)
        assert any(isinstance(o, int) for o in outcomes)
    other.close()
    assert await read_archive(archive) == await read_plainly(pool)


async def test_events_of_several_days_go_to_their_days(pool: Pool, archive: Archive, duck: Duck, root) -> None:
    now = datetime.now(UTC)
    ada = await add_customer(pool, now)
    for days in range(4):
        await add_event(pool, ada, "x", now, received=now + timedelta(days=days))
    await export(pool, duck)
    days = {f.parent.name for f in files_of(root) if "events" in f.parts}
    assert days == {f"day={(now + timedelta(days=n)).date()}" for n in range(4)}
    assert await read_archive(archive) == await read_plainly(pool)


async def test_a_profile_that_changed_is_read_anew(pool: Pool, archive: Archive, duck: Duck) -> None:
    now = datetime.now(UTC)
    ada, bob, eve = [await add_customer(pool, now, attributes={"city": "Bonn"}) for _ in range(3)]
    await pass_events(pool)
    await snapshot(pool, duck)
    await export(pool, duck)
    in_bonn = Asked("SELECT id FROM customers WHERE json_extract_string(attributes, '$.city') = $1", ("Bonn",))
    assert (await archive.count(in_bonn)).count == 3
    await change_customer(pool, now, bob, attributes={"city": "Kiel"})
    await export(pool, duck)  # the row that tells of the change is in no file's events, and still counts
    assert (await archive.count(in_bonn)).count == 2
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("DELETE FROM customer WHERE id = $1", eve)
        await add_event(connection, eve, "erased", now)
    counted = await archive.count(in_bonn)
    assert (counted.count, counted.total, counted.sample) == (1, 2, [ada])
    await pass_events(pool)
    await snapshot(pool, duck)
    assert await read_archive(archive) == await read_plainly(pool)


async def test_what_the_engine_has_not_heard_at_the_snapshot_counts_as_changed(
    pool: Pool, archive: Archive, duck: Duck
) -> None:
    now = datetime.now(UTC)
    ada = await add_customer(pool, now)
    await pass_events(pool)
    await add_event(pool, ada, "purchase", now)
    await snapshot(pool, duck)  # the engine has not heard of the purchase
    await pool.execute("UPDATE customer SET attributes = '{\"heard\": true}'")  # what it does when it hears
    await pass_events(pool)
    assert await read_archive(archive) == await read_plainly(pool)


async def test_members_of_a_segment_that_went_live_after_the_snapshot(pool: Pool, archive: Archive, duck: Duck) -> None:
    now = datetime.now(UTC)
    people = [await add_customer(pool, now) for _ in range(6)]
    await pass_events(pool)
    await snapshot(pool, duck)
    await pool.executemany(  # quietly, as a build does
        "INSERT INTO standing (lane, customer_id, segments) VALUES ($1, $2, '{7}')",
        [(lane_of(id, LANES), id) for id in people[:4]],
    )
    await pool.execute(
        "INSERT INTO segment (id, name, title, status, number, created_at, updated_at) "
        "VALUES ($1, 'vip', 'VIP', 2, 7, $2, $2)",
        uuid7(1),
        now,
    )
    vip = Asked("SELECT id FROM customers WHERE list_contains(segments, $1)", (7,))
    assert (await archive.count(vip)).count == 4
    await snapshot(pool, duck, range(4))
    assert (await archive.count(vip)).count == 4
    await snapshot(pool, duck)
    assert (await archive.count(vip)).count == 4


async def _merge(pool: Pool, loser: UUID, winner: UUID) -> None:
    await pool.execute(
        "INSERT INTO alias (lane, id, customer_id, merge_id) VALUES ($1, $2, $3, $4)",
        lane_of(loser, LANES), loser, winner, uuid7(5),
    )  # fmt: skip


async def test_events_of_a_gone_id_count_for_who_it_is_now(pool: Pool, archive: Archive, duck: Duck) -> None:
    now = datetime.now(UTC)
    gone, ada = await add_customer(pool, now), await add_customer(pool, now)
    await add_event(pool, gone, "purchase", now)
    await export(pool, duck)
    await add_event(pool, ada, "purchase", now)
    await pass_events(pool)
    await snapshot(pool, duck)
    assert (await archive.count(bought(2))).count == 0
    await _merge(pool, gone, ada)
    await add_event(pool, ada, "purchase", now, source="forward")  # for the engine's ears
    await export(pool, duck)
    counted = await archive.count(bought(2))
    assert (counted.sample, counted.total) == ([ada], 1)
    assert (await archive.count(bought(3))).count == 0
    await pool.execute("DELETE FROM alias")  # the merge is undone
    assert (await archive.count(bought(2))).count == 0
    assert (await archive.count(EVERYBODY)).total == 2


async def test_pages_go_from_the_newest_to_the_oldest(pool: Pool, archive: Archive, duck: Duck) -> None:
    now = datetime.now(UTC)
    people = [await add_customer(pool, now - timedelta(hours=n)) for n in range(7)]
    await snapshot(pool, duck, range(4))
    newest = sorted(people, reverse=True)
    first = await archive.search(EVERYBODY, limit=3)
    assert (first.ids, first.total) == (newest[:3], 7)
    second = await archive.search(EVERYBODY, limit=3, before=first.ids[-1])
    assert (second.ids, second.total) == (newest[3:6], 7)
    assert (await archive.search(EVERYBODY, limit=3, before=second.ids[-1])).ids == newest[6:]


async def test_an_archive_that_is_far_behind_says_so(
    pool: Pool, archive: Archive, duck: Duck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "MOST_NEWER", 5)
    now = datetime.now(UTC)
    ada = await add_customer(pool, now)
    for _ in range(6):
        await add_event(pool, ada, "purchase", now)
    with pytest.raises(Unavailable, match="motet work --archive"):
        await archive.count(bought(1))
    assert (await archive.count(EVERYBODY)).count == 1  # it asks for no events
    await export(pool, duck)
    assert (await archive.count(bought(6))).count == 1


async def test_a_question_that_is_given_up_leaves_room_for_the_next(pool: Pool, archive: Archive) -> None:
    await add_customer(pool, datetime.now(UTC))
    endless = Asked(
        "SELECT c.id FROM customers c, range(10000000) a (n), range(10000000) b (n) WHERE hash(a.n + b.n) = 1"
    )
    for _ in range(3):  # more than may be asked at once
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(archive.count(endless), 1)
    assert (await archive.count(EVERYBODY)).count == 1


async def test_many_questions_at_once_are_all_answered(pool: Pool, archive: Archive, duck: Duck) -> None:
    now = datetime.now(UTC)
    ada = await add_customer(pool, now)
    await add_event(pool, ada, "purchase", now)
    await export(pool, duck)
    counted = await asyncio.gather(*(archive.count(bought(1 + n % 2)) for n in range(12)))
    assert [c.count for c in counted] == [1, 0] * 6
