"""Which providers a worker has given a rest to, written down for whoever asks: doctor, /healthz, /metrics."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from motet.core.words import Channel
from motet.delivery.pipeline import ChannelPool
from motet.storage.pool import Pool
from motet.storage.sql import sql

Told: TypeAlias = list[tuple[int, str, str, datetime, str]]  # channel, provider, place, since, detail


async def tell(pool: Pool, worker_id: UUID, pools: Mapping[Channel, ChannelPool], told: Told) -> Told:
    """Writes the troubles of now when they differ from what was `told`; returns what is written."""
    now: Told = [
        (int(channel), each.provider.name, trouble.place, trouble.since, trouble.detail[:300].replace("\x00", ""))
        for channel, each in pools.items()
        for trouble in each.gates.troubles()
    ]
    if now == told:
        return told
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(sql("delivery.forget_troubles"), worker_id)
        if now:
            await connection.execute(sql("delivery.tell_troubles"), worker_id, *map(list, zip(*now, strict=True)))
    return now
