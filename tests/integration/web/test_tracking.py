"""The tracking door over HTTP: who may send, what is taken, what is refused and how."""

from __future__ import annotations

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio

from motet.audience.profiles import find_customer
from motet.core.errors import Conflict, NotFound
from motet.ingest.keys import add_key, list_keys, revoke_key
from motet.storage.pool import Pool
from motet.web import room
from siting import LANES, Site, until

EVENTS = "SELECT name, properties, value, source, at, customer_id FROM event WHERE source = 'segment' ORDER BY xid, id"


def basic(key: str, password: str = "") -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(key, password)}


NOBODY = {"Authorization": ""}


class Sender:
    """A client with a write key."""

    def __init__(self, site: Site, key: str) -> None:
        self.site, self.key = site, key

    async def send(self, path: str, body: Any, **options: Any) -> aiohttp.ClientResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        options["headers"] = {**basic(self.key), **options.get("headers", {})}
        return await self.site.post(f"/v1/{path}", data=data, **options)


@pytest_asyncio.fixture
async def sender(site: Site, pool: Pool) -> Sender:
    made = await add_key(pool, "website", datetime.now(UTC))
    await until(lambda: _knows(site, made.key))
    return Sender(site, made.key)


async def _knows(site: Site, key: str) -> bool:
    return site.services.keys.find(key) is not None


async def problem(response: aiohttp.ClientResponse) -> tuple[int, str, str]:
    told = json.loads(await response.read())
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["access-control-allow-origin"] == "*"
    return response.status, told["code"], told["problems"][0]["path"]


def track(**more: Any) -> dict[str, Any]:
    return {"type": "track", "userId": "u1", "event": "Viewed", **more}


async def test_each_kind_of_call_is_in_the_log_when_it_is_answered(sender: Sender, pool: Pool) -> None:
    calls = {
        "identify": {"userId": "u1", "traits": {"email": "ann@example.com", "plan": "pro"}},
        "track": {"userId": "u1", "event": "Order Completed", "properties": {"revenue": 39.95}},
        "page": {"userId": "u1", "name": "Home"},
        "screen": {"userId": "u1", "name": "Start"},
        "group": {"userId": "u1", "groupId": "g1", "traits": {"name": "Initech"}},
        "alias": {"userId": "u1", "previousId": "a0"},
    }
    for path, body in calls.items():
        for name in (path, path[0]):
            response = await sender.send(name, body)
            assert (response.status, await response.json()) == (200, {"success": True})
    rows = await pool.fetch(EVENTS)
    assert [r["name"] for r in rows] == [
        name for path in calls for name in (["Order Completed"] if path == "track" else [path]) * 2
    ]
    assert rows[2]["value"] == 39.95
    customer = await find_customer(pool, LANES, "u1")
    assert customer is not None
    assert (customer.email, customer.attributes) == (
        "ann@example.com", {"plan": "pro", "group": {"id": "g1", "name": "Initech"}},
    )  # fmt: skip
    assert {r["customer_id"] for r in rows} == {customer.id}


@pytest.mark.parametrize("path", ["batch", "import", "b", "batch/"])
async def test_a_batch_is_taken_in_its_order(sender: Sender, pool: Pool, path: str) -> None:
    batch = [track(event=f"n{n}", anonymousId="a1") for n in range(300)]
    response = await sender.send(path, {"batch": batch, "sentAt": "2026-11-24T09:30:00Z"})
    assert (response.status, await response.json()) == (200, {"success": True})
    assert [r["name"] for r in await pool.fetch(EVENTS)] == [f"n{n}" for n in range(300)]


async def test_the_good_ones_of_a_batch_are_taken_and_the_bad_ones_told(sender: Sender, pool: Pool) -> None:
    batch = [track(event="a"), {"type": "track", "event": "b"}, track(event="c"), track(event="d", properties=[])]
    response = await sender.send("batch", {"batch": batch})
    told = await response.json()
    assert (response.status, told["success"]) == (200, True)
    assert [(r["index"], r["problems"][0]["code"], r["problems"][0]["path"]) for r in told["rejected"]] == [
        (1, "event.no_identifier", "batch[1]"), (3, "event.bad_type", "batch[3].properties"),
    ]  # fmt: skip
    assert [r["name"] for r in await pool.fetch(EVENTS)] == ["a", "c"]
    seen = sender.site.services.tap.latest(10)
    assert {(s.name, s.status) for s in seen} == {
        ("a", "accepted"), ("c", "accepted"), ("b", "rejected"), ("d", "rejected"),
    }  # fmt: skip


