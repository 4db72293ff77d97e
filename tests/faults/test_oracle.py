"""The judge of the faults sees each kind of difference: else a fault that passes would mean nothing."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from delivering import Scripted, a_pool, approved, serve_all
from faults.oracle import judge
from faults.providers import Arrival, Provider
from motet.core.ids import uuid7
from motet.core.messages import Accepted
from motet.core.words import Channel
from motet.storage.pool import Pool
from stage import Clock

Spoil = Callable[[list[Arrival]], object]


def _of_nobody(log: list[Arrival]) -> None:
    log.append(log[0]._replace(id=uuid7(1)))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda log: log.pop(), "lost: accepted"),
        (lambda log: log.append(log[0]), "doubled"),
        (_of_nobody, "not in the ledger"),
    ],
)
async def test_what_differs_from_the_providers_log_is_told(pool: Pool, spoil: Spoil, told: str) -> None:
    provider, customers = await _sent(pool)
    await judge(pool, {Channel.EMAIL: provider}, told=customers, steps=1)
    spoil(provider.log)
    with pytest.raises(AssertionError, match=told):
        await judge(pool, {Channel.EMAIL: provider}, told=customers, steps=1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE message SET status = 1", "stuck"),
        ("UPDATE message SET status = 6", "forbidden: dropped"),
        ("UPDATE message SET status = 4", "rejected, though"),
        ("UPDATE message SET status = 5", "unknown, though"),
        ("DELETE FROM message", "not 1 messages"),
    ],
)
async def test_what_is_wrong_in_the_ledger_is_told(pool: Pool, change: str, told: str) -> None:
    provider, customers = await _sent(pool)
    await pool.execute(change)
    with pytest.raises(AssertionError, match=told):
        await judge(pool, {Channel.EMAIL: provider}, told=customers, steps=1)


async def test_only_what_was_in_hand_may_be_unknown(pool: Pool) -> None:
    provider, customers = await _sent(pool)
    await pool.execute("UPDATE message SET status = 5")
    held = [arrival.id for arrival in provider.log]
    await judge(pool, {Channel.EMAIL: provider}, told=customers, steps=1, in_hand=held)
    with pytest.raises(AssertionError, match="unknown, though"):
        await judge(pool, {Channel.EMAIL: provider}, told=customers, steps=1, in_hand=held[1:])


async def _sent(pool: Pool) -> tuple[Provider, list[UUID]]:
    """A few messages that were handed to a provider, and its log."""
    _, customers = await approved(pool, 8)
    scripted = Scripted(lambda outgoing: Accepted())
    await serve_all(a_pool(pool, scripted, Clock()))
    provider = Provider()
    provider.log = [Arrival(one.message_id, "", "", 0.0) for one in scripted.sent]
    return provider, customers
