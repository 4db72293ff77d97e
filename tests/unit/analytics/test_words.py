from __future__ import annotations

from typing import Any

import pytest

from motet.analytics.words import describe_duration, describe_filter, describe_frequency, describe_trigger, humanize
from motet.core.program import Cap, EntryCap, FrequencyRules, Trigger


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "no time"),
        (0.25, "250 ms"),
        (1, "1 second"),
        (90, "90 seconds"),
        (3600, "1 hour"),
        (5400, "90 minutes"),
        (86400, "1 day"),
        (604800, "7 days"),
        (1.44, "1.4 seconds"),
    ],
)
def test_durations_are_told_in_the_largest_unit_that_fits(seconds: float, told: str) -> None:
    assert describe_duration(seconds) == told


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"cart_value": {"$gt": 50}}, "cart_value > 50"),
        ({"email_opened": False}, "not email_opened"),
        ({"vip": True, "city": "Bonn"}, "vip and city is Bonn"),
        ({"city": None}, "city is not known"),
        ({"n": {"$gte": 1, "$lt": 5}}, "n ≥ 1 and n < 5"),
        ({"$or": [{"a": 1}, {"b": 2, "c": True}]}, "(a is 1 or (b is 2 and c))"),
        ({"tags": {"$in": ["x", "y"]}}, "tags is one of x, y"),
        ({"$not": {"a": 1}}, "not (a is 1)"),
        ({"x": {"$exists": False}}, "x is not known"),
        ({"n": {"$between": [1, 2]}}, "n is from 1 to 2"),
        ([{"a": 1}, {"b": 2}], "a is 1 and b is 2"),
        ({}, "always"),
        ({"a": {"b": 1}}, 'a is {"b":1}'),
    ],
)
def test_filters_read_like_a_sentence(spec: Any, told: str) -> None:
    assert describe_filter(spec) == told


def test_triggers_and_limits_are_told() -> None:
    assert describe_trigger(Trigger()) == "When it is launched"
    assert describe_trigger(Trigger(event="signup")) == "When signup happens"
    state = Trigger(state={"days_since_last_interaction": {"$gte": 30}})
    assert describe_trigger(state) == "When days_since_last_interaction ≥ 30"
    rules = FrequencyRules(
        caps=(Cap(1, 86400, "email"), Cap(3, 604800, "sms"), Cap(5, 2592000), Cap(2, 100, "in_app")),
        entries=(EntryCap(2, 7862400),),
        cooldown=172800,
        exclude_purchasers=2592000,
    )
    assert describe_frequency(rules) == [
        "At most 1 email a day",
        "At most 3 SMS a week",
        "At most 5 messages a month",
        "At most 2 in-app messages in 100 seconds",
        "Entered at most twice a quarter",
        "2 days between two entries",
        "Leaves alone who bought within 30 days",
    ]


def test_names_become_titles() -> None:
    assert humanize("cart_abandoned") == "Cart abandoned"
    assert humanize("first-week  SMS") == "First week SMS"
