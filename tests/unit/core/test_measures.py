"""Tallies: adding one by one, in any order, and putting two together is the same as counting at once."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motet.core.measures import (
    LONGEST_VALUE,
    MOST,
    MOST_VALUES,
    Measure,
    NoHistory,
    NotCounted,
    Tally,
    Value,
    add,
    find_value,
    merge,
    occurrence_view,
    read_measure,
    value_key,
)

DAY = 86_400_000
values = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 2.25, "a", "b"])
occurrences = st.lists(st.tuples(st.integers(0, 20 * DAY), values), max_size=30)
measures = st.builds(
    Measure,
    event=st.just("x"),
    of=st.just("value"),
    keep=st.sampled_from([None, 86_400.0, 864_000.0]),
    values=st.booleans(),
)


def tally_of(measure: Measure, happened: list[tuple[int, Value]], now: int = 20 * DAY) -> Tally:
    tally = Tally()
    for at, value in happened:
        add(tally, measure, at, value, now)
    return tally


def told(tally: Tally) -> Any:
    return msgspec.to_builtins(msgspec.structs.replace(tally, recent=sorted(tally.recent, key=str)))


@given(measures, occurrences, st.randoms(use_true_random=False))
def test_the_order_of_adding_does_not_matter(
    measure: Measure, happened: list[tuple[int, Value]], dice: random.Random
) -> None:
    shuffled = dice.sample(happened, len(happened))
    assert told(tally_of(measure, shuffled)) == told(tally_of(measure, happened))


@given(measures, occurrences, st.integers(0, 30))
def test_two_tallies_of_different_events_are_one(measure: Measure, happened: list[tuple[int, Value]], cut: int) -> None:
    parts = tally_of(measure, happened[:cut]), tally_of(measure, happened[cut:])
    assert told(merge(*parts, measure, 20 * DAY)) == told(tally_of(measure, happened))
    assert told(merge(*reversed(parts), measure, 20 * DAY)) == told(tally_of(measure, happened))


@given(measures, occurrences)
def test_a_tally_is_stored_and_read_unchanged(measure: Measure, happened: list[tuple[int, Value]]) -> None:
    tally = tally_of(measure, happened)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(tally), type=Tally) == tally


def test_what_no_window_can_see_is_forgotten() -> None:
    measure = Measure(event="x", keep=86_400.0)
    tally = tally_of(measure, [(5 * DAY, None), (19 * DAY, None), (19 * DAY + 1, None)], now=20 * DAY)
    assert [ms for ms, _ in tally.recent] == [19 * DAY + 1]
    assert tally.count == 3
    deep = Measure(event="x", keep=864_000.0, depth=2)
    assert [ms for ms, _ in tally_of(deep, [(n, None) for n in (3, 1, 4, 2)], now=10).recent] == [3, 4]


def test_a_tally_is_bounded() -> None:
    measure = Measure(event="x", of="value", keep=1e9)
    tally = tally_of(measure, [(n, None) for n in range(MOST + 10)], now=MOST)
    assert (len(tally.recent), tally.count) == (MOST, MOST + 10)
    counted = tally_of(Measure(event="x", of="value", values=True), [(1, f"v{n}") for n in range(MOST_VALUES + 50)])
    assert len(counted.values) == MOST_VALUES


def test_texts_are_kept_only_by_whom_they_serve() -> None:
    assert tally_of(Measure(event="x", of="value", keep=1e9), [(1, "secret"), (2, 5)]).recent == [(1, None), (2, 5.0)]
    assert tally_of(Measure(event="x", of="value", keep=1e9, values=True), [(1, "a")]).recent == [(1, "a")]


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (1.5, "1.5"),
        (1e22, "1e+22"),
        (True, "true"),
        ('a"b', '"a\\"b"'),
        ("1", '"1"'),
    ],
)
def test_one_value_has_one_key(value: Any, key: str) -> None:
    assert value_key(value) == key


@pytest.mark.parametrize(
    ("view", "path", "value"),
    [
        ({"a": {"b": 2}}, "a.b", 2.0),
        ({"a": [1]}, "a", None),
        ({"a": [{"b": 1}]}, "a.b", None),
        ({"a": {"b": 1}}, "a", None),
        ({"a": None}, "a", None),
        ({"a": False}, "a", False),
        ({"a": 10**400}, "a", None),
        ({"a": "x" * LONGEST_VALUE}, "a", "x" * LONGEST_VALUE),
        ({"a": "x" * (LONGEST_VALUE + 1)}, "a", None),
    ],
)
def test_a_value_is_a_scalar_at_a_path_of_maps(view: dict[str, Any], path: str, value: Value) -> None:
    assert find_value(view, path) == value


def test_an_occurrence_shows_its_worth_and_its_channel() -> None:
    assert occurrence_view({"value": "x", "channel": "y"}, 2.5, "email") == {"value": 2.5, "channel": "email"}
    assert occurrence_view({"value": "x", "channel": "y"}, 0.0, None) == {"value": "x", "channel": "y"}


def test_the_digest_is_the_meaning_of_a_measure() -> None:
    one = Measure(event="x", where={"a": 1, "b": 2}, since=datetime(2026, 1, 1, tzinfo=UTC))
    two = Measure(event="x", where={"b": 2, "a": 1}, since=datetime(2026, 1, 1, tzinfo=UTC))
    assert one.digest == two.digest != Measure(event="x", where={"a": 1}).digest
    assert read_measure(one.digest) == one


def test_a_past_in_which_nothing_is_counted_says_so() -> None:
    with pytest.raises(NotCounted):
        NoHistory().tally(Measure(event="x"))


@pytest.mark.parametrize("huge", [1e308, -1e308, 10**308, 10**4200, -(10**4200), 1e200], ids=range(6))
def test_a_number_whose_sums_no_float_holds_is_no_value(huge: float) -> None:
    assert find_value({"a": huge}, "a") is None
    assert find_value({"a": 1e199}, "a") == 1e199
