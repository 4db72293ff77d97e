"""Whom an input is about, decided without a database."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motet.audience.identity import (
    ANONYMOUS_ID,
    EMAIL,
    EXTERNAL_ID,
    Bar,
    Key,
    Resolution,
    key_of,
    keys_of,
    resolve,
)
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


# People who are one --------------------------------------------------------------------------------------------

A_ID, B_ID = OWNED["a"], OWNED["b"]


def name(value: str) -> Key:
    return key_of(EXTERNAL_ID, value, LANES)


def device(value: str) -> Key:
    return key_of(ANONYMOUS_ID, value, LANES)


def test_a_nameless_owner_of_an_anonymous_id_becomes_the_named_one() -> None:
    owners = {name("a"): A_ID, device("d"): B_ID}
    done = resolve([[name("a"), device("d")]], owners, {B_ID}, 5, LANES)
    assert done.ids == [A_ID]
    assert done.merges == {(B_ID, A_ID): "identified"}


def test_a_shared_device_is_handed_to_the_one_who_names_themselves() -> None:
    owners = {name("a"): A_ID, name("b"): B_ID, device("d"): B_ID}
    done = resolve([[name("a"), device("d")]], owners, set(), 5, LANES)
    assert (done.ids, done.merges, done.handed) == ([A_ID], {}, {device("d"): A_ID})


def test_without_a_name_nobody_takes_a_device_from_a_named_customer() -> None:
    email = key_of(EMAIL, "a@example.com", LANES)
    done = resolve([[email, device("d")]], {email: A_ID, device("d"): B_ID}, set(), 5, LANES)
    assert (done.ids, done.handed) == ([A_ID], {})
    assert done.taken[0].field == "anonymous_id"


def test_a_known_customer_takes_the_name_of_a_newcomer_of_the_same_batch() -> None:
    done = resolve([[name("u")], [name("u"), device("d")]], {device("d"): B_ID}, {B_ID}, 5, LANES)
    assert done.ids == [B_ID, B_ID]
    assert (done.born, done.merges) == (set(), {})
    assert done.claims[name("u")] == B_ID


def test_whom_a_person_took_apart_stay_apart_and_the_device_goes_along() -> None:
    owners = {name("a"): A_ID, device("d"): B_ID}
    done = resolve([[name("a"), device("d")]], owners, {B_ID}, 5, LANES, {(B_ID, A_ID): Bar("apart", apart=True)})
    assert (done.merges, done.handed) == ({}, {device("d"): A_ID})


def test_a_merge_that_the_guard_forbids_leaves_everything_where_it_is() -> None:
    owners = {name("a"): A_ID, device("d"): B_ID}
    done = resolve([[name("a"), device("d")]], owners, {B_ID}, 5, LANES, {(B_ID, A_ID): Bar("too many")})
    assert (done.ids, done.merges, done.handed, done.claims) == ([A_ID], {}, {}, {})
    assert done.refused == {(B_ID, A_ID): "identified"}


@pytest.mark.parametrize("nameless", [set(), {B_ID}])
def test_a_former_name_is_reason_enough(nameless: set[UUID]) -> None:
    owners = {name("a"): A_ID, name("old"): B_ID}
    done = resolve([[name("a"), name("old"), device("old")]], owners, set(nameless), 5, LANES)
    assert done.merges == {(B_ID, A_ID): "alias"}
    assert done.claims == {device("old"): A_ID}


_NAMES = st.sampled_from([name("a"), name("b")])
_OTHERS = st.sampled_from(
    [key_of(EMAIL, "e@example.com", LANES), key_of(EMAIL, "f@example.com", LANES), device("1"), device("2")]
)


@st.composite
def _inputs(draw: st.DrawFn) -> list[list[Key]]:
    inputs = []
    for _ in range(draw(st.integers(1, 6))):
        rest = sorted(draw(st.sets(_OTHERS, max_size=3)), key=lambda k: k[1])
        named = [draw(_NAMES)] if draw(st.booleans()) or not rest else []
        inputs.append([*named, *rest])
    return inputs


@given(_inputs(), st.dictionaries(_NAMES | _OTHERS, st.integers(0, 3), max_size=6))
def test_whatever_is_said_names_stay_apart_and_every_key_has_one_owner(
    inputs: list[list[Key]], owned: dict[Key, int]
) -> None:
    ids = [uuid7(n) for n in range(4)]
    owners = {key: ids[n] for key, n in owned.items()}
    named = {owner: key for key, owner in owners.items() if key[1] == EXTERNAL_ID}
    nameless = set(ids) - set(named)
    done = resolve(inputs, dict(owners), set(nameless), 5, LANES)
    gone = dict(done.merges.keys())
    assert not set(gone) & set(gone.values())
    assert not set(gone) & set(named)
    assert not set(gone) & set(done.ids)
    assert all(owner in nameless for owner in gone)
    for key in set(done.claims) - {name(str(id)) for id in done.born}:
        assert key not in owners
    # Who says the same name is the same customer, and different names are different ones.
    by_name: dict[Key, set[UUID]] = {}
    for keys, id in zip(inputs, done.ids, strict=True):
        if keys[0][1] == EXTERNAL_ID:
            by_name.setdefault(keys[0], set()).add(id)
    for key, found in by_name.items():
        assert len(found) == 1
        if key in owners and len({k for k in owners if owners[k] == owners[key] and k[1] == EXTERNAL_ID}) == 1:
            assert found == {owners[key]}
    if len(by_name) == 2 and len(named) == len([k for k in owners if k[1] == EXTERNAL_ID]):
        assert len(set.union(*by_name.values())) == 2
