"""What is Standard Webhooks' own: ids, signatures, two secrets at once, and no way inside."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from contracts.provider.cases import HookCase
from contracts.provider.hook_server import SECRET
from motet.channels.base import Context
from motet.channels.egress import Egress
from motet.channels.registry import open_provider
from motet.core.messages import Accepted, Outgoing, Rejected, Retry, Webhook
from motet.core.words import Channel


@pytest_asyncio.fixture
async def case(tmp_path: Path) -> AsyncIterator[HookCase]:
    made = HookCase(tmp_path, None)
    await made.start()
    yield made
    await made.stop()


def hook(url: str) -> Outgoing:
    payload = Webhook(url, {"customer": "c1", "text": "grüße"})
    return Outgoing(message_id=uuid4(), customer_id=uuid4(), payload=payload, idempotency_key="")


async def test_request_is_json_with_the_messages_id(case: HookCase) -> None:
    outgoing = case.outgoing("ok")
    await case.provider.send([outgoing])
    [(request, body)] = case.server.requests
    assert request.headers["webhook-id"] == str(outgoing.message_id)
    assert request.headers["content-type"] == "application/json"
    assert json.loads(body) == {"hello": "wörld"}


@pytest.mark.parametrize(
    ("word", "kind", "code"),
    [("reject", Rejected, "webhook.410"), ("broken", Retry, "webhook.500"), ("moved", Rejected, "webhook.302")],
)
async def test_answer_by_status(case: HookCase, word: str, kind: type, code: str) -> None:
    [answer] = await case.provider.send([case.outgoing(word)])
    assert isinstance(answer, kind)
    assert answer.code == code  # type: ignore[attr-defined]


@pytest.mark.parametrize("order", [0, 1])
async def test_receiver_with_the_old_or_the_new_secret_is_content(case: HookCase, order: int) -> None:
    other = "whsec_" + base64.b64encode(b"n" * 32).decode()
    secrets = [SECRET, other] if order else [other, SECRET]
    provider = open_provider(Channel.WEBHOOK, f"standard://{','.join(secrets)}", case.context())
    await provider.open()
    [answer] = await provider.send([case.outgoing("ok")])
    assert isinstance(answer, Accepted)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/ok", "http://localhost:{port}/ok", "http://169.254.169.254/", "gopher://x/", "no url"],
)
async def test_users_url_does_not_reach_inside(case: HookCase, url: str) -> None:
    egress = Egress(timeout=0.5)
    provider = open_provider(Channel.WEBHOOK, f"standard://{SECRET}", Context(egress=egress))
    await provider.open()
    [answer] = await provider.send([hook(url.format(port=case.server.port))])
    await egress.close()
    assert isinstance(answer, Rejected)
    assert answer.code == "webhook.forbidden_url"
    assert case.server.requests == []
