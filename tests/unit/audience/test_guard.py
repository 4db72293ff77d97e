"""Values that name nobody, and people without them."""

from __future__ import annotations

import pytest

from motet.audience.guard import USUAL, Guard
from motet.audience.inputs import check_customer
from motet.audience.people import Person, clear_person


@pytest.mark.parametrize(
    "value",
    ["null", "NULL", "undefined", "Anonymous", "0", "000000", "-1", "-", "xxx", "+000000", "[object Object]",
     "00000000-0000-0000-0000-000000000000", "test@test.com", "TEST@example.com"],
)  # fmt: skip
def test_what_names_nobody_is_no_identifier(value: str) -> None:
    assert USUAL.blocks(value)
    [problem] = check_customer({"external_id": value})  # type: ignore[misc]
    assert (problem.code, problem.path) == ("customer.blocked_identifier", "external_id")


@pytest.mark.parametrize("value", ["1", "x", "11111", "c-0", "nullable", "anna", "tester@example.com", "007", "Nil-1"])
def test_ordinary_identifiers_pass(value: str) -> None:
    assert not USUAL.blocks(value)


def test_a_brand_blocks_its_own() -> None:
    guard = Guard(blocked=frozenset({"kiosk-1"}))
    assert guard.blocks("KIOSK-1")
    assert guard.check("kiosk-1", "userId") is not None
    assert guard.check("kiosk-2") is None


def test_a_person_keeps_the_identifiers_that_name_them() -> None:
    person = Person(user_id="null", anonymous_id="a-1", custom={"loyalty": "0", "crm": "7"})
    assert clear_person(person, USUAL) == Person(anonymous_id="a-1", custom={"crm": "7"})
    assert clear_person(Person(user_id="undefined", email="test@test.com"), USUAL) is None
    whole = Person(user_id="u-1", anonymous_id="a-1")
    assert clear_person(whole, USUAL) is whole
