"""What an aggregate is, over what a history has counted: the value that a Did compares."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from motet.core.clock import from_ms
from motet.core.filters.tree import Take
from motet.core.measures import Tally, Value, value_key

Occurrences = Sequence[tuple[int, Value]]  # sorted by moment, in milliseconds

_EXACT = 1e9  # from here on a sum has no millionths


def take_ever(take: Take, tallies: Sequence[Tally]) -> Any:
    """The aggregate over everything that was counted; None when there is nothing to take it from."""
    tallies = [t for t in tallies if t.count]
    if take is Take.COUNT:
        return sum(t.count for t in tallies)
    if take is Take.SUM:
        return round_sum(sum(t.sum for t in tallies))
    if not tallies:
        return None
    if take is Take.FIRST:
        return from_ms(min(t.first for t in tallies))
    if take is Take.LAST:
        return from_ms(max(t.last for t in tallies))
    if take is Take.MOST:
        counted: Counter[str] = Counter()
        for tally in tallies:
            counted.update(tally.values)
        return _most(counted)
    return _take_numbers(take, [t for t in tallies if t.numbers])


def _take_numbers(take: Take, tallies: Sequence[Tally]) -> float | None:
    if not tallies:
        return None
    if take is Take.AVERAGE:
        return round_sum(sum(t.sum for t in tallies) / sum(t.numbers for t in tallies))
    return min(t.low for t in tallies) if take is Take.MIN else max(t.high for t in tallies)


def take_window(take: Take, inside: Occurrences) -> Any:
    """The aggregate over the occurrences inside a window."""
    if take is Take.COUNT:
        return len(inside)
    if take in (Take.FIRST, Take.LAST):
        moments = [ms for ms, _ in inside]
        return from_ms(min(moments) if take is Take.FIRST else max(moments)) if moments else None
    if take is Take.MOST:
        return _most(Counter(value_key(value) for _, value in inside if value is not None))
    numbers = [float(v) for _, v in inside if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if take is Take.SUM:
        return round_sum(sum(numbers))
    if not numbers:
        return None
    if take is Take.AVERAGE:
        return round_sum(sum(numbers) / len(numbers))
    return min(numbers) if take is Take.MIN else max(numbers)


def cut(recent: Occurrences, start: int, end: int | None) -> Occurrences:
    """The occurrences from `start` to before `end`."""
    low = bisect_left(recent, (start,))
    return recent[low:] if end is None else recent[low : bisect_left(recent, (end,))]


def join(parts: Iterable[Occurrences]) -> Occurrences:
    """The occurrences of several events in one."""
    return sorted((o for part in parts for o in part), key=lambda o: o[0])


def round_sum(value: float) -> float:
    """To millionths, so that the order in which fractions were added does not matter."""
    return math.floor(value * 1e6 + 0.5) / 1e6 if abs(value) < _EXACT else value


def _most(counted: Counter[str]) -> Any:
    """The most frequent value; of several, the one whose JSON is smallest."""
    if not counted:
        return None
    return msgspec.json.decode(min(counted, key=lambda key: (-counted[key], key)))
