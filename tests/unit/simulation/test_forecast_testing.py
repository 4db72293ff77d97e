"""The harness for tests of journeys: one customer, and what would be said to them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from motet.core.errors import Refused
from motet.core.program import Cap, Policy
from motet.testing import simulate_one

TOKYO = {"timezone": "Asia/Tokyo"}
SAY = {"channel": "sms", "content": {"text": "Hi"}}
MAIL = {"channel": "email", "content": {"subject": "Hi", "html": "<p>Hi</p>"}}


def a_welcome(**fields: Any) -> dict[str, Any]:
    messages = [
        {"name": "hello", **MAIL},
        {"name": "morning", "send_time": "09:00", **SAY},
        {"name": "later", "delay": "3d", "conditions": {"email_clicked": True}, **MAIL},
    ]
    return {"name": "welcome", "trigger": {"event": "user_signup"}, "messages": messages} | fields


def test_who_signs_up_on_friday_night_in_tokyo_hears_on_saturday_morning() -> None:
    journey = simulate_one(a_welcome(), customer=TOKYO, events=[("2026-11-27T23:30", "user_signup")])
    assert [(m.when, m.step, m.channel) for m in journey.sent] == [
        ("Fri 27 Nov 23:30", "hello", "email"),
        ("Sat 28 Nov 09:00", "morning", "sms"),
    ]
    assert journey.sent[1].at == datetime(2026, 11, 28, 9, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert [(m.step, m.reasons) for m in journey.dropped] == [("later", ("condition_false",))]
    assert journey.exits == ("completed",)


def test_responses_by_step_are_what_the_customer_does() -> None:
    journey = simulate_one(
        a_welcome(), events=[("2026-11-27T10:00+00:00", "user_signup")], responses={"hello": {"click": "2h"}}
    )
    assert [m.step for m in journey.sent] == ["hello", "morning", "later"]


def test_who_unsubscribes_is_not_written_to_again() -> None:
    document = a_welcome(messages=[{"name": "one", **MAIL}, {"name": "two", "delay": "1d", **MAIL}])
    journey = simulate_one(document, events=[("1h", "user_signup")], responses={"email": {"unsubscribe": "5m"}})
    assert [m.step for m in journey.sent] == ["one"]
    assert [(m.step, m.reasons) for m in journey.dropped] == [("two", ("no_consent",))]
    assert journey.customer.consents == {"email": False}


def test_a_cap_of_the_brand_holds_a_message() -> None:
    document = a_welcome(messages=[{"name": "one", **SAY}, {"name": "two", "delay": "1h", **SAY}])
    policy = Policy(caps=(Cap(1, 86_400),))
    journey = simulate_one(document, events=[("0s", "user_signup")], policy=policy)
    [held] = journey.held
    assert (held.step, held.reasons) == ("two", ("global_cap",))
    assert held.until is not None
    assert journey.sent[1].at == held.until == journey.sent[0].at + timedelta(days=1)


def test_what_runs_beside_counts_for_the_caps() -> None:
    other = {"name": "other", "trigger": {"event": "user_signup"}, "messages": [SAY]}
    document = a_welcome(messages=[{"name": "mine", "delay": "1h", **SAY}])
    policy = Policy(caps=(Cap(1, 30 * 86_400),))
    journey = simulate_one(document, events=[("0s", "user_signup")], policy=policy, beside=[other])
    assert [m.program for m in journey.sent] == ["other"]
    assert [m.reasons for m in journey.dropped] == [("global_cap",)]


def test_who_is_in_no_target_segment_is_told_so() -> None:
    journey = simulate_one(a_welcome(segments=["vip"]), events=[("0s", "user_signup")])
    assert journey.refused == ("not_targeted",)
    assert journey.sent == ()


def test_where_the_customer_stands_at_the_end_is_told() -> None:
    journey = simulate_one(a_welcome(), events=[("0s", "user_signup")], days=1)
    assert journey.waits_at == "later:delay"
    assert [line.kind for line in journey.lines][:3] == ["did", "entered", "sent"]


def test_a_bad_customer_is_refused() -> None:
    with pytest.raises(Refused):
        simulate_one(a_welcome(), customer={"tags": 3})


def test_a_broadcast_reaches_the_customer_at_its_start() -> None:
    journey = simulate_one({"name": "news", "messages": [SAY]}, start="2026-11-27T08:00", customer=TOKYO)
    assert [m.when for m in journey.sent] == ["Fri 27 Nov 08:00"]
