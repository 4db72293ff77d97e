from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from motet.audience.merges import ask_merge
from motet.core.ids import derive_message_id, lane_of
from motet.core.words import Channel
from motet.storage.pool import Pool
from siting import LANES, Site, until
from stage import put_customers


async def put_item(pool: Pool, customer: UUID, visit: int = 1, title: str = "Hello", age: float = 0) -> UUID:
    id = derive_message_id(customer, visit, Channel.IN_APP)
    await pool.execute(
        "INSERT INTO inbox_item (lane, customer_id, id, title, body, url, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        lane_of(customer, LANES), customer, id, title, "Some words", "https://shop.example/",
        datetime.now(UTC) - timedelta(seconds=age),
    )  # fmt: skip
    await pool.execute("SELECT pg_notify('motet_inbox', $1)", str(customer))
    return id


async def names_of(pool: Pool, customer: UUID) -> list[str]:
    rows = await pool.fetch("SELECT name FROM event WHERE customer_id = $1 ORDER BY id", customer)
    return [row["name"] for row in rows]


async def test_the_inbox_of_a_token_is_its_owners_only(site: Site, pool: Pool) -> None:
    one, other = await put_customers(pool, 2)
    item = await put_item(pool, one)
    answer = await site.get(f"/in-app/{site.signer.inbox_token(one)}/inbox", headers={"Origin": "https://shop.example"})
    told = await answer.json()
    assert [i["id"] for i in told["items"]] == [str(item)]
    assert told["unread"] == 1
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    empty = await (await site.get(f"/in-app/{site.signer.inbox_token(other)}/inbox")).json()
    assert empty == {"items": [], "unread": 0}
    assert (await site.get("/in-app/nonsense/inbox")).status == 404
    assert (await site.post(f"/in-app/{site.signer.inbox_token(other)}/{item}/read")).status == 404


async def test_the_api_tells_where_a_customers_inbox_is(site: Site, pool: Pool) -> None:
    (ada,) = await put_customers(pool, 1)
    item = await put_item(pool, ada)
    told = await (await site.get(f"/api/customers/{ada}/inbox")).json()
    path = told["url"].partition("/in-app/")[2]
    found = await (await site.get(f"/in-app/{path}/inbox")).json()
    assert [i["id"] for i in found["items"]] == [str(item)]
    assert (await site.get("/api/customers/nobody/inbox")).status == 404


async def test_reading_counts_once_and_a_click_counts(site: Site, pool: Pool) -> None:
    [customer] = await put_customers(pool, 1)
    item = await put_item(pool, customer)
    base = f"/in-app/{site.signer.inbox_token(customer)}"
    for _ in range(2):
        assert (await site.post(f"{base}/{item}/read")).status == 204
    assert (await site.post(f"{base}/{item}/click")).status == 204

    async def both() -> bool:
        return await names_of(pool, customer) == ["view", "click"]

    await until(both)
    assert (await (await site.get(f"{base}/inbox")).json())["unread"] == 0
    assert (await site.post(f"{base}/nonsense/read")).status == 400
    assert (await site.post(f"{base}/{item}/eat")).status == 404


async def test_a_stream_tells_of_what_arrives(site: Site, pool: Pool) -> None:
    [customer] = await put_customers(pool, 1)
    url = f"{site.url}/in-app/{site.signer.inbox_token(customer)}/stream"
    async with asyncio.timeout(10), site.client.get(url) as answer:
        assert b'"items":[]' in await next_inbox(answer)
        await put_item(pool, customer, title="News")
        assert b'"News"' in await next_inbox(answer)


async def test_a_page_of_another_site_may_ask_first(site: Site) -> None:
    async with site.client.options(f"{site.url}/in-app/x/inbox") as answer:
        assert answer.status == 204
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]


async def next_inbox(answer: Any) -> bytes:
    while True:
        frame: bytes = await answer.content.readuntil(b"\n\n")
        if frame.startswith(b"event: inbox"):
            return frame


async def test_a_token_older_than_a_merge_opens_the_inbox_of_who_they_are_now(site: Site, pool: Pool) -> None:
    gone, customer = await put_customers(pool, 2)
    await put_item(pool, customer, title="News")
    url = f"{site.url}/in-app/{site.signer.inbox_token(gone)}"
    async with asyncio.timeout(10), site.client.get(f"{url}/stream") as answer:
        assert b'"items":[]' in await next_inbox(answer)
        await ask_merge(pool, gone, customer, lanes=LANES, now=datetime.now(UTC))
        await pool.execute("SELECT pg_notify('motet_inbox', $1)", str(gone))
        assert b'"News"' in await next_inbox(answer)
    assert len((await (await site.get(f"/in-app/{site.signer.inbox_token(gone)}/inbox")).json())["items"]) == 1
