from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from motet.channels.base import refuse_callback
from motet.core.ids import derive_message_id
from motet.core.messages import Receipt
from motet.core.words import Channel
from motet.storage.pool import Pool
from motet.web import room
from siting import run_site
from stage import put_customers


class Postman:
    """A provider that only reads callbacks: the body is the receipt's interaction."""

    name = "postman"
    channel = Channel.SMS

    def __init__(self, customer: Any, message: Any) -> None:
        self.customer, self.message = customer, message
        self.asked: list[tuple[str, bytes]] = []

    def read_callback(self, headers: Mapping[str, str], body: bytes, url: str) -> list[Receipt]:
        self.asked.append((url, body))
        if headers.get("x-signature") != "right":
            raise refuse_callback("bad_signature", "the signature is not ours")
        return [
            Receipt(message_id=self.message, customer_id=self.customer, interaction=body.decode(), permanent=True),
            Receipt(message_id=None, customer_id=None, interaction="delivered"),
        ]


async def test_a_verified_callback_becomes_an_event_once(pool: Pool, tmp_path: Path) -> None:
    [customer] = await put_customers(pool, 1)
    message = derive_message_id(customer, 1, Channel.SMS)
    provider = Postman(customer, message)
    async with run_site(pool, tmp_path, providers={Channel.SMS: provider}, public_url="https://motet.example") as site:
        for _ in range(2):
            answer = await site.post("/hooks/postman?c=1&m=a%20b", data=b"bounced", headers={"X-Signature": "right"})
            assert answer.status == 204
        rows = await pool.fetch("SELECT name, message_id, properties, source FROM event")
        assert [dict(row) for row in rows] == [
            {
                "name": "bounced",
                "message_id": message,
                "properties": {"provider": "postman", "permanent": True},
                "source": "provider",
            }
        ]
        url, body = provider.asked[0]
        assert (url, body) == ("https://motet.example/hooks/postman?c=1&m=a%20b", b"bounced")


async def test_a_forged_callback_changes_nothing(pool: Pool, tmp_path: Path) -> None:
    async with run_site(pool, tmp_path, providers={Channel.SMS: Postman(None, None)}) as site:
        forged = await site.post("/hooks/postman", data=b"bounced")
        assert (forged.status, (await forged.json(content_type=None))["code"]) == (403, "callback.bad_signature")
        assert (await site.post("/hooks/nobody", data=b"")).status == 404
        assert (await site.get("/hooks/postman")).status == 405
        assert await pool.fetchval("SELECT count(*) FROM event") == 0


async def test_callbacks_share_a_bounded_room(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their bodies are read before anybody knows who sent them."""
    monkeypatch.setattr(room, "MOST", 1000)
    async with run_site(pool, tmp_path, providers={Channel.SMS: Postman(None, None)}) as site:
        answer = await site.post("/hooks/postman", data=b"x" * 2000)
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (503, "unavailable")
        again = await site.post("/hooks/postman", data=b"x" * 500)  # what was refused gave its room back
        assert again.status == 403
