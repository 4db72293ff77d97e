"""The delivery pipeline on a real PostgreSQL with a provider that answers as a test tells it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from delivering import BRAND, Scripted, a_pool, approved, serve_all
from motet.core.clock import to_ms
from motet.core.errors import Problem
from motet.core.ids import lane_of, uuid7
from motet.core.messages import Accepted, Answer, Email, Rejected, Retry, Unknown
from motet.core.metrics import Metric
from motet.core.reasons import Reason
from motet.core.words import CampaignStatus, Channel, MessageStatus, Priority
from motet.delivery.fate import LOST_AFTER
from motet.delivery.orphans import recover
from motet.delivery.queue import claim
from motet.delivery.rendering import Renderers
from motet.delivery.service import Delivery
from motet.storage.pool import Pool
from stage import LANES, NOW, Clock, an_engine, count, rows, turn_all


async def test_each_approved_message_is_pushed_once_and_recorded(pool: Pool) -> None:
    program, ids = await approved(pool)
    provider = Scripted(lambda one: Accepted(f"ref-{one.message_id}"))
    channel = a_pool(pool, provider, Clock())
    await serve_all(channel)
    await serve_all(channel)
    assert sorted(one.customer_id for one in provider.sent) == sorted(ids)
    for one in provider.sent:
        assert isinstance(one.payload, Email)
        assert one.idempotency_key == str(one.message_id)
    messages = await rows(pool, "message")
    assert {m["status"] for m in messages} == {MessageStatus.ACCEPTED}
    assert all(m["sent_at"] is not None and m["provider_ref"].startswith("ref-") for m in messages)
    assert await count(pool, program.id, Metric.SENT, Channel.EMAIL) == len(ids)
    assert await rows(pool, "delivery_claim") == []


async def test_two_workers_on_the_same_lanes_never_send_twice(pool: Pool) -> None:
    _, ids = await approved(pool, 200)
    provider = Scripted(lambda one: Accepted())
    pools = [a_pool(pool, provider, Clock()) for _ in range(4)]
    await asyncio.gather(*(serve_all(p) for p in pools))
    assert sorted(one.customer_id for one in provider.sent) == sorted(ids)


async def test_rejections_become_failures_that_the_engine_hears(pool: Pool) -> None:
    program, _ = await approved(pool, 5)
    channel = a_pool(pool, Scripted(lambda one: Rejected("550", "gone", suppress=True)), Clock())
    await serve_all(channel)
    assert await count(pool, program.id, Metric.FAILED) == 5
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    assert await count(pool, program.id, Metric.FAILED) == 5
    customers = await rows(pool, "customer")
    assert {c["suppressions"]["email"]["reason"] for c in customers} == {"bounced"}


async def test_a_retry_goes_back_to_the_queue_and_is_sent_when_its_time_comes(pool: Pool) -> None:
    program, _ = await approved(pool, 4)
    clock = Clock()
    answers: list[Answer] = [*[Retry("451")] * 4, *[Accepted()] * 4]
    provider = Scripted(lambda one: answers.pop(0))
    channel = a_pool(pool, provider, clock)
    await serve_all(channel)
    await serve_all(channel)
    assert len(provider.sent) == 4
    clock.now = NOW + timedelta(seconds=700)
    await serve_all(channel)
    assert len(provider.sent) == 8
    assert {m["attempts"] for m in await rows(pool, "message")} == {2}
    assert await count(pool, program.id, Metric.SENT) == 4


async def test_consent_that_was_withdrawn_after_the_decision_is_respected(pool: Pool) -> None:
    program, ids = await approved(pool, 6)
    await pool.execute("""UPDATE customer SET consents = '{"email": false}' WHERE id = $1""", ids[0])
    provider = Scripted(lambda one: Accepted())
    await serve_all(a_pool(pool, provider, Clock()))
    assert ids[0] not in {one.customer_id for one in provider.sent}
    assert await pool.fetchval("SELECT status FROM message WHERE customer_id = $1", ids[0]) == MessageStatus.DROPPED
    decision = await pool.fetchrow("SELECT * FROM decision")
    assert decision is not None
    assert decision["reasons"] == [Reason.NO_CONSENT]
    assert await count(pool, program.id, Metric.DROPPED) == 1


async def test_a_paused_campaign_waits_and_a_cancelled_one_is_dropped(pool: Pool) -> None:
    await approved(pool, 3)
    provider = Scripted(lambda one: Accepted())
    channel = a_pool(pool, provider, Clock())
    await pool.execute("UPDATE campaign SET status = $1", int(CampaignStatus.PAUSED))
    await serve_all(channel)
    assert provider.sent == []
    assert {m["status"] for m in await rows(pool, "message")} == {MessageStatus.APPROVED}
    await pool.execute("UPDATE campaign SET status = $1, updated_at = now()", int(CampaignStatus.CANCELLED))
    await serve_all(channel)
    assert provider.sent == []
    assert {m["status"] for m in await rows(pool, "message")} == {MessageStatus.DROPPED}
    assert {tuple(d["reasons"]) for d in await rows(pool, "decision")} == {(Reason.CAMPAIGN_STOPPED,)}


async def test_urgent_goes_before_what_waited_longer(pool: Pool) -> None:
    await approved(pool, 30)
    urgent = await pool.fetchval("SELECT id FROM message WHERE lane = 1 ORDER BY id DESC LIMIT 1")
    await pool.execute("UPDATE message SET priority = $2 WHERE id = $1", urgent, int(Priority.URGENT))
    provider = Scripted(lambda one: Accepted())
    channel = a_pool(pool, provider, Clock())
    await channel.serve(1, channel.rest)
    assert provider.sent[0].message_id == urgent


async def test_what_a_dead_worker_had_in_hand_is_flagged_or_sent_again(pool: Pool) -> None:
    program, ids = await approved(pool, 30)
    lanes = sorted({lane_of(id, LANES) for id in ids})
    for lane, idempotent in zip(lanes, (False, True), strict=False):
        provider = Scripted(lambda one: Accepted(), idempotent)
        channel = a_pool(pool, provider, Clock())
        await channel.campaigns.refresh()
        _, ready, _ = await channel._prepare(lane, 256, channel.rest)
        won = await claim(pool, lane, Channel.EMAIL, uuid7(9), uuid7(8), ready, NOW)  # a worker nobody knows
        assert won
        assert await recover(pool, Channel.EMAIL, channel.worker_id, idempotent=idempotent, now=NOW) == (
            {lane} if idempotent else set()
        )
        found = await pool.fetch("SELECT status, send_at FROM message WHERE id = ANY($1)", [w.waiting.id for w in won])
        assert {r["status"] for r in found} == {MessageStatus.UNKNOWN}
        assert {r["send_at"] for r in found} == {NOW if idempotent else NOW + LOST_AFTER}
    assert await rows(pool, "delivery_claim") == []
    assert await count(pool, program.id, Metric.UNKNOWN) >= 1


async def test_a_lost_answer_is_unknown_and_a_receipt_settles_it(pool: Pool) -> None:
    from stage import put_event

    program, (ada,) = await approved(pool, 1)
    await serve_all(a_pool(pool, Scripted(lambda one: Unknown("cut")), Clock()))
    message = (await rows(pool, "message"))[0]
    assert message["status"] == MessageStatus.UNKNOWN
    await put_event(pool, ada, "delivered", message_id=message["id"])
    engine = await an_engine(pool, Clock())
    await turn_all(engine)
    assert (await rows(pool, "message"))[0]["status"] == MessageStatus.DELIVERED
    assert await count(pool, program.id, Metric.DELIVERED) == 1


async def test_a_template_that_breaks_for_one_customer_drops_that_one(pool: Pool) -> None:
    _, ids = await approved(pool, 3)
    provider = Scripted(lambda one: Accepted())
    channel = a_pool(pool, provider, Clock())
    await channel.campaigns.refresh()
    channel.renderers = _BreaksFor(channel.renderers, ids[0])  # type: ignore[assignment]
    await serve_all(channel)
    assert sorted(one.customer_id for one in provider.sent) == sorted(ids[1:])
    dropped = await pool.fetchrow("SELECT * FROM message WHERE status = $1", int(MessageStatus.DROPPED))
    assert dropped is not None
    assert "broke" in dropped["error"]


async def test_the_service_wakes_sends_and_stops_cleanly(pool: Pool) -> None:
    provider = Scripted(lambda one: Accepted())
    delivery = Delivery(
        pool, lanes=LANES, worker_id=uuid7(to_ms(NOW)), providers={Channel.EMAIL: provider}, brand=BRAND
    )
    stop = asyncio.Event()
    running = asyncio.create_task(delivery.run(stop))
    await asyncio.sleep(0.3)
    await approved(pool, 20)
    async with asyncio.timeout(10):
        while len(provider.sent) < 20:
            await asyncio.sleep(0.02)
    stop.set()
    async with asyncio.timeout(10):
        await running
    assert await rows(pool, "worker") == []


class _BreaksFor:
    def __init__(self, real: Renderers, customer: UUID) -> None:
        self.real, self.customer = real, customer

    def find(self, *args: Any) -> Any:
        from motet.content.render import RenderFailed

        renderer, customer = self.real.find(*args), self.customer

        class Wrapped:
            def render(self, who: Any, *rest: Any) -> Any:
                if who.id == customer:
                    raise RenderFailed(Problem("test.broke", "broke"))
                return renderer.render(who, *rest)

        return Wrapped()
