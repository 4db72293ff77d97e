"""The evaluator over raw events, the tallies that the engine folds, and DuckDB over columns give the same answer."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filtering import NOW, SEGMENTS, Person, columns, dids, filters, people
from motet.core.clock import to_ms
from motet.core.filters import Filter, compile_filter
from motet.core.filters.columns import ColumnQuery, compile_columns, compile_measure_columns
from motet.core.filters.history import EventHistory, make_counter
from motet.core.measures import Measure, NotCounted, Tally, merge, value_key

SEEDS = st.integers(0, 3)


def found(seed: int, query: ColumnQuery) -> list[tuple[Any, ...]]:
    return columns(seed).execute(query.sql, list(query.params)).fetchall()


@settings(max_examples=1500, suppress_health_check=list(HealthCheck))
@given(SEEDS, filters)
def test_duckdb_finds_whom_the_evaluator_finds(seed: int, spec: dict[str, Any]) -> None:
    condition = compile_filter(spec)
    query = compile_columns(condition.tree, now=NOW, segments=SEGMENTS)
    assert {id for (id,) in found(seed, query)} == {p.customer.id for p in people(seed) if condition.matches(p.now)}


class Folded:
    """A history of folded tallies, as the engine keeps it: added in any order, split, merged, stored and read."""

    def __init__(self, person: Person, condition: Filter, dice: random.Random) -> None:
        self.tallies = {m.digest: self._fold(person, m, dice) for m in condition.needs.measures}

    def _fold(self, person: Person, measure: Measure, dice: random.Random) -> Tally | None:
        events = list(person.events)
        dice.shuffle(events)
        counter, parts = make_counter(measure), (Tally(), Tally())
        for event in events:
            since = to_ms(NOW - timedelta(days=dice.random()))  # what the clock said when it was counted
            counter.count(parts[dice.random() < 0.5], event, since)
        whole = merge(parts[0], parts[1], measure, to_ms(NOW))
        stored = msgspec.msgpack.decode(msgspec.msgpack.encode(whole), type=Tally)
        return stored if stored.count else None

    def tally(self, measure: Measure) -> Tally | None:
        if measure.digest not in self.tallies:
            raise NotCounted(measure.digest)
        return self.tallies[measure.digest]


@settings(max_examples=800, suppress_health_check=list(HealthCheck))
@given(SEEDS, dids | filters, st.randoms(use_true_random=False))
def test_folded_tallies_answer_as_raw_events_do(seed: int, spec: dict[str, Any], dice: random.Random) -> None:
    condition = compile_filter(spec)
    for person in people(seed)[dice.randrange(8) :: 8]:
        view = person.view(history=Folded(person, condition, dice))
        assert condition.matches(view) is condition.matches(person.now)


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(SEEDS, dids)
def test_duckdb_counts_the_tallies_that_the_engine_would(seed: int, spec: dict[str, Any]) -> None:
    for measure in compile_filter(spec).needs.measures:
        counted = {row[0]: _tally(row) for row in found(seed, compile_measure_columns(measure, now=NOW))}
        expected = {p.customer.id: EventHistory(p.events, NOW).tally(measure) for p in people(seed)}
        assert counted == {id: _plain(tally) for id, tally in expected.items() if tally}


def _tally(row: tuple[Any, ...]) -> dict[str, Any]:
    _, _, count, first, last, total, numbers, low, high, recent, values = row
    read = sorted((o["ms"], _say(msgspec.json.decode(o["value"]) if o["value"] else None)) for o in recent)
    assert [o["ms"] for o in recent] == [ms for ms, _ in read]
    times = {o["value"]: o["times"] for o in values}
    return {"tally": (count, first, last, round(total, 6), numbers, low, high), "recent": read, "values": times}


def _plain(t: Tally) -> dict[str, Any]:
    read = sorted((ms, _say(value)) for ms, value in t.recent)
    tally = (t.count, t.first, t.last, round(t.sum, 6), t.numbers, t.low, t.high)
    return {"tally": tally, "recent": read, "values": t.values}


def _say(value: Any) -> str:
    return "" if value is None else value_key(value)


def test_what_nobody_counts_is_told_and_not_guessed() -> None:
    condition = compile_filter({"$did": {"event": "purchase"}})
    person = people(0)[0]
    view = person.view(history=Folded(person, compile_filter({}), random.Random(0)))
    with pytest.raises(NotCounted, match="purchase"):
        condition.matches(view)


def test_a_statement_holds_no_word_of_the_filter() -> None:
    evil = "x') OR 1=1 --"
    spec = {
        evil: evil,
        "a.b'": {"$in": [evil]},
        "segments": evil,
        "$did": {"event": evil, "where": {evil: {"$contains": evil}}, "most": evil, "of": evil},
        "$percent": {"of": 50, "salt": evil},
    }
    query = compile_columns(compile_filter(spec).tree, now=NOW, segments={evil: 7})
    assert "1=1" not in query.sql
    assert found(0, query) == []
    assert all(not isinstance(p, UUID) for p in query.params)
