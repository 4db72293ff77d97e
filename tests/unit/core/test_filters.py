"""What the condition language means: one row a rule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from motet.core.filters import compile_filter

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TWO_EAST = timezone(timedelta(hours=2))

HOLDS: list[tuple[Any, dict[str, Any]]] = [
    ({}, {}),
    ([], {"x": 1}),
    ({"x": 1}, {"x": 1}),
    ({"x": 1}, {"x": 1.0}),
    ({"x": {"$eq": "a"}}, {"x": "a"}),
    ({"x": None}, {}),
    ({"x": None}, {"x": None}),
    ({"x": False}, {}),
    ({"x": False}, {"x": False}),
    ({"x": False}, {"x": None}),
    ({"x": True}, {"x": True}),
    ({"x": {"$ne": True}}, {}),
    ({"x": {"$ne": 1}}, {"x": "1"}),
    ({"x": {"$gt": 50}}, {"x": 50.01}),
    ({"x": {"$gte": 50}}, {"x": 50}),
    ({"x": {"$lt": 50, "$gt": 10}}, {"x": 20}),
    ({"x": {"$lte": "b"}}, {"x": "a"}),
    ({"x": {"$in": [1, "a", None]}}, {}),
    ({"x": {"$in": ["a", "b"]}}, {"x": "b"}),
    ({"x": {"$in": [False]}}, {}),
    ({"x": {"$nin": ["a", "b"]}}, {"x": "c"}),
    ({"x": {"$nin": []}}, {}),
    ({"x": {"$exists": True}}, {"x": False}),
    ({"x": {"$exists": False}}, {"x": None}),
    ({"x": {"$contains": "ell"}}, {"x": "hello"}),
    ({"x": {"$contains": "vip"}}, {"x": ["new", "vip"]}),
    ({"x": {"$contains": 2}}, {"x": [1, 2]}),
    ({"x": {"$startsWith": "de"}}, {"x": "de-AT"}),
    ({"x": {"$between": [10, 20]}}, {"x": 20}),
    ({"x": {"$between": ["2026-01-01", "2026-12-31"]}}, {"x": NOON}),
    ({"x": {"$not": {"$gt": 5}}}, {}),
    ({"$not": {"x": 1}}, {"x": 2}),
    ({"$and": [{"x": 1}, {"y": 2}]}, {"x": 1, "y": 2}),
    ({"$or": [{"x": 1}, {"y": 2}]}, {"y": 2}),
    ({"$nor": [{"x": 1}, {"y": 2}]}, {"x": 2}),
    ([{"x": 1}, {"y": 2}], {"x": 1, "y": 2}),
    ({"a.b.c": 1}, {"a": {"b": {"c": 1}}}),
    ({"a.b": None}, {"a": 5}),
    ({"tags": "vip"}, {"tags": ["new", "vip"]}),
    ({"tags": {"$in": ["vip"]}}, {"tags": ("vip",)}),
    ({"tags": {"$ne": "vip"}}, {"tags": ["new"]}),
    ({"items.sku": "b"}, {"items": [{"sku": "a"}, {"sku": "b"}]}),
    ({"items.price": {"$gt": 9}}, {"items": [{"price": 1}, {"name": "x"}, {"price": 10}]}),
    ({"items.sku": None}, {"items": [{"name": "x"}]}),
    ({"at": {"$lt": "2026-03-01T12:00:01Z"}}, {"at": NOON}),
    ({"at": {"$gt": "2026-03-01"}}, {"at": NOON}),
    ({"at": "2026-03-01T14:00:00+02:00"}, {"at": NOON}),
    ({"at": {"$in": ["2026-03-01T14:00:00+02:00"]}}, {"at": NOON}),
    ({"at": {"$gte": "2026-03-01T12:00:00Z"}}, {"at": "2026-03-01T14:00:00+02:00"}),
    ({"at": NOON}, {"at": "2026-03-01T12:00:00Z"}),
    ({"at": {"$lte": NOON.astimezone(TWO_EAST)}}, {"at": NOON}),
    ({"at": {"$gt": date(2026, 2, 28)}}, {"at": date(2026, 3, 1)}),
    ({"at": {"$lt": datetime(2026, 3, 1, 13)}}, {"at": NOON}),  # noqa: DTZ001 - no offset counts as UTC
]

FAILS: list[tuple[Any, dict[str, Any]]] = [
    ({"x": 1}, {}),
    ({"x": 1}, {"x": True}),
    ({"x": True}, {"x": 1}),
    ({"x": False}, {"x": 0}),
    ({"x": 0}, {"x": False}),
    ({"x": 0}, {}),
    ({"x": ""}, {}),
    ({"x": "1"}, {"x": 1}),
    ({"x": None}, {"x": False}),
    ({"x": None}, {"x": []}),
    ({"x": {"$ne": False}}, {}),
    ({"x": {"$gt": 5}}, {}),
    ({"x": {"$lt": 5}}, {}),
    ({"x": {"$lte": 5}}, {"x": None}),
    ({"x": {"$gt": 0}}, {"x": True}),
    ({"x": {"$gt": 0}}, {"x": "5"}),
    ({"x": {"$lt": 5}}, {"x": float("nan")}),
    ({"x": {"$gt": "2026-01-01"}}, {"x": 5}),
    ({"x": {"$in": []}}, {"x": 1}),
    ({"x": {"$in": [1]}}, {"x": True}),
    ({"x": {"$nin": [None]}}, {}),
    ({"x": {"$exists": True}}, {"x": None}),
    ({"x": {"$contains": "a"}}, {"x": 5}),
    ({"x": {"$contains": "vi"}}, {"x": ["vip"]}),
    ({"x": {"$startsWith": "a"}}, {}),
    ({"x": {"$between": [1, 2]}}, {"x": 3}),
    ({"a.b": 1}, {"a": {"c": 1}}),
    ({"a.b": 1}, {"a.b": 1}),
    ({"tags": {"$ne": "vip"}}, {"tags": ["new", "vip"]}),
    ({"x": {"$between": [5, 6]}}, {"x": [1, 9]}),  # one element must lie between
    ({"code": {"$gt": "20260101"}}, {"code": NOON}),  # digits alone are a text
    ({"at": {"$gt": "2026-02-31"}}, {"at": NOON}),  # no such day: a text
]


@pytest.mark.parametrize(("spec", "view"), HOLDS)
def test_it_holds(spec: Any, view: dict[str, Any]) -> None:
    assert compile_filter(spec).matches(view) is True


@pytest.mark.parametrize(("spec", "view"), FAILS)
def test_it_does_not_hold(spec: Any, view: dict[str, Any]) -> None:
    assert compile_filter(spec).matches(view) is False
