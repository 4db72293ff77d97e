"""What was claimed and not pushed, and what changed between the look and the claim."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

import motet.delivery.pipeline as pipeline
from delivering import Scripted, a_pool, approved, serve_all, statuses
from motet.core.ids import uuid7
from motet.core.messages import Accepted, Answer, Outgoing, Retry
from motet.core.reasons import Reason
from motet.core.words import CampaignStatus, Channel, MessageStatus
from motet.delivery.orphans import recover
from motet.delivery.pulse import Pulse
from motet.storage.lanes import LEASE, beat
from motet.storage.pool import Pool
from stage import LANES, NOW, Clock, rows

LONG = LEASE.total_seconds()


class Still:
    """Heartbeats of a worker that can be stopped for a while."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pulse = Pulse((lambda: self.seconds,))
        self.beat()

    def beat(self) -> None:
        self.pulse.beat(self.pulse.read())


@pytest.mark.parametrize("idempotent", [False, True])
async def test_a_sender_stopped_between_claim_and_push_pushes_nothing_that_others_settled(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, idempotent: bool
) -> None:
    await approved(pool, 20)
    provider, still, clock = Scripted(lambda one: Accepted(), idempotent), Still(), Clock()
    sleeper = a_pool(pool, provider, clock, pulse=still.pulse)
    claim = sleeper.hand.claim

    async def stop_after_claim(*args: object) -> object:
        held = await claim(*args)  # type: ignore[arg-type]
        if held.messages:
            still.seconds += LONG
            await recover(pool, Channel.EMAIL, uuid7(7), idempotent=idempotent, now=clock.now)
        return held

    with monkeypatch.context() as patch:
        patch.setattr(sleeper.hand, "claim", stop_after_claim)
        await sleeper.campaigns.refresh()
        for lane in range(LANES):
            await sleeper.serve(lane, sleeper.rest)
            still.beat()
    assert provider.sent == []
    assert sleeper.hand.claims == set()
    assert await statuses(pool) == {MessageStatus.APPROVED: 20}  # whoever settled it could not know; it does
    await serve_all(sleeper)
    assert await statuses(pool) == {MessageStatus.ACCEPTED: 20}
    assert len(provider.sent) == 20


async def test_an_old_answer_does_not_let_go_what_somebody_else_has_in_hand(pool: Pool) -> None:
    """One is taken for dead while it pushes, another sends the message again; then the first hears `later`."""
    await approved(pool, 1)
    clock = Clock()

    class Overtaken(Scripted):
        async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
            await recover(pool, Channel.EMAIL, uuid7(7), idempotent=True, now=clock.now)
            await pool.execute("UPDATE message SET status = 2, send_at = NULL, attempts = attempts + 1")
            return await super().send(batch)

    await serve_all(a_pool(pool, Overtaken(lambda one: Retry("x", "later"), idempotent=True), clock))
    assert await statuses(pool) == {MessageStatus.SENDING: 1}


async def test_what_is_claimed_and_in_hand_is_not_taken_back(pool: Pool) -> None:
    await approved(pool, 20)

    class Surveyed(Scripted):
        async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
            await channel.take_back()
            assert (await statuses(pool))[MessageStatus.SENDING] > 0
            return await super().send(batch)

    channel = a_pool(pool, Surveyed(lambda one: Accepted()), Clock())
    await serve_all(channel)
    assert await statuses(pool) == {MessageStatus.ACCEPTED: 20}
    assert channel.hand.claims == set()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE customer SET consents = '{\"email\": false}'", Reason.NO_CONSENT),
        ("DELETE FROM customer", Reason.NO_ADDRESS),
    ],
)
async def test_who_is_claimed_later_than_looked_at_is_looked_at_again(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, change: str, reason: Reason
) -> None:
    monkeypatch.setattr(pipeline, "FRESH", 0.0)
    monkeypatch.setattr(pipeline, "CLAIM", 4)
    await approved(pool, 100)
    provider = Scripted(lambda one: Accepted())

    class Meanwhile(Scripted):
        async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
            if not self.sent:
                await pool.execute(change)
            return await super().send(batch)

    provider = Meanwhile(lambda one: Accepted())
    await serve_all(a_pool(pool, provider, Clock()))
    assert len(provider.sent) == 4
    assert await statuses(pool) == {MessageStatus.ACCEPTED: 4, MessageStatus.DROPPED: 96}
    assert {tuple(row["reasons"]) for row in await pool.fetch("SELECT reasons FROM decision WHERE verdict = 3")} == {
        (reason,)
    }


async def test_a_look_that_is_fresh_asks_nothing_more(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "FRESH", 3600.0)
    await approved(pool, 100)
    channel = a_pool(pool, Scripted(lambda one: Accepted()), Clock())
    monkeypatch.setattr(channel.look, "again", None)
    await serve_all(channel)
    assert await statuses(pool) == {MessageStatus.ACCEPTED: 100}


async def test_a_campaign_paused_in_the_middle_of_a_batch_keeps_what_was_not_claimed(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "FRESH", 0.0)
    monkeypatch.setattr(pipeline, "CLAIM", 4)
    program, _ = await approved(pool, 100)

    class Paused(Scripted):
        async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
            channel.campaigns.status[program.id] = CampaignStatus.PAUSED
            return await super().send(batch)

    channel = a_pool(pool, Paused(lambda one: Accepted()), Clock())
    await serve_all(channel)
    assert await statuses(pool) == {MessageStatus.ACCEPTED: 4, MessageStatus.APPROVED: 96}


async def test_a_worker_seen_in_times_to_come_is_not_alive(pool: Pool) -> None:
    """The database's clock went back an hour: its register says so until that hour has passed again."""
    await approved(pool, 5)
    dead = a_pool(pool, Scripted(lambda one: Accepted(), idempotent=True), Clock())
    await beat(pool, dead.worker_id, "delivery")
    await dead.campaigns.refresh()
    for lane in range(LANES):
        _, ready, _ = await dead._prepare(lane, 10, dead.rest)
        await dead.hand.claim(pool, lane, ready, NOW)
    assert await recover(pool, Channel.EMAIL, uuid7(7), idempotent=True, now=NOW) == set()
    await pool.execute("UPDATE worker SET seen_at = seen_at + $1::interval", timedelta(hours=1))
    assert await recover(pool, Channel.EMAIL, uuid7(7), idempotent=True, now=NOW) != set()
    assert await statuses(pool) == {MessageStatus.UNKNOWN: 5}
    assert await rows(pool, "delivery_claim", "lane") == []
