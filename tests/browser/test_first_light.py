"""A person at the screens: launches a campaign, sees it run, opens a received email, clicks its link, and finds the
click on the customer's timeline. A real Chromium against a real `motet up` with its outbox.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browsing import PATIENT, check_width
from houses import House, open_houses


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_houses() as start:
        opened = start()
        opened.wait_until_well()
        people = opened.home / "people.csv"
        people.write_text(
            "customer_id,email,first_name,tags\n"
            + "".join(f"c{n},person{n}@example.com,Person {n},new_signup\n" for n in range(12))
        )
        assert opened.motet("import", "customers", str(people))["code"] == 0
        yield opened


def test_from_launch_to_a_click_on_the_timeline(house: House, page: Page) -> None:
    page.goto(house.url)
    page.get_by_test_id("nav-campaigns").click()
    page.get_by_test_id("new-campaign-button").first.click()
    page.get_by_test_id("blueprint-card").filter(has_text="Welcome").first.click()
    page.get_by_test_id("save-button").click()

    expect(page.get_by_test_id("status-badge").first).to_have_text(re.compile("draft", re.IGNORECASE))
    page.get_by_test_id("launch-button").click()
    page.get_by_test_id("launch-mode-audience").click()
    page.get_by_test_id("confirm-button").click()
    expect(page.get_by_test_id("status-badge").first).to_have_text(
        re.compile("running", re.IGNORECASE), timeout=PATIENT
    )

    # The first message goes out at once; the second step is where everybody waits.
    expect(page.get_by_test_id("step").first).to_be_visible()
    page.get_by_test_id("tab-performance").click()
    email = page.get_by_test_id("channel-row").filter(has_text="Email")
    expect(email).to_contain_text("12", timeout=PATIENT)

    page.get_by_test_id("nav-outbox").click()
    letter = page.get_by_test_id("outbox-row").filter(has_text="person3@example.com")
    letter.click(timeout=PATIENT)
    frame = page.frame_locator('[data-testid="email-frame"]')
    expect(frame.get_by_text("Person 3").first).to_be_visible(timeout=PATIENT)
    link = frame.locator("a[href*='/t/c/']").first
    with page.context.expect_page() as opened:
        link.click()
    expect(opened.value.get_by_role("heading", name="The shop")).to_be_visible(timeout=PATIENT)

    page.goto(f"{house.url}/customers/c3")
    clicked = page.locator('[data-testid="timeline-entry"][data-status="click"]')
    expect(clicked).to_contain_text("Clicked a link in the email", timeout=PATIENT)
    explained = house.motet("explain", "--customer", "c3")["explanations"]
    assert [(e["channel"], e["verdict"]) for e in explained] == [("email", "send")]


def test_a_bad_document_names_each_problem_with_its_place(house: House, page: Page) -> None:
    page.goto(f"{house.url}/new-campaign")
    page.get_by_test_id("document-editor").fill("name: x\nmessages:\n  - chanel: email\n")
    expect(page.get_by_test_id("save-button")).to_be_disabled()
    problems = page.get_by_test_id("problem-row")
    expect(problems.filter(has_text="messages[0]").first).to_be_visible(timeout=PATIENT)


def test_the_screens_hold_in_the_dark_and_on_a_phone(house: House, page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 812})
    page.emulate_media(color_scheme="dark")
    for path in ("/", "/campaigns", "/customers", "/outbox", "/status"):
        page.goto(house.url + path)
        expect(page.locator("h1").first).to_be_visible(timeout=PATIENT)
        check_width(page, path)


def test_what_a_customer_wrote_is_shown_and_never_run(house: House, page: Page) -> None:
    evil = '<script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">'
    people = Path(house.home) / "evil.jsonl"
    people.write_text(json.dumps({"customer_id": "evil", "email": "evil@example.com", "first_name": evil}) + "\n")
    assert house.motet("import", "customers", str(people))["code"] == 0
    page.goto(f"{house.url}/customers/evil")
    expect(page.get_by_text("<script>", exact=False).first).to_be_visible(timeout=PATIENT)
    assert page.title() != "owned"
