"""The values of computed traits for many customers at once, as templates show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID

from motet.audience.segments.register import read_measures, read_traits, read_version
from motet.audience.segments.tallies import Counts, Numbers
from motet.audience.segments.traits import compile_traits, values_of
from motet.core.filters.traits import Trait
from motet.storage.pool import Connection, Pool
from motet.storage.sql import sql


class Values:
    """One per worker. What is defined is read again when its version has risen."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.zone = zone
        self.version = 0
        self.traits: dict[str, Trait] = {}
        self.numbers = Numbers(())
        self.ready: frozenset[int] = frozenset()

    async def load(self, pool: Pool, lane: int, ids: Sequence[UUID], now: datetime) -> dict[UUID, dict[str, Any]]:
        """The known values by customer of one lane. One small query when no trait is defined, two otherwise."""
        async with pool.acquire() as connection:
            return await self._load(connection, lane, ids, now)

    async def _load(
        self, connection: Connection, lane: int, ids: Sequence[UUID], now: datetime
    ) -> dict[UUID, dict[str, Any]]:
        version = await read_version(connection)
        if version != self.version:
            await self._read(connection)
            self.version = version
        if not self.traits or not ids:
            return {}
        rows = await connection.fetch(sql("segments.load_standing"), lane, ids)
        tallies = {row["customer_id"]: row["tallies"] for row in rows}
        local = now.astimezone(self.zone)
        return {id: values_of(self.traits, Counts(self.numbers, tallies.get(id), self.ready), local) for id in ids}

    async def _read(self, connection: Connection) -> None:
        measures = await read_measures(connection)
        self.traits = compile_traits(await read_traits(connection))
        self.numbers = Numbers(measures)
        self.ready = frozenset(m.number for m in measures if m.ready)
