from __future__ import annotations

import asyncio
from typing import Any

import pytest

from motet.core.errors import Problem
from motet.core.words import Channel
from motet.storage.pool import Pool
from siting import Site, run_site
from stage import put_customers

WELCOME: dict[str, Any] = {
    "name": "hello",
    "title": "Hello",
    "segments": ["new"],
    "messages": [
        {"name": "first", "channel": "email", "content": {"subject": "Hi {{first_name}}", "html": "<p>Hello you</p>"}},
        {
            "name": "second",
            "channel": "sms",
            "delay": "2 days",
            "conditions": {"email_opened": False},
            "content": {"text": "Still there?"},
        },
    ],
    "frequency": {"max_emails_per_day": 1},
}


async def test_the_overview_of_an_empty_house(site: Site) -> None:
    answer = await site.get("/api/overview")
    told = await answer.json()
    assert answer.status == 200
    assert told["customers"] == 0
    assert told["totals"]["sent"] == 0
    assert len(told["series"]) == 24
    assert set(told) == {
        "now", "customers", "enrollments_active", "totals", "last_hour", "channels", "campaigns", "waiting", "workers",
        "series",
    }  # fmt: skip


async def test_a_campaign_is_applied_reported_launched_and_paused(site: Site) -> None:
    dry = await (await site.post("/api/campaigns?dry_run=true", WELCOME)).json()
    assert (dry["action"], dry["changed"]) == ("create", False)
    assert (await (await site.get("/api/campaigns")).json()) == {"campaigns": []}

    applied = await (await site.post("/api/campaigns", WELCOME)).json()
    assert (applied["name"], applied["revision"], applied["changed"], applied["action"]) == ("hello", 1, True, "create")
    again = await (await site.post("/api/campaigns", WELCOME)).json()
    assert (again["revision"], again["changed"], again["action"]) == (1, False, "unchanged")

    [row] = (await (await site.get("/api/campaigns")).json())["campaigns"]
    assert (row["status"], row["kind"], row["channels"]) == ("draft", "broadcast", ["email", "sms"])

    launched = await (await site.post("/api/campaigns/hello/launch")).json()
    assert launched["status"] == "running"
    paused = await (await site.post("/api/campaigns/hello/pause")).json()
    assert paused["status"] == "paused"
    assert (await (await site.post("/api/campaigns/hello/resume")).json())["status"] == "running"
    assert (await (await site.post("/api/campaigns/hello/cancel")).json())["status"] == "cancelled"
    conflict = await site.post("/api/campaigns/hello/pause")
    assert (conflict.status, (await conflict.json())["code"]) == (409, "conflict")

    report = await (await site.get("/api/campaigns/hello")).json()
    assert [step["kind"] for step in report["steps"]] == ["message", "delay", "message", "exit"]
    first, _, second, _ = report["steps"]
    assert first["preview"] == {"title": "Hi {{first_name}}", "body": "Hello you"}
    assert second["conditions"] == {"email_opened": False}
    assert second["summary"] == "Send an SMS, if not email_opened"
    assert report["frequency"] == ["At most 1 email a day"]
    assert report["document"] == WELCOME
    assert [launch["lanes"] for launch in report["launches"]] == [8]


async def test_yaml_is_taken_and_its_errors_name_the_place(site: Site) -> None:
    yaml = "name: short\nmessages:\n  - channel: sms\n    content: {text: Hi}\n"
    headers = {"Content-Type": "text/yaml"}
    assert (await (await site.post("/api/campaigns", data=yaml, headers=headers)).json())["name"] == "short"
    wrong = yaml.replace("channel: sms", "chanel: sms")
    answer = await site.post("/api/campaigns", data=wrong, headers=headers)
    told = await answer.json()
    assert answer.status == 400
    assert answer.content_type == "application/problem+json"
    assert any("messages[0]" in problem["path"] for problem in told["problems"])
    verdict = await (await site.post("/api/campaigns/validate", data=wrong, headers=headers)).json()
    assert {problem["code"] for problem in verdict["problems"]} == {problem["code"] for problem in told["problems"]}


async def test_a_channel_that_cannot_serve_is_told_at_launch(pool: Pool, tmp_path: Any) -> None:
    def ready(channels: set[Channel]) -> list[Problem]:
        return [Problem("provider.missing", f"no provider for {c.word}", "MOTET_SMS_URL") for c in sorted(channels)[1:]]

    async with run_site(pool, tmp_path, ready=ready) as site:
        await site.post("/api/campaigns", WELCOME)
        answer = await site.post("/api/campaigns/hello/launch")
        assert answer.status == 400
        assert (await answer.json())["code"] == "provider.missing"
        assert (await (await site.get("/api/campaigns/hello")).json())["status"] == "draft"


async def test_only_named_customers_are_launched_and_unknown_ones_are_told(site: Site, pool: Pool) -> None:
    await put_customers(pool, 2)
    await site.post("/api/campaigns", WELCOME)
    answer = await site.post("/api/campaigns/hello/launch", {"customers": ["nobody"]})
    assert answer.status == 400
    assert (await site.post("/api/campaigns/hello/launch", {"customer": "c1"})).status == 400
    assert (await site.post("/api/campaigns/none/launch")).status == 404


async def test_blueprints_are_documents_to_start_from(site: Site) -> None:
    blueprints = await (await site.get("/api/blueprints")).json()
    assert [b["name"] for b in blueprints] == ["welcome-series", "onboarding", "abandoned-cart-recovery", "win-back"]
    for blueprint in blueprints:
        assert (await site.post("/api/campaigns", blueprint["document"])).status == 200


