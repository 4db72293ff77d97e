"""`motet export customers`: every profile to CSV or JSON lines, a page of a lane at a time.

What it writes, `import customers` reads: the same columns, with what a spreadsheet would take for a formula marked by
an apostrophe. Suppressions are not in a CSV: they are the engine's, and no import writes them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import msgspec

from motet.audience.profiles import read_row
from motet.core.customers import Customer
from motet.ingest.columns import mark
from motet.ingest.private import private
from motet.storage.pool import Connection, Pool
from motet.storage.sql import sql

PAGE = 2_000  # customers in one statement
_START = UUID(int=0)
_FIELDS = (
    "external_id", "email", "phone", "tags", "lifecycle_stage", "timezone", "locale", "devices",
    "created_at", "last_interaction_at", "last_purchase_at",
)  # fmt: skip
_MAPS = frozenset({"attributes", "handles", "preferences", "caps", "consents"})
_encode = msgspec.json.Encoder().encode

Format = Literal["csv", "jsonl"]


async def export_customers(
    pool: Pool,
    path: Path,
    *,
    format: Format | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Writes every customer to `path` and returns how many; the form is that of the name when none is given.

    The file appears under its name when it is whole. `progress` is told the number written so far.
    """
    form = format or ("jsonl" if path.suffix in (".jsonl", ".ndjson", ".json") else "csv")
    draft = path.with_name(f"{path.name}.part")
    count = 0
    draft.unlink(missing_ok=True)
    with open(draft, "xb", opener=private) as file:
        async for chunk, customers in stream_customers(pool, form):
            file.write(chunk)
            count += customers
            if progress is not None:
                progress(count)
    draft.replace(path)
    return count


async def stream_customers(pool: Pool, format: Format) -> AsyncIterator[tuple[bytes, int]]:
    """Pieces of the file, each with the number of customers in it: for a download or standard output."""
    async with pool.acquire() as connection:
        lanes = [r["lane"] for r in await connection.fetch(sql("ingest.list_lanes"))]
        columns = await _list_columns(connection, lanes) if format == "csv" else []
        if columns:
            yield _write_csv([columns]), 0
        for lane in lanes:
            async for page in _read_pages(connection, lane):
                if format == "csv":
                    yield _write_csv([_cells(customer, columns) for customer in page]), len(page)
                else:
                    yield b"".join(_encode(_fields(customer)) + b"\n" for customer in page), len(page)


async def _read_pages(connection: Connection, lane: int) -> AsyncIterator[list[Customer]]:
    at = _START
    while page := [read_row(r) for r in await connection.fetch(sql("ingest.read_page"), lane, at, PAGE)]:
        yield page
        at = page[-1].id


async def _list_columns(connection: Connection, lanes: list[int]) -> list[str]:
    """The fixed columns, then one for each key of the maps that anybody has."""
    keys: set[str] = set()
    attributes: set[str] = set()
    for lane in lanes:
        keys.update(r["name"] for r in await connection.fetch(sql("ingest.list_map_keys"), lane))
        attributes.update(r["name"] for r in await connection.fetch(sql("ingest.list_attribute_names"), lane))
    return [*_FIELDS, *sorted(keys), *(f"attributes.{name}" for name in sorted(attributes))]


def _fields(customer: Customer) -> dict[str, Any]:
    """A customer as the API takes one: without our id, and without what only the engine writes."""
    fields: dict[str, Any] = {name: getattr(customer, name) for name in (*_FIELDS, *sorted(_MAPS))}
    return {name: value for name, value in fields.items() if value}


def _cells(customer: Customer, columns: list[str]) -> list[str]:
    return [_cell(customer, column) for column in columns]


def _cell(customer: Customer, column: str) -> str:
    field, _, key = column.partition(".")
    value = getattr(customer, field)
    if key:
        value = value.get(key)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if field == "tags":
        return mark(";".join(value), typed=False)
    if field == "devices":
        plain = all(d.platform == "fcm" for d in value)
        return mark(";".join(d.token for d in value), typed=False) if plain else _encode(value).decode()
    if isinstance(value, str):
        return mark(value, typed=field == "attributes")
    return str(value) if isinstance(value, int | float) else _encode(value).decode()


def _write_csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
