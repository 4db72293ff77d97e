"""Load: everything that one turn of a lane needs, in a handful of queries for the whole batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from motet.audience.profiles import load_customers
from motet.core.events import Event
from motet.core.facts import Enrollment
from motet.core.ids import ms_of, uuid7_floor
from motet.core.messages import Message
from motet.core.words import Channel, EnrollmentStatus, MessageStatus, Priority
from motet.engine.batch import Batch, Cursor, LaunchSlice
from motet.engine.world import World
from motet.storage.pool import Connection, Record
from motet.storage.sql import sql

EVENTS = 1000  # at most, in one turn
TIMERS = 500
CUSTOMERS = 500  # of one launch

# How far back messages are facts: the longest window of a cap (a quarter), and some.
MEMORY = timedelta(days=92)
# A transaction that appended events may have run this long before it committed.
LATE = timedelta(days=1)

_START = UUID(int=0)
_CHANNELS = {int(c): c for c in Channel}
_PRIORITIES = {int(p): p for p in Priority}
_STATUSES = {int(s): s for s in MessageStatus}
_ENROLLMENTS = {int(s): s for s in EnrollmentStatus}


async def load(connection: Connection, lane: int, fence: int, world: World, now: datetime) -> Batch:
    """The next batch of one lane; empty when nothing waits."""
    cursor, events, more = await _read_events(connection, lane, now)
    due = await connection.fetch(sql("engine.list_due"), lane, now, world.idle, TIMERS)
    launches, more_launches = await _read_launches(connection, lane, world)
    touched = {e.customer_id for e in events} | {r["customer_id"] for r in due}
    touched.update(c for launch in launches for c in launch.customers)
    ids = sorted(touched)
    by_customer: defaultdict[UUID, list[Event]] = defaultdict(list)
    for event in events:
        by_customer[event.customer_id].append(event)
    return Batch(
        lane,
        fence,
        now,
        cursor,
        by_customer,
        frozenset(r["customer_id"] for r in due),
        tuple(launches),
        {c.id: c for c in await load_customers(connection, lane, ids)} if ids else {},
        await _load_enrollments(connection, lane, ids),
        await _load_messages(connection, lane, ids, now, events),
        more or more_launches or len(due) == TIMERS,
    )


async def _read_events(connection: Connection, lane: int, now: datetime) -> tuple[Cursor, list[Event], bool]:
    row = await connection.fetchrow(sql("engine.read_cursor"), lane)
    assert row is not None
    target = row["target"] or row["present"]
    floor = _event_floor(row["at_id"], now)
    rows = await connection.fetch(
        sql("engine.read_events"), lane, floor, row["done"], target, row["at_xid"], row["at_id"], EVENTS
    )
    if len(rows) == EVENTS:
        last = rows[-1]
        return Cursor(row["done"], target, last["xid_text"], last["id"]), [_event(r) for r in rows], True
    finished = Cursor(target, None, "0", rows[-1]["id"] if rows else row["at_id"])
    return finished, [_event(r) for r in rows], row["target"] is not None


def _event_floor(at_id: UUID, now: datetime) -> UUID:
    """Below this no unread event can be: it keeps old partitions out of the query."""
    return _START if at_id == _START else uuid7_floor(ms_of(at_id) - LATE // timedelta(milliseconds=1))


async def _read_launches(connection: Connection, lane: int, world: World) -> tuple[list[LaunchSlice], bool]:
    """The next slice of the oldest launch, and whether there is more to come. One launch a turn: its customers and
    what is said to them are facts for the next."""
    rows = await connection.fetch(sql("engine.list_launches"), lane, world.running)
    rows = [row for row in rows if row["revision_id"] in world.runnables]
    for row in rows[:1]:
        runnable = world.runnables[row["revision_id"]]
        if row["customers"] is not None:
            named = sorted(c for c in row["customers"] if c > row["at_id"])
            customers = tuple(named[:CUSTOMERS])
        else:
            segments = list(runnable.program.segments)
            found = await connection.fetch(sql("engine.read_audience"), lane, row["at_id"], segments, CUSTOMERS)
            customers = tuple(r["id"] for r in found)
        kind, last = row["kind"], len(customers) < CUSTOMERS
        slice = LaunchSlice(row["launch_id"], row["campaign_id"], row["revision_id"], kind, customers, last)
        return [slice], not last or len(rows) > 1
    return [], False


async def _load_enrollments(connection: Connection, lane: int, ids: Sequence[UUID]) -> dict[UUID, list[Enrollment]]:
    found: defaultdict[UUID, list[Enrollment]] = defaultdict(list)
    if ids:
        for row in await connection.fetch(sql("engine.load_enrollments"), lane, ids):
            found[row["customer_id"]].append(_enrollment(row))
    return found


async def _load_messages(
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
        holds=row["holds"],
        failures=row["failures"],
    )


def _message(row: Record) -> Message:
    fields: dict[str, Any] = dict(row)
    fields["channel"] = _CHANNELS[fields["channel"]]
    fields["priority"] = _PRIORITIES[fields["priority"]]
    fields["status"] = _STATUSES[fields["status"]]
    return Message(**fields)
