"""Profiles into the database: a batch of checked inputs, merged into what is there, in five statements.

Only rows that differ are written. Fields that two transactions write at the same time are both kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from motet.audience.claims import claim
from motet.audience.guard import USUAL, Guard
from motet.audience.identity import EMAIL, PHONE, AddressTaken, Resolution, keys_of
from motet.audience.inputs import CLEARABLE, CustomerInput
from motet.audience.pairs import find_gone
from motet.core.errors import Unavailable
from motet.core.ids import lane_of
from motet.storage.changes import note_changes
from motet.storage.pool import Connection, Json, Pool
from motet.storage.sql import sql

_ATTEMPTS = 5
_COLUMNS = (
    "lane", "id", "external_id", "email", "phone", "devices", "handles", "attributes", "tags", "lifecycle_stage",
    "timezone", "locale", "preferences", "topics", "caps", "consents", "last_interaction_at", "last_purchase_at",
    "created_at", "updated_at",
)  # fmt: skip
_MAPS = ("handles", "attributes", "preferences", "topics", "caps", "consents")
_encode = msgspec.json.Encoder().encode
_DEFAULTS: dict[str, Any] = {
    "devices": Json(b"[]"),
    **dict.fromkeys(_MAPS, Json(b"{}")),
    "tags": (),
    "lifecycle_stage": "prospect",
}


class Upserted(msgspec.Struct, frozen=True):
    """What became of each input: `created + changed + unchanged` is their number, `ids` is in their order."""

    created: int
    changed: int
    unchanged: int
    ids: tuple[UUID, ...]
    taken: tuple[AddressTaken, ...] = ()  # addresses that stay with their first owner


async def save_customers(
    pool: Pool, inputs: Sequence[CustomerInput], *, lanes: int, now: datetime, guard: Guard = USUAL
) -> Upserted:
    """`upsert_customers` in a transaction of its own, again when the database breaks a circle of waits."""
    for _ in range(_ATTEMPTS):
        try:
            async with pool.acquire() as connection, connection.transaction():
                return await upsert_customers(connection, inputs, lanes=lanes, now=now, guard=guard)
        except asyncpg.DeadlockDetectedError:
            continue
    raise Unavailable("the database is too busy with the same customers; try again")


async def upsert_customers(
    connection: Connection, inputs: Sequence[CustomerInput], *, lanes: int, now: datetime, guard: Guard = USUAL
) -> Upserted:
    """Creates and merges, inside the caller's transaction; call it once in one transaction.

    Raises Unavailable when others keep claiming the same identifiers first, and passes on asyncpg's
    DeadlockDetectedError when an engine held the same rows the other way round: run the transaction again.
    """
    if not inputs:
        return Upserted(0, 0, 0, ())
    keyed = [keys_of(given, lanes) for given in inputs]
    resolution = await claim(connection, keyed, lanes=lanes, now=now, guard=guard)
    return await write_profiles(connection, inputs, resolution, lanes=lanes, now=now)


async def write_profiles(
    connection: Connection,
    inputs: Sequence[CustomerInput | None],
    resolution: Resolution,
    *,
    lanes: int,
    now: datetime,
) -> Upserted:
    """Writes what was resolved, each input (None: nothing) into its customer; inside the caller's transaction."""
    folded = _fold(inputs, resolution.ids, resolution.taken)
    born = {id: given for id, given in folded.items() if id in resolution.born}
    known = {id: given for id, given in folded.items() if id not in resolution.born}
    if born:
        await _create(connection, born, lanes, now)
    changed, gone = await _merge_known(connection, known, lanes, now)
    await note_changes(connection, (*born, *changed), lanes=lanes, now=now)
    ids = tuple(gone.get(id, id) for id in resolution.ids) if gone else tuple(resolution.ids)
    seen: set[UUID] = set()
    counts = {"created": 0, "changed": 0, "unchanged": 0}
    for id in ids:
        first = id not in seen
        seen.add(id)
        word = "created" if id in born and first else "changed" if id in born or id in changed else "unchanged"
        counts[word] += 1
    return Upserted(**counts, ids=ids, taken=tuple(resolution.taken))


async def _merge_known(
    connection: Connection, known: dict[UUID, CustomerInput], lanes: int, now: datetime
) -> tuple[set[UUID], dict[UUID, UUID]]:
    """Merges into existing rows; returns who changed, and who of `known` is another by now.

    A customer may be merged into another between the look at identifiers and this. Written first and asked after: a
    merge that was not seen here waits for this transaction, and takes what it wrote along.
    """
    changed: set[UUID] = set()
    gone: dict[UUID, UUID] = {}
    while known:
        changed |= await _merge(connection, known, lanes, now)
        moved = await find_gone(connection, known, lanes)
        gone = {old: moved.get(new, new) for old, new in gone.items()} | moved
        again: dict[UUID, CustomerInput] = {}
        for old, new in moved.items():
            given = msgspec.structs.replace(known[old], external_id=None, email=None, phone=None)
            again[new] = fold(again[new], given) if new in again else given
        known = again
    return changed, gone


def _place(row: tuple[Any, ...]) -> tuple[int, int]:
    """The order of the rows: the integer compares faster than the UUID, and alike."""
    return row[0], row[1].int


def _fold(
    inputs: Sequence[CustomerInput | None], ids: Sequence[UUID], taken: Sequence[AddressTaken]
) -> dict[UUID, CustomerInput]:
    """One input a customer, without the addresses that are somebody else's. Later inputs win."""
    without: dict[int, dict[str, None]] = {}
    for loss in taken:
        if loss.field in CustomerInput.__struct_fields__:
            without.setdefault(loss.index, {})[loss.field] = None
    folded: dict[UUID, CustomerInput] = {}
    for index, (id, given) in enumerate(zip(ids, inputs, strict=True)):
        if given is None:
            continue
        own = msgspec.structs.replace(given, **without[index]) if index in without else given
        folded[id] = fold(folded[id], own) if id in folded else own
    return folded


