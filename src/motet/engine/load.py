"""Load: everything that one turn of a lane needs, in a handful of queries for the whole batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from motet.audience.profiles import load_customers
from motet.core.events import NOBODY, Event
from motet.core.facts import Enrollment
from motet.core.ids import ms_of, uuid7_floor
from motet.core.messages import Message
from motet.core.words import Channel, EnrollmentStatus, MessageStatus, Priority
from motet.engine.batch import MOVE, Batch, Budget, Cursor, LaunchSlice
from motet.engine.segments import Ground, load_ground, load_standings, read_changes, read_flips
from motet.engine.world import World
from motet.storage.pool import Connection, Record
from motet.storage.sql import sql

EVENTS = 1000  # at most, in one turn
TIMERS = 500
FEW = 100  # timers beside events: what has just happened does not wait for a pile of them
CUSTOMERS = 500  # of one launch
TOUCHED = 2000  # customers that events and changes of profiles touch, in one turn

# How far back messages are facts: the longest window of a cap (a quarter), and some.
MEMORY = timedelta(days=92)
# A transaction that appended events may have run this long before it committed.
LATE = timedelta(days=1)

_START = UUID(int=0)
_CHANNELS = {int(c): c for c in Channel}
_PRIORITIES = {int(p): p for p in Priority}
_STATUSES = {int(s): s for s in MessageStatus}
_ENROLLMENTS = {int(s): s for s in EnrollmentStatus}


class Outdated(Exception):
    """What is evaluated and counted has changed since the world was read."""


class Waiting(msgspec.Struct, frozen=True):
    """What waits in a lane beside events, and where its cursor stands."""

    cursor: Cursor
    present: str  # a snapshot of now
    merging: bool
    due: bool
    launching: bool
    flipping: bool


class Log(msgspec.Struct, frozen=True):
    """The next rows of a lane's log. `changes` are the rows that tell of profiles written."""

    cursor: Cursor
    events: list[Event]
    changes: list[UUID]
    heard: bool
    more: bool


async def load(connection: Connection, lane: int, fence: int, world: World, now: datetime) -> Batch:
    """The next batch of one lane; empty when nothing waits. Raises Outdated when the world must be read again."""
    book = world.book
    waiting = await _read_waiting(connection, lane, now, world)
    log = await _read_log(connection, lane, now, world, waiting)
    most = FEW if log.events else TIMERS
    due = await _read_due(connection, lane, now, world, most) if waiting.due else []
    changed = await read_changes(connection, lane, log.changes)
    flipped = await read_flips(connection, lane, now) if waiting.flipping else frozenset[UUID]()
    ground = None
    if not book.quiet:
        caught_up = log.cursor.target is None
        ground = await load_ground(connection, lane, book, changed=changed, flipped=flipped, caught_up=caught_up)
    launches, more_launches = (
        await _read_launches(connection, lane, world, ground) if waiting.launching else ([], False)
    )
    # Only whom an event, a timer or a launch touches has a journey that moves, or whom a journey watches; the others
    # are looked at for segments.
    moved = {e.customer_id for e in log.events} | {r["customer_id"] for r in due}
    moved.update(c for launch in launches for c in launch.customers)
    stirred = await _find_watched(connection, lane, world, changed | ground.touched if ground else changed)
    moved |= stirred
    ids, all_ids = sorted(moved), sorted(moved | ground.touched if ground else moved)
    if ground is not None:
        ground = msgspec.structs.replace(ground, standings=await load_standings(connection, lane, all_ids))
    customers = {c.id: c for c in await load_customers(connection, lane, all_ids)} if all_ids else {}
    by_customer: defaultdict[UUID, list[Event]] = defaultdict(list)
    for event in log.events:
        by_customer[event.customer_id].append(event)
    return Batch(
        lane,
        fence,
        now,
        log.cursor,
        by_customer,
        frozenset(r["customer_id"] for r in due),
        tuple(launches),
        customers,
        await load_enrollments(connection, lane, ids),
        await load_messages(connection, lane, ids, now, log.events),
        log.more or more_launches or len(due) >= most or (ground is not None and ground.more),
        log.heard,
        tuple(e for e in log.events if e.customer_id not in customers),
        ground,
        waiting.merging,
        stirred,
        await _read_budgets(connection, world),
    )


