from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from motet.analytics.sentences import describe_decision, describe_fate, tell_moment
from motet.core.reasons import Reason
from motet.core.words import Channel, MessageStatus, Verdict

AT = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


def decision(verdict: Verdict, *reasons: Reason, channel: Channel | None = Channel.EMAIL, **more: Any) -> str:
    return describe_decision(verdict, channel, reasons, at=AT, **more)


def test_a_hold_says_until_when_in_the_customers_time() -> None:
    until = AT + timedelta(hours=1, minutes=30)
    held = decision(Verdict.HOLD, Reason.CHANNEL_CAP, until=until, zone="Europe/Berlin")
    assert held == "Held until 09:00 their time: the cap on this channel was reached."
    assert decision(Verdict.HOLD, Reason.CHANNEL_CAP, until=until).startswith("Held until 08:00 UTC:")


def test_a_drop_and_a_send_say_why() -> None:
    assert decision(Verdict.DROP, Reason.NO_CONSENT) == (
        "The email was not sent: the customer unsubscribed from this channel."
    )
    assert decision(Verdict.SEND, Reason.ELIGIBLE, status=MessageStatus.DELIVERED) == (
        "Sent by email: nothing stood against it."
    )
    assert decision(Verdict.SEND, Reason.ELIGIBLE, status=MessageStatus.APPROVED).startswith("Approved to go by email")
    assert decision(Verdict.DROP, Reason.ALREADY_ENROLLED, channel=None, entry=True) == (
        "Did not enter: the customer is in this campaign already."
    )


def test_a_fallback_says_what_stood_against_the_first_channel() -> None:
    told = decision(
        Verdict.SEND, Reason.NO_ADDRESS, Reason.FALLBACK_USED, channel=Channel.SMS, status=MessageStatus.ACCEPTED
    )
    assert told == (
        "Sent by SMS: the first channel could not serve, so the fallback channel did "
        "(there, the customer has no address on this channel)."
    )


@pytest.mark.parametrize(
    ("later", "told"),
    [
        (timedelta(seconds=5), "07:30:05 their time"),
        (timedelta(hours=2), "09:30 their time"),
        (timedelta(hours=20), "03:30 their time tomorrow"),
        (timedelta(days=9), "3 December 07:30 their time"),
    ],
)
def test_moments_carry_the_day_when_it_is_another(later: timedelta, told: str) -> None:
    assert tell_moment(AT + later, AT, "Europe/Berlin") == told


def test_a_zone_that_nobody_knows_is_utc() -> None:
    assert tell_moment(AT + timedelta(hours=1), AT, "Nowhere/City") == "07:30 UTC"


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_makes_a_whole_sentence(verdict: Verdict, reason: Reason) -> None:
    sentence = decision(verdict, reason)
    assert sentence.endswith(".")
    assert sentence[0].isupper()
    assert "_" not in sentence


@pytest.mark.parametrize("status", list(MessageStatus))
def test_every_status_of_a_message_is_told(status: MessageStatus) -> None:
    times: dict[str, Any] = dict.fromkeys(("sent_at", "delivered_at", "opened_at", "clicked_at", "converted_at"))
    times.update(error=None, send_at=None, approved_at=AT)
    assert describe_fate(status, times, None).endswith(".")


def test_a_message_whose_answer_was_lost_is_not_told_as_unsent() -> None:
    times: dict[str, Any] = dict.fromkeys(("sent_at", "delivered_at", "opened_at", "clicked_at", "converted_at"))
    times.update(error="answer_lost: cut", send_at=None, approved_at=AT)
    assert "may or may not" in describe_fate(MessageStatus.DROPPED, times, None)
    assert "Not sent" in describe_fate(MessageStatus.DROPPED, times | {"error": "no consent"}, None)


def test_a_fate_tells_what_came_of_it() -> None:
    times: dict[str, Any] = dict.fromkeys(("clicked_at", "converted_at", "error", "send_at"))
    times.update(sent_at=AT, delivered_at=AT, opened_at=AT, approved_at=AT)
    told = describe_fate(MessageStatus.DELIVERED, times, "Europe/Berlin")
    assert told == "Sent at 07:30:00 their time, then delivered and opened."
    times.update(clicked_at=AT)
    assert describe_fate(MessageStatus.DELIVERED, times, None).endswith("then delivered, opened and clicked.")
