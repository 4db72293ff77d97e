"""Commit: everything that came of a batch, in one transaction that holds the lane's fence.

A crash before it means that nothing happened; after it, all of it did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog

from motet.audience.segments.tallies import read_tallies
from motet.core.clock import to_ms
from motet.core.events import Event
from motet.core.facts import Enrollment
from motet.core.ids import uuid7
from motet.core.messages import Message
from motet.core.words import MessageStatus
from motet.engine.batch import Batch, CustomerChange, DecisionRow, Effects, ProfileChange
from motet.engine.merging import forward, forward_tallies
from motet.engine.segments import Ground, save_ground, save_moves
from motet.storage.lanes import Lease
from motet.storage.pool import UNFIT, Connection, Json
from motet.storage.sql import sql

log = structlog.get_logger()


_ENROLLMENT = (
    "lane", "customer_id", "id", "campaign_id", "revision_id", "step", "visit", "status", "holds", "failures",
    "entered_at", "arrived_at", "due_at", "ended_at", "exit_reason", "context", "state", "reached_at",
)  # fmt: skip
_MESSAGE = (
    "lane", "customer_id", "id", "campaign_id", "revision_id", "step", "channel", "priority", "status", "reasons",
    "send_at", "approved_at", "transactional",
)  # fmt: skip
_EVENT = ("lane", "customer_id", "id", "name", "at", "properties", "source")
_DECISION = (
    "lane", "customer_id", "id", "campaign_id", "enrollment_id", "step", "channel", "verdict", "reasons", "until", "at",
)  # fmt: skip


# The statuses that the engine gives; the others are delivery's, which may be at work on the row.
_OURS = frozenset({MessageStatus.DELIVERED, MessageStatus.BOUNCED, MessageStatus.REJECTED})


class Overspent(Exception):
    """More would have entered a campaign than it lets in: others were first since the batch was loaded."""


async def commit(connection: Connection, lease: Lease, batch: Batch, effects: Effects) -> None:
    """Writes the effects. Raises LeaseLost, and writes nothing, when the lane has another owner; Overspent likewise."""
    async with connection.transaction():
        await lease.lock(connection, batch.lane, batch.fence)
        await _write(connection, batch, effects)
        await _close(connection, batch, effects, lease.lanes)


async def commit_apart(
    connection: Connection,
    lease: Lease,
    batch: Batch,
    parts: Iterable[tuple[UUID, Effects]],
    instead: Callable[[UUID, Exception], Effects],
) -> None:
    """As `commit`, customer by customer: what the database cannot take is logged and left out, so that one customer
    never holds up a lane; `instead` says what is written for them. Slow, and needed only after one of UNFIT."""
    whole = Effects()
    async with connection.transaction():
        await lease.lock(connection, batch.lane, batch.fence)
        for customer, part in parts:
            error = await _try(connection, batch, part)
            if error is not None:
                log.error("left out", lane=batch.lane, customer=str(customer), error=str(error))
                part = instead(customer, error)
                if await _try(connection, batch, part) is not None:
                    continue
            whole.merge(part)
        await _close(connection, batch, whole, lease.lanes)


async def _try(connection: Connection, batch: Batch, part: Effects) -> Exception | None:
    """Writes one customer's part, or nothing of it: then returns why."""
    try:
        async with connection.transaction():
            await _write(connection, batch, part)
    except UNFIT as error:
        return error
    return None


async def _write(connection: Connection, batch: Batch, effects: Effects) -> None:
    lane, now = batch.lane, batch.now
    await _copy(connection, "enrollment", _ENROLLMENT, (_enrollment(lane, e) for e in effects.born.values()))
    await _update_enrollments(connection, lane, effects)
    await _copy(connection, "message", _MESSAGE, (_message(lane, m, at) for m, at in effects.approved.values()))
    touched = [m for m in effects.touched.values() if m.id not in effects.approved]
    await _update_messages(connection, lane, touched)
    await _copy(connection, "decision", _DECISION, (_decision(lane, d, now) for d in effects.decisions))
    await _update_customers(connection, lane, effects.customers)
    await _update_profiles(connection, lane, effects.profiles, now)
    await _copy(connection, "event", _EVENT, (_emitted(lane, e) for e in effects.emitted))
    await save_moves(connection, lane, effects.moves, now)


