"""Segments in integration tests: a keeper that counts from plain rows, events received when a clock says, and the truth
from scratch: every rule asked of every event that a customer ever had."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from motet.audience.profiles import load_customers
from motet.audience.segments.book import SegmentBook
from motet.audience.segments.store import load_book
from motet.audience.segments.tallies import Tallies, write_tallies
from motet.core.clock import to_ms
from motet.core.events import NOBODY, Event
from motet.core.facts import profile_view
from motet.core.filters.history import EventHistory, make_counter
from motet.core.ids import lane_of
from motet.core.measures import Measure, Tally, read_measure
from motet.engine.loop import Engine
from motet.storage.changes import note_changes
from motet.storage.migrate import keep_partitions
from motet.storage.pool import Pool
from stage import LANES, NOW, Clock, put_event


async def tell(
    pool: Any, clock: Clock, customer: UUID, name: str, *, at: datetime | None = None, value: float = 0.0,
    properties: dict[str, Any] | None = None, source: str = "api",
) -> UUID:  # fmt: skip
    """An event that is received when the clock says."""
    return await put_event(
        pool, customer, name, at or clock.now,
        properties=properties, value=value, source=source, received=clock.now,
    )  # fmt: skip


async def change(pool: Pool, clock: Clock, customer: UUID, **attributes: Any) -> None:
    """Writes attributes, as the API does."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "UPDATE customer SET attributes = attributes || $3 WHERE lane = $1 AND id = $2",
            lane_of(customer, LANES), customer, attributes,
        )  # fmt: skip
        await note_changes(connection, [customer], lanes=LANES, now=clock.now)


async def move_clock(pool: Pool, clock: Clock, by: timedelta) -> None:
    """On, a week at a time, with the partitions that the engine's own events need."""
    clock.now += by
    async with pool.acquire() as connection:
        await keep_partitions(connection, clock.now)


async def keep(pool: Pool) -> int:
    """The keeper's part, from plain rows: counts what builds that wait for it ask. Returns for how many lanes."""
    rows = await pool.fetch("SELECT lane, build_id, since::text AS since FROM build_lane WHERE status = 2")
    for row in rows:
        async with pool.acquire() as connection, connection.transaction():
            measures = {
                r["number"]: read_measure(r["digest"])
                for r in await connection.fetch(
                    "SELECT number, digest FROM measure WHERE build_id = $1", row["build_id"]
                )
            }
            found = await _count(connection, row["lane"], row["since"], measures)
            await connection.executemany(
                "INSERT INTO build_tally (lane, build_id, customer_id, tallies) VALUES ($1, $2, $3, $4)",
                [(row["lane"], row["build_id"], customer, write_tallies(t)) for customer, t in found.items()],
            )
            await connection.execute(
                "UPDATE build_lane SET status = 3 WHERE lane = $1 AND build_id = $2", row["lane"], row["build_id"]
            )
            await connection.execute("SELECT pg_notify('motet_work', $1)", f"lanes:{row['lane']}")
    return len(rows)


async def _count(connection: Any, lane: int, since: str, measures: dict[int, Measure]) -> dict[UUID, Tallies]:
    counters = {number: make_counter(measure) for number, measure in measures.items()}
    found: defaultdict[UUID, Tallies] = defaultdict(dict)
    for row in await connection.fetch(
        "SELECT * FROM event WHERE lane = $1 AND pg_visible_in_snapshot(xid, $2::text::pg_snapshot)", lane, since
    ):
        event = as_event(row)
        for number, counter in counters.items():
            tally = found[event.customer_id].get(number) or Tally()
            if counter.count(tally, event, to_ms(NOW - timedelta(days=30))):
                found[event.customer_id][number] = tally
    return {customer: tallies for customer, tallies in found.items() if tallies}


def as_event(row: Any) -> Event:
    return Event(
        id=row["id"],
        customer_id=row["customer_id"],
        name=row["name"],
        at=row["at"],
        properties=row["properties"] or {},
        message_id=row["message_id"],
        value=row["value"],
        source=row["source"],
    )


async def turn_until_quiet(engine: Engine, pool: Pool, rounds: int = 50) -> None:
    """Engine and keeper by turns, until nothing waits in any lane."""
    for _ in range(rounds):
        for lane in list(engine.lease.held):
            while await engine.turn(lane):
                pass
        if not await keep(pool) and not await pool.fetchval("SELECT count(*) FROM build WHERE finished_at IS NULL"):
            return
    raise AssertionError("the builds do not come to an end")


async def members(pool: Pool, name: str) -> set[UUID]:
    """Who is in a live segment, as `standing` says."""
    rows = await pool.fetch(
        "SELECT s.customer_id FROM standing s JOIN segment g ON s.segments @> ARRAY[g.number] "
        "WHERE g.name = $1 AND g.status = 2", name
    )  # fmt: skip
    return {row["customer_id"] for row in rows}


async def check_truth(pool: Pool, now: datetime) -> dict[str, int]:
    """Everybody's standing, and every count, against all events from the beginning. Returns members by segment."""
    book = await load_book(pool)
    counts: defaultdict[str, int] = defaultdict(int)
    for lane in range(LANES):
        rows = await pool.fetch("SELECT * FROM event WHERE lane = $1 AND customer_id <> $2 ORDER BY id", lane, NOBODY)
        events: defaultdict[UUID, list[Event]] = defaultdict(list)
        for row in rows:
            events[row["customer_id"]].append(as_event(row))
        async with pool.acquire() as connection:
            ids = [r["id"] for r in await connection.fetch("SELECT id FROM customer WHERE lane = $1", lane)]
            customers = await load_customers(connection, lane, ids)
        standing = {r["customer_id"]: r for r in await pool.fetch("SELECT * FROM standing WHERE lane = $1", lane)}
        for customer in customers:
            truth = find_truth(book, customer, events[customer.id], now)
            row = standing.get(customer.id)
            numbers = set(row["segments"]) if row else set()
            said = {rule.name for rule in book.rules[: book.live] if rule.number in numbers}
            assert said == truth, (
                customer.id,
                now,
                said ^ truth,
                [(e.name, e.at, e.value) for e in events[customer.id]],
            )
            for name in truth:
                counts[name] += 1
    for rule in book.rules[: book.live]:
        counted = await pool.fetchval(
            "SELECT coalesce(sum(members), 0) FROM segment_count WHERE number = $1", rule.number
        )
        assert counted == counts[rule.name], (rule.name, counted, counts[rule.name])
    return dict(counts)


def find_truth(book: SegmentBook, customer: Any, events: list[Event], now: datetime) -> set[str]:
    view = profile_view(customer, now, EventHistory(events, now))
    found: list[str] = []
    for rule in book.rules[: book.live]:
        view["segments"] = [*customer.tags, *found]
        if rule.filter.matches(view):
            found.append(rule.name)
    return set(found)
