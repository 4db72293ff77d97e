"""Questions over events: from the words of a document to Did nodes, and to the measures that must be counted.

Read here: `$did`, `$did_not`, `$message`, and computed traits, which are an aggregate under a name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any as Anything

import msgspec

from motet.core.durations import EXAMPLES, read_duration
from motet.core.filters.tree import All, Calendar, Did, Node, Not, Op, Relative, Rolling, Take, Test, Window
from motet.core.filters.values import read_moment
from motet.core.filters.windows import PERIODS, has_end, look_back
from motet.core.measures import MOST, Measure
from motet.core.spelling import show, suggest

Refuse = Callable[[str, str, str, str], Node]  # code, message, place, fix

DEEPEST = 1000  # a count that needs more occurrences to be decided keeps all of them
MAX_EVENTS = 20  # names in one $did
LONGEST_NAME = 200  # characters of an event's name, or of `of`

TAKES = {take.value: take for take in Take}
WINDOW_WORDS = ("within", "until", "during", "since", "before")
SOURCE_WORDS = ("event", "where", "of", *WINDOW_WORDS)
_NUMERIC = frozenset({Take.COUNT, Take.SUM, Take.AVERAGE, Take.MIN, Take.MAX})
_MOMENTS = frozenset({Take.FIRST, Take.LAST})
_OF = _NUMERIC - {Take.COUNT} | {Take.MOST}


class Source(msgspec.Struct, frozen=True):
    """Which occurrences an aggregate is taken over."""

    events: tuple[str, ...]
    where: dict[str, Anything]
    of: str
    window: Window | None
    since: datetime | None
    before: datetime | None


class Asked(msgspec.Struct, frozen=True):
    """The questions about one aggregate: a tree of Tests."""

    take: Take
    tests: Node
    place: str


def read_source(spec: Mapping[str, Anything], place: str, refuse: Refuse) -> Source | None:
    """The occurrences that a `$did` or a trait is about; None when something was refused. `where` is not checked."""
    events = _read_events(spec.get("event"), f"{place}.event", refuse)
    of = spec.get("of", "value")
    if not isinstance(of, str) or not all(of.split(".")) or len(of) > LONGEST_NAME or "\0" in of:
        refuse("filter.bad_operand", f"{show(of)} names no value", f"{place}.of", 'such as "value" or "cart.total"')
        return None
    read = _read_window(spec, place, refuse)
    if not events or read is None:
        return None
    window, since, before = read
    return Source(events, plain_spec(spec.get("where")), of, window, since, before)


def make_node(source: Source, asked: Sequence[Asked], refuse: Refuse) -> Node:
    """All the questions, each over the same measures."""
    tests = [(a.take, test, a.place) for a in asked for test in _tests(a.tests)]
    if not tests:  # each was refused
        return All(())
    for take, test, place in tests:
        if not _fits(take, test, source, place, refuse):
            return All(())
    measures = make_measures(source, [(take, test) for take, test, _ in tests])
    parts = tuple(_over(a.tests, a.take, measures, source.window) for a in asked)
    return parts[0] if len(parts) == 1 else All(parts)


def plain_spec(spec: Anything) -> dict[str, Anything]:
    """A spec as JSON has it, so that it can be stored: moments become texts, a list of conditions a mapping."""
    if isinstance(spec, (list, tuple)):
        parts = [_plain(part) for part in spec]
        return {} if not parts else parts[0] if len(parts) == 1 and isinstance(parts[0], dict) else {"$and": parts}
    return {str(key): _plain(value) for key, value in spec.items()} if isinstance(spec, Mapping) else {}


def _plain(value: Anything) -> Anything:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    moment = read_moment(value) if isinstance(value, date) else None
    return moment.isoformat() if moment else value


def _read_events(value: object, place: str, refuse: Refuse) -> tuple[str, ...]:
    names = value if isinstance(value, (list, tuple)) else (value,)
    good = all(isinstance(n, str) and n.strip() and "\0" not in n and len(n) <= LONGEST_NAME for n in names)
    if value is None or not names or not good or len(names) > MAX_EVENTS:
        refuse("filter.bad_operand", "takes the name of an event, or a list of them", place, 'such as "purchase"')
        return ()
    return tuple(dict.fromkeys(names))


def _read_window(
    spec: Mapping[str, Anything], place: str, refuse: Refuse
) -> tuple[Window | None, datetime | None, datetime | None] | None:
    given = [word for word in ("within", "during", "since", "before") if spec.get(word) is not None]
    if len(given) > 1 and given != ["since", "before"]:
        message = f"{given[0]!r} and {given[1]!r} are two windows"
        refuse("filter.bad_window", message, f"{place}.{given[1]}", "keep one of the two")
        return None
    if spec.get("until") is not None and "within" not in given:
        fix = '{"within": "60d", "until": "30d"}: from 60 to 30 days ago'
        refuse("filter.bad_window", "'until' ends a window that 'within' begins", f"{place}.until", fix)
        return None
    if "within" in given:
        rolling = _read_rolling(spec, place, refuse)
        return (rolling, None, None) if rolling else None
    if "during" in given:
        period = spec["during"]
        if not isinstance(period, str) or period not in PERIODS:
            fix = suggest(str(period), PERIODS)
            refuse("filter.bad_window", f"{show(period)} is no period of the calendar", f"{place}.during", fix)
            return None
        return Calendar(period), None, None
    return _read_fixed(spec, place, refuse)


def _read_rolling(spec: Mapping[str, Anything], place: str, refuse: Refuse) -> Rolling | None:
    spans = []
    for word in ("within", "until"):
        try:
            spans.append(read_duration(spec[word]) if spec.get(word) is not None else 0.0)
        except ValueError as error:
            refuse("filter.bad_window", str(error), f"{place}.{word}", EXAMPLES)
            return None
    older, newer = spans
    if older <= newer:
        fix = '{"within": "60d", "until": "30d"}: from 60 to 30 days ago'
        message = "the window is empty: 'until' is not nearer than 'within'" if newer else "the window is empty"
        refuse("filter.bad_window", message, f"{place}.within", fix)
        return None
    return Rolling(older, newer)


def _read_fixed(
    spec: Mapping[str, Anything], place: str, refuse: Refuse
) -> tuple[None, datetime | None, datetime | None] | None:
    moments: list[datetime | None] = []
    for word in ("since", "before"):
        moment = _to_utc(read_moment(spec.get(word)))
        if spec.get(word) is not None and moment is None:
            fix = 'such as "2026-12-01" or "2026-12-01T09:00:00+01:00"'
            refuse("filter.bad_window", f"{show(spec[word])} is no moment", f"{place}.{word}", fix)
            return None
        moments.append(moment)
    since, before = moments
    if since and before and since >= before:
        refuse("filter.bad_window", "the window is empty", f"{place}.before", "'since' is the earlier moment")
        return None
    return None, since, before


def _to_utc(moment: datetime | None) -> datetime | None:
    try:
        return moment.astimezone(UTC) if moment else None
    except OverflowError:  # the first or the last day that there is, in another place
        return None


def _fits(take: Take, test: Test, source: Source, place: str, refuse: Refuse) -> bool:
    """Whether the operand is of the aggregate's kind, and a count can be reached."""
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    if test.op is Op.EXISTS or take is Take.MOST:
        wrong = False
    elif take in _MOMENTS:
        wrong = not all(isinstance(o, Relative) or read_moment(o) for o in operands)
    else:
        wrong = not all(isinstance(o, (int, float)) and not isinstance(o, bool) for o in operands)
    if wrong:
        kind = "a moment" if take in _MOMENTS else "a number"
        fix = '{"$lt": {"$ago": "30d"}}' if take in _MOMENTS else '{"$gte": 2}'
        refuse("filter.bad_operand", f"is {kind}, and compared with one", place, f"such as {fix}")
    elif take is Take.COUNT and source.window and any(isinstance(o, (int, float)) and o > MOST for o in operands):
        refuse("filter.bad_operand", f"a window counts up to {MOST:,}", place, "leave the window out")
        wrong = True
    return not wrong


