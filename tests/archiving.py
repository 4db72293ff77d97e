"""For tests of the archive: customers and events written plainly, and both relations as PostgreSQL has them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from motet.archive.duck import Duck
from motet.archive.export import export_events
from motet.archive.gather import Needs, gather
from motet.archive.reader import Archive
from motet.archive.snapshot import write_customers
from motet.core.clock import to_ms
from motet.core.ids import channel_of, lane_of, uuid7
from motet.storage.changes import note_changes
from motet.storage.pool import Connection, Pool
from motet.storage.sql import sql

LANES = 8
EVENT_COLUMNS = (
    "lane", "customer_id", "id", "name", "at", "properties", "message_id", "value", "source",
)  # fmt: skip


class Asked(msgspec.Struct, frozen=True):
    """A query as the filters make it."""

    sql: str
    params: tuple[Any, ...] = ()


def bought(times: int, name: str = "purchase") -> Asked:
    """Who did it so often."""
    return Asked(
        "SELECT c.id FROM customers c JOIN (SELECT customer_id, count(*) AS times FROM events WHERE name = $1 "
        "GROUP BY customer_id) e ON e.customer_id = c.id WHERE e.times >= $2",
        (name, times),
    )


EVERYBODY = Asked("SELECT id FROM customers")


async def add_customer(pool: Pool | Connection, now: datetime, **fields: Any) -> UUID:
    """A new customer, told to the log in the same transaction."""
    id = fields.pop("id", None) or uuid7(to_ms(now))
    columns = {"lane": lane_of(id, LANES), "id": id, "external_id": str(id), "created_at": now, "updated_at": now}
    columns |= fields
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    statement = f"INSERT INTO customer ({', '.join(columns)}) VALUES ({places})"
    async with _Connected(pool) as connection, connection.transaction():
        await connection.execute(statement, *columns.values())
        await note_changes(connection, [id], lanes=LANES, now=now)
    return id


async def change_customer(pool: Pool, now: datetime, id: UUID, **fields: Any) -> None:
    given = ", ".join(f"{name} = ${n}" for n, name in enumerate(fields, 3))
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            f"UPDATE customer SET {given} WHERE lane = $1 AND id = $2", lane_of(id, LANES), id, *fields.values()
        )
        await note_changes(connection, [id], lanes=LANES, now=now)


async def add_event(connection: Any, customer: UUID, name: str, at: datetime, **fields: Any) -> UUID:
    """Appends one event; `received` is the moment of its id."""
    id = fields.pop("id", None) or uuid7(to_ms(fields.pop("received", at)))
    row = {"lane": lane_of(customer, LANES), "customer_id": customer, "id": id, "name": name, "at": at}
    row |= {"properties": None, "message_id": None, "value": 0.0, "source": "api"} | fields
    names, places = ", ".join(row), ", ".join(f"${n}" for n in range(1, len(row) + 1))
    await connection.execute(f"INSERT INTO event ({names}) VALUES ({places})", *row.values())
    return id


async def pass_events(pool: Pool, lanes: Sequence[int] = range(LANES)) -> None:
    """What the engine does with the cursor when it has heard everything."""
    await pool.execute("UPDATE lane SET done = pg_current_snapshot(), target = NULL WHERE lane = ANY ($1)", list(lanes))


async def export(pool: Pool, duck: Duck, now: datetime | None = None) -> int:
    async with pool.acquire() as connection:
        await connection.execute(sql("archive.add_lanes"))
        return await export_events(connection, duck, now or datetime.now(UTC))


async def snapshot(pool: Pool, duck: Duck, lanes: Sequence[int] = range(LANES)) -> int:
    async with pool.acquire() as connection:
        await connection.execute(sql("archive.add_lanes"))
        return await write_customers(connection, duck, lanes, datetime.now(UTC))


async def read_archive(archive: Archive) -> tuple[list[tuple[Any, ...]], dict[UUID, tuple[Any, ...]]]:
    """Both relations whole: events sorted by id, customers by their id."""
    async with archive.duck.session() as session:
        async with archive.pool.acquire() as connection:
            await gather(connection, archive.duck, session, Needs(), lanes=archive.lanes)

        def read(s: Any) -> Any:
            events = s.execute(
                'SELECT id, customer_id, lane, name, epoch_us("at"), properties, value, channel FROM events'
            ).fetchall()
            customers = s.execute(
                "SELECT id, lane, external_id, email, tags, segments, attributes, topics, epoch_us(created_at) "
                "FROM customers"
            ).fetchall()
            return events, customers

        events, customers = await archive.duck.run(session, read)
    known = [(*e[:5], None if e[5] is None else msgspec.json.decode(e[5]), *e[6:]) for e in events]
    people = {c[0]: (*c[1:4], tuple(c[4]), tuple(c[5]), *map(msgspec.json.decode, c[6:8]), c[8]) for c in customers}
    assert len(people) == len(customers), "a customer stands twice"
    return sorted(known, key=lambda e: e[0]), people


async def read_plainly(
    pool: Pool | Connection, log: str = "event"
) -> tuple[list[tuple[Any, ...]], dict[UUID, tuple[Any, ...]]]:
    """The same from PostgreSQL alone."""
    aliases = {row["id"]: row["customer_id"] for row in await pool.fetch("SELECT id, customer_id FROM alias")}
    events = [
        (
            e["id"],
            (now := aliases.get(e["customer_id"], e["customer_id"])),
            lane_of(now, LANES),
            e["name"],
            _us(e["at"]),
            e["properties"],
            e["value"],
            channel_of(e["message_id"]) if e["message_id"] else 0,
        )
        for e in await pool.fetch(f"SELECT * FROM {log} WHERE customer_id <> $1 AND source <> 'forward'", UUID(int=0))
    ]
    rows = await pool.fetch(
        "SELECT c.*, coalesce(s.segments, '{}') AS segments FROM customer c "
        "LEFT JOIN standing s ON s.lane = c.lane AND s.customer_id = c.id"
    )
    customers = {
        c["id"]: (
            c["lane"], c["external_id"], c["email"], tuple(c["tags"]), tuple(c["segments"]), c["attributes"],
            c["topics"], _us(c["created_at"]),
        )
        for c in rows
        if c["id"] not in aliases
    }  # fmt: skip
    return sorted(events, key=lambda e: e[0]), customers


def files_of(root: Path) -> list[Path]:
    return sorted(root.glob("*/*/*.parquet"))


def _us(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


class _Connected:
    """A connection of a pool, or the one given."""

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self.taken: Any = None

    async def __aenter__(self) -> Any:
        if hasattr(self.pool, "acquire"):
            self.taken = await self.pool.acquire()
            return self.taken
        return self.pool

    async def __aexit__(self, *error: object) -> None:
        if self.taken is not None:
            await self.pool.release(self.taken)
