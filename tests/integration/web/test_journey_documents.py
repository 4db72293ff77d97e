"""Journeys over the API: planned with the people in them, applied, and tried again."""

from __future__ import annotations

from typing import Any

from motet.storage.pool import Pool
from siting import Site

SMS = {"channel": "sms", "content": {"text": "Hello"}}
TOUR: dict[str, Any] = {
    "kind": "journey",
    "name": "tour",
    "trigger": {"event": "user_signup"},
    "steps": [{"name": "hi", **SMS}, {"name": "ask", "type": "wait", "for": "1d"}],
}


async def test_a_dry_run_says_who_moves_and_who_stays(site: Site, pool: Pool) -> None:
    applied = await (await site.post("/api/campaigns", TOUR)).json()
    assert (applied["action"], applied["steps"]) == ("create", [])
    revision = await pool.fetchval("SELECT revision_id FROM campaign")
    await pool.execute("INSERT INTO step_stat VALUES (0, $1, 1, 5, 2)", revision)
    edited = {**TOUR, "steps": TOUR["steps"][:1]}
    dry = await (await site.post("/api/campaigns?dry_run=true", edited)).json()
    assert dry["steps"] == [{"revision": 1, "step": "ask", "people": 3, "action": "stays", "to": None}]
    moving = {**edited, "existing": "move", "moves": {"ask": "hi"}}
    dry = await (await site.post("/api/campaigns?dry_run=true", moving)).json()
    assert dry["steps"] == [{"revision": 1, "step": "ask", "people": 3, "action": "moves", "to": "hi"}]


async def test_a_wrong_journey_is_told_with_its_places(site: Site) -> None:
    wrong = {**TOUR, "steps": [{"name": "hi", **SMS, "next": "bye"}]}
    told = await (await site.post("/api/campaigns/validate", wrong)).json()
    assert [(p["code"], p["path"]) for p in told["problems"]] == [("journey.unknown_step", "steps[0].next")]


async def test_a_journey_is_no_campaign(site: Site) -> None:
    await site.post("/api/campaigns", TOUR)
    answer = await site.post("/api/campaigns", {"name": "tour", "messages": [SMS]})
    assert (answer.status, (await answer.json())["code"]) == (409, "conflict")


async def test_those_set_aside_may_be_tried_again(site: Site) -> None:
    await site.post("/api/campaigns", TOUR)
    assert await (await site.post("/api/campaigns/tour/retry")).json() == {"name": "tour", "enrollments": 0}
    assert (await site.post("/api/campaigns/nobody/retry")).status == 404
