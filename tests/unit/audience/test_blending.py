"""Two profiles in one, whatever they are: who wins, and what no merge may loosen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import permutations
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from making import a_customer
from motet.audience.blending import blend, part
from motet.core.customers import Customer, Device, Suppression
from motet.core.ids import uuid7

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CHANNELS = st.sampled_from(["email", "sms", "push"])
WORDS = st.sampled_from(["a", "b", "c"])
MOMENTS = st.none() | st.integers(0, 9).map(lambda n: NOW - timedelta(days=n))
FLAGS = st.dictionaries(CHANNELS, st.booleans(), max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "x"]),
    lambda inner: st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def customers(draw: st.DrawFn, named: bool | None = None) -> Customer:
    id = uuid7(draw(st.integers(0, 1 << 40)))
    is_named = draw(st.booleans()) if named is None else named
    return Customer(
        id=id,
        external_id=draw(WORDS) if is_named else str(id),
        email=draw(st.none() | WORDS.map(lambda w: f"{w}@example.com")),
        phone=draw(st.none() | st.sampled_from(["+12025550101", "+12025550102"])),
        devices=tuple(Device(token) for token in draw(st.sets(WORDS))),
        handles=draw(st.dictionaries(WORDS, WORDS, max_size=2)),
        attributes=draw(st.dictionaries(WORDS, VALUES, max_size=3)),
        tags=tuple(sorted(draw(st.sets(WORDS)))),
        lifecycle_stage=draw(st.sampled_from(["prospect", "active"])),
        timezone=draw(st.none() | st.just("Europe/Berlin")),
        locale=draw(st.none() | st.just("de")),
        preferences=draw(FLAGS),
        topics=draw(st.dictionaries(WORDS, st.booleans(), max_size=2)),
        caps=draw(st.dictionaries(CHANNELS, st.integers(0, 5), max_size=2)),
        consents=draw(FLAGS),
        suppressions=draw(
            st.dictionaries(CHANNELS, st.builds(Suppression, WORDS, st.just("bounced"), MOMENTS), max_size=2)
        ),
        last_interaction_at=draw(MOMENTS),
        last_purchase_at=draw(MOMENTS),
        created_at=draw(MOMENTS),
    )


def blended(winner: dict[str, Any], loser: dict[str, Any], *, newer: bool = False) -> Customer:
    return blend(a_customer(**winner), a_customer(**loser), newer=newer)


def anonymous(**fields: Any) -> dict[str, Any]:
    id = uuid7(7)
    return {"id": id, "external_id": str(id), "email": None, "phone": None, **fields}


def test_the_known_beat_the_anonymous_however_new() -> None:
    done = blended({"timezone": "Asia/Tokyo"}, anonymous(timezone="Europe/Rome", locale="it"), newer=True)
    assert (done.timezone, done.locale, done.external_id) == ("Asia/Tokyo", "it", "ada")


def test_of_two_known_the_newer_wins_and_a_blank_never() -> None:
    old = {"timezone": "Asia/Tokyo", "locale": "ja", "attributes": {"city": "Kyoto", "pet": "cat"}}
    new = {"external_id": "bo", "timezone": "Europe/Rome", "attributes": {"city": "Rome", "pet": ""}}
    done = blended(old, new, newer=True)
    assert (done.timezone, done.locale, done.attributes) == ("Europe/Rome", "ja", {"city": "Rome", "pet": "cat"})
    assert done.external_id == "ada"
    kept = blended(old, new, newer=False)
    assert (kept.timezone, kept.attributes) == ("Asia/Tokyo", {"city": "Kyoto", "pet": "cat"})


def test_maps_within_attributes_are_laid_over_each_other() -> None:
    done = blended({"attributes": {"cart": {"value": 5}}}, {"attributes": {"cart": {"items": 2, "value": 1}}})
    assert done.attributes == {"cart": {"items": 2, "value": 5}}


def test_the_suppression_of_the_address_in_use_stays() -> None:
    mine = {"email": "new@example.com", "suppressions": {"email": Suppression("new@example.com", "complaint")}}
    other = {"external_id": "bo", "suppressions": {"email": Suppression("old@example.com", "bounced", NOW)}}
    assert blended(mine, other).suppressions["email"].address == "new@example.com"


@given(customers(), customers(), st.booleans())
def test_nothing_is_lost_and_no_refusal_is_undone(one: Customer, other: Customer, newer: bool) -> None:
    done = blend(one, other, newer=newer)
    assert done.id == one.id
    assert set(done.tags) == {*one.tags, *other.tags}
    assert {d.token for d in done.devices} == {d.token for d in (*one.devices, *other.devices)}
    for field in ("consents", "preferences", "topics"):
        mine, theirs, both = (getattr(c, field) for c in (one, other, done))
        assert both.keys() == mine.keys() | theirs.keys()
        assert all(not both[key] for key in both if mine.get(key) is False or theirs.get(key) is False)
    assert done.suppressions.keys() == one.suppressions.keys() | other.suppressions.keys()
    for channel, cap in done.caps.items():
        assert cap == min(c.caps[channel] for c in (one, other) if channel in c.caps)
    for field in ("email", "phone", "timezone", "locale"):
        assert (getattr(done, field) is None) == (getattr(one, field) is None and getattr(other, field) is None)
    assert done.attributes.keys() == one.attributes.keys() | other.attributes.keys()


@settings(max_examples=200)
@given(customers(named=True), st.lists(customers(named=False), min_size=2, max_size=3))
def test_the_order_of_merges_does_not_matter_for_what_is_gathered(winner: Customer, losers: list[Customer]) -> None:
    gathered = []
    for order in permutations(losers):
        done = reduce(lambda mine, loser: blend(mine, loser, newer=False), order, winner)
        gathered.append(
            (done.tags, {d.token for d in done.devices}, done.consents, done.preferences, done.topics, done.caps,
             done.suppressions.keys(), done.last_interaction_at, done.last_purchase_at, done.created_at,
             done.external_id, done.attributes.keys())
        )  # fmt: skip
    assert all(each == gathered[0] for each in gathered)


@given(customers(), customers(), st.booleans())
def test_taken_apart_at_once_they_are_as_before(one: Customer, other: Customer, newer: bool) -> None:
    after = blend(one, other, newer=newer)
    back = part(after, one, after, keep_refusals=False)
    assert msgspec.structs.replace(back, devices=()) == msgspec.structs.replace(one, devices=())
    assert {d.token for d in back.devices} == {d.token for d in one.devices}


def test_what_changed_since_the_merge_stays() -> None:
    before = a_customer(attributes={"a": 1, "b": 1}, tags=("one",))
    after = blend(before, a_customer(external_id="bo", attributes={"b": 2, "c": 3}, tags=("two",)), newer=True)
    now = msgspec.structs.replace(after, attributes={**after.attributes, "b": 9, "d": 4}, tags=("one", "three", "two"))
    back = part(now, before, after, keep_refusals=False)
    assert (back.attributes, back.tags) == ({"a": 1, "b": 9, "d": 4}, ("one", "three"))


def test_a_refusal_since_the_merge_stays() -> None:
    before = a_customer(consents={"email": True})
    after = blend(before, a_customer(external_id="bo", consents={"email": False}), newer=False)
    assert part(after, before, after, keep_refusals=True).consents == {"email": False}
    assert part(after, before, after, keep_refusals=False).consents == {"email": True}