async def _read_due(connection: Connection, lane: int, now: datetime, world: World, most: int) -> list[Record]:
    """Customers with timers that have come: the longest due, and of a pile those of urgent campaigns as well."""
    rows = await connection.fetch(sql("engine.list_due"), lane, now, world.idle, most)
    if len(rows) == most and world.urgent:
        rows += await connection.fetch(sql("engine.list_urgent"), lane, now, list(world.urgent), most)
    return rows


async def _find_watched(connection: Connection, lane: int, world: World, touched: Collection[UUID]) -> frozenset[UUID]:
    """Of those whose profile or segments may have changed, who is in a journey that looks at who they are."""
    if not world.watchers or not touched:
        return frozenset()
    rows = await connection.fetch(sql("engine.list_watching"), lane, sorted(touched), list(world.watchers))
    return frozenset(row["customer_id"] for row in rows)


async def _read_budgets(connection: Connection, world: World) -> dict[UUID, Budget]:
    if not world.limits:
        return {}
    rows = await connection.fetch(sql("engine.read_budgets"), list(world.limits))
    return {r["campaign_id"]: Budget(world.limits[r["campaign_id"]], r["entered"]) for r in rows}


async def _read_waiting(connection: Connection, lane: int, now: datetime, world: World) -> Waiting:
    row = await connection.fetchrow(sql("engine.read_cursor"), lane, now, world.idle, bool(world.book.timed))
    assert row is not None
    if (row["version"] or 0) != world.book.version:
        raise Outdated
    cursor = Cursor(row["done"], row["target"], row["at_xid"], row["at_id"])
    return Waiting(cursor, row["present"], row["merging"], row["due"], row["launching"], row["flipping"])


async def _read_log(connection: Connection, lane: int, now: datetime, world: World, waiting: Waiting) -> Log:
    cursor = waiting.cursor
    done, target = cursor.done, cursor.target or waiting.present
    floor = _event_floor(cursor.at_id, now)
    listens = bool(world.book.everything or world.watchers)
    rows = await connection.fetch(
        sql("engine.read_events"), lane, floor, done, target, cursor.at_xid, cursor.at_id, EVENTS, listens
    )
    taken = _cut(rows)
    events = [_event(r) for r in taken if r["customer_id"] != NOBODY]
    changes = [r["id"] for r in taken if r["changes"]]
    if len(taken) < len(rows) or len(rows) == EVENTS:
        return Log(Cursor(done, target, taken[-1]["xid_text"], taken[-1]["id"]), events, changes, True, True)
    finished = Cursor(target, None, "0", rows[-1]["id"] if rows else cursor.at_id)
    return Log(finished, events, changes, bool(rows), cursor.target is not None)


def _cut(rows: Sequence[Record]) -> Sequence[Record]:
    """As many rows as touch TOUCHED customers, and one at least."""
    touched = 0
    for place, row in enumerate(rows):
        touched += row["changes"] or 1
        if touched > TOUCHED and place:
            return rows[:place]
    return rows


