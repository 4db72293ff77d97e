from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Origin": "{url}"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://127.0.0.1:1"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "{url}"}, True),
    ],
)
async def test_another_site_changes_nothing(site: Site, headers: dict[str, str], allowed: bool) -> None:
    told = {name: value.format(url=site.url) for name, value in headers.items()}
    answer = await site.post("/api/events", {"customer": "c1", "name": "x"}, headers=told)
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


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"customer": "a\\u0000b", "name": "x"}', "body.nul"),
        (b'{"customer": "a\x00b", "name": "x"}', "body.nul"),
        (b'{"customer": "\\ud800", "name": "x"}', "body.not_json"),
        (b'{"customer": "\\udc00\\ud800", "name": "x"}', "body.not_json"),
        (b'{"customer": "\xed\xa0\x80", "name": "x"}', "body.not_utf8"),
        (b'{"customer": "\xff", "name": "x"}', "body.not_utf8"),
        (b'{"customer": ' + b"[" * 65 + b"]" * 65 + b"}", "body.too_deep"),
        (b"[" * 1_000_000, "body.too_deep"),
        (b'[{"a":' * 100_000, "body.too_deep"),
        (b'{"customer": NaN}', "body.not_json"),
        (b"{", "body.not_json"),
        (b"", "body.empty"),
    ],
)
async def test_bodies_that_cannot_be_kept_are_refused(site: Site, body: bytes, code: str) -> None:
    answer = await site.post("/api/events", data=body, headers={"Content-Type": "application/json"})
    assert await code_of(answer) == (400, code)


@pytest.mark.parametrize("text", ["\\\\u0000", "[" * 200, "]{" * 300, '\\"[' * 200])
async def test_what_only_looks_dangerous_is_taken(site: Site, text: str) -> None:
    body = f'{{"customer": "c1", "name": "x", "properties": {{"text": "{text}"}}}}'
    json.loads(body)
    assert (await site.post("/api/events", data=body.encode())).status == 200


@pytest.mark.parametrize("path", ["/api/customers/a%00b", "/api/customers?q=%00", "/api/campaigns/%00"])
async def test_a_nul_in_the_address_is_refused(site: Site, path: str) -> None:
    from yarl import URL

    async with site.client.get(URL(site.url + path, encoded=True)) as answer:
        assert await code_of(answer) == (400, "request.nul")


async def test_compressed_bodies_are_refused(site: Site) -> None:
    answer = await site.post("/api/events", data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert await code_of(answer) == (415, "body.encoded")


@pytest.mark.parametrize("q", ["'; DROP TABLE customer; --", '"', "%", "_", "\\", "\N{GRINNING FACE}", "a" * 3000])
async def test_what_a_person_searches_for_is_only_a_value(site: Site, q: str) -> None:
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