async def test_one_nan_of_a_python_client_costs_one_event(sender: Sender, pool: Pool) -> None:
    body = {"batch": [track(event="a"), track(properties={"price": float("nan")}), track(event="c")]}
    told = await (await sender.send("batch", body)).json()
    assert [(r["index"], r["problems"][0]["path"]) for r in told["rejected"]] == [(1, "batch[1].properties.price")]
    assert [r["name"] for r in await pool.fetch(EVENTS)] == ["a", "c"]


async def test_a_batch_with_nothing_good_is_refused(sender: Sender) -> None:
    response = await sender.send("batch", {"batch": [{"type": "track"}, {"type": "x", "userId": "u"}]})
    assert await problem(response) == (400, "event.no_identifier", "batch[0]")
    assert (await sender.send("batch", {"batch": []})).status == 200


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        (b"", "body.empty", ""),
        (b"{", "event.bad_json", ""),
        (b"[1]", "event.bad_type", ""),
        (b'{"userId":"u","event":NaN}', "event.bad_json", "event"),
        (b'{"userId":"u","event":"a\\u0000b"}', "event.bad_text", "event"),
        (b'{"userId":"u","event":"e","properties":{"a":"\\u0000"}}', "event.bad_text", "properties"),
        (b'{"userId":"u","event":"e","properties":{"a":"\\ud800"}}', "event.bad_json", "properties.a"),
        (b'{"userId":"u","event":"e","properties":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001, "event.too_large", ""),
        (b'{"userId":"u","event":"e","properties":' + b'{"a":' * 3_000 + b"1" + b"}" * 3_001, "event.too_deep", ""),
        (b'{"userId":"u","event":"e","properties":' + b'{"a":' * 20 + b"1" + b"}" * 21, "event.too_deep", "properties"),
        (b'{"userId":"u","event":"e","timestamp":"40000-01-01T00:00:00Z"}', "event.bad_time", "timestamp"),
        (b'{"userId":"' + b"u" * 4096 + b'","event":"e"}', "event.too_long", "userId"),
        (b'{"event":"e"}', "event.no_identifier", ""),
        (b'{"userId":"u","event":"' + b"e" * 40_000 + b'"}', "event.too_large", ""),
        (b'{"userId":"u","event":"segment_entered"}', "event.reserved_name", "event"),
        (b"x" * 600_000, "body.too_large", ""),
    ],
)  # fmt: skip
async def test_a_bad_call_is_refused_and_says_where(
    sender: Sender, pool: Pool, body: bytes, code: str, path: str
) -> None:
    assert await problem(await sender.send("track", body)) == (400, code, path)
    assert await pool.fetchval("SELECT count(*) FROM event") == 0
    assert (await sender.send("track", track())).status == 200


async def test_fifty_megabytes_are_refused_before_they_are_read(sender: Sender) -> None:
    try:
        response = await sender.send("batch", b" " * 50_000_000)
    except aiohttp.ClientError:
        pass  # the server hung up while we were writing
    else:
        assert await problem(response) == (400, "body.too_large", "")
    assert (await sender.send("track", track())).status == 200


async def test_gzip_is_read_and_a_bomb_is_not_inflated(sender: Sender, pool: Pool) -> None:
    packed = {"Content-Encoding": "gzip"}
    good = gzip.compress(json.dumps({"batch": [track()]}).encode())
    assert (await sender.send("batch", good, headers=packed)).status == 200
    bomb = gzip.compress(b'{"batch":[' + b" " * 100_000_000 + b"]}")
    assert len(bomb) < 120_000
    assert await problem(await sender.send("batch", bomb, headers=packed)) == (400, "body.too_large", "")
    assert await problem(await sender.send("batch", good[:-3], headers=packed)) == (400, "body.bad_gzip", "")
    assert await problem(await sender.send("batch", b"{}", headers={"Content-Encoding": "br"})) == (
        415, "body.encoded", "",
    )  # fmt: skip
    assert await pool.fetchval("SELECT count(*) FROM event WHERE source = 'segment'") == 1


