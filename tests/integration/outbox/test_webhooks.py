"""The webhook receiver checks signatures with the Standard Webhooks library."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from standardwebhooks.webhooks import Webhook

from motet.outbox.credentials import Credentials
from motet.outbox.server import Outbox

BODY = json.dumps({"type": "order.placed", "total": 20})


def signed(secret: str) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, BODY),
    }


async def receive(http: aiohttp.ClientSession, headers: dict[str, str]) -> Any:
    async with http.post("/webhook/orders?shop=1", data=BODY, headers=headers) as answer:
        assert answer.status == 204
    (row,) = (await (await http.get("/messages?channel=webhook")).json())["messages"]
    return await (await http.get(f"/messages/{row['id']}")).json()


async def test_a_good_signature_is_told(http: aiohttp.ClientSession, credentials: Credentials) -> None:
    whole = await receive(http, signed(credentials.webhook_secret))
    assert whole["verified"] is True
    assert whole["body"] == BODY
    assert whole["url"].endswith("/webhook/orders?shop=1")
    assert whole["headers"]["webhook-id"] == "msg_1"


@pytest.mark.parametrize(
    ("change", "verified"),
    [
        ({"webhook-signature": "v1,AAAA"}, False),
        ({"webhook-signature": "rubbish"}, False),
        ({"webhook-timestamp": "yesterday"}, False),
        ({"webhook-timestamp": "1"}, False),
    ],
)
async def test_a_bad_signature_is_told(
    http: aiohttp.ClientSession, credentials: Credentials, change: dict[str, str], verified: bool
) -> None:
    assert (await receive(http, signed(credentials.webhook_secret) | change))["verified"] is verified


async def test_an_unsigned_webhook_is_kept_and_says_so(http: aiohttp.ClientSession) -> None:
    assert (await receive(http, {}))["verified"] is None


async def test_a_receiver_that_is_down_can_be_had(http: aiohttp.ClientSession, outbox: Outbox) -> None:
    async with http.post("/webhook/orders?status=503", data=BODY) as answer:
        assert answer.status == 503
    assert len(outbox.store) == 0
