"""What becomes of answers when the database, the clock or another worker gets in between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

import motet.delivery.pipeline as pipeline
from delivering import BRAND, Scripted, a_pool, approved, serve_all
from motet.core.ids import lane_of, uuid7
from motet.core.messages import Accepted, Answer, Outgoing, Rejected, Unknown
from motet.core.metrics import Metric
from motet.core.words import CampaignStatus, Channel, MessageStatus
from motet.delivery.orphans import recover
from motet.delivery.queue import record
from motet.delivery.service import Delivery
from motet.storage.pool import Pool
from stage import LANES, NOW, Clock, an_engine, count, put_event, rows, turn_all


@pytest.mark.parametrize("answer", [Accepted("ref"), Rejected("550", "no such user", suppress=True)])
async def test_an_answer_whose_commit_was_not_heard_of_is_counted_once(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    program, _ = await approved(pool, 1)
    real, calls = record, 0

    async def lossy(*args: Any) -> None:
        nonlocal calls
        calls += 1
        await real(*args)
        if calls == 1:
            raise ConnectionResetError("the answer to COMMIT was lost")

    monkeypatch.setattr(pipeline, "record", lossy)
    async with asyncio.timeout(20):
        await serve_all(a_pool(pool, Scripted(lambda one: answer), Clock()))
    assert calls == 2
    metric = Metric.SENT if isinstance(answer, Accepted) else Metric.FAILED
    assert await count(pool, program.id, metric) == 1
    assert await pool.fetchval("SELECT count(*) FROM event") == (0 if isinstance(answer, Accepted) else 1)


@pytest.mark.parametrize("words", ["no\x00such user", "lone \ud800 surrogate"])
async def test_words_that_the_database_cannot_keep_do_not_stop_a_lane(pool: Pool, words: str) -> None:
    await approved(pool, 1)
    async with asyncio.timeout(20):
        await serve_all(a_pool(pool, Scripted(lambda one: Rejected("550", words)), Clock()))
    (message,) = await rows(pool, "message")
    assert message["status"] == MessageStatus.REJECTED
    assert message["error"].startswith("550: ")


async def test_a_receipt_that_comes_before_the_retry_ends_the_wait(pool: Pool) -> None:
    _, (ada,) = await approved(pool, 1, transactional=True)
    clock = Clock()
    provider = Scripted(lambda one: Unknown("lost"))
    channel = a_pool(pool, provider, clock)
    await serve_all(channel)
    message = (await rows(pool, "message"))[0]
    await put_event(pool, ada, "delivered", message_id=message["id"])
    await turn_all(await an_engine(pool, clock))
    clock.now += timedelta(hours=1)
    await serve_all(channel)
    assert len(provider.sent) == 1
    message = (await rows(pool, "message"))[0]
    assert (message["status"], message["send_at"]) == (MessageStatus.DELIVERED, None)


async def test_a_worker_does_not_take_its_own_claims_for_orphans(pool: Pool) -> None:
    await approved(pool, 1)

    class Slow(Scripted):
        async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
            # No heartbeat has been written: to everybody else this worker is dead.
            await recover(pool, Channel.EMAIL, channel.worker_id, idempotent=True, now=NOW)
            return await super().send(batch)

    channel = a_pool(pool, Slow(lambda one: Accepted("ref"), idempotent=True), Clock())
    await serve_all(channel)
    assert (await rows(pool, "message"))[0]["status"] == MessageStatus.ACCEPTED


async def test_an_answer_that_comes_after_the_worker_was_taken_for_dead_is_kept(pool: Pool) -> None:
    program, (ada,) = await approved(pool, 1)

    class Stalled(Scripted):
        async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
            await recover(pool, Channel.EMAIL, uuid7(7), idempotent=False, now=NOW)
            return await super().send(batch)

    channel = a_pool(pool, Stalled(lambda one: Accepted("ref")), Clock())
    await channel.serve(lane_of(ada, LANES), channel.rest)
    assert (await rows(pool, "message"))[0]["status"] == MessageStatus.ACCEPTED
    assert await count(pool, program.id, Metric.UNKNOWN) == 1


async def test_nothing_of_a_paused_campaign_goes_out_when_a_worker_starts(pool: Pool) -> None:
    await approved(pool, 200)
    await pool.execute("UPDATE campaign SET status = $1", int(CampaignStatus.PAUSED))
    provider = Scripted(lambda one: Accepted())
    delivery = Delivery(pool, lanes=LANES, worker_id=uuid7(1), providers={Channel.EMAIL: provider}, brand=BRAND)
    stop = asyncio.Event()
    running = asyncio.create_task(delivery.run(stop))
    turns = delivery.pools[Channel.EMAIL].rest.turns
    async with asyncio.timeout(20):
        while turns._ready or turns.working:  # until every lane was served once
            await asyncio.sleep(0.02)
    stop.set()
    await running
    assert provider.sent == []
