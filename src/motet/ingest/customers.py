"""`motet import customers`: rows of a file into profiles.

A file that was read to its end is read again from the start, and changes nothing if nothing changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from motet.audience.guard import USUAL, Guard, load_guard
from motet.audience.inputs import CustomerInput, check_customer
from motet.audience.upsert import upsert_customers
from motet.core.errors import Problem
from motet.ingest.columns import Columns
from motet.ingest.fingerprint import read_source
from motet.ingest.importing import BATCH, ImportResult, Progress, Wish, Written, import_rows
from motet.ingest.reading import Layout, Row
from motet.storage.pool import Connection, Pool

__all__ = ["CustomerRows", "ImportResult", "Progress", "import_customers"]

_FIX = "merge the two customers, or give one of them another address"


async def import_customers(
    pool: Pool,
    path: Path,
    *,
    lanes: int,
    mapping: Mapping[str, str] | None = None,
    now: datetime,
    progress: Callable[[Progress], None] | None = None,
    rejects_path: Path | None = None,
    batch: int = BATCH,
    wish: Wish | None = None,
) -> ImportResult:
    """Reads the file into profiles and returns what became of it. `wish` says the rest of how it runs.

    Raises Refused when the file or the mapping cannot be used, Conflict while another process imports the same
    file, Unavailable when the database goes away (run it again: it goes on).
    """
    mapping = mapping or {}
    source = await asyncio.to_thread(read_source, path, "customers", mapping)
    kind = CustomerRows(source.layout, mapping, lanes, await load_guard(pool))
    changes = {"progress": progress, "rejects_path": rejects_path, "batch": batch}
    return await import_rows(pool, source, kind, wish or msgspec.structs.replace(Wish(), **changes), now=now)


class CustomerRows:
    """A row is a profile, or a part of one."""

    word = "customers"

    def __init__(self, layout: Layout, mapping: Mapping[str, str], lanes: int, guard: Guard = USUAL) -> None:
        """Raises Refused for a mapping that cannot be used."""
        self.columns = Columns(layout.header, mapping)
        self.name = self.columns.name
        self._header, self._lanes, self._guard = layout.header, lanes, guard

    def check(self, row: Row) -> CustomerInput | list[Problem]:
        if not self._header:
            return check_customer(self.columns.read_object(row.cells), guard=self._guard)
        try:
            raw = self.columns.read_cells(row.cells)
        except IndexError:
            return [too_many_cells(row, self._header)]
        return check_customer(raw, guard=self._guard) if raw else []  # a row of empty cells is an empty row

    async def write(self, connection: Connection, items: Sequence[CustomerInput], now: datetime) -> Written:
        done = await upsert_customers(connection, items, lanes=self._lanes, now=now, guard=self._guard)
        told = "another customer has it already; the rest of the row was taken"
        notes = ((t.index, Problem("customer.address_taken", told, t.field, _FIX)) for t in done.taken)
        return Written(done.created + done.changed, tuple(notes))


def too_many_cells(row: Row, header: Sequence[str]) -> Problem:
    """A cell that holds the delimiter stands in no quotes."""
    told = f"has {len(row.cells)} cells, and the header has {len(header)}"
    return Problem("import.too_many_cells", told, fix="put cells that contain the delimiter in quotes")
