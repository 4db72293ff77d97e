"""Where a customer's clock hangs, from what is known of them."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import a_customer
from motet.core.timezones import infer_timezone


def zone(**fields: Any) -> str | None:
    return infer_timezone(a_customer(**{"phone": None, **fields}))


def test_what_they_say_goes_first() -> None:
    assert zone(timezone="Asia/Tokyo", phone="+442071838750", attributes={"country": "DE"}) == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        ("+442071838750", "Europe/London"),
        ("+447911123456", "Europe/London"),  # a mobile, also of the islands, whose clock is the same
        ("+4930123456", "Europe/Berlin"),
        ("+16502530000", "America/Los_Angeles"),
        ("+12125550100", "America/New_York"),
        ("+18005551234", None),  # toll free: anywhere
    ],
)
def test_a_phone_number_tells_where_it_is(phone: str, expected: str | None) -> None:
    assert zone(phone=phone) == expected


def test_a_country_of_one_clock_tells_and_one_of_several_does_not() -> None:
    assert zone(attributes={"country": "de"}) == "Europe/Berlin"
    assert zone(attributes={"address": {"country": "JP"}}) == "Asia/Tokyo"
    assert zone(attributes={"country": "US"}) is None
    assert zone(attributes={"country": "Germany"}) is None
    assert zone(attributes={"country": "XX"}) is None


def test_the_region_of_the_locale_comes_last() -> None:
    assert zone(locale="de-AT") == "Europe/Vienna"
    assert zone(locale="zh-Hant-TW") == "Asia/Taipei"
    assert zone(locale="en") is None
    assert zone(locale="de-AT", attributes={"country": "CH"}) == "Europe/Zurich"
    assert zone(locale="de-AT", phone="+18005551234") == "Europe/Vienna"


@given(st.text(max_size=20), st.text(max_size=8), st.text(max_size=12))
def test_anything_gives_a_zone_or_nothing(phone: str, country: str, locale: str) -> None:
    found = zone(phone=phone, attributes={"country": country, "address": country}, locale=locale)
    assert found is None or found in available_timezones()
