"""The onboarding that ships and the form its forerunner was written in, lived through by one customer."""

from __future__ import annotations

from typing import Any

import pytest

from motet.authoring.blueprints import read_blueprint
from motet.testing import Journey, simulate_one

START = "2026-11-23T10:00"
DEVICE = {"token": "t", "platform": "android"}
TODO = {"type": "profile_check", "field": "profile_completed", "value": False}

# As older definitions have it: lists of typed checks, seconds, actions in conditions.
TYPED: dict[str, Any] = {
    "kind": "journey",
    "name": "typed",
    "trigger": {"event": "user_signup"},
    "start_conditions": [{"type": "profile_check", "field": "onboarding_completed", "value": False}],
    "steps": [
        {
            "type": "multi_channel_message",
            "name": "welcome",
            "channels": [
                {"channel": "email", "content": {"subject": "Hello", "html": "<p>Hello</p>"}},
                {"channel": "push", "content": {"title": "Hello", "body": "There"}, "delay_seconds": 3600},
            ],
            "delay_seconds": 0,
        },
        {
            "type": "wait_for_engagement",
            "name": "profile",
            "engagement_type": "profile_completion",
            "timeout_seconds": 172_800,
            "conditions": [TODO],
        },
        {
            "type": "multi_channel_message",
            "name": "reminder",
            "channels": [
                {"channel": "email", "content": {"subject": "Still open", "html": "<p>Still open</p>"}},
                {"channel": "sms", "content": {"text": "Still open"}, "delay_seconds": 7200},
            ],
            "conditions": [TODO],
            "delay_seconds": 86_400,
        },
        {
            "type": "update_profile",
            "name": "mark",
            "profile_updates": {"onboarding_completed": True, "onboarding_completion_date": "{{current_timestamp}}"},
        },
    ],
    "decision_points": [
        {
            "step_name": "profile",
            "conditions": [{**TODO, "value": True, "action": "skip_to_step", "target_step": "mark"}],
        }
    ],
    "success_criteria": [{"type": "profile_check", "field": "onboarding_completed", "value": True}],
    "exit_conditions": [{"type": "time_limit", "days": 7}, {"type": "customer_unsubscribe"}],
}

BOTH = pytest.mark.parametrize("document", [read_blueprint("onboarding"), TYPED], ids=["shipped", "typed"])


def live(document: dict[str, Any], *events: Any, **fields: Any) -> Journey:
    customer = {"devices": [DEVICE], "timezone": "UTC", **fields}
    return simulate_one(document, customer=customer, events=[(START, "user_signup"), *events], start=START)


def heard(journey: Journey) -> list[tuple[str, str]]:
    return [(told.when, told.channel) for told in journey.sent]


@BOTH
def test_who_does_nothing_is_reminded_on_two_channels_and_then_left_alone(document: dict[str, Any]) -> None:
    journey = live(document)
    assert heard(journey) == [
        ("Mon 23 Nov 10:00", "email"),
        ("Mon 23 Nov 11:00", "push"),
        ("Thu 26 Nov 11:00", "email"),
        ("Thu 26 Nov 13:00", "sms"),
    ]
    assert journey.exits == ("completed",)
    assert journey.reached
    attributes = journey.customer.attributes
    assert attributes["onboarding_completed"] is True
    assert attributes["onboarding_completion_date"].startswith("2026-11-26T13:00")


@BOTH
def test_who_has_finished_the_profile_is_done_at_once(document: dict[str, Any]) -> None:
    journey = live(document, attributes={"profile_completed": True})
    assert "sms" not in {told.channel for told in journey.sent}
    assert journey.customer.attributes["onboarding_completion_date"].startswith("2026-11-23T11:00")


def test_who_finishes_it_while_the_journey_waits_is_not_reminded() -> None:
    journey = live(read_blueprint("onboarding"), ("5h", "profile_completion"))
    assert heard(journey) == [("Mon 23 Nov 10:00", "email"), ("Mon 23 Nov 11:00", "push")]
    assert journey.customer.attributes["onboarding_completion_date"].startswith("2026-11-23T15:00")


@BOTH
def test_who_unsubscribes_leaves_and_hears_nothing_more(document: dict[str, Any]) -> None:
    journey = live(document, ("26h", "unsubscribe", {"channel": "email"}))
    assert len(journey.sent) == 2
    assert journey.exits == ("unsubscribed",)


@BOTH
def test_who_was_onboarded_before_does_not_enter(document: dict[str, Any]) -> None:
    journey = live(document, attributes={"onboarding_completed": True})
    assert journey.sent == journey.entered == ()
