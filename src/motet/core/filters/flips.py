"""When the answer of a filter may next change with time alone.

Each node becomes a probe: `view -> (does it hold, until when that is sure)`. A group that fails because several parts
fail goes on failing until the last of them may turn; one that holds, until the first. Moments are microseconds since
1970. Nothing here is ever late: a probe may say too early, and then is asked again.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any as Anything

from motet.core.clock import EPOCH, to_ms, to_us
from motet.core.filters.needs import DAYS_SINCE, is_relative, is_timed
from motet.core.filters.questions import (
    Moving,
    Span,
    View,
    ask,
    check_at,
    cost,
    find,
    holds_at,
    occurrences,
    taking,
    tally_of,
)
from motet.core.filters.takes import Occurrences, cut
from motet.core.filters.tree import (
    All,
    Any,
    Calendar,
    Clock,
    Did,
    Node,
    Not,
    Operand,
    Relative,
    Rolling,
    Take,
    Test,
)
from motet.core.filters.values import Check, make_check, read_moment
from motet.core.filters.windows import bounds, earlier_shift, next_turn
from motet.core.measures import Measure

Probe = Callable[[View], tuple[bool, float]]

NEVER = math.inf

_DAY_US = 86_400_000_000
_TURNS = 3  # how many calendar periods ahead are looked at


def compile_probe(tree: Node) -> Callable[[Mapping[str, Anything]], tuple[bool, datetime | None]]:
    """The answer, and the earliest moment strictly after the view's `$now` at which it may change; None: never by
    itself."""
    if not is_timed(tree):
        question = ask(tree)
        return lambda view: (question(view), None)
    inner = _probe(tree)

    def probe(view: View) -> tuple[bool, datetime | None]:
        holds, until = inner(view)
        if until == NEVER:
            return holds, None
        try:
            return holds, EPOCH + timedelta(microseconds=max(int(until), to_us(view["$now"]) + 1))
        except OverflowError:  # after the year 9999
            return holds, None

    return probe


def _probe(node: Node) -> Probe:
    if not is_timed(node):
        question = ask(node)
        return lambda view: (question(view), NEVER)
    match node:
        case All(parts):
            return _group([_probe(p) for p in _still_first(parts)], want=True)
        case Any(parts):
            return _group([_probe(p) for p in _still_first(parts)], want=False)
        case Not(part):
            inner = _probe(part)
            return lambda view: _turned(*inner(view))
        case Test(path, _, operand) if path == (DAYS_SINCE,) and not is_relative(operand):
            return _probe_days(node)
        case Test():
            return _probe_value(node)
        case Did():
            return _probe_past(node)
        case Clock():
            return _probe_clock(node)
        case _:
            raise AssertionError(f"{node} does not hang on time")


def _still_first(parts: Iterable[Node]) -> list[Node]:
    """What time cannot change comes first: it may settle the matter without a look at the past."""
    return sorted(parts, key=lambda part: (is_timed(part), cost(part)))


def _turned(holds: bool, until: float) -> tuple[bool, float]:
    return not holds, until


def _group(probes: list[Probe], want: bool) -> Probe:
    """All parts (`want`) or any part (not `want`): decided when a part is not as wanted."""

    def probe(view: View) -> tuple[bool, float]:
        first, last = NEVER, -NEVER
        for part in probes:
            holds, until = part(view)
            if holds is not want:
                if until == NEVER:
                    return not want, NEVER
                last = max(last, until)
            else:
                first = min(first, until)
        return (want, first) if last == -NEVER else (not want, last)

    return probe


# values ----------------------------------------------------------------------------------------------------------


def _probe_value(node: Test) -> Probe:
    question, path, spans = ask(node), node.path, _spans(node.operand)

    def probe(view: View) -> tuple[bool, float]:
        return question(view), _passing(find(view, path), spans, to_us(view["$now"]))

    return probe


def _spans(operand: Operand) -> list[int]:
    """The microseconds between now and the moments told from now."""
    operands = operand if isinstance(operand, tuple) else (operand,)
    return [int(o.seconds * 1_000_000) for o in operands if isinstance(o, Relative)]


def _passing(value: Anything, spans: list[int], now: int) -> float:
    """When now, with one of these spans added, next reaches or passes a moment of the value."""
    elements = value if isinstance(value, (list, tuple)) else (value,)
    moments = [to_us(moment) for element in elements if (moment := read_moment(element)) is not None]
    return _next((moment - span for moment in moments for span in spans), now)


def _next(moments: Iterable[int], now: int) -> float:
    """The first moment after now, or the one after it: of two comparisons one changes at it, the other past it."""
    later = [m if m > now else m + 1 for m in moments if m + 1 > now]
    return min(later, default=NEVER)


def _probe_days(node: Test) -> Probe:
    """Days since something grow by themselves: they reach each number that they are compared with."""
    question, path = ask(node), node.path
    operands = node.operand if isinstance(node.operand, tuple) else (node.operand,)
    numbers = [o for o in operands if isinstance(o, (int, float)) and not isinstance(o, bool)]

    def probe(view: View) -> tuple[bool, float]:
        days, now = find(view, path), to_us(view["$now"])
        if type(days) not in (int, float):
            return question(view), NEVER
        due = [now + math.floor((n - days) * _DAY_US) for n in numbers]
        # A float of days is good to a microsecond or so: from just before until just after, look each time.
        late = [max(at - 2, now + 1) for at in due if at + 2 > now]
        return question(view), min(late, default=NEVER)

    return probe


# the past --------------------------------------------------------------------------------------------------------


def _probe_past(node: Did) -> Probe:
    single = len(node.measures) == 1 and node.take is Take.COUNT
    if single and isinstance(node.window, Rolling) and not node.window.newer:
        return _probe_count(node.measures[0], node.window, make_check(node.op, node.operand))
    value, check, spans, measures = taking(node), check_at(node.op, node.operand), _spans(node.operand), node.measures
    window = node.window
    span = Span(window) if window else None
    counts = node.take is Take.COUNT

    def probe(view: View) -> tuple[bool, float]:
        now = view["$now"]
        found = value(view)
        fixed = check.at(now) if isinstance(check, Moving) else check
        holds, until = fixed(found), _passing(found, spans, to_us(now)) if spans else NEVER
        if span is None or window is None:
            return holds, until
        recent = cut(occurrences(view, measures), span.at(now)[0], None)  # what is older has left for good
        if not recent:
            return holds, until
        steady = fixed if counts else None
        if isinstance(window, Rolling):
            return holds, min(until, _rolls(recent, window, now, holds, steady))
        return holds, min(until, _turns(recent, window, now, holds, steady))

    return probe


def _probe_count(measure: Measure, window: Rolling, check: Check) -> Probe:
    """How often within the last days: occurrences leave one by one, the oldest first."""
    never, span, older = check(0), Span(window), int(window.older * 1000)

    def probe(view: View) -> tuple[bool, float]:
        tally = tally_of(view, measure)
        if tally is None:
            return never, NEVER
        recent = tally.recent
        low, count = bisect_left(recent, (span.at(view["$now"])[0],)), len(recent)
        holds = check(count - low)
        for index in range(low, count):
            leaves_alone = index + 1 == count or recent[index + 1][0] != recent[index][0]
            if leaves_alone and check(count - index - 1) is not holds:
                return holds, (recent[index][0] + older) * 1000
        return holds, NEVER

    return probe


def _rolls(recent: Occurrences, window: Rolling, now: datetime, holds: bool, check: Check | None) -> float:
    """When occurrences next leave or enter a rolling window; with the check of a count, so that its answer changes."""
    older, newer, ms = int(window.older * 1000), int(window.newer * 1000), to_ms(now)
    changes = [(at + older, -1) for at, _ in recent]
    if newer:
        changes += [(at + newer, 1) for at, _ in recent if at + newer > ms]
    if check is None:
        return min((at for at, _ in changes if at > ms), default=NEVER) * 1000
    count = sum(1 for at, _ in recent if at + newer <= ms) if newer else len(recent)
    changes.sort()
    for index, (at, step) in enumerate(changes):
        count += step
        settled = index + 1 == len(changes) or changes[index + 1][0] != at
        if settled and check(count) is not holds:
            return at * 1000
    return NEVER


def _turns(recent: Occurrences, window: Calendar, now: datetime, holds: bool, check: Check | None) -> float:
    """When the calendar next moves the window; with the check of a count, so that its answer changes."""
    turn = next_turn(window, now)
    for _ in range(_TURNS):
        if check is None:
            break
        start, end = bounds(window, turn.astimezone(now.tzinfo))
        count = len(cut(recent, start, end))
        if check(count) is not holds:
            break
        if not cut(recent, start, None):
            return NEVER
        turn = next_turn(window, turn.astimezone(now.tzinfo))
    return float(to_us(turn))


# the clock -------------------------------------------------------------------------------------------------------


def _probe_clock(clock: Clock) -> Probe:
    hours = {divmod(minute, 60) for minute in (0, clock.low, clock.high) if minute < 24 * 60}

    def probe(view: View) -> tuple[bool, float]:
        now = view["$now"]
        holds, zone = holds_at(clock, now), now.tzinfo
        days = [now.date() + timedelta(days=n) for n in range(9)]
        marks = [datetime(d.year, d.month, d.day, *hour, tzinfo=zone).astimezone(UTC) for d in days for hour in hours]
        for mark in sorted(m for m in marks if m > now.astimezone(UTC)):
            if holds_at(clock, mark.astimezone(zone)) is not holds:
                return holds, float(to_us(earlier_shift(now, mark)))
        return holds, NEVER

    return probe
