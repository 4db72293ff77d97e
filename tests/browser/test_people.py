"""A person at the screens: makes a write key, watches an event arrive and another be refused, makes one customer of two
and two of one again. A real Chromium against a real `motet up`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browsing import PATIENT, check_width
from houses import House, open_houses


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_houses() as start:
        opened = start()
        opened.wait_until_well()
        people = opened.home / "people.jsonl"
        people.write_text(
            json.dumps({"customer_id": "shop-1", "email": "ada@example.com", "first_name": "Ada", "plan": "free"})
            + "\n"
            + json.dumps({"customer_id": "crm-1", "phone": "+12025550100", "first_name": "Countess", "visits": 7})
            + "\n"
        )
        assert opened.motet("import", "customers", str(people))["code"] == 0
        yield opened


def track(house: House, key: str, event: dict[str, Any]) -> int:
    """Sends an event as the line on the screen does; returns the status of the answer."""
    return house.post("/v1/track", event, key)[0]


def test_from_an_empty_debugger_to_the_first_event(house: House, page: Page) -> None:
    page.goto(house.url)
    page.get_by_test_id("nav-debugger").click()
    expect(page.get_by_test_id("send-first")).to_be_visible()
    line = page.get_by_test_id("curl-line")
    expect(line).to_contain_text(f"{house.url}/v1/track")
    page.get_by_test_id("key-name").fill("website")
    page.get_by_test_id("make-key").click()
    key = page.get_by_test_id("write-key").inner_text()
    expect(line).to_contain_text(key)

    assert track(house, key, {"userId": "shop-1", "event": "signup", "properties": {"plan": "pro"}}) == 200
    row = page.locator('[data-testid="debugger-row"][data-name="signup"]')
    expect(row).to_have_attribute("data-status", "accepted")
    expect(row).to_have_attribute("data-customer", "shop-1")

    # What is refused says why; the pane has the fix and what was sent.
    assert track(house, key, {"userId": "shop-1", "event": "x" * 5_000}) == 400
    bad = page.locator('[data-testid="debugger-row"][data-status="rejected"]')
    bad.first.click()
    expect(page.get_by_test_id("debugger-pane").get_by_test_id("problem-row").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("debugger-pane")).to_have_count(0)

    # Paused, nothing moves; filters keep what fits.
    page.get_by_test_id("pause-button").click()
    assert track(house, key, {"userId": "crm-1", "event": "login"}) == 200
    expect(page.get_by_test_id("pause-button")).to_contain_text("1 new")
    expect(page.locator('[data-testid="debugger-row"][data-name="login"]')).to_have_count(0)
    page.get_by_test_id("pause-button").click()
    expect(page.locator('[data-testid="debugger-row"][data-name="login"]')).to_have_count(1)
    page.get_by_test_id("filter-customer").fill("crm")
    expect(page.get_by_test_id("debugger-row")).to_have_count(1)
    page.get_by_test_id("debugger-row").click()
    expect(page.get_by_test_id("debugger-json")).to_contain_text('"login"')
    page.get_by_test_id("debugger-customer").click()
    expect(page.locator("h1")).to_have_text("Countess")


def test_two_customers_become_one_and_two_again(house: House, page: Page) -> None:
    page.goto(f"{house.url}/customers/shop-1")
    expect(page.get_by_test_id("identifier-row")).to_have_count(2)
    expect(page.locator('[data-testid="attribute-row"][data-name="plan"]')).to_contain_text("text")

    page.get_by_test_id("merge-button").click()
    page.get_by_test_id("merge-search").fill("+12025550100")
    page.get_by_test_id("merge-choice").click()
    expect(page.get_by_test_id("merge-goes")).to_contain_text("Countess")
    expect(page.get_by_test_id("merge-stays")).to_contain_text("Ada")
    page.get_by_test_id("confirm-button").click()

    merge = page.get_by_test_id("merge-row")
    expect(merge).to_have_attribute("data-status", "merged", timeout=PATIENT)
    expect(page.get_by_test_id("identifier-row")).to_have_count(4)
    expect(page.locator('[data-testid="attribute-row"][data-name="visits"]')).to_contain_text("7")
    told = page.locator('[data-testid="timeline-entry"][data-status="customer_merged"]')
    expect(told).to_contain_text("Merged with crm-1", timeout=PATIENT)
    listed = house.motet("merges", "shop-1")["merges"]
    assert [(one["external_id"], one["status"]) for one in listed] == [("crm-1", "merged")]

    merge.get_by_test_id("undo-button").click()
    page.get_by_test_id("confirm-button").click()
    expect(merge).to_have_attribute("data-status", "undone", timeout=PATIENT)
    expect(page.get_by_test_id("identifier-row")).to_have_count(2, timeout=PATIENT)
    page.goto(f"{house.url}/customers/crm-1")
    expect(page.locator("h1")).to_have_text("Countess", timeout=PATIENT)
    expect(page.locator('[data-testid="attribute-row"][data-name="visits"]')).to_contain_text("7")


def test_the_command_line_merges_too(house: House) -> None:
    asked = house.motet("merge", "crm-1", "shop-1")
    assert (asked["code"], asked["cause"], asked["external_id"]) == (0, "person", "crm-1")
    refused = house.motet("merge", "shop-1", "shop-1")
    assert refused["code"] == 2
    assert house.motet("merges")["code"] == 2
    undone = house.motet("merges", "--undo", asked["id"])
    assert undone["code"] == 0


def test_the_screens_hold_in_the_dark_and_on_a_phone(house: House, page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 812})
    page.emulate_media(color_scheme="dark")
    for path in ("/debugger", "/customers/shop-1"):
        page.goto(house.url + path)
        expect(page.locator("h1").first).to_be_visible(timeout=PATIENT)
        expect(page.get_by_text(re.compile("Loading"))).to_have_count(0)
        check_width(page, path)
