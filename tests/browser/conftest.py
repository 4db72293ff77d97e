"""The browser of every test here: a real Chromium, in which no script may fail."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from browsing import PATIENT


@pytest.fixture
def page() -> Iterator[Page]:
    chromium = shutil.which("chromium") or "/usr/bin/chromium"
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=quiet)
        # Headless Chromium calls itself a machine, and Motet would believe it.
        agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
        context = browser.new_context(viewport={"width": 1400, "height": 1100}, user_agent=agent)
        context.set_default_timeout(PATIENT)
        # The shop that links lead to is not on this machine: its page is answered here.
        context.route(re.compile(r"^https://"), _the_shop)
        opened = context.new_page()
        problems: list[str] = []
        opened.on("pageerror", lambda error: problems.append(str(error)))
        yield opened
        assert problems == []
        browser.close()


def _the_shop(route: Route) -> None:
    route.fulfill(status=200, content_type="text/html", body="<h1>The shop</h1>")
