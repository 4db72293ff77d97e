"""Every wrong condition is refused with a code, the place and the fix."""

from __future__ import annotations

from typing import Any

import pytest

from motet.core.errors import Refused
from motet.core.filters import compile_filter

CASES: list[tuple[Any, str, str, str]] = [
    ({"x": {"gt": 5}}, "filter.unknown_operator", "conditions.x.gt", "'$gt'"),
    ({"x": {"$gtt": 5}}, "filter.unknown_operator", "conditions.x.$gtt", "'$gt'"),
    ({"x": {"$regex": "a+"}}, "filter.unknown_operator", "conditions.x.$regex", ""),
    ({"address": {"city": "Wien"}}, "filter.unknown_operator", "conditions.address.city", "'address.city'"),
    ({"$gt": 5}, "filter.unknown_operator", "conditions.$gt", "{field:"),
    ({"$andd": []}, "filter.unknown_operator", "conditions.$andd", "'$and'"),
    ({"$or": []}, "filter.bad_operand", "conditions.$or", "$or:"),
    ({"$and": {"x": 1}}, "filter.bad_operand", "conditions.$and", "$and:"),
    ({"x": [1, 2]}, "filter.bad_operand", "conditions.x", "$in"),
    ({"x": {}}, "filter.bad_operand", "conditions.x", "$gt"),
    ({"x": {"$in": "a"}}, "filter.bad_operand", "conditions.x.$in", "$in"),
    ({"x": {"$in": [[1]]}}, "filter.bad_operand", "conditions.x.$in", "$in"),
    ({"x": {"$in": list(range(10_001))}}, "filter.bad_operand", "conditions.x.$in", ""),
    ({"x": {"$gt": None}}, "filter.bad_operand", "conditions.x.$gt", "$gt"),
    ({"x": {"$gt": True}}, "filter.bad_operand", "conditions.x.$gt", "$gt"),
    ({"x": {"$between": [1]}}, "filter.bad_operand", "conditions.x.$between", "$between"),
    ({"x": {"$between": [2, 1]}}, "filter.bad_operand", "conditions.x.$between", "$between"),
    ({"x": {"$between": [1, "a"]}}, "filter.bad_operand", "conditions.x.$between", "$between"),
    ({"x": {"$between": ["2026-02-01", "2026-01-01T00:00Z"]}}, "filter.bad_operand", "conditions.x.$between", ""),
    ({"x": {"$exists": "yes"}}, "filter.bad_operand", "conditions.x.$exists", "$exists"),
    ({"x": {"$startsWith": ""}}, "filter.bad_operand", "conditions.x.$startsWith", "$startsWith"),
    ({"x": {"$contains": None}}, "filter.bad_operand", "conditions.x.$contains", "$contains"),
    ({"x": {"$not": 5}}, "filter.bad_operand", "conditions.x.$not", "$not"),
    ({"x": float("nan")}, "filter.bad_operand", "conditions.x", ""),
    ({"x": "a\0b"}, "filter.bad_operand", "conditions.x", ""),
    ({"x": b"a"}, "filter.bad_operand", "conditions.x", ""),
    ({"a..b": 1}, "filter.bad_field", "conditions.a..b", "dots"),
    ({"": 1}, "filter.bad_field", "conditions.", "dots"),
    ({1: 2}, "filter.bad_field", "conditions", "quotes"),
    ("x > 5", "filter.not_a_mapping", "conditions", "mapping"),
    ([{"x": 1}, 5], "filter.not_a_mapping", "conditions[1]", "mapping"),
    ({"$or": [{"x": 1}, {"y": {"gt": 1}}]}, "filter.unknown_operator", "conditions.$or[1].y.gt", "'$gt'"),
    ({f"x{n}": 1 for n in range(1001)}, "filter.too_large", "conditions", "$in"),
]


@pytest.mark.parametrize(("spec", "code", "path", "fix"), CASES)
def test_a_wrong_condition_names_code_place_and_fix(spec: Any, code: str, path: str, fix: str) -> None:
    with pytest.raises(Refused) as refusal:
        compile_filter(spec)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.path) == (code, path)
    assert fix in problem.fix


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(Refused) as refusal:
        compile_filter({"x": {"gt": 5}, "$or": [], "y": {"$exists": 1}}, "trigger.where")
    paths = ["trigger.where.x.gt", "trigger.where.$or", "trigger.where.y.$exists"]
    assert [p.path for p in refusal.value.problems] == paths


def test_nesting_is_bounded() -> None:
    spec: dict[str, Any] = {"x": 1}
    for _ in range(5000):
        spec = {"$not": spec}
    with pytest.raises(Refused, match="too_deep"):
        compile_filter(spec)


def test_a_spec_that_holds_itself_is_refused() -> None:
    spec: dict[str, Any] = {"x": 1}
    spec["$or"] = [spec, spec, spec]
    with pytest.raises(Refused, match=r"filter\.too_(large|deep)"):
        compile_filter(spec)
