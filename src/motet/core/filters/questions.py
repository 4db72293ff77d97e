"""Each node of the tree as a closure `view -> bool`. What is cheap is asked first."""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any as Anything

from motet.core.filters.needs import is_relative
from motet.core.filters.takes import Occurrences, cut, join, take_ever, take_window
from motet.core.filters.tree import (
    All,
    Any,
    Clock,
    Did,
    Near,
    Node,
    Not,
    Op,
    Operand,
    Percent,
    Relative,
    Scalar,
    Take,
    Test,
    Window,
)
from motet.core.filters.values import Check, make_check
from motet.core.filters.windows import bounds
from motet.core.measures import Measure, NotCounted, Tally

View = Mapping[str, Anything]
Question = Callable[[View], bool]

EARTH = 6371.0088  # kilometres, mean radius

_NOTHING = Tally()


def ask(node: Node) -> Question:
    """The node as a function of the view."""
    match node:
        case Test(path, op, operand):
            return _ask_value(path, op, operand)
        case Not(part):
            inner = ask(part)
            return lambda view: not inner(view)
        case All(parts):
            return _every([ask(p) for p in sorted(parts, key=cost)])
        case Any(parts):
            return _either([ask(p) for p in sorted(parts, key=cost)])
        case Did():
            return _ask_past(node)
        case Near(path, lat, lon, km):
            return lambda view: any_element(find(view, path), lambda place: distance(place, lat, lon) <= km)
        case Percent(of, salt):
            return lambda view: draw(salt, view["$id"]) < of * 100
        case Clock():
            return lambda view: holds_at(node, view["$now"])


def cost(node: Node) -> int:
    """Roughly how much a question costs, to ask the cheap ones first: the history last."""
    match node:
        case All(parts) | Any(parts):
            return max(map(cost, parts), default=0)
        case Not(part):
            return cost(part)
        case Did(window=window):
            return 3 if window else 2
        case Test(op=Op.EQ | Op.EXISTS):
            return 0
        case _:
            return 1


def _every(questions: list[Question]) -> Question:
    if len(questions) == 2:
        one, two = questions
        return lambda view: one(view) and two(view)

    def every(view: View) -> bool:
        for question in questions:  # noqa: SIM110 - a generator costs twice as much
            if not question(view):
                return False
        return True

    return every


def _either(questions: list[Question]) -> Question:
    if len(questions) == 2:
        one, two = questions
        return lambda view: one(view) or two(view)

    def either(view: View) -> bool:
        for question in questions:  # noqa: SIM110
            if question(view):
                return True
        return False

    return either


# values ----------------------------------------------------------------------------------------------------------


def _ask_value(path: tuple[str, ...], op: Op, operand: Operand) -> Question:
    check = check_at(op, operand)
    if not isinstance(check, Moving):
        if len(path) == 1:
            (name,) = path
            return lambda view: check(view.get(name))
        return lambda view: check(find(view, path))
    return lambda view: check.at(view["$now"])(find(view, path))


class Moving:
    """A check whose operand moves with now; made anew when now is another, which is once a batch."""

    def __init__(self, op: Op, operand: Operand) -> None:
        self.op, self.operand = op, operand
        self.made: tuple[datetime | None, Check] = (None, bool)

    def at(self, now: datetime) -> Check:
        moment, check = self.made
        if moment is not now:
            check = make_check(self.op, settle(self.operand, now))
            self.made = (now, check)
        return check


def check_at(op: Op, operand: Operand) -> Check | Moving:
    return Moving(op, operand) if is_relative(operand) else make_check(op, operand)


def settle(operand: Operand, now: datetime) -> Operand:
    """The operand with moments told from now put in their place."""
    if isinstance(operand, tuple):
        return tuple(_settle_one(o, now) for o in operand)
    return _settle_one(operand, now)


def _settle_one(operand: Scalar, now: datetime) -> Scalar:
    return now.astimezone(UTC) + timedelta(seconds=operand.seconds) if isinstance(operand, Relative) else operand


