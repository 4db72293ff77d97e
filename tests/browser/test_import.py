"""A person brings files: sees how they are read, changes it, starts, watches, and fetches what was refused. A real
Chromium against a real `motet up`, whose importing worker is killed on the way.
"""

from __future__ import annotations

import csv
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browsing import PATIENT, check_width
from houses import House, open_houses, wait_for

ROWS = 40_000


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_houses() as start:
        opened = start()
        opened.wait_until_well()
        yield opened


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "kunden.csv"
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Kunde", "E-Mail", "Stadt", "Newsletter"])
        for n in range(500):
            out.writerow([f"k-{n}", "kaputt" if n % 100 == 9 else f"p{n}@example.com", "Berlin", "yes"])
    return path


def choose(page: Page, column: str, target: str) -> None:
    row = page.locator(f'[data-testid="column-row"][data-name="{column}"]')
    row.get_by_test_id("target-select").select_option(target)


def await_done(page: Page) -> None:
    expect(page.get_by_test_id("import-status").first).to_have_attribute("data-status", "done", timeout=PATIENT)


def test_a_file_of_customers_is_mapped_imported_and_its_rejects_are_fetched(
    house: House, page: Page, people: Path, tmp_path: Path
) -> None:
    page.goto(house.url)
    page.get_by_test_id("nav-import").click()
    expect(page.get_by_text("Nothing was imported yet")).to_be_visible()
    page.get_by_test_id("file-input").set_input_files(people)

    expect(page.get_by_test_id("first-rows")).to_contain_text("k-0")
    expect(page.locator('[data-name="E-Mail"]').get_by_test_id("target-select")).to_have_value("email")
    choose(page, "Kunde", "external_id")
    choose(page, "Newsletter", "consents.email")
    choose(page, "Stadt", "-")
    expect(page.get_by_test_id("preview-reject").first).to_contain_text("Row 11, E-Mail")
    page.get_by_test_id("start-import").click()

    await_done(page)
    expect(page.get_by_test_id("import-changed")).to_contain_text("495")
    expect(page.get_by_test_id("import-rejected")).to_contain_text("5")
    expect(page.get_by_test_id("reject-row")).to_have_count(5)
    with page.expect_download() as download:
        page.get_by_test_id("download-rejects").click()
    saved = tmp_path / "rejects.csv"
    download.value.save_as(saved)
    with saved.open(newline="") as file:
        told = list(csv.DictReader(file))
    assert [(r["row"], r["field"], r["code"]) for r in told][:2] == [
        ("11", "E-Mail", "customer.bad_email"),
        ("111", "E-Mail", "customer.bad_email"),
    ]
    page.goto(f"{house.url}/customers/k-3")
    expect(page.get_by_text("p3@example.com").first).to_be_visible()
    expect(page.get_by_text("Berlin")).to_have_count(0)

    page.goto(f"{house.url}/imports")
    expect(page.get_by_test_id("import-row").first).to_contain_text("kunden.csv")


def test_history_is_imported_once_through_a_kill_of_its_worker(house: House, page: Page, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    with path.open("w") as file:
        file.write("email,Order date,Total\n")
        file.writelines(f"o{n % 3000}@example.com,2019-{n % 12 + 1:02}-11,{n % 90}.5\n" for n in range(ROWS))
    page.goto(f"{house.url}/imports")
    page.get_by_test_id("file-input").set_input_files(path)
    expect(page.get_by_test_id("check-bad")).to_contain_text("what each row is")
    expect(page.get_by_test_id("start-import")).to_be_disabled()
    page.get_by_test_id("event-name").fill("purchase")
    expect(page.get_by_test_id("check-good")).to_be_visible()
    expect(page.get_by_test_id("live-switch")).not_to_be_checked()
    page.get_by_test_id("start-import").click()

    expect(page.get_by_test_id("import-rows")).not_to_contain_text(re.compile(r"^Rows read0"), timeout=PATIENT)
    worker = house.member("work --archive")
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: house.member("work --archive") not in (None, worker), 30, house.tell)
    await_done(page)
    expect(page.get_by_test_id("import-changed")).to_contain_text(f"{ROWS:,}")

    page.goto(f"{house.url}/imports")
    page.get_by_test_id("file-input").set_input_files(path)
    page.get_by_test_id("event-name").fill("purchase")
    expect(page.get_by_test_id("check-good")).to_be_visible()
    page.get_by_test_id("start-import").click()
    expect(page.get_by_test_id("failure")).to_contain_text("events are not taken twice")
    page.get_by_test_id("start-import").click()  # once more: every row is known
    await_done(page)
    expect(page.get_by_test_id("import-changed")).to_contain_text(re.compile(r"New events0"))


def test_it_can_be_done_by_keyboard_and_on_a_phone(house: House, page: Page, people: Path) -> None:
    page.set_viewport_size({"width": 375, "height": 812})
    page.emulate_media(color_scheme="dark")
    page.on("filechooser", lambda chooser: chooser.set_files(people))  # set up long before the key is pressed
    page.goto(f"{house.url}/imports")
    expect(page.get_by_test_id("drop-zone")).to_be_visible()
    page.get_by_test_id("file-input").focus()
    page.keyboard.press("Space")
    select = page.locator('[data-name="Kunde"]').get_by_test_id("target-select")
    select.focus()
    select.press("C")  # the choice is a list of the browser's own: letters find in it
    expect(select).not_to_have_value("attributes.kunde")
    check_width(page, "/imports")


def test_what_stands_in_a_file_is_shown_and_never_run(house: House, page: Page, tmp_path: Path) -> None:
    evil = "<img src=x onerror=document.title='owned'>"
    path = tmp_path / "<b>evil.csv"
    path.write_text(f'email,"{evil}"\n"{evil}","{evil}"\n')
    page.goto(f"{house.url}/imports")
    page.get_by_test_id("file-input").set_input_files(path)
    expect(page.get_by_test_id("preview-reject").first).to_contain_text("onerror")
    page.get_by_test_id("start-import").click()
    await_done(page)
    expect(page.get_by_test_id("reject-row").first).to_contain_text("onerror")
    assert page.title() != "owned"
