"""Two inputs of one batch about one customer: as if one had been written after the other."""

from __future__ import annotations

from datetime import UTC, datetime

from motet.audience.inputs import CustomerInput
from motet.audience.upsert import fold
from motet.core.customers import Device

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def test_later_values_win_and_absent_ones_leave_the_earlier() -> None:
    both = fold(
        CustomerInput(external_id="c", locale="en", timezone="UTC", attributes={"a": 1, "b": 1}, caps={"sms": 1}),
        CustomerInput(email="c@example.com", locale="fr", attributes={"b": 2}),
    )
    assert both == CustomerInput(
        external_id="c",
        email="c@example.com",
        locale="fr",
        timezone="UTC",
        attributes={"a": 1, "b": 2},
        caps={"sms": 1},
    )


def test_moments_keep_the_latest_contact_and_the_earliest_beginning() -> None:
    both = fold(
        CustomerInput(external_id="c", last_interaction_at=LATE, created_at=EARLY),
        CustomerInput(external_id="c", last_interaction_at=EARLY, created_at=LATE),
    )
    assert (both.last_interaction_at, both.created_at) == (LATE, EARLY)


def test_a_refusal_outlives_a_later_consent() -> None:
    both = fold(
        CustomerInput(external_id="c", consents={"email": False}),
        CustomerInput(external_id="c", consents={"email": True, "sms": True}),
    )
    assert both.consents == {"email": False, "sms": True}


def test_tags_and_devices_are_gathered() -> None:
    both = fold(
        CustomerInput(external_id="c", tags=("a", "b"), devices=(Device("t"),)),
        CustomerInput(external_id="c", tags=("c",), remove_tags=("a",), devices=(Device("t", "web"), Device("u"))),
    )
    assert (both.tags, both.remove_tags) == (("b", "c"), ("a",))
    assert both.devices == (Device("t", "web"), Device("u"))
