"""Segment's and RudderStack's own libraries, unmodified, against a fresh `motet up`; and what was acknowledged is kept
though the web process is killed under load.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rudderstack.analytics.client import Client as RudderClient
from segment.analytics.client import Client as SegmentClient

from houses import House, open_houses, wait_for
from motet.storage.embedded import EmbeddedServer
from motet.storage.pool import Pool, open_pool

CLIENTS = Path(__file__).parents[1] / "clients"
AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
KILLS = 3


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_houses() as start:
        running = start()
        running.wait_until_well()
        yield running


@pytest.fixture(scope="module")
def key(house: House) -> str:
    return str(house.motet("keys", "add", "libraries")["key"])


def use_segment_for_python(url: str, key: str, who: str) -> None:
    failed: list[Any] = []
    client = SegmentClient(key, host=url, gzip=True, on_error=lambda error, items: failed.append(error))
    drive(client, who)
    client.shutdown()
    assert not failed


def use_rudderstack_for_python(url: str, key: str, who: str) -> None:
    failed: list[Any] = []
    client = RudderClient(key, host=url, on_error=lambda error, items: failed.append(error))
    drive(client, who)
    client.shutdown()
    assert not failed


def drive(client: Any, who: str) -> None:
    client.track(anonymous_id=f"{who}-anonymous", event="Product Viewed", properties={"sku": "G-32"})
    client.identify(who, {"email": f"{who.replace('-', '.')}@example.com", "plan": "pro"},
                    anonymous_id=f"{who}-anonymous")  # fmt: skip
    order = {"revenue": 39.95, "products": [{"sku": "G-32"}]}
    client.track(who, "Order Completed", order, {"timezone": "Europe/Berlin"}, AT, message_id=f"{who}-order")
    client.track(who, "Order Completed", {"revenue": 39.95}, message_id=f"{who}-order")
    client.page(who, name="Home", properties={"url": "https://shop.example/"})
    client.screen(who, name="Start")
    client.group(who, "g-1", {"name": "Initech"})
    client.track(f"{who}-old", "Signed Up")
    client.alias(f"{who}-old", who)


def node(script: str) -> Callable[[str, str, str], None]:
    def use(url: str, key: str, who: str) -> None:
        program = shutil.which("node")
        assert program, "the tests need Node"
        assert (CLIENTS / "node_modules").exists(), "run `make tools` first"
        done = subprocess.run(
            [program, str(CLIENTS / script), url, key], cwd=CLIENTS, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr

    return use


@pytest.mark.parametrize(
    ("use", "who"),
    [
        (use_segment_for_python, "python-segment"),
        (use_rudderstack_for_python, "python-rudder"),
        (node("segment.mjs"), "node-segment"),
        (node("rudderstack.mjs"), "node-rudder"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_published_library_works_unmodified(
    house: House, key: str, use: Callable[[str, str, str], None], who: str
) -> None:
    await asyncio.to_thread(use, house.url, key, who)
    pool = await open_pool(EmbeddedServer(house.home).url, size=2)
    try:
        await check_log(pool, who)
        await check_customer(pool, who)
    finally:
        await pool.close()


async def check_log(pool: Pool, who: str) -> None:
    rows = await pool.fetch(
        "SELECT e.* FROM event e LEFT JOIN alias a ON a.id = e.customer_id "
        "JOIN identifier i ON i.customer_id = coalesce(a.customer_id, e.customer_id) AND i.kind = 1 AND i.value = $1 "
        "WHERE e.source = 'segment'",
        who,
    )
    found = {row["name"]: row for row in rows}
    assert sorted(row["name"] for row in rows) == sorted(
        ["Product Viewed", "identify", "Order Completed", "page", "screen", "group", "Signed Up", "alias"]
    )
    order = found["Order Completed"]
    assert (order["value"], order["properties"]) == (39.95, {"revenue": 39.95, "products": [{"sku": "G-32"}]})
    assert abs(order["at"] - AT) < timedelta(seconds=10)
    assert found["identify"]["properties"]["plan"] == "pro"
    assert found["page"]["properties"] == {"url": "https://shop.example/", "name": "Home"}
    assert found["screen"]["properties"] == {"name": "Start"}
    assert found["group"]["properties"] == {"groupId": "g-1", "name": "Initech"}
    assert found["alias"]["properties"] == {"previousId": f"{who}-old"}


async def check_customer(pool: Pool, who: str) -> None:
    [row] = await pool.fetch("SELECT * FROM customer WHERE external_id = $1", who)
    assert (row["email"], row["timezone"]) == (f"{who.replace('-', '.')}@example.com", "Europe/Berlin")
    assert row["attributes"]["plan"] == "pro"
    assert row["attributes"]["group"] == {"id": "g-1", "name": "Initech"}
    names = await pool.fetch("SELECT kind, value FROM identifier WHERE customer_id = $1", row["id"])
    known = {(1, who), (1, f"{who}-old"), (2, row["email"]), (4, f"{who}-anonymous")}
    assert known <= {tuple(name) for name in names}


async def test_what_was_acknowledged_survives_kills_under_load(house: House, key: str) -> None:
    sender = Load(house.url, key)
    sending = [asyncio.create_task(sender.run(lane)) for lane in range(16)]

    async def wait_for_more(count: int) -> None:
        before = len(sender.acknowledged)
        await asyncio.to_thread(wait_for, lambda: len(sender.acknowledged) > before + count, 30, house.tell)

    try:
        for _ in range(KILLS):
            await wait_for_more(50)
            victim = await asyncio.to_thread(house.member, "cli serve")
            assert victim is not None
            os.kill(victim, signal.SIGKILL)
            await asyncio.to_thread(
                wait_for, lambda v=victim: house.member("cli serve") not in (None, v), 20, house.tell
            )
            await asyncio.to_thread(house.wait_until_well)
            await wait_for_more(200)
    finally:
        sender.stopped = True
        await asyncio.gather(*sending)
    pool = await open_pool(EmbeddedServer(house.home).url, size=2)
    try:
        rows = await pool.fetch("SELECT properties ->> 'n' AS n FROM event WHERE name = 'Load Sent'")
    finally:
        await pool.close()
    kept = [row["n"] for row in rows]
    assert sender.cut > 0, "no request was under way at any kill"
    assert len(sender.acknowledged) > 500
    assert sender.acknowledged - set(kept) == set()
    assert len(kept) == len(set(kept)), "an event that was sent again is there twice"


class Load:
    """Sends single calls and small batches, each again until it is acknowledged."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.headers = url, {"Authorization": aiohttp.encode_basic_auth(key, "")}
        self.acknowledged: set[str] = set()
        self.cut = 0
        self.stopped = False

    async def run(self, lane: int) -> None:
        async with aiohttp.ClientSession(headers=self.headers) as client:
            number = 0
            while not self.stopped:
                number += 1
                names = [f"{lane}-{number}-{i}" for i in range(1 + 9 * (lane % 2))]
                who = {"userId": f"load-{number % 50}", "anonymousId": f"load-{lane}"}
                calls = [
                    {"type": "track", "event": "Load Sent", **who, "messageId": name, "properties": {"n": name}}
                    for name in names
                ]
                path, body = ("track", calls[0]) if len(calls) == 1 else ("batch", {"batch": calls})
                while not await self.send(client, path, body):
                    if self.stopped:
                        return
                    await asyncio.sleep(0.1)
                self.acknowledged.update(names)

    async def send(self, client: aiohttp.ClientSession, path: str, body: Any) -> bool:
        try:
            async with client.post(f"{self.url}/v1/{path}", json=body) as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            self.cut += 1
            return False
