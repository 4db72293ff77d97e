"""Simulations over HTTP: the command in a process of its own, with bounds, and errors as problem documents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from motet.authoring.blueprints import read_blueprint
from motet.simulation.forecast.aside import forecast_aside
from motet.storage.pool import Pool
from siting import Site, run_site


@pytest_asyncio.fixture
async def site(pool: Pool, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setenv("MOTET_DATABASE_URL", database)
    monkeypatch.setenv("MOTET_HOME", str(tmp_path))
    async with run_site(pool, tmp_path, simulate=forecast_aside) as running:
        yield running


async def test_a_document_is_simulated(site: Site) -> None:
    order = {"document": read_blueprint("abandoned-cart-recovery"), "customers": 50, "days": 10, "seed": 5}
    first, second = [await site.post("/api/simulations", order) for _ in range(2)]
    assert first.status == 200
    report = await first.json()
    assert (report["name"], report["totals"]["customers"]) == ("abandoned-cart-recovery", 50)
    assert report["steps"][0]["entered"] == report["totals"]["entered"] > 0
    assert await first.read() == await second.read()


async def test_a_stored_campaign_is_simulated_by_its_name_over_a_segment(site: Site) -> None:
    people = [{"external_id": f"c-{n}", "phone": f"+1202555{n:04}", "tags": ["vip"]} for n in range(10)]
    assert (await site.post("/api/customers/bulk", {"customers": people})).status == 200
    document = {"name": "news", "messages": [{"channel": "sms", "content": {"text": "Hi"}}]}
    assert (await site.post("/api/campaigns", document)).status == 200
    answer = await site.post("/api/simulations", {"name": "news", "segment": "vip", "days": 3})
    report = await answer.json()
    assert (report["people"], report["totals"]["sent"]) == ("segment", 10)


async def test_settings_change_how_people_behave(site: Site) -> None:
    document = {"name": "news", "messages": [{"channel": "sms", "content": {"text": "Hi"}}]}
    settings = {"channels": {"sms": {"clicks": 1.0}}, "spread": 0}
    answer = await site.post("/api/simulations", {"document": document, "customers": 40, "settings": settings})
    report = await answer.json()
    assert report["parameters"]["channels"]["sms"]["clicks"] == 1.0
    assert report["totals"]["clicked"] > 20


@pytest.mark.parametrize(
    ("order", "status", "code", "place"),
    [
        ({"name": "nobody"}, 404, "not_found", ""),
        ({}, 400, "simulation.bad_order", "document"),
        ({"name": "a", "customers": 20_001}, 400, "simulation.bad_order", "customers"),
        ({"name": "a", "dayz": 3}, 400, "simulation.bad_order", ""),
        ({"document": {"name": "a", "messages": []}}, 400, "campaign.no_messages", "messages"),
        ({"document": {"name": "a", "messages": [{"channel": "sms", "content": {"text": "Hi"}}]},
          "settings": {"buys": 3}}, 400, "simulation.bad_parameter", "simulation.buys"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_with_its_place(
    site: Site, order: dict[str, object], status: int, code: str, place: str
) -> None:
    answer = await site.post("/api/simulations", order)
    told = await answer.json()
    assert (answer.status, told["code"], told["problems"][0]["path"]) == (status, code, place)
    assert answer.content_type == "application/problem+json"


async def test_what_takes_too_long_is_ended(pool: Pool, tmp_path: Path) -> None:
    async with run_site(pool, tmp_path, simulate=partial(forecast_aside, seconds=0.01)) as site:
        document = {"name": "a", "messages": [{"channel": "sms", "content": {"text": "Hi"}}]}
        answer = await site.post("/api/simulations", {"document": document})
        assert (answer.status, (await answer.json())["code"]) == (400, "simulation.too_long")