async def test_bodies_share_a_bounded_room(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST", 1000)
    assert await problem(await sender.send("track", track(properties={"a": "x" * 2000}))) == (503, "unavailable", "")
    assert (await sender.send("track", track())).status == 200


async def test_one_message_a_hundred_times_at_once_is_one_event(sender: Sender, pool: Pool) -> None:
    call = track(messageId="m-1")
    answers = await asyncio.gather(
        *(sender.send("track", call) for _ in range(50)),
        *(sender.send("batch", {"batch": [{**call, "userId": None, "anonymousId": "a"}]}) for _ in range(50)),
    )
    assert {a.status for a in answers} == {200}
    assert len(await pool.fetch(EVENTS)) == 1
    later = await sender.send("batch", {"batch": [call, track(messageId="m-2")]})
    assert await later.json() == {"success": True}
    assert len(await pool.fetch(EVENTS)) == 2
    assert [s.status for s in sender.site.services.tap.latest(2)] == ["accepted", "duplicate"]


async def test_a_message_told_again_after_a_merge_is_still_one_event(sender: Sender, pool: Pool) -> None:
    early = {"type": "track", "anonymousId": "a9", "event": "Viewed", "messageId": "m-1"}
    await sender.send("batch", {"batch": [early]})
    await sender.send("identify", {"userId": "u9", "anonymousId": "a9", "messageId": "m-2", "traits": {"plan": "new"}})
    await sender.send("identify", {"userId": "u9", "messageId": "m-3", "traits": {"plan": "newer"}})
    stale = {"type": "identify", "userId": "u9", "messageId": "m-2", "traits": {"plan": "new"}}
    await sender.send("batch", {"batch": [early, stale]})
    assert [r["name"] for r in await pool.fetch(EVENTS)] == ["Viewed", "identify", "identify"]
    customer = await find_customer(pool, LANES, "u9")
    assert customer is not None
    assert customer.attributes["plan"] == "newer"


async def test_a_key_that_everybody_can_read_joins_a_visitor_but_never_two_users(site: Site, pool: Pool) -> None:
    made = await add_key(pool, "pages", datetime.now(UTC), page=True)
    await until(lambda: _knows(site, made.key))
    sender = Sender(site, made.key)
    await sender.send("batch", {"batch": [track(userId="victim"), track(userId="attacker"), track(anonymousId="a1")]})
    takeover = {"userId": "attacker", "previousId": "victim"}
    assert (await sender.send("alias", takeover)).status == 200
    assert (await sender.send("batch", {"batch": [{"type": "alias", **takeover}]})).status == 200
    joined = {"userId": "attacker", "previousId": "a1"}
    assert (await sender.send("alias", joined)).status == 200
    find = "SELECT customer_id FROM identifier WHERE value = $1 AND kind = $2"
    victim, attacker = [await pool.fetchval(find, name, 1) for name in ("victim", "attacker")]
    assert victim != attacker
    assert await pool.fetchval(find, "a1", 4) == attacker
    assert await pool.fetchval("SELECT count(*) FROM merge WHERE loser_id = $1", victim) == 0


async def test_an_alias_makes_one_of_two_customers_with_names(sender: Sender, pool: Pool) -> None:
    await sender.send("batch", {"batch": [track(userId="old"), track(userId="new")]})
    old, new = [r["customer_id"] for r in await pool.fetch(EVENTS)]
    alias = {"type": "alias", "userId": "new", "previousId": "old"}
    assert (await sender.send("batch", {"batch": [alias, track(userId="old", event="after")]})).status == 200
    rows = await pool.fetch("SELECT loser_id, winner_id, cause FROM merge")
    assert [tuple(r) for r in rows] == [(old, new, "alias")]
    await sender.send("track", track(userId="old", event="later"))
    assert {r["name"]: r["customer_id"] for r in await pool.fetch(EVENTS)}["later"] == new
    assert (await sender.send("alias", {"userId": "new", "previousId": "old"})).status == 200  # again: nothing to do
    assert await pool.fetchval("SELECT count(*) FROM merge") == 1


async def test_times_are_by_our_clock(sender: Sender, pool: Pool) -> None:
    now = datetime.now(UTC)
    wrong = now - timedelta(days=400)  # the sender's clock
    call = track(originalTimestamp=(wrong - timedelta(minutes=5)).isoformat())
    await sender.send("batch", {"batch": [call], "sentAt": wrong.isoformat()})
    [row] = await pool.fetch(EVENTS)
    assert abs(row["at"] - (now - timedelta(minutes=5))) < timedelta(seconds=10)


async def test_the_key_may_stand_in_the_header_the_body_or_the_query(sender: Sender, pool: Pool) -> None:
    key = sender.key
    for headers, body in (
        (basic(key, "anything"), {}),
        ({"Authorization": "Bearer other"}, {"writeKey": key}),
        (NOBODY, {"writeKey": key}),
        (basic("wrong"), {"writeKey": key}),
    ):
        assert (await sender.send("track", {**track(), **body}, headers=headers)).status == 200
    assert (await sender.send(f"track?writeKey={key}", track(), headers=NOBODY)).status == 200
    assert (await sender.send("batch", {"batch": [track()], "writeKey": key}, headers=NOBODY)).status == 200
    for spoilt, code in (({"price": float("nan")}, "event.bad_json"), ({"a": "x" * 40_000}, "event.too_large")):
        response = await sender.send("track", track(properties=spoilt, writeKey=key), headers=NOBODY)
        assert (await problem(response))[:2] == (400, code)


@pytest.mark.parametrize(
    "headers",
    [NOBODY, basic("wk_nobody"), basic(""), {"Authorization": "Basic %%%"}, {"Authorization": "Basic"}],
)
async def test_nobody_sends_without_a_good_key(sender: Sender, pool: Pool, headers: dict[str, str]) -> None:
    for path, body in (("track", {**track(), "writeKey": "wk_x"}), ("batch", {"batch": [track()]})):
        response = await sender.send(path, body, headers=headers)
        assert await problem(response) == (401, "auth.bad_write_key", "")
    assert await pool.fetchval("SELECT count(*) FROM event") == 0


async def test_a_revoked_key_is_refused_within_seconds(sender: Sender, pool: Pool) -> None:
    [row] = await list_keys(pool)
    with pytest.raises(Conflict):
        await add_key(pool, "website", datetime.now(UTC))
    await revoke_key(pool, row.id, datetime.now(UTC))

    async def refused() -> bool:
        return (await sender.send("track", track())).status == 401

    await until(refused, 2)
    assert [(k.name, k.revoked_at is not None) for k in await list_keys(pool)] == [("website", True)]
    again = await add_key(pool, "website", datetime.now(UTC))
    sender.key = again.key

    async def taken() -> bool:
        return (await sender.send("track", track())).status == 200

    await until(taken, 2)
    with pytest.raises(NotFound):
        await revoke_key(pool, uuid4(), datetime.now(UTC))


async def test_a_key_is_not_in_the_database(pool: Pool) -> None:
    made = await add_key(pool, "app", datetime.now(UTC))
    [row] = await pool.fetch("SELECT w::text AS all FROM write_key w")
    assert made.key not in row["all"]
    assert made.key.startswith("wk_")


async def test_browsers_of_any_site_may_ask(sender: Sender) -> None:
    async with sender.site.client.options(
        f"{sender.site.url}/v1/track",
        headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
                 "Access-Control-Request-Headers": "authorization,content-type"},
    ) as preflight:  # fmt: skip
        assert preflight.status == 204
        assert preflight.headers["access-control-allow-origin"] == "*"
        assert "authorization" in preflight.headers["access-control-allow-headers"]
    # As analytics.js does, so that the browser asks nothing first.
    plain = {"Content-Type": "text/plain", "Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"}
    response = await sender.send("t", {**track(), "writeKey": sender.key}, headers=NOBODY | plain)
    assert (response.status, response.headers["access-control-allow-origin"]) == (200, "*")


async def test_other_addresses_and_methods(sender: Sender) -> None:
    assert (await sender.send("m", {"series": []}, headers=NOBODY)).status == 200
    assert await problem(await sender.send("nonsense", {})) == (404, "not_found", "")
    assert (await sender.site.get("/v1/track")).status == 405


async def test_what_cannot_be_written_is_not_acknowledged(sender: Sender, pool: Pool, tmp_path: Path) -> None:
    sender.site.services.events._closed = True
    response = await sender.send("track", track(context={"timezone": "Europe/Berlin"}))
    assert await problem(response) == (503, "unavailable", "")
    assert response.headers["retry-after"]
    sender.site.services.events._closed = False
    assert (await sender.send("track", track(context={"timezone": "Europe/Berlin"}))).status == 200
    customer = await find_customer(pool, LANES, "u1")
    assert customer is not None
    assert customer.timezone == "Europe/Berlin"
