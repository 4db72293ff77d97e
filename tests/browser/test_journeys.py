"""A person at a journey: sees its steps and who is where, changes a step on the canvas, applies it, and reads one
customer's way. A real Chromium against a real `motet up`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from browsing import PATIENT, check_width
from houses import House, open_houses

DOCUMENT: dict[str, Any] = {
    "kind": "journey",
    "name": "first-days",
    "title": "The first days",
    "trigger": {"event": "signed_up"},
    "existing": "move",
    "steps": [
        {"name": "hello", "type": "message", "channel": "sms", "content": {"text": "Hello"}},
        {"name": "seen", "type": "wait_for_event", "event": "looked", "timeout": "2d"},
        {"name": "rest", "type": "wait", "for": "3d"},
    ],
}


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A running journey, and one customer who is not in it yet."""
    with open_houses() as start:
        opened = start()
        opened.wait_until_well()
        assert opened.post("/api/campaigns", DOCUMENT)[0] == 200
        assert opened.post("/api/campaigns/first-days/launch", {})[0] == 200
        assert opened.post("/api/customers", {"external_id": "ada", "phone": "+12025550123"})[0] == 200
        yield opened


def step(page: Page, name: str) -> Locator:
    return page.locator(f'[data-testid="step-node"][data-name="{name}"]')


def send(house: House, name: str) -> None:
    assert house.post("/api/events", {"events": [{"customer": "ada", "name": name}]})[0] == 200


def test_a_customer_passes_and_a_step_is_changed(house: House, page: Page) -> None:
    page.goto(f"{house.url}/journeys")
    page.locator('[data-testid="journey-row"][data-name="first-days"] a').click()
    expect(step(page, "hello")).to_contain_text("0 came")
    send(house, "signed_up")
    expect(step(page, "seen")).to_contain_text("1 here now", timeout=PATIENT)
    send(house, "looked")
    expect(step(page, "rest")).to_contain_text("1 here now", timeout=PATIENT)
    expect(step(page, "seen")).to_contain_text("1 went on", timeout=PATIENT)

    step(page, "rest").click()
    expect(page.get_by_test_id("pane-person")).to_contain_text("ada", timeout=PATIENT)
    page.get_by_test_id("pane-close").click()

    page.get_by_test_id("tab-edit").click()
    step(page, "rest").click()
    page.get_by_test_id("field-for").fill("5d")
    page.get_by_test_id("add-step").click()
    page.get_by_test_id("add-message").click()
    expect(step(page, "message")).to_be_visible()
    expect(page.get_by_test_id("plan-button")).to_be_enabled(timeout=PATIENT)
    page.get_by_test_id("plan-button").click()
    expect(page.get_by_test_id("plan-moves")).to_contain_text("1 move")
    page.get_by_test_id("apply-button").click()
    page.get_by_test_id("tab-live").click()
    expect(step(page, "message")).to_be_visible(timeout=PATIENT)
    expect(step(page, "rest")).to_contain_text("5 days", timeout=PATIENT)
    expect(step(page, "rest")).to_contain_text("1 here now", timeout=PATIENT)

    page.goto(f"{house.url}/customers/ada")
    page.get_by_test_id("path-link").click()
    entries = page.get_by_test_id("path-entry")
    expect(entries.first).to_contain_text("Entered")
    expect(entries.nth(1)).to_contain_text("Hello")
    expect(page.get_by_test_id("path-step")).to_have_text("Rest")


def test_a_phone_shows_a_list_that_fits(house: House, page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    for path in ("/journeys", "/journeys/first-days", "/journeys/first-days?part=edit", "/new-journey"):
        page.goto(f"{house.url}{path}")
        if path != "/journeys":
            expect(page.get_by_test_id("step-list")).to_be_visible(timeout=PATIENT)
        check_width(page, path)
    page.goto(f"{house.url}/campaigns")
    expect(page.get_by_test_id("empty-state")).to_be_visible(timeout=PATIENT)
