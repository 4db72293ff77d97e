"""A journey over the API: its graph with who is where and who left why, one step, one enrollment's way, a drawing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from motet.core.words import Channel
from motet.storage.pool import Pool
from siting import Site
from stage import NOW, Clock, an_engine, put_customers, put_event, turn_all

DOCUMENT: dict[str, Any] = {
    "kind": "journey",
    "name": "first-days",
    "trigger": {"event": "signed_up"},
    "success": {"bought": {"event": "purchase"}},
    "exit": {"events": ["left_us"]},
    "existing": "move",
    "steps": [
        {"name": "hello", "type": "message", "channel": "sms", "content": {"text": "Hello"}},
        {"name": "seen", "type": "wait_for_event", "event": "looked", "timeout": "2d", "arrived": "pick"},
        {"name": "nudge", "type": "message", "channel": "sms", "delay": "1h", "content": {"text": "Look"}},
        {
            "name": "pick",
            "type": "split",
            "paths": [{"name": "a", "percent": 30, "go": "rest"}, {"name": "b", "percent": 70}],
        },
        {"name": "rest", "type": "wait", "for": "3d"},
    ],
}


async def begin(site: Site, pool: Pool) -> Any:
    """Three customers have entered and were greeted: they stand on `seen`."""
    applied = await site.post("/api/campaigns", DOCUMENT)
    assert applied.status == 200, await applied.text()
    assert (await site.post("/api/campaigns/first-days/launch", {})).status == 200
    engine = await an_engine(pool, Clock(NOW + timedelta(minutes=1)), tuple(Channel))
    ids = await put_customers(pool, 3)
    for id in ids:
        await put_event(pool, id, "signed_up")
    await turn_all(engine)
    await turn_all(engine)
    return engine, ids


async def graph(site: Site, query: str = "") -> dict[str, Any]:
    answer = await site.get(f"/api/journeys/first-days/graph{query}")
    assert answer.status == 200, await answer.text()
    told: dict[str, Any] = await answer.json()
    return told


def node(told: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in told["nodes"] if each["name"] == name)
    return found


async def test_a_graph_has_the_steps_the_ways_and_who_is_where(site: Site, pool: Pool) -> None:
    await begin(site, pool)
    told = await graph(site)
    assert (node(told, "hello")["entered"], node(told, "hello")["departed"]) == (3, 3)
    assert (node(told, "seen")["present"], node(told, "rest")["present"]) == (3, 0)
    ways = {(way["from"], way["to"]): way for way in told["edges"]}
    assert ways["pick", "rest"]["share"] in (0.3, 0.7)
    assert ("seen", "pick") in ways
    assert ("seen", "nudge:delay") in ways
    assert [revision["present"] for revision in told["revisions"]] == [3]
    assert told["goals"] == ["Bought: purchase happens"]
    assert told["exits"] == ["left us happens"]


async def test_who_left_is_told_with_the_step_and_the_reason(site: Site, pool: Pool) -> None:
    engine, ids = await begin(site, pool)
    await put_event(pool, ids[0], "left_us")
    await turn_all(engine)
    seen = node(await graph(site), "seen")
    assert seen["present"] == 2
    assert sum(row["count"] for row in seen["left"]) == 1


async def test_people_of_an_older_revision_are_counted_by_name_and_apart(site: Site, pool: Pool) -> None:
    await begin(site, pool)
    stay = {**DOCUMENT, "existing": "stay"}
    stay["steps"] = [*DOCUMENT["steps"][:1], {**DOCUMENT["steps"][4], "name": "pause"}]
    assert (await site.post("/api/campaigns", stay)).status == 200
    told = await graph(site)
    assert [step["name"] for step in told["nodes"]] == ["hello", "pause", "exit", "seen"]
    assert (node(told, "seen")["revision"], node(told, "seen")["present"]) == (1, 3)
    assert [(r["number"], r["present"], r["current"]) for r in told["revisions"]] == [(2, 0, True), (1, 3, False)]
    assert node(await graph(site, "?revision=2"), "hello")["entered"] == 0
    assert node(await graph(site, "?revision=1"), "seen")["present"] == 3
    assert (await site.get("/api/journeys/first-days/graph?revision=9")).status == 404


async def test_a_step_names_its_people_and_counts_its_messages(site: Site, pool: Pool) -> None:
    await begin(site, pool)
    told = await (await site.get("/api/journeys/first-days/steps/seen")).json()
    assert sorted(one["customer"] for one in told["people"]) == ["c0", "c1", "c2"]
    assert all(one["until"] for one in told["people"])
    said = await (await site.get("/api/journeys/first-days/steps/hello")).json()
    assert [(row["channel"], row["approved"]) for row in said["messages"]] == [("sms", 3)]
    assert (await site.get("/api/journeys/first-days/steps/nothing")).status == 404


async def test_a_way_tells_what_was_said_and_where_one_stands(site: Site, pool: Pool) -> None:
    engine, ids = await begin(site, pool)
    page = await (await site.get(f"/api/customers/{ids[0]}")).json()
    enrollment = page["enrollments"][0]["id"]
    way = await (await site.get(f"/api/customers/{ids[0]}/enrollments/{enrollment}")).json()
    assert [(entry["kind"], entry["step"]) for entry in way["entries"]] == [
        ("entered", "hello"), ("message", "hello"), ("standing", "seen"),
    ]  # fmt: skip
    assert (way["status"], way["program_kind"], way["step"]) == ("active", "journey", "seen")
    await put_event(pool, ids[0], "left_us")
    await turn_all(engine)
    gone = await (await site.get(f"/api/customers/{ids[0]}/enrollments/{enrollment}")).json()
    assert (gone["entries"][-1]["kind"], gone["ended_at"] is not None) == ("ended", True)
    assert (await site.get(f"/api/customers/{ids[1]}/enrollments/{enrollment}")).status == 404


async def test_a_document_is_drawn_before_it_is_applied(site: Site) -> None:
    told = await (await site.post("/api/journeys/draw", DOCUMENT)).json()
    assert told["problems"] == []
    assert next(step["name"] for step in told["drawing"]["nodes"]) == "hello"
    wrong = {**DOCUMENT, "steps": [{"type": "nothing"}]}
    told = await (await site.post("/api/journeys/draw", wrong)).json()
    assert told["drawing"] is None
    assert told["problems"][0]["path"] == "steps[0].type"
    assert (await (await site.get("/api/campaigns")).json())["campaigns"] == []


async def test_step_types_name_the_fields_of_documents(site: Site) -> None:
    told = await (await site.get("/api/step-types")).json()
    forms = {kind["word"]: [field["name"] for field in kind["form"]] for kind in told["types"]}
    assert forms["wait"][0] == "for"
    assert "until" in forms["wait_for_condition"]
    assert forms["action"][:2] == ["url", "body"]
    assert "next" in forms["message"]
