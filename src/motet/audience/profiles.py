"""Profiles out of the database: a batch of one lane for the engine, one by any reference, a page for a screen.

Comes in: ids, references, search words. Goes out: `core.customers.Customer`. What goes in is checked by `inputs` and
written by `upsert`, whose names can be had here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import msgspec

from motet.audience.claims import find_owners
from motet.audience.fields import Wrong, clean_phone
from motet.audience.identity import EMAIL, EXTERNAL_ID, PHONE, AddressTaken, Key
from motet.audience.inputs import CustomerInput, check_customer
from motet.audience.pairs import find_gone
from motet.audience.upsert import Upserted, save_customers, upsert_customers
from motet.core.customers import Customer, Device, Suppression
from motet.core.ids import lane_of, lane_of_text
from motet.storage.pool import Connection, Pool, Record
from motet.storage.sql import sql

__all__ = [
    "AddressTaken",
    "CustomerInput",
    "Upserted",
    "check_customer",
    "find_customer",
    "find_ids",
    "load_customers",
    "load_many",
    "read_row",
    "save_customers",
    "search_customers",
    "upsert_customers",
]

MAX_PAGE = 500
_LAST = UUID(int=(1 << 128) - 1)
_DEVICES = tuple[Device, ...]
_SUPPRESSIONS = dict[str, Suppression]


async def load_customers(connection: Connection, lane: int, ids: Sequence[UUID]) -> list[Customer]:
    """The customers of one lane with these ids, in no order; an id that nobody has is left out."""
    return [read_row(row) for row in await connection.fetch(sql("audience.load_customers"), lane, ids)]


async def load_many(pool: Pool, lanes: int, ids: Sequence[UUID]) -> list[Customer]:
    """The customers with these ids, of any lanes, the newest first; an id that nobody has is left out."""
    rows = await pool.fetch(sql("audience.load_anywhere"), [lane_of(i, lanes) for i in ids], list(ids)) if ids else []
    return [read_row(row) for row in rows]


def read_row(row: Record) -> Customer:
    """A row of `customer` as a struct. Columns are read by place: they are those of `load_customers`."""
    (
        id, external_id, email, phone, devices, handles, attributes, tags, lifecycle_stage, timezone, locale,
        preferences, caps, consents, suppressions, last_interaction_at, last_purchase_at, created_at, topics,
    ) = row  # fmt: skip
    return Customer(
        id=id,
        external_id=external_id,
        email=email,
        phone=phone,
        devices=msgspec.convert(devices, _DEVICES) if devices else (),
        handles=handles or {},
        attributes=attributes or {},
        tags=tuple(tags) if tags else (),
        lifecycle_stage=lifecycle_stage,
        timezone=timezone,
        locale=locale,
        preferences=preferences or {},
        caps=caps or {},
        consents=consents or {},
        suppressions=msgspec.convert(suppressions, _SUPPRESSIONS) if suppressions else {},
        last_interaction_at=last_interaction_at,
        last_purchase_at=last_purchase_at,
        created_at=created_at,
        topics=topics or {},
    )


async def find_customer(pool: Pool, lanes: int, reference: str | UUID) -> Customer | None:
    """The customer with this external id, email, phone or id of ours, looked for in that order.

    An id of ours that is gone by a merge leads to who they are now.
    """
    async with pool.acquire() as connection:
        id = reference if isinstance(reference, UUID) else None
        if isinstance(reference, str):
            id = (await find_ids(connection, [reference], lanes)).get(reference)
        if id is None:
            return None
        id = (await find_gone(connection, [id], lanes)).get(id, id)
        found = await load_customers(connection, lane_of(id, lanes), [id])
        return found[0] if found else None


async def find_ids(connection: Connection, references: Sequence[str], lanes: int) -> dict[str, UUID]:
    """The customers that these references name; a reference that names nobody is left out."""
    keys = {reference: _meanings(reference, lanes) for reference in references}
    owners = await find_owners(connection, {k for meant in keys.values() for k in meant})
    found: dict[str, UUID] = {}
    ours: dict[str, UUID] = {}
    for reference, meant in keys.items():
        owned = [owners[k] for k in meant if k in owners]
        if owned:
            found[reference] = owned[0]
        elif (id := _as_uuid(reference)) is not None:
            ours[reference] = id
    if ours:
        gone = await find_gone(connection, ours.values(), lanes)
        ours = {reference: gone.get(id, id) for reference, id in ours.items()}
        ids = list(ours.values())
        rows = await connection.fetch(sql("audience.list_present"), [lane_of(i, lanes) for i in ids], ids)
        present = {r["id"]: r["id"] for r in rows} | await find_gone(connection, ids, lanes)
        found.update((reference, present[id]) for reference, id in ours.items() if id in present)
    return found


def _meanings(reference: str, lanes: int) -> list[Key]:
    """What a reference may be, the likeliest first; nothing when no identifier can be spelled so."""
    if "\x00" in reference:
        return []
    keys = [(lane_of_text(reference, lanes), EXTERNAL_ID, reference)]
    if "@" in reference:
        keys.append((lane_of_text(reference.lower(), lanes), EMAIL, reference.lower()))
    if reference.startswith("+"):
        with suppress(Wrong):
            phone = clean_phone(reference)
            keys.append((lane_of_text(phone, lanes), PHONE, phone))
    return keys


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def search_customers(
    pool: Pool, lanes: int, q: str = "", limit: int = 50, before: UUID | None = None
) -> list[Customer]:
    """A page for a screen, the newest first; `before` is the last id of the page above.

    `q` is the beginning of an external id, email or phone; when nobody has one, a tag or a part of a name.
    The second kind reads every profile: it is meant for a person, not for a program.
    """
    limit, before, q = max(1, min(limit, MAX_PAGE)), before or _LAST, q.replace("\x00", "").strip()
    async with pool.acquire() as connection:
        if not q:
            return await _page(connection, "audience.list_newest", before, limit)
        ids = [r["customer_id"] for r in await connection.fetch(sql("audience.find_prefix"), *_prefix(q))]
        if not ids:
            pattern = "%" + q.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
            return await _page(connection, "audience.search_names", before, limit, pattern, q)
        page = sorted({i for i in ids if i < before}, reverse=True)[:limit]
        lane_ids = [lane_of(i, lanes) for i in page]
        return [read_row(r) for r in await connection.fetch(sql("audience.load_anywhere"), lane_ids, page)]


async def _page(connection: Connection, query: str, *args: object) -> list[Customer]:
    return [read_row(r) for r in await connection.fetch(sql(query), *args)]


def _prefix(q: str) -> tuple[str, str, str, str]:
    """The ranges in which identifiers that begin with `q` lie, as written and in small letters."""
    high, small = chr(0x10FFFF), q.lower()
    return q, q + high, small, small + high