async def _close(connection: Connection, batch: Batch, effects: Effects, lanes: int) -> None:
    """What a batch does once: counts, the progress of launches and builds, what goes on to other lanes, the cursor, the
    wake for delivery."""
    await _spend_budgets(connection, batch, effects.entries)
    await effects.counts.save(connection, batch.lane, batch.now)
    await _save_launches(connection, batch, effects)
    if batch.strangers:
        await forward(connection, batch.strangers, lanes=lanes)
    if batch.ground is not None:
        await _save_ground(connection, batch, batch.ground, lanes)
    await _save_cursor(connection, batch)
    await _notify(connection, batch.lane, effects)


async def _copy(connection: Connection, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    records = list(rows)
    if records:
        await connection.copy_records_to_table(table, records=records, columns=columns)


def _enrollment(lane: int, e: Enrollment) -> tuple[Any, ...]:
    return (
        lane, e.customer_id, e.id, e.program_id, e.revision_id, e.step, e.visit, int(e.status), e.holds, e.failures,
        e.entered_at, e.arrived_at, e.due_at, e.ended_at, e.exit_reason, e.context or None,
        e.state or None, e.reached_at,
    )  # fmt: skip


def _message(lane: int, m: Message, send_at: datetime) -> tuple[Any, ...]:
    return (
        lane, m.customer_id, m.id, m.campaign_id, m.revision_id, m.step, int(m.channel), int(m.priority),
        int(m.status), [int(r) for r in m.reasons], send_at, m.approved_at, m.transactional,
    )  # fmt: skip


def _decision(lane: int, d: DecisionRow, now: datetime) -> tuple[Any, ...]:
    channel = None if d.channel is None else int(d.channel)
    return (
        lane, d.customer_id, uuid7(to_ms(now)), d.campaign_id, d.enrollment_id, d.step, channel, int(d.verdict),
        [int(r) for r in d.reasons], d.until, now,
    )  # fmt: skip


def _emitted(lane: int, e: Event) -> tuple[Any, ...]:
    return lane, e.customer_id, e.id, e.name, e.at, e.properties or None, e.source


async def _update_enrollments(connection: Connection, lane: int, effects: Effects) -> None:
    """Most only move; what they keep is written when it changed."""
    rows = sorted(effects.moved.values(), key=lambda e: (e.customer_id, e.id))
    moved = [e for e in rows if e.id not in effects.rewritten]
    if moved:
        await connection.execute(sql("engine.update_enrollments"), lane, *_places(moved))
    if len(moved) < len(rows):
        rewritten = [e for e in rows if e.id in effects.rewritten]
        await connection.execute(
            sql("engine.rewrite_enrollments"),
            lane,
            *_places(rewritten),
            [e.revision_id for e in rewritten],
            [e.context or None for e in rewritten],
            [e.state or None for e in rewritten],
            [e.reached_at for e in rewritten],
        )


def _places(rows: Sequence[Enrollment]) -> tuple[list[Any], ...]:
    """Where they stand, column by column."""
    return (
        [e.customer_id for e in rows],
        [e.id for e in rows],
        [e.step for e in rows],
        [e.visit for e in rows],
        [int(e.status) for e in rows],
        [e.holds for e in rows],
        [e.failures for e in rows],
        [e.arrived_at for e in rows],
        [e.due_at for e in rows],
        [e.ended_at for e in rows],
        [e.exit_reason for e in rows],
    )


async def _update_messages(connection: Connection, lane: int, rows: list[Message]) -> None:
    if rows:
        rows.sort(key=lambda m: (m.customer_id, m.id))
        await connection.execute(
            sql("engine.update_messages"),
            lane,
            [m.customer_id for m in rows],
            [m.id for m in rows],
            [int(m.status) if m.status in _OURS else None for m in rows],
            [m.delivered_at for m in rows],
            [m.opened_at for m in rows],
            [m.clicked_at for m in rows],
            [m.converted_at for m in rows],
            [m.failed_at for m in rows],
        )


async def _update_customers(connection: Connection, lane: int, changes: dict[UUID, CustomerChange]) -> None:
    if changes:
        ids = sorted(changes)
        found = [changes[id] for id in ids]
        await connection.execute(
            sql("engine.update_customers"),
            lane,
            ids,
            [c.last_interaction_at for c in found],
            [c.last_purchase_at for c in found],
            [c.consents for c in found],
            [msgspec.to_builtins(c.suppressions) for c in found],
            [Json(msgspec.json.encode(c.dead_tokens)) for c in found],  # a bare list would be one more dimension
            [c.lifecycle_stage for c in found],
        )


async def _update_profiles(
    connection: Connection, lane: int, changes: dict[UUID, ProfileChange], now: datetime
) -> None:
    if changes:
        ids = sorted(changes)
        found = [changes[id] for id in ids]
        await connection.execute(
            sql("engine.update_profiles"),
            lane,
            ids,
            [p.set for p in found],
            [_json(p.unset) for p in found],
            [_json(p.add_tags) for p in found],
            [_json(p.remove_tags) for p in found],
            [p.topics for p in found],
            now,
        )


def _json(names: Iterable[str]) -> Json:
    return Json(msgspec.json.encode(list(names)))  # a bare list would be one more dimension


async def _spend_budgets(connection: Connection, batch: Batch, entries: dict[UUID, int]) -> None:
    """Counts who entered campaigns with a limit. Late in the commit, since other lanes wait for this row, and before
    the counts, from which a limit that is new begins."""
    for campaign in sorted(entries):
        spend = sql("engine.spend_budget"), campaign, entries[campaign], batch.budgets[campaign].limit
        if await connection.fetchval(*spend) is None:
            await connection.execute(sql("engine.open_budget"), campaign)
            if await connection.fetchval(*spend) is None:
                raise Overspent(f"others entered campaign {campaign} first")


async def _save_launches(connection: Connection, batch: Batch, effects: Effects) -> None:
    for launch in batch.launches:
        enrolled, refused = effects.launched.get(launch.launch_id, (0, 0))
        at_id = launch.customers[-1] if launch.customers else UUID(int=0)
        await connection.execute(
            sql("engine.save_launch"), batch.lane, launch.launch_id, at_id, enrolled, refused, launch.last
        )


async def _save_ground(connection: Connection, batch: Batch, ground: Ground, lanes: int) -> None:
    """How far builds have come. What was counted for, or is left of, customers who are no more in this lane is sent on
    or dropped."""
    await save_ground(
        connection, batch.lane, ground, batch.cursor.done, ground.standings.keys() - batch.customers.keys()
    )
    counted = ground.taken.counted if ground.taken is not None else {}
    if gone := {id: read_tallies(raw) for id, raw in counted.items() if id not in batch.customers}:
        await forward_tallies(connection, gone, lanes=lanes, now=batch.now)


async def _save_cursor(connection: Connection, batch: Batch) -> None:
    cursor = batch.cursor
    await connection.execute(
        sql("engine.save_cursor"), batch.lane, cursor.done, cursor.target, cursor.at_xid, cursor.at_id
    )


async def _notify(connection: Connection, lane: int, effects: Effects) -> None:
    """Wakes delivery for the channels that have something to send."""
    channels = sorted({int(m.channel) for m, _ in effects.approved.values()})
    if channels:
        await connection.execute(
            sql("engine.notify"), "motet_delivery", ",".join(f"{lane}:{channel}" for channel in channels)
        )