async def test_customers_come_in_and_are_found(site: Site) -> None:
    given = {"external_id": "ada", "email": "Ada@Example.com", "attributes": {"first_name": "Ada", "last_name": "L"}}
    one = await (await site.post("/api/customers", given)).json()
    assert (one["created"], one["rejected"]) == (1, [])
    many = [given, {"external_id": "bob", "timezone": "Europe/Berlinn"}, {"external_id": "cy", "tags": ["vip"]}]
    bulk = await (await site.post("/api/customers/bulk", {"customers": many})).json()
    assert (bulk["created"], bulk["changed"], bulk["unchanged"]) == (1, 0, 1)
    [rejected] = bulk["rejected"]
    assert rejected["index"] == 1
    assert rejected["problems"][0]["path"] == "customers[1].timezone"
    assert "Europe/Berlin" in rejected["problems"][0]["fix"]

    listed = await (await site.get("/api/customers")).json()
    assert [c["external_id"] for c in listed["customers"]] == ["cy", "ada"]
    assert listed["next"] is None
    assert listed["customers"][1]["name"] == "Ada L"
    first = await (await site.get("/api/customers?limit=1")).json()
    second = await (await site.get(f"/api/customers?limit=1&before={first['next']}")).json()
    assert [c["external_id"] for c in first["customers"] + second["customers"]] == ["cy", "ada"]
    found = await (await site.get("/api/customers?q=ada@ex")).json()
    assert [c["external_id"] for c in found["customers"]] == ["ada"]

    for ref in ("ada", "ada@example.com", found["customers"][0]["id"]):
        page = await (await site.get(f"/api/customers/{ref}")).json()
        assert page["external_id"] == "ada"
    assert page["summary"]["sent"] == 0
    assert page["enrollments"] == []
    missing = await site.get("/api/customers/nobody")
    assert (missing.status, (await missing.json())["code"]) == (404, "not_found")


async def test_events_are_answered_after_the_commit_and_known_ones_are_duplicates(site: Site, pool: Pool) -> None:
    await put_customers(pool, 1)
    event = {"customer": "c0", "name": "purchase", "value": 12.5, "key": "order-1"}
    one = await (await site.post("/api/events", event)).json()
    assert one == {"accepted": 1, "duplicate": 0, "rejected": []}
    assert await pool.fetchval("SELECT count(*) FROM event WHERE source <> 'profile'") == 1
    many = await (await site.post("/api/events", {"events": [event, {"customer": "new", "name": "x"}, {}]})).json()
    assert (many["accepted"], many["duplicate"], [r["index"] for r in many["rejected"]]) == (1, 1, [2])
    assert (await site.post("/api/events", {"customer": "c0"})).status == 400


async def test_status_names_the_parts(site: Site) -> None:
    told = await (await site.get("/api/status")).json()
    assert told["lanes"] == 8
    assert told["database"].startswith("PostgreSQL ")
    assert [c["channel"] for c in told["channels"]] == [c.word for c in Channel]


async def test_the_openapi_describes_every_address(site: Site) -> None:
    answer = await site.get("/api/openapi.json")
    told = await answer.json(content_type=None)
    assert answer.status == 200
    assert "/api/campaigns/{name}/launch" in told["paths"]
    assert "/api/customers/bulk" in told["paths"]
    assert "/api/live" in told["paths"]
    row = told["components"]["schemas"]["CampaignRow"]["properties"]
    assert {"name", "status", "enrolled", "revenue"} <= set(row)


@pytest.mark.parametrize("path", ["/api/nothing", "/api/", "/api"])
async def test_an_unknown_address_is_a_problem(site: Site, path: str) -> None:
    answer = await site.get(path)
    assert answer.status == 404
    assert answer.content_type == "application/problem+json"
    assert (await answer.json())["code"] == "route.unknown"


async def test_wrong_parameters_are_told_with_their_names(site: Site) -> None:
    answer = await site.get("/api/customers?limit=many")
    told = await answer.json()
    assert answer.status == 400
    assert told["problems"][0]["path"] == "limit"
    assert (await site.get("/api/customers?limit=0")).status == 400
    assert (await site.get("/api/customers?before=x")).status == 400
    assert (await (await site.post("/api/overview", {})).json())["code"] == "route.method_not_allowed"


async def test_the_overview_streams_what_changes(site: Site, pool: Pool) -> None:
    async with asyncio.timeout(10), site.client.get(f"{site.url}/api/live") as answer:
        assert answer.content_type == "text/event-stream"
        first = await read_frame(answer)
        assert b'"customers":0' in first
        await put_customers(pool, 3)
        while b'"customers":3' not in await read_frame(answer):
            pass


async def read_frame(answer: Any) -> bytes:
    """The next `event: overview` frame."""
    while True:
        frame: bytes = await answer.content.readuntil(b"\n\n")
        if b"event: overview" in frame:
            return frame


async def test_a_reader_that_leaves_is_forgotten(site: Site) -> None:
    for _ in range(3):
        async with site.client.get(f"{site.url}/api/live") as answer:
            await read_frame(answer)
    async with asyncio.timeout(20):
        while site.web.feed.watching:
            await asyncio.sleep(0.05)


async def test_a_stop_ends_the_streams(pool: Pool, tmp_path: Any) -> None:
    async with run_site(pool, tmp_path) as site, site.client.get(f"{site.url}/api/live") as answer:
        await read_frame(answer)
        site.stop.set()
        async with asyncio.timeout(4):
            await answer.content.read()
