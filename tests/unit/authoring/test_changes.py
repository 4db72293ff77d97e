from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motet.authoring.changes import list_changes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": 0}, {"a": False}, ["a"]),
        ({"a": None}, {}, ["a"]),
        ({"a": 1}, {"b": 1}, ["a", "b"]),
        ({"m": [{"x": 1}, {"x": 2}]}, {"m": [{"x": 1}, {"x": 3}]}, ["m[1].x"]),
        ({"m": [1]}, {"m": [1, 2, 3]}, ["m[1]", "m[2]"]),
        ({"m": [1, 2]}, {"m": []}, ["m[0]", "m[1]"]),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}, "d": 1}}, ["a.b.c", "a.d"]),
        ({"a": []}, {"a": {}}, ["a"]),
    ],
)
def test_a_change_is_named_by_its_path(old: Any, new: Any, paths: list[str]) -> None:
    assert list_changes(old, new) == paths


@given(JSON)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert list_changes({"x": value}, {"x": copy.deepcopy(value)}) == []


@given(JSON, JSON)
def test_a_difference_is_seen_from_both_sides(one: Any, two: Any) -> None:
    assert bool(list_changes({"x": one}, {"x": two})) is bool(list_changes({"x": two}, {"x": one}))
