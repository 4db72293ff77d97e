"""A visitor nobody knows looks around, signs up, buys, and hears from the brand once, because of what they did.

Everything is real: `motet up` with its processes, events over HTTP as Segment's libraries send them, the outbox.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from houses import House, open_houses, wait_for

SEGMENT = """
kind: segment
name: keen-buyers
title: Keen buyers
where:
  $did: {event: product_viewed, count: {$gte: 3}, within: 1d}
  $and: [{$did: {event: purchase, sum: {$gte: 50}}}]
"""
GUESTS = """
kind: segment
name: guests
title: Guests
where:
  $did: {event: course_booked, count: {$gte: 2}}
"""
CAMPAIGN = """
name: keen-thanks
trigger: {enters: keen-buyers}
messages:
  - channel: email
    content: {subject: "Thank you, {{first_name}}", html: "<p>You looked three times before you bought.</p>"}
"""


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_houses() as start:
        house = start()
        house.wait_until_well()
        yield house


def test_a_visitor_becomes_a_customer_enters_a_segment_and_hears_once(house: House, tmp_path: Path) -> None:
    (tmp_path / "segment.yaml").write_text(SEGMENT)
    (tmp_path / "campaign.yaml").write_text(CAMPAIGN)
    tell = sender(house, house.motet("keys", "add", "website")["key"])
    assert house.motet("apply", str(tmp_path / "segment.yaml"))["applied"][0]["action"] == "create"
    wait_for(lambda: _segment(house)["status"] == "live", 30, house.tell)
    house.motet("apply", str(tmp_path / "campaign.yaml"))
    assert house.motet("launch", "keen-thanks")["code"] == 0

    for _ in range(2):
        tell("track", anonymousId="visitor-1", event="product_viewed", properties={"sku": "oak-stool"})
    tell("identify", anonymousId="visitor-1", userId="u-1", traits={"email": "ann@example.com", "firstName": "Ann"})
    tell("track", userId="u-1", event="product_viewed", properties={"sku": "linen-apron"})
    assert _segment(house)["members"] == 0
    bought = time.monotonic()
    tell("track", userId="u-1", event="purchase", properties={"value": 64})

    wait_for(lambda: _segment(house)["members"] == 1, 10, house.tell)
    assert time.monotonic() - bought < 5
    wait_for(lambda: _outbox(house), 20, house.tell)
    tell("track", userId="u-1", event="purchase", properties={"value": 64})
    time.sleep(2)
    assert [(m["to"], m["title"]) for m in _outbox(house)] == [("ann@example.com", "Thank you, Ann")]

    page = _get(house, "/api/customers/u-1")
    assert {(i["kind"], i["value"]) for i in page["identifiers"]} >= {
        ("external_id", "u-1"),
        ("email", "ann@example.com"),
        ("anonymous_id", "visitor-1"),
    }
    assert [s["name"] for s in page["segments"]] == ["keen-buyers"]
    told = [entry["title"] for entry in _get(house, "/api/customers/u-1/timeline?limit=100")["entries"]]
    assert sum("product_viewed" in title.lower().replace(" ", "_") for title in told) == 3
    assert _get(house, "/api/overview")["customers"] == 1


def test_segments_keys_and_history_are_worked_from_the_command_line(house: House, tmp_path: Path) -> None:
    history = tmp_path / "bookings.csv"
    history.write_text("email,date\nbo@example.com,2019-03-11\ncy@example.com,2019-04-11\nbo@example.com,2019-05-11\n")
    read = house.motet("import", "events", str(history), "--event", "course_booked")
    assert read["code"] == 0, read
    assert read["changed"] == 3
    again = house.motet("import", "events", str(history), "--event", "course_booked")
    assert (again["code"], again["already"]) == (0, True)

    document = tmp_path / "guests.yaml"
    document.write_text(GUESTS)
    preview = house.motet("segments", "preview", str(document))
    assert (preview["code"], preview["count"]) == (0, 1)
    house.motet("apply", str(document))
    wait_for(lambda: house.motet("segments", "show", "guests")["segment"]["status"] == "live", 30, house.tell)
    shown = house.motet("segments", "show", "guests")
    assert (shown["code"], shown["segment"]["members"], shown["used_by"]) == (0, 1, [])
    listed = house.motet("segments", "list")
    assert (listed["code"], [s["title"] for s in listed["segments"] if s["name"] == "guests"]) == (0, ["Guests"])
    put_away = house.motet("segments", "archive", "guests")
    assert (put_away["code"], put_away["status"]) == (0, "archived")
    assert house.motet("segments", "show", "guests")["segment"]["status"] == "archived"

    made = house.motet("keys", "add", "course site")
    event = {"userId": "u-1", "event": "page_left"}
    assert house.post("/v1/track", event, made["key"])[0] == 200
    assert house.motet("keys", "revoke", made["id"])["code"] == 0
    keys = house.motet("keys", "list")
    assert keys["code"] == 0
    assert [k["revoked_at"] is not None for k in keys["keys"] if k["id"] == made["id"]] == [True]
    wait_for(lambda: house.post("/v1/track", event, made["key"])[0] == 401, 20, house.tell)


def sender(house: House, key: str) -> Callable[..., None]:
    """Sends calls as a website would."""

    def tell(kind: str, **fields: Any) -> None:
        status, told = house.post(f"/v1/{kind}", {"messageId": str(uuid4()), **fields}, key)
        assert status == 200, told

    return tell


def _segment(house: House) -> dict[str, Any]:
    found: dict[str, Any] = _get(house, "/api/segments/keen-buyers")
    return found


def _outbox(house: House) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _get(house, "/api/outbox/messages?channel=email")["messages"]
    return found


def _get(house: House, path: str) -> Any:
    status, told = house.get(path)
    assert status == 200, told
    return told
