"""The event debugger: what comes through any door of this process is seen, taken or not."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import msgspec

from motet.storage.pool import Pool
from siting import Site, until
from stage import put_customers


async def seen(site: Site, limit: int = 200) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = (await (await site.get(f"/api/debugger?limit={limit}")).json())["events"]
    return events


async def test_nothing_came_in_yet(site: Site) -> None:
    assert await seen(site) == []


async def test_an_event_that_was_taken_names_its_customer(site: Site) -> None:
    event = {"customer": "c9", "name": "purchase", "value": 59.9, "properties": {"order": "A-1"}}
    await site.post("/api/events", event)
    [one] = await seen(site)
    assert (one["name"], one["status"], one["source"], one["value"]) == ("purchase", "accepted", "api", 59.9)
    assert one["properties"] == {"order": "A-1"}
    assert one["customer"]["external_id"] == "c9"
    assert UUID(one["customer"]["id"])
    assert one["problems"] == []


async def test_the_same_event_again_is_a_duplicate(site: Site) -> None:
    event = {"customer": "c9", "name": "purchase", "key": "order-1"}
    for _ in range(2):
        await site.post("/api/events", event)
    assert [one["status"] for one in await seen(site)] == ["duplicate", "accepted"]


async def test_what_was_refused_is_seen_with_its_problems(site: Site) -> None:
    assert (await site.post("/api/events", {"customer": "c9", "name": "purchase", "value": "dear"})).status == 400
    [one] = await seen(site)
    assert (one["status"], one["name"], one["customer"]) == ("rejected", "purchase", {"id": None, "external_id": "c9"})
    [problem] = one["problems"]
    assert (problem["path"], problem["code"]) == ("value", "event.bad_value")
    assert problem["fix"]


async def test_of_a_batch_the_good_are_seen_and_the_bad(site: Site) -> None:
    batch = [{"customer": "c1", "name": "a"}, {"name": "b"}, 7]
    await site.post("/api/events", {"events": batch})
    told = {(one["name"], one["status"]) for one in await seen(site)}
    assert told == {("a", "accepted"), ("b", "rejected"), ("", "rejected")}


async def test_a_refused_body_of_megabytes_is_not_kept(site: Site) -> None:
    huge = {"customer": "c1", "name": "a", "properties": {"text": "x" * 3_000_000}}
    assert (await site.post("/api/events", {"events": [huge] * 3})).status == 200
    assert [one["properties"] for one in await seen(site)] == [None] * 3


async def test_a_click_on_a_link_is_seen(site: Site, pool: Pool) -> None:
    [customer] = await put_customers(pool, 1)
    await site.get(site.signer.open_url(customer, UUID(int=7)).removeprefix(site.url))

    async def came() -> bool:
        return [(one["name"], one["source"]) for one in await seen(site)] == [("view", "link")]

    assert await until(came)
    [one] = await seen(site)
    assert one["customer"] == {"id": str(customer), "external_id": "c0"}


async def test_the_stream_has_what_comes_after_it_was_opened(site: Site) -> None:
    await site.post("/api/events", {"customer": "c1", "name": "before"})
    async with site.client.get(f"{site.url}/api/debugger/stream") as stream, asyncio.timeout(10):
        assert stream.content_type == "text/event-stream"
        assert await stream.content.readline() == b"retry: 2000\n"
        await stream.content.readline()
        await site.post("/api/events", {"events": [{"customer": "c1", "name": "one"}, {"customer": "c1"}]})
        told = []
        while len(told) < 2:
            line = await stream.content.readline()
            if line.startswith(b"data: "):
                told.append(msgspec.json.decode(line.removeprefix(b"data: ")))
        assert {(one["name"], one["status"]) for one in told} == {("one", "accepted"), ("", "rejected")}


async def test_of_too_many_the_newest_are_shown_and_the_others_counted(site: Site) -> None:
    async with site.client.get(f"{site.url}/api/debugger/stream") as stream, asyncio.timeout(10):
        await stream.content.readline()
        await stream.content.readline()
        await site.post("/api/events", {"events": [{"customer": "c1", "name": f"e{n}"} for n in range(500)]})
        assert await stream.content.readline() == b"event: skipped\n"
        skipped = int((await stream.content.readline()).removeprefix(b"data: "))
        await stream.content.readline()
        last = b""
        for _ in range(500 - skipped):
            last = await stream.content.readline()
            await stream.content.readline()
        assert 400 <= skipped < 500
        assert msgspec.json.decode(last.removeprefix(b"data: "))["name"] == "e499"


async def test_streams_end_when_the_house_closes(site: Site) -> None:
    async with site.client.get(f"{site.url}/api/debugger/stream") as stream, asyncio.timeout(10):
        await stream.content.readline()
        await site.web.close()
        while await stream.content.readline():
            pass


async def test_the_debugger_asks_for_a_sound_limit(site: Site) -> None:
    assert (await site.get("/api/debugger?limit=0")).status == 400
    assert (await site.get("/api/debugger?limit=100000")).status == 400
