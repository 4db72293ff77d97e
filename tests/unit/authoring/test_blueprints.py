"""The blueprints run as they ship, with the seed's delays, conditions and rules."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest

from motet.authoring.blueprints import NAMES, list_blueprints, read_blueprint, read_blueprint_text
from motet.authoring.campaign import channels_of, compile_campaign, validate
from motet.content.render import check_content
from motet.core.errors import NotFound
from motet.core.program import Cap, EntryCap, Program
from motet.core.words import Channel

HOUR, DAY = 3600.0, 86_400.0


def compiled(name: str) -> Program:
    return compile_campaign(read_blueprint(name), campaign_id=UUID(int=1), revision_id=UUID(int=2))


def shape(program: Program) -> list[tuple[str, float, dict[str, Any]]]:
    """Channel, seconds after entry, and conditions of each message."""
    found, delay = [], 0.0
    for step in program.steps:
        if step.kind == "delay":
            delay = step.args["seconds"]
        elif step.kind == "message":
            found.append((step.args["channel"], delay, step.args.get("conditions", {})))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_blueprint_is_valid(name: str) -> None:
    assert validate(read_blueprint(name)) == []
    assert read_blueprint(name)["name"] == name


@pytest.mark.parametrize("name", NAMES)
def test_its_templates_are_good(name: str) -> None:
    assert validate(read_blueprint(name), lambda channel, content: check_content(channel, content, None)) == []


def test_they_are_listed_with_title_and_description() -> None:
    listed = list_blueprints()
    assert [b.name for b in listed] == list(NAMES)
    assert all(b.title and b.description and (b.document.get("messages") or b.document["steps"]) for b in listed)


def test_welcome_series() -> None:
    program = compiled("welcome-series")
    assert (program.trigger.event, program.segments) == ("user_signup", ("new_signup",))
    assert shape(program) == [
        ("email", 0, {}),
        ("sms", 2 * HOUR, {}),
        ("push", DAY, {"profile_completed": False}),
        ("email", 3 * DAY, {}),
    ]
    assert [s.args.get("fallback") for s in program.steps if s.kind == "message"] == [None, "email", None, None]
    assert program.rules.caps == (Cap(1, DAY, "email"), Cap(2, 7 * DAY, "sms"), Cap(1, DAY, "push"))


def test_abandoned_cart_recovery() -> None:
    program = compiled("abandoned-cart-recovery")
    assert (program.trigger.event, program.trigger.where) == ("cart_abandoned", {"cart_value": {"$gt": 25}})
    assert (program.segments, program.exit_on, program.reentry) == (("cart_abandoners",), "purchase", "after_exit")
    assert shape(program) == [
        ("email", HOUR, {}),
        ("sms", 6 * HOUR, {"cart_value": {"$gt": 50}}),
        ("push", 12 * HOUR, {}),
        ("email", DAY, {}),
    ]
    assert (program.rules.entries, program.rules.cooldown) == ((EntryCap(2, 30 * DAY),), 168 * HOUR)


def test_win_back() -> None:
    program = compiled("win-back")
    assert program.trigger.state == {"lifecycle_stage": "inactive", "days_since_last_interaction": {"$gte": 30}}
    assert program.trigger.every == DAY
    assert program.segments == ("inactive_30_days", "previous_customer")
    assert shape(program) == [
        ("email", 0, {}),
        ("sms", 3 * DAY, {"email_opened": False}),
        ("email", 7 * DAY, {"sms_clicked": False}),
    ]
    assert program.rules.entries == (EntryCap(1, 91 * DAY),)
    assert program.rules.exclude_purchasers == 30 * DAY


def test_onboarding() -> None:
    program = compiled("onboarding")
    incomplete = {"profile_completed": False}
    assert (program.kind, program.trigger.event) == ("journey", "user_signup")
    assert [s.name for s in program.steps if s.kind == "message"] == [
        "welcome:email", "welcome:push", "reminder:email", "reminder:sms"
    ]  # fmt: skip
    steps = {s.name: s for s in program.steps}
    assert steps["welcome:push:delay"].args == {"seconds": HOUR, "since": "now"}
    assert steps["welcome:push"].args["conditions"] == incomplete
    wait = steps["wait-for-profile"].args
    assert (wait["event"], wait["timeout"], wait["arrived"]) == ("profile_completion", 2 * DAY, "mark-complete")
    assert steps["reminder:delay"].args["seconds"] == DAY
    assert steps["reminder:sms:delay"].args["seconds"] == 2 * HOUR
    assert steps["reminder:sms"].args["conditions"] == incomplete
    assert steps["mark-complete"].args["set"] == {
        "onboarding_completed": True, "onboarding_completion_date": "{{current_timestamp}}"
    }  # fmt: skip
    assert (program.exits.after, program.exits.unsubscribed) == (7 * DAY, ("email",))
    assert [goal.state for goal in program.goals] == [{"onboarding_completed": True}]


@pytest.mark.parametrize("name", NAMES)
def test_every_link_is_a_variable_that_can_be_changed(name: str) -> None:
    document, text = read_blueprint(name), read_blueprint_text(name)
    links = set(re.findall(r"\{\{(\w+_url)\}\}", text)) - {"unsubscribe_url"}
    assert links
    assert links <= set(document["variables"])
    assert re.findall(r'href="(?!\{\{)[^"]*', text) == []


def test_they_speak_on_the_channels_of_the_seed() -> None:
    assert channels_of(compiled("welcome-series")) == {Channel.EMAIL, Channel.SMS, Channel.PUSH}
    assert channels_of(compiled("win-back")) == {Channel.EMAIL, Channel.SMS}


def test_an_unknown_blueprint_is_not_found() -> None:
    with pytest.raises(NotFound, match="no blueprint called"):
        read_blueprint_text("../secret")
