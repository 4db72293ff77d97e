"""Actions of journeys: signed webhooks whose answers go to the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from contracts.provider.hook_server import SECRET, HookServer
from delivering import a_pool, approved, serve_all, statuses
from making import say
from motet.channels.base import Context
from motet.channels.egress import Egress
from motet.channels.registry import open_provider
from motet.core.words import Channel, MessageStatus
from motet.delivery.pipeline import ChannelPool
from motet.storage.pool import Pool
from stage import Clock, rows


class Crm(HookServer):
    """Another system, which answers what a test says."""

    said: bytes = b'{"ticket": 7}'
    status: int = 200

    async def answer(self, request: web.Request, body: bytes) -> web.StreamResponse:
        await super().answer(request, body)
        return web.Response(status=self.status, body=self.said)


@pytest_asyncio.fixture
async def crm() -> AsyncIterator[Crm]:
    server = Crm()
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture
async def channel(pool: Pool) -> AsyncIterator[ChannelPool]:
    egress = Egress(["127.0.0.1"], timeout=2)
    provider = open_provider(Channel.WEBHOOK, f"standard://{SECRET}", Context(egress=egress))
    await provider.open()
    yield a_pool(pool, provider, Clock())
    await egress.close()


async def act(pool: Pool, crm: Crm, channel: ChannelPool, **customer: Any) -> None:
    """One action, approved as a webhook's message is and made an action's before it is delivered."""
    url = f"http://127.0.0.1:{crm.port}/ok/{{{{external_id}}}}"
    content = {"webhook": {"url": url, "body": {"who": "{{external_id}}"}}}
    program, _ = await approved(pool, 1, steps=(say("webhook", content=content),))
    await pool.execute(
        "UPDATE revision SET program = jsonb_set(program, '{steps,0}', $2) WHERE id = $1",
        program.revision_id, {"name": "say", "kind": "action", "args": {"content": content, "wait": True}},
    )  # fmt: skip
    await pool.execute("UPDATE customer SET consents = $1", customer.get("consents", {}))
    await serve_all(channel)


async def test_action_is_signed_keyed_and_its_answer_is_told_to_the_engine(
    pool: Pool, crm: Crm, channel: ChannelPool
) -> None:
    await act(pool, crm, channel)
    [message] = await rows(pool, "message")
    assert message["status"] == MessageStatus.ACCEPTED
    [(request, body)] = crm.requests  # the server has verified the signature
    assert request.headers["webhook-id"] == str(message["id"])
    assert body == b'{"who":"c0"}'
    [event] = await rows(pool, "event")
    assert (event["name"], event["message_id"]) == ("action_answered", message["id"])
    assert event["properties"] == {"status": 200, "body": {"ticket": 7}}


async def test_action_asks_another_system_whatever_the_customer_wants_to_hear(
    pool: Pool, crm: Crm, channel: ChannelPool
) -> None:
    await act(pool, crm, channel, consents={"webhook": False})
    assert await statuses(pool) == {MessageStatus.ACCEPTED: 1}


async def test_final_refusal_is_a_failure(pool: Pool, crm: Crm, channel: ChannelPool) -> None:
    crm.status = 422
    await act(pool, crm, channel)
    assert await statuses(pool) == {MessageStatus.REJECTED: 1}
    [event] = await rows(pool, "event")
    assert (event["name"], event["properties"]["code"]) == ("failed", "webhook.422")


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (b"", None),
        (b"thanks", "thanks"),
        (b"[1, 2.5, null]", [1, 2.5, None]),
        (b'{"a": "\\u0000"}', '{"a": "\\u0000"}'),
        (b"a\x00b\xff", "ab\ufffd"),
        (b'"' + b"x" * 100_000 + b'"', '"' + "x" * 16_383),
        (b"[" * 5_000, "[" * 5_000),
    ],
)
async def test_every_answer_is_kept_as_the_database_can(
    pool: Pool, crm: Crm, channel: ChannelPool, said: bytes, heard: Any
) -> None:
    crm.said = said
    await act(pool, crm, channel)
    assert await statuses(pool) == {MessageStatus.ACCEPTED: 1}
    [event] = await rows(pool, "event")
    assert event["properties"] == {"status": 200, "body": heard}


async def test_webhook_that_is_a_message_tells_no_answer(pool: Pool, crm: Crm, channel: ChannelPool) -> None:
    url = f"http://127.0.0.1:{crm.port}/ok"
    await approved(pool, 1, steps=(say("webhook", content={"webhook": {"url": url, "body": {}}}),))
    await serve_all(channel)
    assert await statuses(pool) == {MessageStatus.ACCEPTED: 1}
    assert await rows(pool, "event") == []
