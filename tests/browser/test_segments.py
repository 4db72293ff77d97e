"""A person builds a segment by hand: sees the count while building, sees it become live, sees a customer enter by an
event, and filters the customers with the same rows. A real Chromium against a real `motet up`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from browsing import PATIENT, check_width
from houses import House, open_houses

CITIES = ("Berlin", "Wien")
PEOPLE = 12


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """Twelve customers, of whom c0 to c3 bought twice: c0 and c1 for much, c2 and c3 for little."""
    with open_houses() as start:
        opened = start()
        opened.wait_until_well()
        people = opened.home / "people.csv"
        people.write_text(
            "customer_id,email,first_name,city,tags\n"
            + "".join(f"c{n},person{n}@example.com,Person {n},{CITIES[n % 2]},new_signup\n" for n in range(PEOPLE))
        )
        assert opened.motet("import", "customers", str(people))["code"] == 0
        send(opened, [("c0", 80), ("c0", 90), ("c1", 120), ("c1", 60), ("c2", 5), ("c2", 5), ("c3", 5), ("c3", 400)])
        yield opened


def send(house: House, purchases: list[tuple[str, float]]) -> None:
    """Purchases by customer, answered after they are committed."""
    events = [{"customer": who, "name": "purchase", "properties": {"amount": amount}} for who, amount in purchases]
    status, told = house.post("/api/events", {"events": events})
    assert status == 200, told
    assert told["accepted"] == len(purchases), told


def row(page: Page, subject: str) -> Locator:
    return page.locator(f'[data-testid="rule-row"][data-subject="{subject}"]')


def add(page: Page, subject: str) -> Locator:
    page.get_by_test_id("add-condition").last.click()
    page.get_by_test_id(f"add-{subject}").click()
    return row(page, subject).last


def settled(page: Page, number: int) -> None:
    """The count is that of the rule in sight."""
    expect(page.get_by_test_id("live-count")).to_have_attribute("data-state", "counted", timeout=PATIENT)
    expect(page.get_by_test_id("count-number")).to_have_text(str(number), timeout=PATIENT)


def shown(page: Page) -> set[str]:
    return {str(r.get_attribute("data-external-id")) for r in page.get_by_test_id("customer-row").all()}


def test_a_segment_is_built_by_hand_and_lives(house: House, page: Page) -> None:
    page.goto(house.url)
    page.get_by_test_id("nav-segments").click()
    page.get_by_test_id("new-segment-button").click()
    settled(page, PEOPLE)  # a rule without conditions is everyone

    page.get_by_test_id("title-input").fill("Big spenders")
    expect(page.get_by_test_id("name-input")).to_have_value("big-spenders")
    event = add(page, "event")
    expect(page.get_by_test_id("live-count")).to_have_attribute("data-state", "waiting")
    expect(page.get_by_test_id("save-button")).to_be_disabled()
    event.get_by_test_id("event-input").fill("purchase")
    settled(page, 4)
    event.get_by_test_id("add-where").click()
    event.get_by_test_id("field-input").fill("amount")
    event.get_by_test_id("comparison").select_option("$gte")
    event.get_by_label("Kind of value").select_option("number")
    row(page, "property").get_by_test_id("value-input").fill("50")
    settled(page, 3)
    # The first number of the row is how often.
    event.get_by_test_id("value-input").first.fill("2")
    settled(page, 2)
    event.get_by_test_id("window-kind").select_option("within")
    settled(page, 2)
    expect(page.get_by_test_id("sample-customer")).to_have_count(2)

    page.get_by_test_id("save-button").click()
    expect(page).to_have_url(re.compile("/segments/big-spenders$"))
    expect(page.get_by_test_id("segment-status")).to_have_text("Live", timeout=PATIENT)
    expect(page.get_by_test_id("members-stat")).to_contain_text("2", timeout=PATIENT)
    expect(page.get_by_test_id("rule-words")).to_contain_text("Did “purchase” at least 2 times in the last 30 days")

    send(house, [("c7", 70), ("c7", 70)])
    entered = page.locator('[data-testid="sample-customer"][data-external-id="c7"]')
    expect(entered).to_be_visible(timeout=PATIENT)
    expect(page.get_by_test_id("members-stat")).to_contain_text("3", timeout=PATIENT)

    page.get_by_test_id("members-link").click()
    expect(page.get_by_test_id("customer-total")).to_contain_text("3 customers", timeout=PATIENT)
    assert shown(page) == {"c0", "c1", "c7"}


def test_the_customers_are_filtered_with_the_same_rows_and_the_filter_becomes_a_segment(
    house: House, page: Page
) -> None:
    page.goto(f"{house.url}/customers")
    expect(page.get_by_test_id("customer-total")).to_contain_text(f"of {PEOPLE} customers", timeout=PATIENT)
    page.get_by_test_id("filter-button").click()
    city = add(page, "profile")
    city.get_by_test_id("field-input").fill("city")
    city.get_by_test_id("value-input").fill("Wien")
    settled(page, PEOPLE // 2)
    page.get_by_test_id("apply-filter").click()
    expect(page.get_by_test_id("customer-total")).to_contain_text("6 customers", timeout=PATIENT)
    expect(page.get_by_test_id("customer-row")).to_have_count(6)
    assert shown(page) == {f"c{n}" for n in range(1, PEOPLE, 2)}

    page.get_by_test_id("customer-search").fill("person 3")
    expect(page.get_by_test_id("customer-row")).to_have_count(1, timeout=PATIENT)
    page.reload()  # the filter is in the address
    expect(page.get_by_test_id("filter-line")).to_contain_text("City is “Wien”")
    expect(page.get_by_test_id("customer-row")).to_have_count(1, timeout=PATIENT)

    page.get_by_test_id("save-as-segment").click()
    settled(page, PEOPLE // 2)
    expect(row(page, "profile").get_by_test_id("field-input")).to_have_value("city")


def test_form_and_document_are_one_draft_and_a_problem_stands_at_its_row(house: House, page: Page) -> None:
    page.goto(f"{house.url}/new-segment")
    tag = add(page, "tag")
    tag.get_by_test_id("value-input").fill("new_signup")
    settled(page, PEOPLE)
    page.get_by_test_id("view-toggle").get_by_text("Document").click()
    text = page.get_by_test_id("document-editor")
    expect(text).to_have_value(re.compile("tags: new_signup"))

    text.fill("kind: segment\nname: odd\nowner: ana\nwhere: {tags: new_signup, city: {$gt: true}, $strange: 1}\n")
    expect(page.get_by_test_id("problem-row")).to_have_count(2, timeout=PATIENT)
    page.get_by_test_id("view-toggle").get_by_text("Form").click()
    expect(row(page, "profile").get_by_test_id("row-problem")).to_have_count(1)
    expect(row(page, "other").get_by_test_id("row-problem")).to_have_count(1)
    expect(row(page, "tag").get_by_test_id("row-problem")).to_have_count(0)
    expect(page.get_by_test_id("kept-note")).to_contain_text("owner")
    page.get_by_test_id("view-toggle").get_by_text("Document").click()
    expect(text).to_have_value(re.compile('owner: ana\nwhere:\n  tags: new_signup\n  city:\n.*true\n  "\\$strange": 1'))

    text.fill("kind: segment\nname: [\n")
    expect(page.get_by_test_id("document-wrong")).to_be_visible()
    expect(page.get_by_test_id("save-button")).to_be_disabled()


def test_the_builder_is_worked_from_the_keyboard(house: House, page: Page) -> None:
    page.goto(f"{house.url}/new-segment")
    page.get_by_test_id("title-input").focus()
    page.keyboard.type("By keys")
    page.get_by_test_id("add-condition").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem").first).to_be_visible()
    for _ in range(100):  # the menu takes the keys once it has opened whole
        page.keyboard.press("ArrowDown")
        if page.locator('[role="menuitem"]:focus').count():
            break
        page.wait_for_timeout(100)
    expect(page.locator('[role="menuitem"]:focus')).to_have_count(1)
    page.keyboard.press("Enter")
    expect(row(page, "event").or_(row(page, "message")).first).to_be_visible()
    focused = page.evaluate("document.activeElement.closest('[data-testid=rule-row]') !== null")
    assert focused, "a new condition has the focus in its first field"
    page.get_by_test_id("remove-row").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("rule-row")).to_have_count(0)
    expect(page.get_by_test_id("add-condition")).to_be_focused()


def test_settings_make_a_trait_a_lifecycle_and_a_key_that_sends(house: House, page: Page) -> None:
    page.goto(f"{house.url}/settings")
    page.get_by_test_id("new-trait-button").click()
    page.get_by_test_id("trait-title").fill("Spent")
    page.get_by_test_id("trait-take").select_option("sum")
    page.get_by_test_id("trait-of").fill("amount")
    page.get_by_test_id("event-input").fill("purchase")
    page.get_by_test_id("save-trait").click()
    trait = page.get_by_test_id("trait-row").filter(has_text="Sum of amount of “purchase”")
    expect(trait).to_contain_text("Counted", timeout=PATIENT)

    page.get_by_test_id("tab-lifecycle").click()
    page.get_by_role("button", name="Begin with three stages").click()
    page.get_by_test_id("save-lifecycle").click()
    expect(page.get_by_test_id("save-lifecycle")).to_have_count(0, timeout=PATIENT)
    page.reload()
    expect(page.get_by_test_id("stage-name").first).to_have_value("loyal", timeout=PATIENT)

    page.get_by_test_id("tab-keys").click()
    page.get_by_test_id("key-name").fill("website")
    page.get_by_test_id("add-key").click()
    expect(page.get_by_test_id("new-key")).to_contain_text("wk_")
    page.get_by_test_id("revoke-key").click()
    page.get_by_test_id("confirm-button").click()
    expect(page.get_by_test_id("key-row")).to_contain_text("Revoked")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_screens_hold_on_a_phone(house: House, page: Page, scheme: str) -> None:
    page.set_viewport_size({"width": 375, "height": 812})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    rule = {
        "$or": [{"$did": {"event": "purchase", "sum": {"$gt": 9}, "of": "amount", "within": "60d", "until": "30d"}}]
    }
    where = quote(json.dumps({**rule, "age": {"$between": [1, 9]}}))
    assert house.post("/api/segments", {"kind": "segment", "name": "in-berlin", "where": {"city": "Berlin"}})[0] == 200
    ready = {
        "/segments": "segment-row",
        f"/new-segment?where={where}": "count-number",
        f"/customers?where={where}": "filter-line",
        "/settings?part=keys": "key-name",
    }
    for path, part in ready.items():
        page.goto(house.url + path)
        expect(page.get_by_test_id(part).first).to_be_visible(timeout=PATIENT)
        check_width(page, path)