def find(value: Anything, path: tuple[str, ...]) -> Anything:
    """Down nested maps; through a list, the values of all the maps in it. None when there is none."""
    for depth, name in enumerate(path):
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, (list, tuple)):
            found = [find(element, path[depth:]) for element in value if isinstance(element, Mapping)]
            flat = [v for f in found for v in (f if isinstance(f, (list, tuple)) else (f,)) if v is not None]
            return flat or None
        else:
            return None
    return value


def any_element(value: Anything, check: Check) -> bool:
    if isinstance(value, (list, tuple)):
        return any(check(element) for element in value)
    return check(value)


# the past --------------------------------------------------------------------------------------------------------


def _ask_past(node: Did) -> Question:
    check = check_at(node.op, node.operand)
    if isinstance(check, Moving):
        value = taking(node)
        return lambda view: check.at(view["$now"])(value(view))
    if node.take is Take.COUNT and node.window and len(node.measures) == 1:
        return _ask_count(node.measures[0], Span(node.window), check)
    value = taking(node)
    return lambda view: check(value(view))


def _ask_count(measure: Measure, span: Span, check: Check) -> Question:
    """How often within a window: the commonest question, asked without detours."""
    never = check(0)

    def count(view: View) -> bool:
        tally = tally_of(view, measure)
        if tally is None:
            return never
        start, end = span.at(view["$now"])
        recent = tally.recent
        low = bisect_left(recent, (start,))
        return check((len(recent) if end is None else bisect_left(recent, (end,))) - low)

    return count


def taking(node: Did) -> Callable[[View], Anything]:
    """The value of the aggregate as a function of the view."""
    measures, take = node.measures, node.take
    if node.window is None:
        return lambda view: take_ever(take, [tally_of(view, m) or _NOTHING for m in measures])
    span = Span(node.window)
    return lambda view: take_window(take, cut(occurrences(view, measures), *span.at(view["$now"])))


def occurrences(view: View, measures: tuple[Measure, ...]) -> Occurrences:
    """The single occurrences that are kept, of all the measures."""
    if len(measures) == 1:
        tally = tally_of(view, measures[0])
        return tally.recent if tally else ()
    return join(t.recent for m in measures if (t := tally_of(view, m)) is not None)


def tally_of(view: View, measure: Measure) -> Tally | None:
    history = view.get("$history")
    if history is None:
        raise NotCounted(measure.digest)
    tally: Tally | None = history.tally(measure)
    return tally


class Span:
    """The bounds of a window, kept while now stays the same."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.made: tuple[datetime | None, tuple[int, int | None]] = (None, (0, None))

    def at(self, now: datetime) -> tuple[int, int | None]:
        moment, found = self.made
        if moment is not now:
            found = bounds(self.window, now)
            self.made = (now, found)
        return found


# the rest --------------------------------------------------------------------------------------------------------


def distance(place: Anything, lat: float, lon: float) -> float:
    """Kilometres from a map with `lat` and `lon` in degrees; infinite for anything else."""
    if not isinstance(place, Mapping):
        return math.inf
    here, there = _angle(place.get("lat")), _angle(place.get("lon"))
    if here is None or there is None:
        return math.inf
    a, b = math.radians(here), math.radians(lat)
    turn = math.sin((b - a) / 2) ** 2
    turn += math.cos(a) * math.cos(b) * math.sin((math.radians(lon) - math.radians(there)) / 2) ** 2
    return 2 * EARTH * math.asin(math.sqrt(min(1.0, turn)))


def _angle(value: Anything) -> float | None:
    return float(value) if type(value) in (int, float) and -360 <= value <= 360 else None


def draw(salt: str, id: Anything) -> int:
    """A number below 10,000 that stays the customer's own."""
    digest = hashlib.md5(f"{salt}:{id}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) % 10_000


def holds_at(clock: Clock, now: datetime) -> bool:
    return now.weekday() in clock.days and clock.low <= now.hour * 60 + now.minute < clock.high
