"""Delivery for tests: a provider that answers as a test says, and messages that wait for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from making import a_program, say
from motet.channels.base import Provider
from motet.content.links import LinkSigner
from motet.content.render import Brand
from motet.core.clock import to_ms
from motet.core.errors import Problem
from motet.core.ids import uuid7
from motet.core.messages import Answer, Outgoing
from motet.core.program import Program
from motet.core.words import Channel, MessageStatus
from motet.delivery.campaigns import Campaigns
from motet.delivery.limits import Limits
from motet.delivery.pipeline import ChannelPool
from motet.delivery.pulse import Pulse
from motet.delivery.rendering import Renderers
from motet.storage.pool import Pool
from stage import LANES, NOW, Clock, an_engine, put_campaign, put_customers, put_launch, turn_all

BRAND = Brand(
    sender="Shop <hello@shop.example>",
    postal_address="1 Market Street",
    signer=LinkSigner(b"a secret for tests", "http://motet.test"),
    dkim=None,
)


class Scripted:
    """A provider that keeps what it was handed and answers what the test says."""

    name, channel, batch, concurrency = "scripted", Channel.EMAIL, 10, 4

    def __init__(self, answer: Callable[[Outgoing], Answer], idempotent: bool = False) -> None:
        self.answer = answer
        self.idempotent = idempotent
        self.sent: list[Outgoing] = []

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        await asyncio.sleep(0)
        self.sent.extend(batch)
        return [self.answer(one) for one in batch]

    def check(self) -> list[Problem]:
        return []

    def read_callback(self, headers: Any, body: bytes, url: str) -> list[Any]:
        return []


def a_pool(
    pool: Pool, provider: Provider, clock: Clock, limits: Limits | None = None, pulse: Pulse | None = None
) -> ChannelPool:
    return ChannelPool(
        pool, provider.channel, provider, lanes=LANES, worker_id=uuid7(to_ms(NOW)), campaigns=Campaigns(pool),
        renderers=Renderers(BRAND), clock=clock, limits=limits, pulse=pulse,
    )  # fmt: skip


async def serve_all(channel: ChannelPool) -> None:
    channel.campaigns.stale = True
    for share in (channel.first, channel.rest):
        for lane in range(LANES):
            while await channel.serve(lane, share):
                pass


async def approved(pool: Pool, customers: int = 60, **program: Any) -> tuple[Program, list[UUID]]:
    """A broadcast whose messages are approved and wait. The program's content is email, unless it brings `steps`."""
    made = a_program(*program.pop("steps", (say(),)), segments=("new",), **program)
    await put_campaign(pool, made)
    ids = await put_customers(pool, customers)
    await put_launch(pool, made)
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    await engine.lease.release_all()
    await pool.execute(
        "UPDATE message SET transactional = $2 WHERE revision_id = $1", made.revision_id, made.transactional
    )
    return made, ids


async def statuses(pool: Pool) -> Counter[MessageStatus]:
    """How many messages stand where."""
    found = await pool.fetch("SELECT status, count(*) AS count FROM message GROUP BY status")
    return Counter({MessageStatus(row["status"]): row["count"] for row in found})
