"""A stage for integration tests: campaigns, customers and events put straight into a real database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.core.clock import to_ms
from motet.core.ids import lane_of, uuid7
from motet.core.program import Program
from motet.core.words import CampaignStatus, Channel
from motet.engine.loop import Engine
from motet.storage.pool import Pool
from motet.storage.sql import sql

LANES = 8
NOW = datetime.now(UTC).replace(microsecond=0)


async def put_campaign(pool: Pool, program: Program, status: CampaignStatus = CampaignStatus.RUNNING) -> None:
    now = NOW
    await pool.execute(
        "INSERT INTO campaign (id, name, title, status, revision_id, created_at, updated_at) "
        "VALUES ($1, $2, $2, $3, $4, $5, $5)",
        program.id, program.name, int(status), program.revision_id, now,
    )  # fmt: skip
    await pool.execute(
        "INSERT INTO revision (id, campaign_id, number, document, program, created_at) "
        "VALUES ($1, $2, 1, '{}', $3, $4)",
        program.revision_id, program.id, msgspec.to_builtins(program), now,
    )  # fmt: skip


async def put_customers(pool: Pool, count: int, **fields: Any) -> list[UUID]:
    """Plain customers with an email and a phone, over all lanes."""
    plain: dict[str, Any] = {
        "tags": ["new"],
        "attributes": {},
        "devices": [],
        "consents": {},
        "timezone": None,
    } | fields
    ids = [uuid7(to_ms(NOW) + n) for n in range(count)]
    await pool.copy_records_to_table(
        "customer",
        records=[
            (lane_of(id, LANES), id, f"c{n}", f"c{n}@example.com", f"+1202555{n % 10000:04}", plain["tags"],
             plain["attributes"], plain["devices"], plain["consents"], plain["timezone"], NOW, NOW)
            for n, id in enumerate(ids)
        ],
        columns=("lane", "id", "external_id", "email", "phone", "tags", "attributes", "devices", "consents", "timezone",
                 "created_at", "updated_at"),
    )  # fmt: skip
    return ids


async def put_event(
    pool: Any, customer: UUID, name: str, at: datetime = NOW, *, properties: dict[str, Any] | None = None,
    message_id: UUID | None = None, value: float = 0.0, source: str = "api", received: datetime | None = None,
) -> UUID:  # fmt: skip
    """An event that happened at `at`; it is received now, unless said otherwise."""
    id = uuid7(to_ms(received or datetime.now(NOW.tzinfo)))
    await pool.execute(
        "INSERT INTO event (lane, customer_id, id, name, at, properties, message_id, value, source) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        lane_of(customer, LANES), customer, id, name, at, properties, message_id, value, source,
    )  # fmt: skip
    return id


async def put_launch(
    pool: Pool, program: Program, kind: str = "audience", customers: Sequence[UUID] | None = None
) -> UUID:
    launch = uuid7(to_ms(NOW))
    await pool.execute(sql("calendar.add_launch"), launch, program.id, program.revision_id, kind, NOW)
    if customers is None:
        await pool.execute(sql("calendar.add_launch_lanes"), launch)
        return launch
    lanes: dict[int, list[UUID]] = {}
    for customer in customers:
        lanes.setdefault(lane_of(customer, LANES), []).append(customer)
    for lane, ids in lanes.items():
        await pool.execute(
            "INSERT INTO launch_lane (lane, launch_id, at_id, customers) VALUES ($1, $2, $3, $4)",
            lane,
            launch,
            UUID(int=0),
            ids,
        )
    return launch


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


async def an_engine(pool: Pool, clock: Clock, channels: Sequence[Channel] = tuple(Channel)) -> Engine:
    """An engine that holds every lane; tests turn it by hand."""
    engine = Engine(pool, lanes=LANES, worker_id=uuid7(to_ms(NOW)), channels=frozenset(channels), clock=clock)
    await engine.lease.balance()
    assert len(engine.lease.held) == LANES
    return engine


async def turn_all(engine: Engine) -> None:
    """Turns every lane until nothing waits."""
    engine.forget_world()
    for lane in list(engine.lease.held):
        while await engine.turn(lane):
            pass


async def rows(pool: Pool, table: str, order: str = "id") -> list[Any]:
    return await pool.fetch(f"SELECT * FROM {table} ORDER BY {order}")


async def count(pool: Pool, campaign: UUID, metric: int, channel: int | None = None) -> int:
    found = await pool.fetchval(
        "SELECT coalesce(sum(count), 0) FROM stat "
        "WHERE campaign_id = $1 AND metric = $2 AND ($3::int IS NULL OR channel = $3)",
        campaign, metric, channel,
    )  # fmt: skip
    return int(found)
