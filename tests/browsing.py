"""What tests in a real browser share: how long they wait, and the width of a screen."""

from __future__ import annotations

from playwright.sync_api import Page

PATIENT = 60_000  # milliseconds


def check_width(page: Page, path: str) -> None:
    """Nothing may be wider than the window."""
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"{path} is {overflow} px too wide"
