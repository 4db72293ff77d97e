"""What the clock does to campaigns: start, end, complete, look again over a state. Kept by the owner of lane 0."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from motet.core.clock import to_ms
from motet.core.ids import uuid7
from motet.core.program import Program
from motet.core.words import CampaignStatus
from motet.engine.world import World
from motet.storage.migrate import keep_partitions
from motet.storage.pool import Connection
from motet.storage.sql import sql

_KEPT = timedelta(days=1)  # how long a build is remembered lane by lane


async def keep_calendar(connection: Connection, world: World, now: datetime) -> bool:
    """One look at the calendar. Returns whether anything changed."""
    current = {c: world.runnables[r].program for c, r in world.current.items() if r in world.runnables}
    changed = await _start(connection, world, current, now)
    changed |= await _end(connection, world, current, now)
    changed |= await _scan(connection, world, current, now)
    if changed:
        await connection.execute(sql("engine.notify"), "motet_work", "campaigns")
    return changed


async def keep_house(connection: Connection, now: datetime) -> None:
    """Hourly: partitions ahead, old ones dropped; what builds that are over left behind."""
    await keep_partitions(connection, now)
    await connection.execute(sql("segments.sweep_builds"), now - _KEPT)
    await connection.execute(sql("segments.sweep_counts"))


async def _start(connection: Connection, world: World, current: dict[UUID, Program], now: datetime) -> bool:
    due = [
        c
        for c, p in current.items()
        if world.status[c] is CampaignStatus.SCHEDULED and (p.starts_at is None or p.starts_at <= now)
    ]
    return bool(due) and bool(await connection.fetch(sql("calendar.start_scheduled"), due, now))


async def _end(connection: Connection, world: World, current: dict[UUID, Program], now: datetime) -> bool:
    running = {c: p for c, p in current.items() if world.status[c] is CampaignStatus.RUNNING}
    over = [c for c, p in running.items() if p.ends_at is not None and p.ends_at <= now]
    broadcasts = [c for c, p in running.items() if p.trigger.event is None and p.trigger.state is None]
    if broadcasts:
        over += [r["id"] for r in await connection.fetch(sql("calendar.list_spent"), broadcasts)]
    return bool(over) and bool(await connection.fetch(sql("calendar.complete"), over, now))


async def _scan(connection: Connection, world: World, current: dict[UUID, Program], now: datetime) -> bool:
    """A state trigger looks over its audience: a launch whose entries the campaign's own rules keep from repeating."""
    watching = [c for c, p in current.items() if p.trigger.state is not None]
    if not watching:
        return False
    rows = await connection.fetch(sql("calendar.list_scans"), now, watching)
    for row in rows:
        program = current[row["id"]]
        launch = uuid7(to_ms(now))
        async with connection.transaction():
            later = now + timedelta(seconds=program.trigger.every)
            await connection.execute(sql("calendar.plan_scan"), row["id"], later)
            await connection.execute(sql("calendar.add_launch"), launch, row["id"], row["revision_id"], "state", now)
            await connection.execute(sql("calendar.add_launch_lanes"), launch)
    return bool(rows)
