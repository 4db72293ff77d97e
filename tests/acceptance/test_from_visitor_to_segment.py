"""A visitor nobody knows looks around, signs up, buys, and hears from the brand once, because of what they did.

Everything is real: `motet up` with its processes, events over HTTP as Segment's libraries send them, the outbox.
"""

from __future__ import annotations

import base64
import json
import time
import urllib.request
from collections.abc import Iterator
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
CAMPAIGN = """
name: keen-thanks
trigger: {enters: keen-buyers}
messages:
  - channel: email
    content: {subject: "Thank you, {{first_name}}", html: "<p>You looked three times before you bought.</p>"}
"""


@pytest.fixture
def house(tmp_path: Any) -> Iterator[House]:
    with open_houses() as start:
        house = start()
        house.wait_until_well()
        (tmp_path / "segment.yaml").write_text(SEGMENT)
        (tmp_path / "campaign.yaml").write_text(CAMPAIGN)
        yield house


def test_a_visitor_becomes_a_customer_enters_a_segment_and_hears_once(house: House, tmp_path: Any) -> None:
    tell = Teller(house.url, house.motet("keys", "add", "website")["key"])
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


class Teller:
    """Sends calls as a website would."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = base64.b64encode(f"{key}:".encode()).decode()

    def __call__(self, kind: str, **fields: Any) -> None:
        body = json.dumps({"messageId": str(uuid4()), **fields}).encode()
        headers = {"Authorization": f"Basic {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/v1/{kind}", body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200


def _segment(house: House) -> dict[str, Any]:
    found: dict[str, Any] = _get(house, "/api/segments/keen-buyers")
    return found


def _outbox(house: House) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _get(house, "/api/outbox/messages?channel=email")["messages"]
    return found


def _get(house: House, path: str) -> Any:
    with urllib.request.urlopen(f"{house.url}{path}", timeout=10) as answer:
        return json.load(answer)
