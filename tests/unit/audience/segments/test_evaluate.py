"""Rules asked of one customer: in their order, only those touched, and what hangs on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import NOW, a_customer
from motet.audience.segments.book import Draft, Rule, SegmentBook, Stages, make_book
from motet.audience.segments.evaluate import Changes, evaluate
from motet.audience.segments.tallies import Counts, Numbers, number_measure, write_tallies
from motet.core.clock import to_ms
from motet.core.facts import profile_view
from motet.core.filters import compile_filter
from motet.core.measures import Measure, Tally

BUILD = UUID(int=9)
NOTHING: frozenset[int] = frozenset()


def a_book(
    *live: tuple[str, Any], built: tuple[tuple[str, Any], ...] = (), stages: Stages | None = None
) -> SegmentBook:
    """Live rules are numbered from 1, those that are built from 101."""
    rules = [Rule(n, name, name, compile_filter(where)) for n, (name, where) in enumerate(live, 1)]
    rules += [Rule(n, name, name, compile_filter(where), BUILD) for n, (name, where) in enumerate(built, 101)]
    measures = {m.digest: m for rule in rules for m in rule.filter.needs.measures}
    numbered = tuple(number_measure(n, m, BUILD, True) for n, m in enumerate(measures.values(), 1))
    return make_book(Draft(version=1, rules=tuple(rules), stages=stages or Stages(), measures=numbered))


def ask(
    book: SegmentBook, members: frozenset[int] = NOTHING, touched: int | None = None, history: Any = None, **fields: Any
) -> Changes:
    names = tuple(book.names[number] for number in members if number in book.names)
    view = profile_view(a_customer(**fields, segments=names), NOW, history)
    every = book.everything
    return evaluate(book, view, members, every if touched is None else touched, every)


def test_segments_that_others_name_are_asked_before_them() -> None:
    book = a_book(("a", {"segments": "z"}), ("m", {"segments": "a"}), ("z", {"country": "DE"}))
    assert [rule.name for rule in book.rules] == ["z", "a", "m"]
    assert ask(book, attributes={"country": "DE"}).entered == ("a", "m", "z")


def test_a_circle_is_no_book() -> None:
    with pytest.raises(ValueError, match="a -> b -> a"):
        a_book(("a", {"segments": "b"}), ("b", {"segments": "a"}))


def test_only_touched_rules_and_what_hangs_on_them_are_asked() -> None:
    book = a_book(("de", {"country": "DE"}), ("pro", {"plan": "pro"}), ("both", {"segments": "de"}))
    changes = ask(book, touched=book.by_field["country"], attributes={"country": "DE", "plan": "pro"})
    assert changes.entered == ("de", "both")
    changes = ask(book, frozenset({1, 3}), touched=book.by_field["country"], attributes={"country": "FR"})
    assert (changes.left, changes.members) == (("de", "both"), NOTHING)


def test_a_rule_that_is_not_covered_keeps_its_answer() -> None:
    book = a_book(("de", {"country": "DE"}))
    view = profile_view(a_customer(attributes={"country": "DE"}), NOW)
    assert evaluate(book, view, NOTHING, book.everything, 0).members == NOTHING


def test_a_rule_whose_measure_is_not_counted_keeps_its_answer() -> None:
    book = a_book(("buyers", {"$did": {"event": "purchase"}}), ("de", {"country": "DE"}))
    changes = ask(book, frozenset({1}), attributes={"country": "DE"})
    assert (changes.members, changes.entered, changes.left) == (frozenset({1, 2}), ("de",), ())


def test_what_is_built_sees_what_is_built_and_moves_quietly() -> None:
    book = a_book(
        ("home", {"country": "DE"}),
        ("away", {"segments": {"$ne": "home"}}),
        built=(("home", {"country": "FR"}), ("away", {"segments": {"$ne": "home"}})),
    )
    changes = ask(book, attributes={"country": "FR"})
    assert changes.members == {2, 101}
    assert changes.entered == ("away",)


def test_a_window_says_when_it_turns() -> None:
    book = a_book(("buyers", {"$did": {"event": "purchase", "within": "10d"}}))
    bought = to_ms(NOW - timedelta(days=4))
    tallies = {1: Tally(count=1, first=bought, last=bought, recent=[(bought, None)])}
    history = Counts(book.lookup, write_tallies(tallies), frozenset({1}))
    changes = ask(book, history=history)
    assert changes.entered == ("buyers",)
    assert changes.flips_at is not None
    assert abs(changes.flips_at - (NOW + timedelta(days=6))) <= timedelta(seconds=1)


def test_the_first_stage_that_holds_wins_and_segments_follow_it() -> None:
    stages = Stages((("loyal", compile_filter({"plan": "pro"})), ("customer", compile_filter({}))))
    book = a_book(("loyals", {"lifecycle_stage": "loyal"}), stages=stages)
    changes = ask(book, attributes={"plan": "pro"})
    assert (changes.stages, changes.entered) == (("loyal",), ("loyals",))
    assert ask(book, attributes={"plan": "pro"}, lifecycle_stage="loyal").stages == ()


def test_a_rule_that_breaks_stops_nobody() -> None:
    def breaks(view: object) -> bool:
        raise ZeroDivisionError

    broken = msgspec.structs.replace(compile_filter({"country": "FR"}), matches=breaks)
    rules = (Rule(1, "broken", "broken", broken), Rule(2, "de", "de", compile_filter({"country": "DE"})))
    assert ask(make_book(Draft(rules=rules)), attributes={"country": "DE"}).entered == ("de",)


RULES = (
    {"country": "DE"},
    {"plan": "pro"},
    {"segments": "s0"},
    {"segments": {"$ne": "s1"}},
    {"segments": {"$in": ["s2", "vip"]}},
    {"tags": "vip", "segments": {"$ne": "s3"}},
)


@given(st.lists(st.tuples(st.sampled_from(["DE", "FR"]), st.sampled_from(["pro", "free"]), st.booleans()), min_size=2))
def test_asking_step_by_step_is_asking_from_scratch(steps: list[tuple[str, str, bool]]) -> None:
    book = a_book(*((f"s{n}", where) for n, where in enumerate(RULES)))
    members, touched = NOTHING, book.everything
    before: tuple[str, str, bool] | None = None
    for step in steps:
        country, plan, vip = step
        fields: dict[str, Any] = {"attributes": {"country": country, "plan": plan}, "tags": ("vip",) if vip else ()}
        if before is not None:
            moved = zip(("country", "plan", "tags"), before, step, strict=True)
            touched = 0
            for field, old, new in moved:
                touched |= book.by_field.get(field, 0) if old != new else 0
            touched |= book.by_field.get("segments", 0) if before[2] != vip else 0  # tags are in view["segments"]
        members = ask(book, members, touched, **fields).members
        assert members == ask(book, **fields).members
        before = step


def test_measures_are_known_by_what_they_mean() -> None:
    numbers = Numbers(a_book(("a", {"$did": {"event": "x", "count": {"$gte": 2}}})).measures.values())
    assert numbers.find(Measure(event="x")) == 1
    assert numbers.find(Measure(event="y")) == 0