def make_measures(source: Source, tests: Sequence[tuple[Take, Test]], *, whole: bool = False) -> tuple[Measure, ...]:
    """What must be counted so that these questions can be answered, or the aggregates told `whole`; one an event."""
    takes = {take for take, _ in tests}
    window, depth = source.window, 0
    if window and not whole and not has_end(window) and takes <= {Take.COUNT, Take.LAST}:
        depths = [_depth(test) if take is Take.COUNT else 1 for take, test in tests]
        depth = max(depths) if max(depths) <= DEEPEST else 0
    return tuple(
        Measure(
            event=event,
            where=source.where,
            of=source.of if takes & _OF else None,
            keep=look_back(window) if window else None,
            depth=depth,
            since=source.since,
            before=source.before,
            values=Take.MOST in takes,
        )
        for event in source.events
    )


def _depth(test: Test) -> int:
    """The smallest number of occurrences of which the test says the same as of any larger number."""
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    numbers = [o for o in operands if isinstance(o, (int, float)) and not isinstance(o, bool)]
    if test.op is Op.EXISTS or not numbers:
        return 1
    highest = max(numbers)
    return max(1, math.ceil(highest) if test.op in (Op.GTE, Op.LT) else math.floor(highest) + 1)


def _tests(node: Node) -> Iterator[Test]:
    match node:
        case Test():
            yield node
        case Not(part):
            yield from _tests(part)
        case All(parts):
            for part in parts:
                yield from _tests(part)


def _over(node: Node, take: Take, measures: tuple[Measure, ...], window: Window | None) -> Node:
    """The tree of Tests as one of questions about the aggregate."""
    match node:
        case Test(_, op, operand):
            return Did(measures, window, take, op, operand)
        case Not(part):
            return Not(_over(part, take, measures, window))
        case All(parts):
            return All(tuple(_over(part, take, measures, window) for part in parts))
        case _:
            raise AssertionError(f"{node} is no comparison")
