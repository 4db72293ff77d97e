"""Who is who over the API: identifiers, merges by hand, undo; and the page of a customer after a merge."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio

from motet.core.clock import to_ms
from motet.core.ids import uuid7
from motet.core.words import Channel
from motet.engine.loop import Engine
from motet.storage.pool import Pool
from siting import Site
from stage import NOW, Clock, an_engine, put_event, turn_all


async def page(site: Site, ref: str) -> dict[str, Any]:
    answer = await site.get(f"/api/customers/{ref}")
    assert answer.status == 200, await answer.text()
    told: dict[str, Any] = await answer.json()
    return told


async def two(site: Site) -> None:
    people = [
        {"external_id": "shop-1", "email": "Ada@example.com", "attributes": {"plan": "free"}, "tags": ["a"]},
        {"external_id": "crm-1", "phone": "+12025550100", "attributes": {"city": "Rome"}, "tags": ["b"]},
    ]
    saved = await (await site.post("/api/customers/bulk", {"customers": people})).json()
    assert (saved["created"], saved["rejected"]) == (2, [])


@pytest_asyncio.fixture
async def engine(pool: Pool) -> Engine:
    return await an_engine(pool, Clock(NOW + timedelta(hours=1)), tuple(Channel))


async def carry(engine: Engine) -> None:
    """Turns the engine until what moves from lane to lane has arrived."""
    while await engine.pool.fetchval("SELECT count(*) FROM transfer WHERE done_at IS NULL"):
        await turn_all(engine)
    await turn_all(engine)


async def test_a_page_has_all_that_a_customer_is_known_by(site: Site) -> None:
    await two(site)
    told = await page(site, "shop-1")
    assert told["identifiers"] == [
        {"kind": "external_id", "value": "shop-1"},
        {"kind": "email", "value": "ada@example.com"},
    ]
    assert (told["segments"], told["traits"], told["topics"], told["merges"]) == ([], {}, {}, [])
    listed = await (await site.get("/api/customers/shop-1/identifiers")).json()
    assert listed["identifiers"] == told["identifiers"]


async def test_two_are_merged_by_hand(site: Site, engine: Engine) -> None:
    await two(site)
    gone = (await page(site, "crm-1"))["id"]
    answer = await site.post("/api/customers/shop-1/merge", {"customer": "crm-1"})
    asked = await answer.json()
    assert (answer.status, asked["cause"], asked["customer"], asked["external_id"]) == (200, "person", gone, "crm-1")
    await carry(engine)
    told = await page(site, "crm-1")
    assert told["external_id"] == "shop-1"
    assert {i["value"] for i in told["identifiers"]} == {"shop-1", "crm-1", "ada@example.com", "+12025550100"}
    assert (told["phone"], told["tags"]) == ("+12025550100", ["a", "b"])
    assert told["attributes"] == {"plan": "free", "city": "Rome"}
    [merge] = told["merges"]
    assert (merge["id"], merge["status"], merge["undoable"]) == (asked["id"], "merged", True)
    assert (await (await site.get("/api/customers/shop-1/merges")).json())["merges"] == told["merges"]


async def test_the_id_of_one_who_is_gone_leads_to_who_they_are_now(site: Site, engine: Engine) -> None:
    await two(site)
    gone = (await page(site, "crm-1"))["id"]
    await site.post("/api/customers/shop-1/merge", {"customer": "crm-1"})
    assert (await page(site, gone))["external_id"] == "shop-1"
    await carry(engine)
    assert (await page(site, gone))["external_id"] == "shop-1"


async def test_what_the_other_did_before_is_on_the_timeline_and_counts(site: Site, engine: Engine) -> None:
    await two(site)
    gone = (await page(site, "crm-1"))["id"]
    await site.post("/api/events", {"customer": "crm-1", "name": "purchase", "value": 20})
    await site.post("/api/events", {"customer": "shop-1", "name": "purchase", "value": 5})
    await site.post("/api/customers/shop-1/merge", {"customer": "crm-1"})
    await carry(engine)
    told = await (await site.get("/api/customers/shop-1/timeline")).json()
    titles = [(entry["title"], entry["detail"]) for entry in told["entries"]]
    assert titles[0] == ("Merged with crm-1", "What they did before is here too")
    assert sorted(titles[1:]) == [("Purchase", "worth 20.00"), ("Purchase", "worth 5.00")]
    assert (await page(site, "shop-1"))["summary"]["revenue"] == 25
    assert told["entries"][0]["properties"]["customer"] == gone


async def test_a_copy_for_the_engine_is_told_once(site: Site, pool: Pool) -> None:
    await two(site)
    customer = (await page(site, "shop-1"))["id"]
    await site.post("/api/events", {"customer": "shop-1", "name": "purchase", "value": 20})
    await pool.execute(
        "INSERT INTO event (lane, customer_id, id, name, at, value, source) "
        "SELECT lane, customer_id, $2, name, at, value, 'forward' FROM event "
        "WHERE customer_id = $1 AND name = 'purchase'",
        customer, uuid7(to_ms(NOW)),
    )  # fmt: skip
    told = await (await site.get("/api/customers/shop-1/timeline")).json()
    assert [entry["title"] for entry in told["entries"]] == ["Purchase"]
    assert (await page(site, "shop-1"))["summary"]["revenue"] == 20


async def test_a_merge_is_undone(site: Site, engine: Engine) -> None:
    await two(site)
    asked = await (await site.post("/api/customers/shop-1/merge", {"customer": "crm-1"})).json()
    await carry(engine)
    undone = await site.post(f"/api/merges/{asked['id']}/undo")
    assert undone.status == 200, await undone.text()
    await carry(engine)
    crm, shop = await page(site, "crm-1"), await page(site, "shop-1")
    assert (crm["external_id"], crm["phone"], crm["attributes"]) == ("crm-1", "+12025550100", {"city": "Rome"})
    assert (shop["phone"], shop["attributes"], shop["tags"]) == (None, {"plan": "free"}, ["a"])
    [merge] = shop["merges"]
    assert (merge["status"], merge["undoable"]) == ("undone", False)
    again = await site.post(f"/api/merges/{asked['id']}/undo")
    assert again.status == 400


async def test_a_merge_that_is_not_there_cannot_be_undone(site: Site) -> None:
    assert (await site.post(f"/api/merges/{uuid4()}/undo")).status == 404
    assert (await site.post("/api/merges/x/undo")).status == 404


@pytest.mark.parametrize("body", [{}, {"customer": ""}, {"customer": 5}, [], {"customer": None}])
async def test_a_merge_names_the_other(site: Site, body: Any) -> None:
    await two(site)
    answer = await site.post("/api/customers/shop-1/merge", body)
    told = await answer.json()
    assert (answer.status, told["code"], told["problems"][0]["path"]) == (400, "merge.no_customer", "customer")


async def test_nobody_is_merged_with_themselves_or_with_one_who_is_not_there(site: Site) -> None:
    await two(site)
    assert (await site.post("/api/customers/shop-1/merge", {"customer": "ada@example.com"})).status == 400
    assert (await site.post("/api/customers/shop-1/merge", {"customer": "nobody"})).status == 404
    assert (await page(site, "shop-1"))["merges"] == []


async def test_segments_and_stages_are_told_in_words(site: Site, pool: Pool) -> None:
    await two(site)
    customer = (await page(site, "shop-1"))["id"]
    await put_event(pool, UUID(customer), "segment_entered", properties={"segment": "vip"})
    await put_event(pool, UUID(customer), "lifecycle_changed", properties={"from": "prospect", "to": "customer"})
    told = await (await site.get("/api/customers/shop-1/timeline")).json()
    assert {entry["title"] for entry in told["entries"]} == {
        "Entered the segment vip",
        "Moved from Prospect to Customer",
    }


async def test_what_names_nobody_is_refused_at_every_door(site: Site, pool: Pool) -> None:
    setting = '{"blocked": ["kiosk-1"], "day": 25, "all": 100}'
    await pool.execute("INSERT INTO setting VALUES ('identity', $1)", msgspec.json.decode(setting))
    await site.post("/api/events", {"customer": "ann", "name": "signup"})  # whoever writes hears the brand's own list
    for word in ("null", "Undefined", "kiosk-1"):
        event = await site.post("/api/events", {"customer": word, "name": "signup"})
        customer = await site.post("/api/customers", {"external_id": word})
        assert (event.status, (await event.json())["code"]) == (400, "event.blocked_identifier"), word
        assert (customer.status, (await customer.json())["code"]) == (400, "customer.blocked_identifier"), word
    assert await pool.fetchval("SELECT count(*) FROM customer WHERE external_id <> 'ann'") == 0
