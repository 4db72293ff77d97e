"""Every wrong condition is refused with a code, the place and the fix."""

from __future__ import annotations

from typing import Any

import pytest

from motet.core.errors import Refused
from motet.core.filters import compile_filter
from motet.core.filters.traits import read_trait

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
    ({"x": {"$lt": 2**63}}, "filter.bad_operand", "conditions.x.$lt", ""),
    ({"x": {"$ago": "7d"}}, "filter.unknown_operator", "conditions.x.$ago", '"$lt"'),
    ({"x": {"$eq": {"$ago": "7d"}}}, "filter.bad_operand", "conditions.x.$eq", "$in"),
    ({"x": {"$lt": {"$ago": "soon"}}}, "filter.bad_operand", "conditions.x.$lt", "$ago"),
    ({"x": {"$lt": {"$ago": "1d", "$ahead": "1d"}}}, "filter.bad_operand", "conditions.x.$lt", "$ago"),
    ({"x": {"$between": [{"$ago": "1d"}, {"$ago": "2d"}]}}, "filter.bad_operand", "conditions.x.$between", ""),
    ({"x": {"$between": [{"$ago": "1d"}, 5]}}, "filter.bad_operand", "conditions.x.$between", ""),
    ({"segments": {"$startsWith": "v"}}, "filter.bad_operand", "conditions.segments.$startsWith", "$in"),
    ({"$did": 5}, "filter.bad_operand", "conditions.$did", "purchase"),
    ({"$did": {}}, "filter.bad_operand", "conditions.$did.event", "purchase"),
    ({"$did": {"event": ["a", 5]}}, "filter.bad_operand", "conditions.$did.event", "purchase"),
    ({"$did": {"event": "a", "wihtin": "1d"}}, "filter.unknown_field", "conditions.$did.wihtin", "'within'"),
    ({"$did": {"event": "a", "within": "soon"}}, "filter.bad_window", "conditions.$did.within", "2h"),
    ({"$did": {"event": "a", "within": 0}}, "filter.bad_window", "conditions.$did.within", "60d"),
    ({"$did": {"event": "a", "until": "1d"}}, "filter.bad_window", "conditions.$did.until", "within"),
    ({"$did": {"event": "a", "within": "1d", "until": "2d"}}, "filter.bad_window", "conditions.$did.within", "60d"),
    ({"$did": {"event": "a", "within": "1d", "during": "today"}}, "filter.bad_window", "conditions.$did.during", "one"),
    ({"$did": {"event": "a", "during": "last_mont"}}, "filter.bad_window", "conditions.$did.during", "'last_month'"),
    ({"$did": {"event": "a", "since": "x"}}, "filter.bad_window", "conditions.$did.since", "2026-12-01"),
    (
        {"$did": {"event": "a", "since": "2026-02-01", "before": "2026-02-01"}},
        "filter.bad_window",
        "conditions.$did.before",
        "earlier",
    ),
    ({"$did": {"event": "a", "count": "2"}}, "filter.bad_operand", "conditions.$did.count", "$gte"),
    ({"$did": {"event": "a", "count": {"gte": 2}}}, "filter.unknown_operator", "conditions.$did.count.gte", "'$gte'"),
    (
        {"$did": {"event": "a", "count": {"$near": {"lat": 1, "lon": 1, "km": 1}}}},
        "filter.unknown_operator",
        "conditions.$did.count.$near",
        "",
    ),
    (
        {"$did": {"event": "a", "count": {"$gte": 5001}, "within": "1d"}},
        "filter.bad_operand",
        "conditions.$did.count",
        "window",
    ),
    ({"$did": {"event": "a", "last": {"$lt": 5}}}, "filter.bad_operand", "conditions.$did.last", "$ago"),
    ({"$did": {"event": "a", "sum": {"$gt": "x"}}}, "filter.bad_operand", "conditions.$did.sum", "$gte"),
    ({"$did": {"event": "a", "sum": 1, "of": "a..b"}}, "filter.bad_operand", "conditions.$did.of", "cart.total"),
    (
        {"$did": {"event": "a", "where": {"x": {"gt": 1}}}},
        "filter.unknown_operator",
        "conditions.$did.where.x.gt",
        "'$gt'",
    ),
    ({"$did": {"event": "a", "where": {"$did": "b"}}}, "filter.not_here", "conditions.$did.where.$did", "$and"),
    (
        {"$did": {"event": "a", "where": {"x": {"$gt": {"$ago": "1d"}}}}},
        "filter.not_here",
        "conditions.$did.where.x.$gt",
        "$and",
    ),
    ({"$message": {"did": "open"}}, "filter.bad_operand", "conditions.$message.did", "'opened'"),
    ({"$message": {"did": "opened", "channel": "fax"}}, "filter.bad_operand", "conditions.$message.channel", "email"),
    ({"$message": {"did": "opened", "sum": 5}}, "filter.unknown_field", "conditions.$message.sum", ""),
    ({"$percent": {"of": 101}}, "filter.bad_operand", "conditions.$percent.of", "salt"),
    ({"$percent": {"of": True}}, "filter.bad_operand", "conditions.$percent.of", "salt"),
    ({"x": {"$near": {"lat": 91, "lon": 0, "km": 1}}}, "filter.bad_operand", "conditions.x.$near", "48.2"),
    ({"type": "profile_check", "field": "x", "operator": "is"}, "filter.unknown_operator", "conditions.operator", ""),
    ({"type": "profile_check", "field": ""}, "filter.bad_field", "conditions.field", "country"),
    ({"type": "profile_check", "field": "x", "values": 1}, "filter.unknown_field", "conditions.values", "'value'"),
    ({"type": "engagement_check", "hours": "x"}, "filter.bad_operand", "conditions.hours", "24"),
    ({"type": "time_check", "condition": "lunch"}, "filter.bad_operand", "conditions.condition", "business_hours"),
    ({"type": "profile_check", "field": "a" * 501}, "filter.bad_field", "conditions.field", ""),
    ({"type": "profile_check", "field": ".".join("a" * 21)}, "filter.bad_field", "conditions.field", ""),
    ({"type": "profile_check", "field": "a\0"}, "filter.bad_field", "conditions.field", ""),
    ({"type": "profile_check", "field": "a", "operator": []}, "filter.unknown_operator", "conditions.operator", ""),
    ({"type": "time_check", "condition": {}}, "filter.bad_operand", "conditions.condition", ""),
    ({f"x{n}.{'a.' * 18}b": 1 for n in range(60)}, "filter.too_large", "conditions", "$in"),
    ({"$did": {"event": "a", "within": "7d", "count": {}}}, "filter.bad_operand", "conditions.$did.count", ""),
    ({"$did": {"event": "a", "within": 10**400}}, "filter.bad_window", "conditions.$did.within", ""),
    ({"$did": {"event": "a", "since": "0001-01-01T00:00:00+14:00"}}, "filter.bad_window", "conditions.$did.since", ""),
    (
        {"$did": {"event": "a", "before": "9999-12-31T23:00:00-14:00"}},
        "filter.bad_window",
        "conditions.$did.before",
        "",
    ),
    ({"$percent": {"of": 10**400}}, "filter.bad_operand", "conditions.$percent.of", ""),
    ({"x": {"$near": {"lat": 10**400, "lon": 1, "km": 1}}}, "filter.bad_operand", "conditions.x.$near", ""),
]


