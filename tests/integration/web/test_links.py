from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from motet.core.ids import derive_message_id, lane_of
from motet.core.words import Channel
from motet.storage.embedded import EmbeddedServer
from motet.storage.migrate import migrate
from motet.storage.pool import Pool, open_pool
from siting import LANES, Site, run_site, until
from stage import put_customers


async def someone(pool: Pool) -> tuple[UUID, UUID]:
    """A customer, and the id that a message to them would have."""
    [customer] = await put_customers(pool, 1)
    return customer, derive_message_id(customer, 1, Channel.EMAIL)


async def events_of(pool: Pool, customer: UUID) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        "SELECT name, message_id, properties, source FROM event WHERE lane = $1 AND customer_id = $2 ORDER BY id",
        lane_of(customer, LANES),
        customer,
    )
    return [dict(row) for row in rows]


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


async def test_an_open_is_answered_with_a_picture_and_recorded(site: Site, pool: Pool) -> None:
    customer, message = await someone(pool)
    answer = await site.get(path_of(site.signer.open_url(customer, message)))
    assert answer.status == 200
    assert answer.content_type == "image/gif"
    assert (await answer.read()).startswith(b"GIF89a")
    assert "no-store" in answer.headers["Cache-Control"]
    [event] = await until(lambda: events_of(pool, customer))
    assert event == {"name": "view", "message_id": message, "properties": {"machine": False}, "source": "link"}


async def test_a_click_leads_to_the_signed_target_and_is_recorded(site: Site, pool: Pool) -> None:
    customer, message = await someone(pool)
    target = "https://shop.example/a b?x=1&y=é#top"
    answer = await site.get(path_of(site.signer.click_url(customer, message, target)))
    assert answer.status == 302
    assert answer.headers["Location"] == "https://shop.example/a%20b?x=1&y=%C3%A9#top"
    [event] = await until(lambda: events_of(pool, customer))
    assert (event["name"], event["properties"]) == ("click", {"url": target, "machine": False})


async def test_a_click_on_another_target_goes_nowhere(site: Site, pool: Pool) -> None:
    customer, message = await someone(pool)
    path = path_of(site.signer.click_url(customer, message, "https://shop.example/"))
    for changed in (
        path.replace("shop.example", "evil.example"),
        path + "&u=" + quote("https://evil.example/", safe=""),
        path.split("?")[0],
        "/t/c/nonsense?u=x",
        path.split("?")[0] + "?u=%ff",
    ):
        answer = await site.get(changed)
        assert answer.status == 404
        assert "Location" not in answer.headers
    await asyncio.sleep(0.1)
    assert await events_of(pool, customer) == []


async def test_the_same_look_twice_is_one_event(site: Site, pool: Pool) -> None:
    customer, message = await someone(pool)
    path = path_of(site.signer.click_url(customer, message, "https://shop.example/"))
    await asyncio.gather(*(site.get(path) for _ in range(5)))
    await until(lambda: events_of(pool, customer))
    assert len(await events_of(pool, customer)) == 1


@pytest.mark.parametrize("agent", ["GoogleBot/2.1", "Mozilla/5.0", "", "Barracuda Sentinel", "python-requests/2.32"])
async def test_a_machine_is_told_apart_by_its_name(site: Site, pool: Pool, agent: str) -> None:
    customer, message = await someone(pool)
    await site.get(path_of(site.signer.open_url(customer, message)), headers={"User-Agent": agent})
    [event] = await until(lambda: events_of(pool, customer))
    assert event["properties"]["machine"] is True


async def test_a_look_before_the_leap_is_a_machines(site: Site, pool: Pool) -> None:
    customer, message = await someone(pool)
    path = path_of(site.signer.click_url(customer, message, "https://shop.example/"))
    async with site.client.head(f"{site.url}{path}", allow_redirects=False) as answer:
        assert answer.status == 302
    [event] = await until(lambda: events_of(pool, customer))
    assert event["properties"]["machine"] is True


async def test_the_unsubscribe_page_changes_nothing(site: Site, pool: Pool) -> None:
    customer, message = await someone(pool)
    path = path_of(site.signer.unsubscribe_url(customer, message, Channel.EMAIL))
    answer = await site.get(path)
    page = await answer.text()
    assert answer.status == 200
    assert 'lang="en"' in page
    assert "<button" in page
    assert 'method="post"' in page
    assert "script" not in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    await asyncio.sleep(0.1)
    assert await events_of(pool, customer) == []


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://mail.example"}])
async def test_one_click_unsubscribes_and_is_committed_before_the_answer(
    site: Site, pool: Pool, headers: dict[str, str]
) -> None:
    customer, message = await someone(pool)
    path = path_of(site.signer.unsubscribe_url(customer, message, Channel.SMS))
    answer = await site.post(path, data={"List-Unsubscribe": "One-Click"}, headers=headers)
    assert answer.status == 200
    [event] = await events_of(pool, customer)
    assert (event["name"], event["message_id"]) == ("unsubscribe", message)
    assert event["properties"] == {"channel": "sms"}


async def test_an_untrue_unsubscribe_is_refused(site: Site, pool: Pool) -> None:
    customer, message = await someone(pool)
    path = path_of(site.signer.unsubscribe_url(customer, message, Channel.EMAIL))
    assert (await site.post(path[:-2] + "AA", data={})).status == 404
    assert (await site.post(path, data={"x": "y" * 10_000})).status == 413
    assert await events_of(pool, customer) == []


@pytest_asyncio.fixture
async def mortal(tmp_path: Path) -> AsyncIterator[tuple[EmbeddedServer, Pool]]:
    """A database server of this test alone, which may be stopped."""
    server = EmbeddedServer(tmp_path / "home")
    server.start()
    pool = await open_pool(server.url, size=4)
    await migrate(pool, lanes=LANES, now=datetime.now(UTC))
    yield server, pool
    pool.terminate()
    server.stop()
    shutil.rmtree(server.sockets, ignore_errors=True)


async def test_links_answer_while_the_database_is_away_and_are_recorded_later(
    mortal: tuple[EmbeddedServer, Pool], tmp_path: Path
) -> None:
    server, pool = mortal
    customer, message = await someone(pool)
    async with run_site(pool, tmp_path) as site:
        await asyncio.to_thread(server.stop)
        click = await site.get(path_of(site.signer.click_url(customer, message, "https://shop.example/")))
        pixel = await site.get(path_of(site.signer.open_url(customer, message)))
        leave = await site.post(path_of(site.signer.unsubscribe_url(customer, message, Channel.EMAIL)), data={})
        assert (click.status, pixel.status, leave.status) == (302, 200, 200)
        assert (await (await site.get("/healthz")).json()) == {"status": "degraded", "database": "down"}
        assert (await site.get("/api/campaigns")).status == 503
        assert (await site.get("/metrics")).status == 200
        assert site.services.events.waiting >= 3
        await asyncio.to_thread(server.start)

        async def all_there() -> bool:
            try:
                found = {event["name"] for event in await events_of(pool, customer)}
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                return False
            return found == {"view", "click", "unsubscribe"}

        await until(all_there, 15)


@pytest.mark.parametrize("path", ["/t/o/x.gif", "/t/c/x?u=y"])
async def test_links_are_only_for_reading(site: Site, path: str) -> None:
    answer = await site.post(path, data={})
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"
