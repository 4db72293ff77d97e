"""What the outbox tells over HTTP, while messages come in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from motet.core.errors import Unavailable
from motet.core.words import Channel
from motet.outbox.credentials import read_credentials
from motet.outbox.received import ReceivedSms
from motet.outbox.server import Outbox, run_outbox


def put(outbox: Outbox, number: int, channel: Channel = Channel.SMS) -> str:
    body = ReceivedSms(text=f"text number {number}", sid="SM1")
    return outbox.store.add(channel, to=f"+1202555{number:04}", sender="+1500", title=f"t{number}", body=body).id


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    async for line in answer.content:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


async def test_pages_go_back_without_a_gap(http: aiohttp.ClientSession, outbox: Outbox) -> None:
    ids = [put(outbox, n) for n in range(25)]
    seen: list[str] = []
    before = ""
    while True:
        page = (await (await http.get(f"/messages?limit=10&before={before}")).json())["messages"]
        if not page:
            break
        seen += [row["id"] for row in page]
        before = seen[-1]
    assert seen == ids[::-1]


async def test_a_search_looks_in_addresses_and_texts(http: aiohttp.ClientSession, outbox: Outbox) -> None:
    for n in range(5):
        put(outbox, n)
    by_text = (await (await http.get("/messages", params={"q": "NUMBER 3"})).json())["messages"]
    by_number = (await (await http.get("/messages", params={"q": "+12025550004"})).json())["messages"]
    assert [row["preview"] for row in by_text + by_number] == ["text number 3", "text number 4"]


@pytest.mark.parametrize(
    ("query", "code"),
    [("channel=pigeon", "outbox.unknown_channel"), ("limit=many", "outbox.bad_limit"), ("limit=0", "outbox.bad_limit")],
)
async def test_a_bad_question_gets_a_problem(http: aiohttp.ClientSession, query: str, code: str) -> None:
    async with http.get(f"/messages?{query}") as answer:
        assert answer.status == 400
        assert answer.content_type == "application/problem+json"
        assert (await answer.json())["code"] == code


async def test_a_message_that_is_gone_is_a_404(http: aiohttp.ClientSession) -> None:
    async with http.get("/messages/0123") as answer:
        assert answer.status == 404
        assert (await answer.json())["code"] == "outbox.no_message"


async def test_the_stream_tells_each_message_once(http: aiohttp.ClientSession, outbox: Outbox) -> None:
    put(outbox, 0)
    async with http.get("/stream") as answer:
        assert answer.content_type == "text/event-stream"
        await answer.content.readline()  # ": listening"
        ids = [put(outbox, n) for n in range(1, 450)]
        heard = []
        async with asyncio.timeout(5):
            async for row in events(answer):
                heard.append(row["id"])
                if len(heard) == len(ids):
                    break
    assert heard == ids


async def test_a_reader_that_comes_back_misses_nothing(http: aiohttp.ClientSession, outbox: Outbox) -> None:
    first = put(outbox, 1)
    missed = [put(outbox, 2), put(outbox, 3)]
    async with http.get("/stream", headers={"Last-Event-ID": first}) as answer, asyncio.timeout(5):
        heard = [(await anext(events(answer)))["id"], (await anext(events(answer)))["id"]]
    assert heard == missed


async def test_a_place_that_is_none_of_ours_means_from_now_on(http: aiohttp.ClientSession, outbox: Outbox) -> None:
    put(outbox, 1)
    async with http.get("/stream", headers={"Last-Event-ID": "zzz"}) as answer, asyncio.timeout(5):
        await answer.content.readline()
        second = put(outbox, 2)
        assert (await anext(events(answer)))["id"] == second


async def test_clearing_empties_the_list(http: aiohttp.ClientSession, outbox: Outbox) -> None:
    put(outbox, 1)
    async with http.delete("/messages") as answer:
        assert answer.status == 204
    assert (await (await http.get("/messages")).json())["messages"] == []


async def test_the_link_of_a_message_leads_to_a_page(http: aiohttp.ClientSession) -> None:
    async with http.get("/site/oak-stool?<script>=1") as answer:
        page = await answer.text()
        assert answer.status == 200
        assert "Oak stool" in page
        assert "<script>" not in page


async def test_it_closes_while_a_stream_is_open(tmp_path: Path) -> None:
    outbox = Outbox(read_credentials(tmp_path))
    await outbox.open("127.0.0.1", 0, 0)
    async with aiohttp.ClientSession() as session:
        answer = await session.get(f"http://127.0.0.1:{outbox.http_port}/stream")
        await answer.content.readline()
        async with asyncio.timeout(2):
            await outbox.close()


async def test_a_port_that_is_taken_is_told(outbox: Outbox, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=f"127.0.0.1:{outbox.http_port}"):
        await run_outbox("127.0.0.1", 0, outbox.http_port, home=tmp_path, stop=asyncio.Event())


async def test_it_runs_until_it_is_stopped(tmp_path: Path) -> None:
    stop, opened = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        run_outbox("127.0.0.1", 0, 0, home=tmp_path, stop=stop, ready=lambda outbox: opened.set_result(outbox))
    )
    outbox = await opened
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{outbox.http_port}/healthz") as answer:
            assert (await answer.json())["status"] == "ok"
        stop.set()
        await task
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(f"http://127.0.0.1:{outbox.http_port}/healthz")


async def test_it_answers_under_no_other_name(http):
    async with http.get("/messages", headers={"Host": "evil.example"}) as answer:
        assert answer.status == 421
