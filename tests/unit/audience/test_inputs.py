"""What may be written into a profile, and what is told about the rest."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motet.audience.inputs import CLEANERS, CustomerInput, check_customer
from motet.core.customers import Device


def clean(**raw: Any) -> CustomerInput:
    checked = check_customer({"external_id": "c", **raw})
    assert isinstance(checked, CustomerInput), checked
    return checked


def problem(path: str = "", **raw: Any) -> tuple[str, str]:
    checked = check_customer({"external_id": "c", **raw}, path)
    assert isinstance(checked, list)
    [only] = checked
    return only.code, only.path


def test_values_come_out_in_one_form() -> None:
    checked = clean(
        external_id=17,
        email=" Ann.Lee@EXAMPLE.com ",
        phone="+44 (0)20 7183 8750",
        timezone="europe/BERLIN",
        locale="zh_hant_tw",
        tags="b; a,b ,",
        devices=["t1", {"token": "t2", "platform": "apns"}, {"token": "t1", "platform": "web"}],
        preferences={"sms": "no"},
        caps={"email": "3"},
        created_at="2026-01-02T03:04:05+02:00",
        last_purchase_at="2026-01-02",
    )
    assert (checked.external_id, checked.email, checked.phone) == ("17", "Ann.Lee@example.com", "+442071838750")
    assert (checked.timezone, checked.locale, checked.tags) == ("Europe/Berlin", "zh-Hant-TW", ("a", "b"))
    assert checked.devices == (Device("t1", "web"), Device("t2", "apns"))
    assert (checked.preferences, checked.caps) == ({"sms": False}, {"email": 3})
    assert checked.created_at == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert checked.last_purchase_at == datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value", "code", "path"),
    [
        ("email", "ann@", "customer.bad_email", "email"),
        ("email", "a b@example.com", "customer.bad_email", "email"),
        ("email", "ann@exa_mple..com", "customer.bad_email", "email"),
        ("email", "ann@example.com\r\nBcc: x@example.com", "customer.bad_text", "email"),
        ("phone", "020 7183 8750", "customer.bad_phone", "phone"),
        ("phone", "+1 202 555", "customer.bad_phone", "phone"),
        ("timezone", "Europe/Berln", "customer.bad_timezone", "timezone"),
        ("locale", "english please", "customer.bad_locale", "locale"),
        ("tags", 5, "customer.bad_type", "tags"),
        ("tags", ["x" * 65], "customer.bad_tag", "tags"),
        ("tags", ["a,b"], "customer.bad_tag", "tags"),
        ("devices", ["ok", {"token": ""}], "customer.bad_device", "devices[1]"),
        ("devices", [{"token": "t", "platform": "fax"}], "customer.bad_device", "devices[0]"),
        ("preferences", {"emial": True}, "customer.unknown_channel", "preferences.emial"),
        ("consents", {"email": "maybe"}, "customer.bad_flag", "consents.email"),
        ("caps", {"email": -1}, "customer.bad_cap", "caps.email"),
        ("attributes", {"a": "x\x00y"}, "customer.bad_text", "attributes"),
        ("attributes", {"a": "x" * 70_000}, "customer.too_large", "attributes"),
        ("attributes", {"a": [[[[[[[[[1]]]]]]]]]}, "customer.too_deep", "attributes"),
        ("attributes", {"a": object()}, "customer.bad_json", "attributes"),
        ("attributes", [1], "customer.bad_type", "attributes"),
        ("created_at", "yesterday", "customer.bad_time", "created_at"),
        ("created_at", "0001-01-01T00:00:00+14:00", "customer.bad_time", "created_at"),
        ("external_id", "x" * 256, "customer.too_long", "external_id"),
        ("external_id", " ", "customer.empty", "external_id"),
        ("external_id", True, "customer.bad_type", "external_id"),
        ("emial", "ann@example.com", "customer.unknown_field", "emial"),
    ],
)
def test_a_wrong_value_is_named(field: str, value: object, code: str, path: str) -> None:
    assert problem("", **{field: value}) == (code, path)
    assert problem("customers[3]", **{field: value}) == (code, f"customers[3].{path}")


def test_every_problem_is_told_at_once_with_a_fix() -> None:
    checked = check_customer({"emial": "x", "timezone": "Europe/Berln", "phone": "1"})
    assert isinstance(checked, list)
    assert {p.code for p in checked} == {
        "customer.unknown_field",
        "customer.bad_timezone",
        "customer.bad_phone",
    }
    fixes = {p.path: p.fix for p in checked}
    assert "'email'" in fixes["emial"]
    assert "Europe/Berlin" in fixes["timezone"]
    assert fixes["phone"]


def test_somebody_must_be_named() -> None:
    assert [p.code for p in check_customer({"locale": "en"})] == ["customer.no_identifier"]
    assert [p.code for p in check_customer("c-1")] == ["customer.bad_type"]
    assert isinstance(check_customer({"email": "a@example.com", "phone": None}), CustomerInput)


def test_a_backslash_before_u0000_is_only_text() -> None:
    assert clean(attributes={"a": "\\u0000"}).attributes == {"a": "\\u0000"}


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*CLEANERS, "nonsense"]), _JUNK, max_size=6))
def test_no_input_breaks_the_check(raw: dict[str, Any]) -> None:
    checked = check_customer(raw, "x")
    assert isinstance(checked, CustomerInput) or all(p.code and p.path.startswith("x") for p in checked)


@given(st.emails())
def test_a_clean_address_is_clean_again(address: str) -> None:
    checked = check_customer({"email": address})
    if isinstance(checked, CustomerInput):
        assert check_customer({"email": checked.email}) == checked


def test_one_customer_tells_twenty_problems_and_no_more():
    problems = check_customer({f"field_{n}": 1 for n in range(500)})
    assert isinstance(problems, list)
    assert len(problems) == 20


def test_a_very_long_timezone_is_cut_and_not_guessed_at():
    [problem] = check_customer({"external_id": "a", "timezone": "Europe/" + "x" * 200})
    assert len(problem.message) < 120
    assert "IANA" in problem.fix


def test_a_name_with_blanks_around_it_is_as_long_as_it_is() -> None:
    assert problem(attributes={" " * 252 + "plan": 1}) == problem(attributes={"p" * 256: 1})
    assert clean(attributes={" plan": 1}).attributes == {" plan": 1}


def test_long_values_are_not_remembered() -> None:
    """A list of tags is remembered with its text; nobody fills the memory with texts that are made up for that."""
    for index in range(20):
        assert clean(tags="a," * 10_000 + f"b{index}").tags == ("a", f"b{index}")
    tracemalloc.start()
    try:
        for index in range(20, 120):
            clean(tags="a," * 10_000 + f"b{index}")
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()


def test_what_cannot_be_looked_up_is_refused_like_any_other_value() -> None:
    assert problem(devices=[{"token": "t", "platform": []}]) == ("customer.bad_device", "devices[0]")
    assert problem(caps={"email": "9" * 5000}) == ("customer.bad_cap", "caps.email")
