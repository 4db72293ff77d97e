"""The real providers, opened by the URLs that `motet up` gives them, speak with the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from motet.channels.base import Context, Provider
from motet.channels.egress import Egress
from motet.channels.registry import open_provider
from motet.core.errors import Refused
from motet.core.ids import uuid7
from motet.core.messages import Accepted, Answer, Email, Outgoing, Payload, Push, Rejected, Retry, Sms, Webhook
from motet.core.words import Channel
from motet.outbox.credentials import outbox_providers
from motet.outbox.server import Outbox

CUSTOMER = uuid7(1_000)


@pytest_asyncio.fixture
async def providers(home: Path, outbox: Outbox, callbacks: Any) -> AsyncIterator[dict[Channel, Provider]]:
    egress = Egress(["127.0.0.1"])
    public = f"http://{urlsplit(callbacks.url).netloc}"
    context = Context(secret=b"0" * 32, public_url=public, egress=egress)
    urls = outbox_providers(home, outbox.smtp_port, outbox.http_port)
    opened = {c: open_provider(c, url, context) for c, url in urls.items() if c is not Channel.IN_APP}
    for provider in opened.values():
        assert provider.check() == []
        await provider.open()
    yield opened
    for provider in opened.values():
        await provider.close()
    await egress.close()


async def send(provider: Provider, *payloads: Payload) -> list[Answer]:
    ids = [uuid7(2_000 + n) for n in range(len(payloads))]
    batch = [
        Outgoing(message_id=id, customer_id=CUSTOMER, payload=payload, idempotency_key=str(id))
        for id, payload in zip(ids, payloads, strict=True)
    ]
    return await provider.send(batch)


def email(to: str) -> Email:
    return Email(
        "hello@fern.example", to, f"From: hello@fern.example\r\nTo: {to}\r\nSubject: Hi\r\n\r\nHello\r\n".encode()
    )


async def test_email_arrives_in_order_and_the_bounce_is_told(
    outbox: Outbox, providers: dict[Channel, Provider]
) -> None:
    addresses = [f"a{n}@example.com" for n in range(20)]
    addresses[7] = "bounce+a7@example.com"
    answers = await send(providers[Channel.EMAIL], *(email(to) for to in addresses))
    assert [type(answer) for answer in answers] == [Rejected if n == 7 else Accepted for n in range(20)]
    assert isinstance(answers[7], Rejected)
    assert answers[7].suppress
    kept = {m.to for m in outbox.store.page(channel=Channel.EMAIL, q="", limit=50, before=None)}
    assert kept == set(addresses) - {addresses[7]}
    (deferred,) = await send(providers[Channel.EMAIL], email("defer+x@example.com"))
    assert isinstance(deferred, Retry)


async def test_a_text_is_delivered_and_its_callback_is_believed(
    outbox: Outbox, providers: dict[Channel, Provider], callbacks: Any
) -> None:
    sms = providers[Channel.SMS]
    taken, refused = await send(sms, Sms("+12025550123", "Hello"), Sms("+15005550001", "Hello"))
    assert isinstance(taken, Accepted)
    assert isinstance(refused, Rejected)
    assert refused.code == "twilio.21211"
    async with asyncio.timeout(5):
        while len(callbacks.posts) < 2:
            await asyncio.sleep(0.01)
    raw, headers, url = callbacks.raw[-1]
    (receipt,) = sms.read_callback(headers, raw, url)
    assert (receipt.interaction, receipt.customer_id) == ("delivered", CUSTOMER)
    assert isinstance(taken, Accepted)
    assert receipt.provider_ref == taken.provider_ref
    with pytest.raises(Refused, match="bad_signature"):
        sms.read_callback(headers, raw.replace(b"delivered", b"failed"), url)


async def test_a_push_reaches_the_living_device_and_tells_of_the_dead(
    outbox: Outbox, providers: dict[Channel, Provider]
) -> None:
    tokens = ("demo-1-0-aa", "dead-demo-1-1-bb")
    (answer,) = await send(providers[Channel.PUSH], Push(tokens, "Hi", "Body", "http://127.0.0.1/t/c/x?u=y"))
    assert isinstance(answer, Accepted)
    assert answer.dead == ("dead-demo-1-1-bb",)
    (kept,) = outbox.store.page(channel=Channel.PUSH, q="", limit=5, before=None)
    assert (kept.to, kept.title, kept.body.url) == ("demo-1-0-aa", "Hi", "http://127.0.0.1/t/c/x?u=y")  # type: ignore[union-attr]


@pytest.mark.parametrize(("query", "answer"), [("", Accepted), ("?status=503", Retry)])
async def test_a_webhook_is_signed_so_that_the_receiver_believes_it(
    outbox: Outbox, providers: dict[Channel, Provider], query: str, answer: type
) -> None:
    url = f"http://127.0.0.1:{outbox.http_port}/webhook/orders{query}"
    (given,) = await send(providers[Channel.WEBHOOK], Webhook(url, {"order": 1}))
    assert isinstance(given, answer)
    kept = outbox.store.page(channel=Channel.WEBHOOK, q="", limit=5, before=None)
    assert [message.body.verified for message in kept] == ([True] if answer is Accepted else [])  # type: ignore[union-attr]
