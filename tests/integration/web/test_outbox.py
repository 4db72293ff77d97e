from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio

from motet.core.ids import derive_message_id, lane_of
from motet.core.words import Channel
from motet.outbox.credentials import read_credentials
from motet.outbox.received import ReceivedSms
from motet.outbox.server import Outbox
from motet.storage.pool import Pool
from siting import LANES, Site, run_site
from stage import put_customers


@pytest_asyncio.fixture
async def outbox(tmp_path_factory: Any) -> AsyncIterator[Outbox]:
    opened = Outbox(read_credentials(tmp_path_factory.mktemp("outbox")))
    await opened.open("127.0.0.1", 0, 0)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def site(pool: Pool, tmp_path: Path, outbox: Outbox) -> AsyncIterator[Site]:
    async with run_site(pool, tmp_path, outbox_url=f"http://127.0.0.1:{outbox.http_port}") as running:
        yield running


def receive(outbox: Outbox, text: str) -> str:
    body = ReceivedSms(text=text, sid="SM1")
    return outbox.store.add(Channel.SMS, to="+12025550100", sender="+1", title=text, body=body).id


async def put_item(pool: Pool, title: str, at: datetime) -> str:
    [customer] = await put_customers(pool, 1, attributes={"first_name": "Ada"})
    id = derive_message_id(customer, 1, Channel.IN_APP)
    await pool.execute(
        "INSERT INTO inbox_item (lane, customer_id, id, title, body, url, created_at) "
        "VALUES ($1, $2, $3, $4, 'b', '', $5)",
        lane_of(customer, LANES), customer, id, title, at,
    )  # fmt: skip
    await pool.execute("SELECT pg_notify('motet_inbox', $1)", str(customer))
    return str(id)


async def titles(site: Site, query: str = "") -> list[str]:
    answer = await (await site.get(f"/api/outbox/messages{query}")).json()
    return [row["title"] for row in answer["messages"]]


async def test_in_app_messages_stand_among_the_others_by_time(site: Site, outbox: Outbox, pool: Pool) -> None:
    receive(outbox, "first")
    item = await put_item(pool, "middle", datetime.now(UTC))
    await asyncio.sleep(0.01)
    last = receive(outbox, "last")
    told = await (await site.get("/api/outbox/messages")).json()
    assert [row["title"] for row in told["messages"]] == ["last", "middle", "first"]
    assert told["counts"] == {"sms": 2, "in_app": 1}
    assert told["messages"][1]["to"] == "Ada (c0)"
    assert await titles(site, "?channel=in_app") == ["middle"]
    assert await titles(site, "?channel=sms") == ["last", "first"]
    assert await titles(site, "?q=MIDD") == ["middle"]
    assert await titles(site, f"?before={last}") == ["middle", "first"]
    assert await titles(site, f"?before={item}") == ["first"]
    assert (await (await site.get(f"/api/outbox/messages/{item}")).json())["body"] == "b"
    assert (await (await site.get(f"/api/outbox/messages/{last}")).json())["text"] == "last"


async def test_pages_hold_every_message_once(site: Site, outbox: Outbox, pool: Pool) -> None:
    for n in range(7):
        receive(outbox, f"sms {n}")
    await put_item(pool, "old item", datetime.now(UTC) - timedelta(hours=1))
    seen: list[str] = []
    before = ""
    while True:
        told = await (await site.get(f"/api/outbox/messages?limit=3{before}")).json()
        seen += [row["title"] for row in told["messages"]]
        if told["next"] is None:
            break
        before = f"&before={told['next']}"
    assert seen == [f"sms {n}" for n in reversed(range(7))] + ["old item"]


async def test_what_arrives_is_streamed(site: Site, outbox: Outbox, pool: Pool) -> None:
    async with asyncio.timeout(15), site.client.get(f"{site.url}/api/outbox/stream") as answer:
        await answer.content.readuntil(b"\n\n")
        await asyncio.sleep(0.5)  # the window listens by now
        receive(outbox, "hello there")
        assert b"hello there" in await next_data(answer)
        await put_item(pool, "an item", datetime.now(UTC))
        assert b"an item" in await next_data(answer)


async def test_unknown_ids_and_channels_are_problems(site: Site) -> None:
    for path in ("nope", "0123456789abcdef", "00000000-0000-0000-0000-000000000000", "..%2fstream"):
        assert (await site.get(f"/api/outbox/messages/{path}")).status == 404
    assert (await site.get("/api/outbox/messages?channel=pigeon")).status == 400


async def test_without_an_outbox_it_is_absent(pool: Pool, tmp_path: Path) -> None:
    async with run_site(pool, tmp_path) as site:
        for path in ("messages", "messages/x", "stream"):
            answer = await site.get(f"/api/outbox/{path}")
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (404, "outbox.absent")


async def test_an_outbox_that_is_down_is_told(pool: Pool, tmp_path: Path) -> None:
    async with run_site(pool, tmp_path, outbox_url="http://127.0.0.1:1") as site:
        answer = await site.get("/api/outbox/messages")
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (502, "outbox.away")


async def next_data(answer: Any) -> bytes:
    while True:
        frame: bytes = await answer.content.readuntil(b"\n\n")
        if frame.startswith(b"data:"):
            return frame
