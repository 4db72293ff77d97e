"""Segments over HTTP: applied, previewed, listed; and customers found by conditions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from motet.storage.pool import Pool
from siting import Site, run_site

BIG = {
    "kind": "segment",
    "name": "big",
    "title": "Big spenders",
    "where": {"$did": {"event": "purchase", "sum": {"$gte": 100}, "within": "30d"}},
}


@pytest_asyncio.fixture
async def site(pool: Pool, tmp_path: Path) -> AsyncIterator[Site]:
    async with run_site(pool, tmp_path) as running:
        people = [{"external_id": f"c-{n}", "attributes": {"first_name": f"N{n}", "age": n}} for n in range(10)]
        assert (await running.post("/api/customers/bulk", {"customers": people})).status == 200
        bought = [{"customer": f"c-{n}", "name": "purchase", "value": 30.0 * n} for n in range(10)]
        assert (await running.post("/api/events", {"events": bought})).status == 200
        yield running


async def test_a_preview_counts_what_has_just_happened(site: Site) -> None:
    answer = await site.post("/api/segments/preview", {"where": BIG["where"]})
    told = await answer.json()
    assert (told["count"], told["total"], told["share"]) == (6, 10, 0.6)
    assert {row["external_id"] for row in told["sample"]} == {f"c-{n}" for n in range(4, 10)}


async def test_a_condition_that_is_wrong_is_told_with_its_place(site: Site) -> None:
    answer = await site.post("/api/segments/preview", {"where": {"age": {"$gtt": 4}}})
    told = await answer.json()
    assert answer.status == 400
    assert [(p["path"], "$gt" in p["fix"]) for p in told["problems"]] == [("where.age.$gtt", True)]


async def test_a_document_is_planned_applied_and_unchanged_the_second_time(site: Site) -> None:
    planned = await (await site.post("/api/segments?dry_run=true", BIG)).json()
    assert (planned["kind"], planned["name"], planned["action"]) == ("segment", "big", "create")
    assert (await (await site.get("/api/segments")).json())["segments"] == []

    assert (await (await site.post("/api/segments", BIG)).json())["action"] == "create"
    assert (await (await site.post("/api/segments", BIG)).json())["action"] == "unchanged"

    listed = await (await site.get("/api/segments")).json()
    assert listed["customers"] == 10
    [row] = listed["segments"]
    assert (row["name"], row["status"], row["members"], row["used_by"]) == ("big", "building", None, [])
    assert row["progress"] is not None


async def test_a_segment_says_which_campaigns_use_it_and_is_not_put_away_meanwhile(site: Site) -> None:
    await site.post("/api/segments", BIG)
    campaign = {
        "name": "thanks",
        "trigger": {"enters": "big"},
        "messages": [{"channel": "sms", "content": {"text": "Hi"}}],
    }
    assert (await site.post("/api/campaigns", campaign)).status == 200
    assert (await site.post("/api/campaigns/thanks/launch", {})).status == 200

    assert (await (await site.get("/api/segments")).json())["segments"][0]["used_by"] == ["thanks"]
    refused = await site.post("/api/segments/big/archive", {})
    assert refused.status == 409
    assert "thanks" in (await refused.json())["detail"]


async def test_customers_are_found_by_conditions_page_by_page(site: Site) -> None:
    first = await (await site.post("/api/customers/find", {"where": {"age": {"$lt": 7}}, "limit": 4})).json()
    second = await (
        await site.post("/api/customers/find", {"where": {"age": {"$lt": 7}}, "limit": 4, "before": first["next"]})
    ).json()
    found = [row["external_id"] for page in (first, second) for row in page["customers"]]
    assert sorted(found) == [f"c-{n}" for n in range(7)]
    assert (first["total"], second["next"]) == (7, None)


async def test_the_vocabulary_knows_fields_and_events(site: Site) -> None:
    told = await (await site.get("/api/vocabulary")).json()
    assert {"name": "age", "kind": "number"}.items() <= next(f for f in told["fields"] if f["name"] == "age").items()
    assert "purchase" in {event["name"] for event in told["events"]}


async def test_a_key_is_told_once_and_can_be_revoked(site: Site) -> None:
    made = await (await site.post("/api/keys", {"name": "website"})).json()
    assert len(made["key"]) >= 24
    [listed] = (await (await site.get("/api/keys")).json())["keys"]
    assert made["key"] not in str(listed)
    [revoked] = (await (await site.post(f"/api/keys/{made['id']}/revoke", {})).json())["keys"]
    assert revoked["revoked_at"] is not None
