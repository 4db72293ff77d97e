from __future__ import annotations

from typing import Any

import pytest

from motet.analytics.happenings import describe_detail, describe_event, describe_interaction, read_names
from motet.core.words import Channel

GONE = "01900000-0000-7000-8000-000000000001"
STAGE = "Lifecycle stage"
HERE_TOO = "What they did before is here too"
TITLES = {"vip": "Very good customers", GONE: "shop-77"}


@pytest.mark.parametrize(
    ("name", "properties", "title", "detail"),
    [
        ("segment_entered", {"segment": "vip"}, "Entered the segment Very good customers", ""),
        ("segment_left", {"segment": "gone"}, "Left the segment gone", ""),
        ("segment_left", {}, "Left the segment that is gone", ""),
        (
            "lifecycle_changed",
            {"from": "prospect", "to": "at_risk"},
            "Moved from Prospect to At risk",
            STAGE,
        ),
        ("lifecycle_changed", {"from": None, "to": "customer"}, "Moved to Customer", STAGE),
        (
            "customer_merged",
            {"merge": "m", "customer": GONE},
            "Merged with shop-77",
            HERE_TOO,
        ),
        (
            "page",
            {"name": "Pricing", "url": "https://a.example/p"},
            "Looked at the page Pricing",
            "https://a.example/p",
        ),
        ("page", {"name": 5}, "Looked at a page", None),
        ("screen", {"name": "Home"}, "Looked at the screen Home", None),
        ("cart_abandoned", {"cart": 59}, "Cart abandoned", None),
    ],
)
def test_what_happened_is_told_in_words(name: str, properties: Any, title: str, detail: str | None) -> None:
    assert describe_event(name, properties, TITLES) == (title, detail)


def test_a_visitor_without_a_name_is_not_called_by_an_id_of_ours() -> None:
    told, _ = describe_event("customer_merged", {"customer": GONE}, {})
    assert told == "Merged with an anonymous visitor"
    told, _ = describe_event("customer_merged", {"customer": GONE}, {GONE: GONE})
    assert told == "Merged with an anonymous visitor"


def test_only_what_can_be_looked_up_is_asked_for() -> None:
    assert read_names("segment_entered", {"segment": "vip"}) == "vip"
    assert read_names("customer_merged", {"customer": GONE}) == GONE
    assert read_names("purchase", {"segment": "vip"}) is None
    assert read_names("segment_left", {"segment": 7}) is None


def test_a_machine_is_told_from_a_person() -> None:
    assert describe_interaction("click", {"machine": True}, Channel.EMAIL) == "A machine followed a link in the email"
    assert describe_interaction("click", {}, Channel.SMS) == "Clicked a link in the SMS"
    assert describe_interaction("view", {}, None) == "Opened the message"
    assert describe_interaction("purchase", {}, Channel.SMS) is None


def test_the_detail_is_the_worth_before_the_properties() -> None:
    assert describe_detail("purchase", {"order": "A-1"}, 1249.5, "") == "worth 1,249.50"
    assert describe_detail("purchase", {"order": "A-1", "machine": False}, 0, "") == "order: A-1"
    assert describe_detail("click", {"url": "https://a.example/"}, 0, "Hello") == "Hello · https://a.example/"