def _event_floor(at_id: UUID, now: datetime) -> UUID:
    """Below this no unread event can be: it keeps old partitions out of the query."""
    return _START if at_id == _START else uuid7_floor(ms_of(at_id) - LATE // timedelta(milliseconds=1))


async def _read_launches(
    connection: Connection, lane: int, world: World, ground: Ground | None
) -> tuple[list[LaunchSlice], bool]:
    """The next slice of the oldest launch, and whether there is more to come. One launch a turn: its customers and
    what is said to them are facts for the next. A launch waits until who is in its segments is known."""
    rows = await connection.fetch(sql("engine.list_launches"), lane, world.running, world.idle)
    rows = [row for row in rows if row["revision_id"] in world.runnables and _is_known(row, world, ground)]
    for row in rows[:1]:
        runnable = world.runnables[row["revision_id"]]
        if row["customers"] is not None:
            named = sorted(c for c in row["customers"] if c > row["at_id"])
            customers = tuple(named[:CUSTOMERS])
        elif row["kind"] == MOVE:
            place = (row["at_id"], row["campaign_id"], row["revision_id"])
            movers = await connection.fetch(sql("engine.read_movers"), lane, *place, CUSTOMERS)
            customers = tuple(r["id"] for r in movers)
        else:
            found = await _read_audience(connection, lane, row["at_id"], runnable.program.segments, world)
            customers = tuple(r["id"] for r in found)
        kind, last = row["kind"], len(customers) < CUSTOMERS
        slice = LaunchSlice(row["launch_id"], row["campaign_id"], row["revision_id"], kind, customers, last)
        return [slice], not last or len(rows) > 1
    return [], False


def _is_known(launch: Record, world: World, ground: Ground | None) -> bool:
    """Whether the launch can be answered: its segments are built, and what its state asks of the past is counted."""
    if launch["customers"] is not None or launch["kind"] == MOVE or world.book.quiet or ground is None:
        return True
    runnable = world.runnables[launch["revision_id"]]
    if world.book.unbuilt.intersection(runnable.program.segments):
        return False
    asked = runnable.state.needs.measures if runnable.state else ()
    return all(world.book.lookup.find(measure) in ground.reach.answers for measure in asked)


async def _read_audience(
    connection: Connection, lane: int, after: UUID, segments: Sequence[str], world: World
) -> Sequence[Record]:
    """The next customers in one of the segments, or with a tag of that name; without segments everybody."""
    names = list(segments)
    numbers = [world.book.numbers[name] for name in names if name in world.book.numbers]
    if numbers:
        return await connection.fetch(sql("engine.read_members"), lane, after, names, CUSTOMERS, numbers)
    return await connection.fetch(sql("engine.read_audience"), lane, after, names, CUSTOMERS)


async def load_enrollments(connection: Connection, lane: int, ids: Sequence[UUID]) -> dict[UUID, list[Enrollment]]:
    found: defaultdict[UUID, list[Enrollment]] = defaultdict(list)
    if ids:
        for row in await connection.fetch(sql("engine.load_enrollments"), lane, ids):
            found[row["customer_id"]].append(_enrollment(row))
    return found


async def load_messages(
    connection: Connection, lane: int, ids: Sequence[UUID], now: datetime, events: Sequence[Event]
) -> dict[UUID, list[Message]]:
    found: defaultdict[UUID, list[Message]] = defaultdict(list)
    if ids:
        named = [e.message_id for e in events if e.message_id is not None]
        for row in await connection.fetch(sql("engine.load_messages"), lane, ids, now - MEMORY, named):
            found[row["customer_id"]].append(_message(row))
    return found


def _event(row: Record) -> Event:
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


def _enrollment(row: Record) -> Enrollment:
    return Enrollment(
        id=row["id"],
        customer_id=row["customer_id"],
        program_id=row["campaign_id"],
        revision_id=row["revision_id"],
        step=row["step"],
        visit=row["visit"],
        status=_ENROLLMENTS[row["status"]],
        entered_at=row["entered_at"],
        arrived_at=row["arrived_at"],
        due_at=row["due_at"],
        ended_at=row["ended_at"],
        exit_reason=row["exit_reason"],
        context=row["context"] or {},
        state=row["state"] or {},
        reached_at=row["reached_at"],
        holds=row["holds"],
        failures=row["failures"],
    )


def _message(row: Record) -> Message:
    fields: dict[str, Any] = dict(row)
    fields["channel"] = _CHANNELS[fields["channel"]]
    fields["priority"] = _PRIORITIES[fields["priority"]]
    fields["status"] = _STATUSES[fields["status"]]
    return Message(**fields)
