"""Whom an input is about, decided without a database."""

from __future__ import annotations

from uuid import UUID

from motet.audience.identity import Key, Resolution, keys_of, resolve
from motet.audience.inputs import CustomerInput
from motet.core.ids import uuid7

LANES = 8
OWNED = {"a": uuid7(1), "b": uuid7(2)}


def settle(
    *inputs: CustomerInput, owners: dict[Key, UUID] | None = None, nameless: set[UUID] | None = None
) -> Resolution:
    return resolve([keys_of(i, LANES) for i in inputs], dict(owners or {}), set(nameless or ()), 5, LANES)


def owned(given: CustomerInput, id: UUID) -> dict[Key, UUID]:
    return dict.fromkeys(keys_of(given, LANES), id)


A = CustomerInput(external_id="a", email="A@example.com", phone="+12025550101")


def test_the_external_id_decides_over_the_address() -> None:
    owners = owned(A, OWNED["a"]) | owned(CustomerInput(external_id="b"), OWNED["b"])
    done = settle(CustomerInput(external_id="b", email="a@EXAMPLE.com"), owners=owners)
    assert done.ids == [OWNED["b"]]
    assert [(t.index, t.field) for t in done.taken] == [(0, "email")]
    assert not done.claims


def test_an_address_finds_its_owner_and_new_ones_are_claimed_for_them() -> None:
    done = settle(CustomerInput(email="a@example.com", phone="+12025550199"), owners=owned(A, OWNED["a"]))
    assert done.ids == [OWNED["a"]]
    assert [key[1:] for key in done.claims] == [(3, "+12025550199")]


def test_two_owners_of_two_addresses_stay_two() -> None:
    owners = owned(CustomerInput(email="a@example.com"), OWNED["a"]) | owned(
        CustomerInput(phone="+12025550101"), OWNED["b"]
    )
    done = settle(CustomerInput(email="a@example.com", phone="+12025550101"), owners=owners)
    assert done.ids == [OWNED["a"]]
    assert done.taken[0].field == "phone"


def test_a_name_goes_to_a_nameless_owner_only_once() -> None:
    address = CustomerInput(email="a@example.com")
    owners = owned(address, OWNED["a"])
    first, second = (CustomerInput(external_id=name, email="a@example.com") for name in ("x", "y"))
    done = settle(first, second, owners=owners, nameless={OWNED["a"]})
    assert done.ids[0] == OWNED["a"]
    assert done.ids[1] in done.born
    assert done.taken[0].index == 1


def test_one_batch_sees_its_own_newcomers() -> None:
    done = settle(CustomerInput(email="n@example.com"), CustomerInput(external_id="n", email="N@example.com"))
    assert done.ids[0] == done.ids[1]
    assert len(done.born) == 1
    assert {key[1:] for key in done.claims} == {(2, "n@example.com"), (1, "n")}


def test_who_has_no_external_id_goes_by_their_own_id() -> None:
    done = settle(CustomerInput(phone="+12025550101"))
    assert {key[1:] for key in done.claims} == {(3, "+12025550101"), (1, str(done.ids[0]))}