def fold(old: CustomerInput, new: CustomerInput) -> CustomerInput:
    """Both inputs in one, as if `new` had been written after `old`."""
    changes: dict[str, Any] = {}
    if new.clear:
        old = _without(old, new.clear)
        changes["clear"] = tuple(sorted({*old.clear, *new.clear}))
    for field in CustomerInput.__struct_fields__:
        before, after = getattr(old, field), getattr(new, field)
        if before and not after:
            changes[field] = before
        elif field in _MAPS and before and after:
            changes[field] = before | after
    if old.devices and new.devices:
        changes["devices"] = tuple({d.token: d for d in (*old.devices, *new.devices)}.values())
    # A consent once refused stays refused; of two moments the later is kept, of two beginnings the earlier.
    refused = {channel: False for channel, yes in old.consents.items() if not yes}
    changes["consents"] = old.consents | new.consents | refused
    for field, choose in (("last_interaction_at", max), ("last_purchase_at", max), ("created_at", min)):
        moments = [m for m in (getattr(old, field), getattr(new, field)) if m is not None]
        changes[field] = choose(moments) if moments else None
    added = (set(old.tags) - set(new.remove_tags)) | set(new.tags)
    removed = (set(old.remove_tags) - set(new.tags)) | set(new.remove_tags)
    changes["tags"], changes["remove_tags"] = tuple(sorted(added - set(new.remove_tags))), tuple(sorted(removed))
    return msgspec.structs.replace(new, **changes)


def _without(given: CustomerInput, clear: Sequence[str]) -> CustomerInput:
    """The input without what a later one takes away."""
    changes: dict[str, Any] = {field: None for field in clear if field in CLEARABLE}
    gone = {name.removeprefix("attributes.") for name in clear}
    changes["attributes"] = {name: value for name, value in given.attributes.items() if name not in gone}
    return msgspec.structs.replace(given, **changes)


async def _create(connection: Connection, born: dict[UUID, CustomerInput], lanes: int, now: datetime) -> None:
    """COPY of new rows; a column that no row fills is left to its default."""
    rows = sorted((_row(id, given, lanes, now) for id, given in born.items()), key=_place)
    names, filled = [], []
    for name, column in zip(_COLUMNS, zip(*rows, strict=True), strict=True):
        default = _DEFAULTS.get(name)
        if default is None:
            names.append(name)
            filled.append(column)
        elif any(column):
            names.append(name)
            filled.append(column if all(column) else tuple(value or default for value in column))
    await connection.copy_records_to_table("customer", records=list(zip(*filled, strict=True)), columns=names)


def _row(id: UUID, given: CustomerInput, lanes: int, now: datetime) -> tuple[Any, ...]:
    tags = given.tags if not given.remove_tags else tuple(t for t in given.tags if t not in given.remove_tags)
    return (
        lane_of(id, lanes), id, given.external_id or str(id), given.email, given.phone,
        given.devices and _devices(given),
        given.handles, given.attributes, tags, given.lifecycle_stage, given.timezone, given.locale, given.preferences,
        given.topics, given.caps, given.consents, given.last_interaction_at, given.last_purchase_at,
        given.created_at or now, now,
    )  # fmt: skip


async def _merge(connection: Connection, known: dict[UUID, CustomerInput], lanes: int, now: datetime) -> set[UUID]:
    """Merges into existing rows; returns the ids of those that changed."""
    rows = sorted((_change(id, given, lanes) for id, given in known.items()), key=_place)
    arrays = [column if any(column) or i == 0 else None for i, column in enumerate(zip(*rows, strict=True))]
    changed = {r["id"] for r in await connection.fetch(sql("audience.merge_customers"), *arrays, now)}
    if arrays[-1] is not None:
        await _let_addresses_go(connection, known)
    return changed


async def _let_addresses_go(connection: Connection, known: dict[UUID, CustomerInput]) -> None:
    """Addresses that are cleared name nobody any more."""
    gone = [
        (id, kind, value)
        for id, given in known.items()
        for field, kind, value in (
            ("email", EMAIL, given.email.lower() if given.email else None),
            ("phone", PHONE, given.phone),
        )
        if field in given.clear
    ]
    if gone:
        columns = [list(column) for column in zip(*gone, strict=True)]
        await connection.execute(sql("audience.let_addresses_go"), *columns)


def _change(id: UUID, given: CustomerInput, lanes: int) -> tuple[Any, ...]:
    refusals = {channel: False for channel, yes in given.consents.items() if not yes} if given.consents else {}
    devices = [{"token": d.token, "platform": d.platform} for d in given.devices]
    return (
        lane_of(id, lanes), id, given.external_id, given.email, given.phone, _json(devices), _json(given.handles),
        _json(given.attributes), _json(given.tags), _json(given.remove_tags), given.lifecycle_stage, given.timezone,
        given.locale, _json(given.preferences), _json(given.topics), _json(given.caps), _json(given.consents),
        _json(refusals), given.last_interaction_at, given.last_purchase_at, given.created_at,
        _json(given.clear),
    )  # fmt: skip


def _devices(given: CustomerInput) -> Json:
    return Json(_encode([{"token": d.token, "platform": d.platform} for d in given.devices]))


def _json(value: Any) -> str | None:
    """JSON as text, cast by the query: an array of texts is what asyncpg sends fastest. None for what is empty."""
    return _encode(value).decode() if value else None
