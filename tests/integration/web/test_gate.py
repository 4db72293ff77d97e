from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from motet.storage.pool import Pool
from siting import Site, run_site

KEY = "a-long-random-key"


async def code_of(answer: Any) -> tuple[int, str]:
    told = await answer.json(content_type=None)
    assert answer.content_type == "application/problem+json"
    assert set(told) == {"type", "title", "status", "code", "detail", "problems"}
    assert told["problems"]
    return answer.status, told["code"]


async def test_a_key_guards_the_api_and_the_metrics_but_not_the_links(pool: Pool, tmp_path: Path) -> None:
    async with run_site(pool, tmp_path, api_key=KEY) as site:
        for path in ("/api/overview", "/api/live", "/api/openapi.json", "/metrics"):
            answer = await site.get(path)
            assert await code_of(answer) == (401, "auth.required")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        for wrong in ("Bearer nonsense", f"Basic {KEY}", "Bearer", f"Bearer {KEY}x"):
            assert (await site.get("/api/overview", headers={"Authorization": wrong})).status == 401
        right = {"Authorization": f"Bearer {KEY}"}
        assert (await site.get("/api/overview", headers=right)).status == 200
        assert (await site.get("/metrics", headers=right)).status == 200
        assert (await site.get("/healthz")).status == 200
        assert (await site.get("/t/o/nonsense.gif")).status == 404


async def test_another_site_changes_nothing(site: Site) -> None:
    for headers, allowed in (
        ({}, True),
        ({"Origin": site.url}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": site.url}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://127.0.0.1:1"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
    ):
        answer = await site.post("/api/events", {"customer": "c1", "name": "x"}, headers=headers)
        if allowed:
            assert answer.status == 200
        else:
            assert await code_of(answer) == (403, "request.foreign_origin")


async def test_a_rebound_name_is_turned_away(site: Site) -> None:
    answer = await site.get("/api/overview", headers={"Host": "evil.example"})
    assert await code_of(answer) == (421, "request.unknown_host")
    origin = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert (await site.post("/api/events", {"customer": "c1", "name": "x"}, headers=origin)).status == 421
    assert (await site.get("/api/overview", headers={"Host": "localhost:9999"})).status == 200


async def test_large_bodies_are_refused_before_they_are_held(site: Site) -> None:
    five = b'{"name": "' + b"x" * (5 * 1024 * 1024) + b'"}'
    assert await code_of(await site.post("/api/campaigns", data=five)) == (413, "body.too_large")
    bulk = b'{"customers": [], "x": "' + b"x" * (6 * 1024 * 1024) + b'"}'
    assert (await site.post("/api/customers/bulk", data=bulk)).status == 200

    async def chunks() -> Any:
        for _ in range(8):
            yield b"x" * 1024 * 1024

    assert await code_of(await site.post("/api/campaigns", data=chunks())) == (413, "body.too_large")


async def test_bodies_that_cannot_be_kept_are_refused(site: Site) -> None:
    json_type = {"Content-Type": "application/json"}
    for body, code in (
        (b'{"customer": "a\\u0000b", "name": "x"}', "body.nul"),
        (b'{"customer": "\\ud800", "name": "x"}', "body.not_json"),
        (b'{"customer": "\\udc00\\ud800", "name": "x"}', "body.not_json"),
        (b'{"customer": "\xff", "name": "x"}', "body.not_utf8"),
        (b"[" * 1_000_000, "body.too_deep"),
        (b'{"a": ["]", ' * 5_000, "body.too_deep"),
        (b'{"customer": NaN}', "body.not_json"),
        (b"{", "body.not_json"),
        (b"", "body.empty"),
    ):
        assert await code_of(await site.post("/api/events", data=body, headers=json_type)) == (400, code), body[:40]


async def test_a_nul_in_the_address_is_refused(site: Site) -> None:
    for path in ("/api/customers/a%00b", "/api/customers?q=%00", "/api/campaigns/%00"):
        async with site.client.get(URL(site.url + path, encoded=True)) as answer:
            assert await code_of(answer) == (400, "request.nul")


async def test_compressed_bodies_are_refused(site: Site) -> None:
    answer = await site.post("/api/events", data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert await code_of(answer) == (415, "body.encoded")


async def test_what_a_person_searches_for_is_only_a_value(site: Site) -> None:
    for q in ("'; DROP TABLE customer; --", '"', "%", "_", "\\", "\N{GRINNING FACE}", "a" * 3000):
        answer = await site.get("/api/customers", params={"q": q})
        assert answer.status == 200
        assert (await answer.json())["customers"] == []


async def test_a_broken_request_is_told_nothing_of_the_inside(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(now: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr("motet.analytics.overview.OverviewReport.read", lambda self, now: broken(now))
    answer = await site.get("/api/overview")
    assert await code_of(answer) == (500, "internal")
    assert "secret" not in await answer.text()


async def test_answers_of_the_api_are_not_kept_and_not_sniffed(site: Site) -> None:
    for path in ("/api/overview", "/api/nothing"):
        headers = (await site.get(path)).headers
        assert headers["Cache-Control"] == "no-store"
    assert (await site.get("/api/overview")).headers["X-Content-Type-Options"] == "nosniff"


async def test_a_request_that_is_no_http_does_no_harm(site: Site) -> None:
    host, port = site.url.removeprefix("http://").split(":")
    for raw in (
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 500_000,
        b"POST /u/x HTTP/1.1\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=2) as connection:
            connection.sendall(raw)
    assert (await site.get("/healthz")).status == 200
