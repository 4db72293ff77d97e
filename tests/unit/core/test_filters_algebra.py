"""Laws that hold for every condition over every customer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from motet.core.filters import compile_filter

NAMES = st.sampled_from(["a", "b", "tags", "cart"])
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TEXTS = st.sampled_from(["", "a", "de-AT", "2026-03-01", "2026-03-01T12:00:00+02:00", "20260301"]) | st.text(max_size=4)
SCALARS = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | TEXTS.filter(lambda t: "\0" not in t) | MOMENTS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
VIEWS = st.dictionaries(NAMES, VALUES, max_size=4)
FIELDS = NAMES | st.sampled_from(["cart.a", "cart.tags.b"])
ORDERED = st.integers(-3, 3) | st.floats(-3, 3) | MOMENTS | st.sampled_from(["a", "2026-03-01"])
TESTS = st.one_of(
    st.builds(lambda v: {"$eq": v}, SCALARS),
    st.builds(lambda op, v: {op: v}, st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), ORDERED),
    st.builds(lambda vs: {"$in": vs}, st.lists(SCALARS, max_size=3)),
    st.builds(lambda flag: {"$exists": flag}, st.booleans()),
    st.builds(lambda t: {"$startsWith": t}, st.sampled_from(["a", "20"])),
    st.builds(lambda v: {"$contains": v}, st.sampled_from(["a", 1, True])),
)
GROUPS = st.sampled_from(["$and", "$or", "$nor"])
SPECS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.builds(lambda f, t: {f: t}, FIELDS, TESTS),
    lambda inner: st.builds(lambda word, parts: {word: parts}, GROUPS, st.lists(inner, min_size=1, max_size=3)),
    max_leaves=5,
)


def holds(spec: Any, view: dict[str, Any]) -> bool:
    return compile_filter(spec).matches(view)


@given(SPECS, VIEWS)
def test_it_answers_for_any_view(spec: dict[str, Any], view: dict[str, Any]) -> None:
    assert holds(spec, view) in (True, False)


@given(SPECS, VIEWS)
def test_a_condition_or_its_negation_holds(spec: dict[str, Any], view: dict[str, Any]) -> None:
    assert holds({"$not": spec}, view) is not holds(spec, view)
    assert holds({"$nor": [spec]}, view) is not holds(spec, view)


@given(SPECS, SPECS, VIEWS)
def test_groups_mean_what_they_say(one: dict[str, Any], two: dict[str, Any], view: dict[str, Any]) -> None:
    first, second = holds(one, view), holds(two, view)
    assert holds({"$and": [one, two]}, view) is (first and second)
    assert holds({"$or": [one, two]}, view) is (first or second)
    assert holds([one, two], view) is (first and second)
    assert holds({"$nor": [one, two]}, view) is holds({"$and": [{"$not": one}, {"$not": two}]}, view)


@given(FIELDS, SCALARS, VIEWS)
def test_ne_is_not_eq(field: str, value: Any, view: dict[str, Any]) -> None:
    assert holds({field: {"$ne": value}}, view) is not holds({field: value}, view)


@given(FIELDS, st.lists(SCALARS, max_size=4), VIEWS)
def test_in_is_any_equality(field: str, values: list[Any], view: dict[str, Any]) -> None:
    expected = any(holds({field: value}, view) for value in values)
    assert holds({field: {"$in": values}}, view) is expected
    assert holds({field: {"$nin": values}}, view) is not expected


@given(FIELDS, TESTS, TESTS, VIEWS)
def test_operators_side_by_side_all_hold(
    field: str, one: dict[str, Any], two: dict[str, Any], view: dict[str, Any]
) -> None:
    if one.keys() != two.keys():
        assert holds({field: one | two}, view) is (holds({field: one}, view) and holds({field: two}, view))


@given(SCALARS, ORDERED)
def test_order_is_total_within_one_kind(value: Any, operand: Any) -> None:
    below, equal, above = (holds({"x": {op: operand}}, {"x": value}) for op in ("$lt", "$eq", "$gt"))
    assert below + equal + above <= 1
    assert holds({"x": {"$lte": operand}}, {"x": value}) is (below or equal)
    assert holds({"x": {"$gte": operand}}, {"x": value}) is (above or equal)


@given(st.integers(-3, 3), st.integers(-3, 3), SCALARS)
def test_between_is_both_bounds(one: int, two: int, value: Any) -> None:
    low, high = sorted((one, two))
    inside = holds({"x": {"$gte": low, "$lte": high}}, {"x": value})
    assert holds({"x": {"$between": [low, high]}}, {"x": value}) is inside


@given(FIELDS, VIEWS)
def test_exists_is_not_null(field: str, view: dict[str, Any]) -> None:
    assert holds({field: {"$exists": True}}, view) is not holds({field: {"$exists": False}}, view)


@given(SPECS, VIEWS, VIEWS)
def test_what_a_condition_does_not_name_does_not_matter(
    spec: dict[str, Any], view: dict[str, Any], other: dict[str, Any]
) -> None:
    strangers = {f"other_{name}": value for name, value in other.items()}
    assert holds(spec, view | strangers) is holds(spec, view)