@pytest.mark.parametrize(("spec", "code", "path", "fix"), CASES)
def test_a_wrong_condition_names_code_place_and_fix(spec: Any, code: str, path: str, fix: str) -> None:
    with pytest.raises(Refused) as refusal:
        compile_filter(spec)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.path) == (code, path)
    assert fix in problem.fix


def test_a_trait_that_nobody_defined_is_refused_with_a_guess() -> None:
    with pytest.raises(Refused) as refusal:
        compile_filter({"traits.total_spend": {"$gt": 5}}, traits={"total_spent": {"event": "purchase", "take": "sum"}})
    (problem,) = refusal.value.problems
    assert (problem.code, problem.path) == ("filter.unknown_trait", "conditions.traits.total_spend.$gt")
    assert "'total_spent'" in problem.fix


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"take": "sum"}, "event"),
        ({"event": "a", "take": "median"}, "take"),
        ({"event": "a", "where": {"x": {"gt": 1}}}, "where.x.gt"),
        ({"event": "a", "within": "soon"}, "within"),
        ({"event": "a", "where": {"$did": "b"}}, "where.$did"),
    ],
)
def test_a_trait_that_cannot_be_counted_is_refused(document: dict[str, Any], path: str) -> None:
    with pytest.raises(Refused) as refusal:
        read_trait(document)
    assert [p.path for p in refusal.value.problems] == [path]


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
