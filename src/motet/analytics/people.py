"""Who a customer is: everything they are known by, and the ids that are gone into them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from motet.audience import people
from motet.audience.identity import FIELD_OF
from motet.core.ids import lane_of
from motet.storage.pool import Connection, Pool
from motet.storage.sql import sql


class Identifier(msgspec.Struct, frozen=True):
    """`kind` is external_id, email, phone, anonymous_id or custom; a custom value is `name:value`."""

    kind: str
    value: str


class Selves(msgspec.Struct, frozen=True):
    """A customer's id and those that are gone into it, each with its lane: where the events are."""

    lanes: list[int]
    ids: list[UUID]


async def find_selves(connection: Connection, customer_id: UUID, lanes: int) -> Selves:
    """Under which ids the log knows a customer."""
    ids = [customer_id, *await people.list_gone(connection, customer_id)]
    return Selves([lane_of(id, lanes) for id in ids], ids)


async def list_identifiers(source: Connection | Pool, customer_id: UUID) -> list[Identifier]:
    """What the customer is known by, the user id first."""
    return [Identifier(FIELD_OF[kind], value) for kind, value in await people.list_identifiers(source, customer_id)]


async def name_customers(pool: Pool, ids: Iterable[UUID], lanes: int) -> dict[UUID, str]:
    """The external ids of these customers; one who does not exist is left out."""
    asked = list(set(ids))
    if not asked:
        return {}
    rows = await pool.fetch(sql("analytics.name_customers"), [lane_of(id, lanes) for id in asked], asked)
    return {row["id"]: row["external_id"] for row in rows}


async def read_titles(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """Titles of the segments among these names, and external ids of the merged customers (our ids in text)."""
    asked = list(set(names))
    if not asked:
        return {}
    gone = [id for name in asked if (id := _as_uuid(name)) is not None]
    titles = {row["name"]: row["title"] for row in await connection.fetch(sql("analytics.name_segments"), asked)}
    if gone:
        rows = await connection.fetch(sql("analytics.name_gone"), gone)
        titles.update({str(row["id"]): row["external_id"] for row in rows})
    return titles


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
