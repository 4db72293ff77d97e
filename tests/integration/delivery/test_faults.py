"""What providers do to us, on real sockets and a real PostgreSQL: nothing is lost, nothing goes out twice by
carelessness, and who does not answer is given a rest."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest_asyncio

from contracts.provider.hook_server import SECRET, HookServer
from contracts.provider.smtp_server import Cut, SmtpServer
from delivering import BRAND, Scripted, a_pool, approved, serve_all, statuses
from making import say
from motet.channels.base import Context, Provider
from motet.channels.egress import Egress
from motet.channels.registry import open_provider
from motet.core.customers import Customer
from motet.core.ids import uuid7
from motet.core.messages import Accepted, Answer, Outgoing, Retry, Unknown
from motet.core.metrics import Metric
from motet.core.reasons import Reason
from motet.core.words import Channel, MessageStatus
from motet.delivery.breaker import LIMIT, PROBE
from motet.delivery.fate import LOST_AFTER, MAX_ATTEMPTS, RESEND_UNKNOWN, RESENDS
from motet.delivery.pipeline import CLAIM
from motet.delivery.service import Delivery
from motet.storage.pool import Pool
from stage import LANES, NOW, Clock, an_engine, count, rows, turn_all


@pytest_asyncio.fixture
async def hooks() -> AsyncIterator[HookServer]:
    server = HookServer()
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    server = SmtpServer()
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture
async def post(hooks: HookServer) -> AsyncIterator[Provider]:
    """Webhooks to this machine, with little patience."""
    egress = Egress(["127.0.0.1"], timeout=0.5)
    provider = open_provider(Channel.WEBHOOK, f"standard://{SECRET}", Context(egress=egress))
    await provider.open()
    yield provider
    await egress.close()


@pytest_asyncio.fixture
async def mail(smtp: SmtpServer) -> AsyncIterator[Provider]:
    url = f"smtp://127.0.0.1:{smtp.port}?tls=none&timeout=1&body_timeout=1"
    provider = open_provider(Channel.EMAIL, url, Context())
    await provider.open()
    yield provider
    await provider.close()


async def hooked(pool: Pool, server: HookServer, customers: int, what: str) -> None:
    """Messages that are webhooks; the first part of the path tells the server what to do, by customer."""
    url = f"http://127.0.0.1:{server.port}/{what}/{{{{external_id}}}}"
    content = {"webhook": {"url": url, "body": {"who": "{{external_id}}"}}}
    await approved(pool, customers, steps=(say("webhook", content=content),))


async def test_webhook_whose_answer_is_lost_goes_again_under_its_key_and_not_for_ever(
    pool: Pool, hooks: HookServer, post: Provider
) -> None:
    await hooked(pool, hooks, 1, "lost")
    clock = Clock()
    channel = a_pool(pool, post, clock)
    for _ in range(MAX_ATTEMPTS + 3):
        await serve_all(channel)
        clock.now += timedelta(hours=2)
    assert len(hooks.ids) == MAX_ATTEMPTS
    assert len(set(hooks.ids)) == 1
    assert await statuses(pool) == {MessageStatus.UNKNOWN: 1}
    clock.now += LOST_AFTER
    await serve_all(channel)
    assert await statuses(pool) == {MessageStatus.DROPPED: 1}


async def test_receiver_that_hangs_leaves_the_message_unknown_and_the_others_go_on(
    pool: Pool, hooks: HookServer, post: Provider
) -> None:
    await hooked(pool, hooks, 8, "{{#if (eq external_id 'c0')}}stall{{else}}ok{{/if}}")
    await serve_all(a_pool(pool, post, Clock()))
    assert await statuses(pool) == {MessageStatus.UNKNOWN: 1, MessageStatus.ACCEPTED: 7}


async def test_retry_after_holds_the_receiver_and_spends_no_attempt_of_the_others(
    pool: Pool, hooks: HookServer, post: Provider
) -> None:
    await hooked(pool, hooks, 90, "busy")
    clock = Clock()
    await serve_all(a_pool(pool, post, clock))
    asked = len(hooks.requests)
    assert 0 < asked < 90
    messages = await rows(pool, "message")
    assert Counter(m["attempts"] for m in messages) == {1: asked, 0: 90 - asked}
    assert {m["status"] for m in messages} == {MessageStatus.APPROVED}
    assert min(m["send_at"] for m in messages) >= NOW + timedelta(seconds=7)


async def test_dead_receiver_holds_up_no_other(pool: Pool, hooks: HookServer, post: Provider) -> None:
    where = f"{{{{#if locale}}}}127.0.0.1:1{{{{else}}}}127.0.0.1:{hooks.port}{{{{/if}}}}"
    content = {"webhook": {"url": f"http://{where}/ok/{{{{external_id}}}}", "body": {}}}
    _, ids = await approved(pool, 60, steps=(say("webhook", content=content),))
    await pool.execute("UPDATE customer SET locale = 'de' WHERE id = ANY ($1)", ids[:40])
    channel = a_pool(pool, post, Clock())
    await serve_all(channel)
    assert await statuses(pool) == {MessageStatus.ACCEPTED: 20, MessageStatus.APPROVED: 40}
    [trouble] = channel.gates.troubles()
    assert trouble.place == "127.0.0.1:1"
    tried = await pool.fetchval("SELECT count(*) FROM message WHERE attempts > 0 AND status = 1")
    assert LIMIT <= tried < 40


async def test_provider_that_fails_for_a_while_costs_few_attempts_and_no_message(pool: Pool) -> None:
    program, ids = await approved(pool, 400)
    clock, broken = Clock(), True
    provider = Scripted(lambda one: Retry("x.503", "out of order", down=True) if broken else Accepted())
    channel = a_pool(pool, provider, clock)
    await serve_all(channel)
    first = len(provider.sent)
    assert LIMIT <= first <= CLAIM  # what was in hand when it opened
    assert [t.place for t in channel.gates.troubles()] == [""]
    for _ in range(4):  # each rest ends with one probe
        before = len(provider.sent)
        until = channel.gates.shut_until()
        assert until is not None
        clock.now = until
        await serve_all(channel)
        assert len(provider.sent) - before <= PROBE
    broken = False
    for _ in range(4):
        clock.now += timedelta(hours=1)
        await serve_all(channel)
    assert channel.gates.troubles() == []
    assert await statuses(pool) == {MessageStatus.ACCEPTED: 400}
    assert max(m["attempts"] for m in await rows(pool, "message")) <= 1 + 4 + 1
    assert await count(pool, program.id, Metric.SENT) == len(ids)


async def test_running_service_closes_the_circuit_by_itself_and_tells_meanwhile(pool: Pool) -> None:
    await approved(pool, 100)
    broken = True
    provider = Scripted(lambda one: Retry("x.connect", "no route", down=True) if broken else Accepted())
    delivery = Delivery(pool, lanes=LANES, worker_id=uuid7(1), providers={Channel.EMAIL: provider}, brand=BRAND)
    stop = asyncio.Event()
    running = asyncio.create_task(delivery.run(stop))
    async with asyncio.timeout(60):
        while not await rows(pool, "delivery_trouble", "since"):
            await asyncio.sleep(0.05)
        [told] = await rows(pool, "delivery_trouble", "since")
        assert (told["channel"], told["provider"], told["detail"]) == (1, "scripted", "no route")
        broken = False
        while (await statuses(pool))[MessageStatus.ACCEPTED] < 100:
            await asyncio.sleep(0.1)
    stop.set()
    await running
    assert await rows(pool, "delivery_trouble", "since") == []


async def test_greylisting_and_refusals_of_a_mail_server_are_each_message_s_own(
    pool: Pool, smtp: SmtpServer, mail: Provider
) -> None:
    _, ids = await approved(pool, 60)
    for word, part in (("retry", ids[:20]), ("reject", ids[20:25]), ("defer", ids[25:30])):
        await pool.execute(
            "UPDATE customer SET email = $2 || '-' || external_id || '@example.com' WHERE id = ANY ($1)", part, word
        )
    channel = a_pool(pool, mail, Clock())
    await serve_all(channel)
    assert await statuses(pool) == {
        MessageStatus.ACCEPTED: 30,
        MessageStatus.APPROVED: 25,
        MessageStatus.REJECTED: 5,
    }
    assert channel.gates.troubles() == []  # it is there, whatever it says of this one or that
    await turn_all(await an_engine(pool, Clock()))
    suppressed = await pool.fetch("SELECT id FROM customer WHERE suppressions ? 'email'")
    assert {row["id"] for row in suppressed} == set(ids[20:25])


async def test_mail_cut_after_its_dot_is_unknown_is_not_sent_again_and_is_dropped_at_last(
    pool: Pool, smtp: SmtpServer, mail: Provider
) -> None:
    program, _ = await approved(pool, 1)
    smtp.cut = Cut("body_read")
    clock = Clock()
    channel = a_pool(pool, mail, clock)
    await serve_all(channel)
    assert await statuses(pool) == {MessageStatus.UNKNOWN: 1}
    for _ in range(3):
        clock.now += LOST_AFTER / 4
        await serve_all(channel)
    assert len(smtp.taken) == 1
    assert await statuses(pool) == {MessageStatus.UNKNOWN: 1}
    assert await count(pool, program.id, Metric.UNKNOWN) == 1
    clock.now = NOW + LOST_AFTER
    await serve_all(channel)
    assert len(smtp.taken) == 1
    assert await statuses(pool) == {MessageStatus.DROPPED: 1}
    decision = await pool.fetchrow("SELECT * FROM decision")
    assert decision is not None
    assert decision["reasons"] == [Reason.ANSWER_LOST]


async def test_transactional_mail_cut_after_its_dot_goes_again_with_the_same_message_id(
    pool: Pool, smtp: SmtpServer, mail: Provider
) -> None:
    await approved(pool, 1, transactional=True)
    smtp.cut = Cut("body_read", times=1)
    clock = Clock()
    channel = a_pool(pool, mail, clock)
    await serve_all(channel)
    await serve_all(channel)
    assert len(smtp.taken) == 1
    clock.now += RESEND_UNKNOWN
    await serve_all(channel)
    assert len(smtp.taken) == 2
    ids = {line for _, body in smtp.taken for line in body.split(b"\r\n") if line.lower().startswith(b"message-id")}
    assert len(ids) == 1
    assert await statuses(pool) == {MessageStatus.ACCEPTED: 1}


async def test_transactional_message_is_not_resent_for_ever(pool: Pool) -> None:
    await approved(pool, 1, transactional=True)
    clock = Clock()
    provider = Scripted(lambda one: Unknown("cut"))
    channel = a_pool(pool, provider, clock)
    for _ in range(RESENDS + 3):
        await serve_all(channel)
        clock.now += RESEND_UNKNOWN
    assert len(provider.sent) == RESENDS


async def test_two_workers_with_the_same_stale_look_send_once(pool: Pool) -> None:
    """Between one's look and its claim the other sent the message and lost the answer."""
    await approved(pool, 1)

    class Lost(Scripted):
        async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
            self.sent.extend(batch)
            return [Unknown("cut")]

    provider = Lost(lambda one: Accepted())
    late, quick = a_pool(pool, provider, Clock()), a_pool(pool, provider, Clock())
    await late.campaigns.refresh()
    [lane] = [row["lane"] for row in await pool.fetch("SELECT lane FROM message")]
    _, ready, _ = await late._prepare(lane, 10, late.rest)
    await serve_all(quick)
    await late._deliver(lane, ready, late.rest)
    assert len(provider.sent) == 1


async def test_render_that_breaks_in_an_unforeseen_way_drops_that_one(pool: Pool) -> None:
    _, ids = await approved(pool, 3)
    provider = Scripted(lambda one: Accepted())
    channel = a_pool(pool, provider, Clock())
    await channel.campaigns.refresh()
    find = channel.renderers.find

    class Broken:
        def find(self, *args: object) -> object:
            real = find(*args)  # type: ignore[arg-type]

            class Renderer:
                def render(self, customer: Customer, *rest: Any) -> object:
                    if customer.id == ids[0]:
                        raise AttributeError("a fault of ours")
                    return real.render(customer, *rest)

            return Renderer()

    channel.renderers = Broken()  # type: ignore[assignment]
    await serve_all(channel)
    assert await statuses(pool) == {MessageStatus.ACCEPTED: 2, MessageStatus.DROPPED: 1}
    decision = await pool.fetchrow("SELECT * FROM decision")
    assert decision is not None
    assert decision["reasons"] == [Reason.RENDER_FAILED]
