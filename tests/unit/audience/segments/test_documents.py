"""Documents of segments, traits and the lifecycle: what is read, and what is wrong with the rest."""

from __future__ import annotations

from typing import Any

import pytest

from motet.audience.segments.documents import (
    LifecycleDocument,
    SegmentDocument,
    TraitDocument,
    names_of_traits,
    read_document,
    validate,
)


def test_a_list_of_conditions_means_that_all_hold() -> None:
    read = read_document({"kind": "segment", "name": "vip", "where": [{"a": 1}, {"b": 2}]})
    assert read == SegmentDocument("vip", "Vip", "", {"$and": [{"a": 1}, {"b": 2}]})


def test_a_trait_is_a_count_unless_it_says_otherwise() -> None:
    read = read_document({"kind": "trait", "name": "orders", "title": "Orders", "event": "purchase"})
    assert read == TraitDocument("orders", "Orders", {"event": "purchase", "take": "count"})


def test_stages_keep_their_order() -> None:
    stages = [{"stage": "b", "when": {}}, {"stage": "a", "when": {"x": 1}}]
    assert read_document({"kind": "lifecycle", "stages": stages}) == LifecycleDocument((("b", {}), ("a", {"x": 1})))


def test_traits_are_found_at_any_depth() -> None:
    spec = {"$or": [{"traits.a": {"$gt": 1}}, {"$not": [{"traits.b": 2}]}], "traits": 3, "x": {"y": 1}}
    assert names_of_traits(spec) == {"a", "b"}


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        ([], "document.not_a_mapping", ""),
        ({"kind": "segments"}, "document.unknown_kind", "kind"),
        ({"kind": "segment", "name": "a"}, "document.missing_field", "where"),
        ({"kind": "segment", "name": "Ä!", "where": {}}, "document.bad_name", "name"),
        ({"kind": "segment", "name": "a", "where": {}, "titel": "x"}, "document.unknown_field", "titel"),
        ({"kind": "segment", "name": "a", "where": {"x": {"$gtt": 1}}}, "filter.unknown_operator", "where.x.$gtt"),
        ({"kind": "segment", "name": "a", "where": {"segments": {"$exists": True}}}, "segment.not_named", "where"),
        ({"kind": "segment", "name": "a", "where": 7}, "filter.not_a_mapping", "where"),
        ({"kind": "segment", "name": "a", "where": {}, "title": 7}, "document.not_a_text", "title"),
        ({"kind": "segment", "name": "a", "where": {"x\0": 1}}, "document.bad_value", ""),
        ({"kind": "segment", "name": "a", "where": {"x": "\ud800"}}, "document.bad_value", ""),
        ({"kind": "segment", "name": "a", "where": {"x": float("nan")}}, "document.bad_value", ""),
        ({"kind": "trait", "name": "a"}, "filter.bad_operand", "event"),
        ({"kind": "trait", "name": "a", "event": "x", "take": "median"}, "filter.bad_operand", "take"),
        ({"kind": "trait", "name": "a", "event": "x", "within": "soon"}, "filter.bad_window", "within"),
        ({"kind": "lifecycle", "stages": []}, "document.not_a_list", "stages"),
        ({"kind": "lifecycle", "stages": [{"stage": "", "when": {}}]}, "document.not_a_text", "stages[0].stage"),
        ({"kind": "lifecycle", "stages": [{"stage": "a", "wen": {}}]}, "document.unknown_field", "stages[0].wen"),
    ],
)
def test_every_problem_names_its_place(document: Any, code: str, path: str) -> None:
    assert (code, path) in [(p.code, p.path) for p in validate(document)]
