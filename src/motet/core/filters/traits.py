"""Computed traits: one aggregate over a customer's events, under a name. Read from a document, asked of a view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any as Anything

import msgspec

from motet.core.errors import Problem, Refused
from motet.core.filters.aggregates import SOURCE_WORDS, TAKES, make_measures, read_source
from motet.core.filters.parser import Parser
from motet.core.filters.questions import View, taking
from motet.core.filters.tree import Did, Op, Take, Test
from motet.core.measures import Measure
from motet.core.spelling import suggest


class Trait(msgspec.Struct, frozen=True):
    """A trait made ready: `value(view)` is a number, a moment, a text or a flag, None when there is none.

    `value` raises NotCounted while its measures are not counted.
    """

    take: Take
    measures: tuple[Measure, ...]
    timed: bool  # whether the value may change with time alone
    value: Callable[[View], Anything]


def read_trait(document: Mapping[str, Anything], path: str = "") -> Trait:
    """Reads `event`, `where`, `take`, `of` and a window; other fields are not looked at. Raises Refused."""
    parser = Parser()
    parser.where(document.get("where") or {}, f"{path}.where".lstrip("."), 0)
    source = read_source(
        {key: document[key] for key in SOURCE_WORDS if document.get(key) is not None}, path, parser.refuse
    )
    take = TAKES.get(str(document.get("take", "count")))
    if take is None:
        fix = suggest(str(document["take"]), TAKES)
        parser.refuse("filter.bad_operand", "is nothing that can be taken of events", f"{path}.take".lstrip("."), fix)
    if parser.problems or source is None or take is None:
        raise Refused([_at_root(problem) for problem in parser.problems])
    measures = make_measures(source, [(take, Test((take.value,), Op.EXISTS, True))], whole=True)
    return Trait(
        take,
        measures,
        source.window is not None,
        taking(Did(measures, source.window, take, Op.EXISTS, True)),
    )


def _at_root(problem: Problem) -> Problem:
    return msgspec.structs.replace(problem, path=problem.path.lstrip("."))
