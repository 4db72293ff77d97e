"""What is counted about a customer's past, and the count itself. Pure.

A Measure says which events count and how much of the past is kept; a Tally is one customer's count. Adding events one
by one, in any order, and merging two tallies of different events give the same tally as counting them all at once, as
long as no more than MOST occurrences are kept.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol, TypeAlias

import msgspec

MOST = 5_000  # occurrences of one measure kept for one customer; of more, the oldest are forgotten
MOST_VALUES = 100  # different values counted for `most`; of more, the rarest are forgotten
LONGEST_VALUE = 200  # characters; a longer text is no value

LARGEST = 1e200  # a number from here on is no value: sums of a few such would leave what a float holds

Value: TypeAlias = "float | str | bool | None"


class Measure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """Which events count, and what is kept of them. Two measures with the same `digest` are one.

    `where` is a filter spec over the occurrence (see `occurrence_view`), in the language of `core.filters`. Moments
    are compared in whole milliseconds, as a Tally keeps them.
    """

    event: str
    where: dict[str, Any] = {}
    of: str | None = None  # dotted path of the value that is summed, averaged, ...
    keep: float | None = None  # seconds in which single occurrences are kept; None: totals only
    depth: int = 0  # only so many of the latest are kept; 0: all of them, up to MOST
    since: datetime | None = None  # occurrences from here on
    before: datetime | None = None  # and before this
    values: bool = False  # whether values that are no numbers count too: how often each was there

    @cached_property
    def digest(self) -> str:
        """A canonical text: the key of the `measure` table, and of a History's tallies. Made once."""
        return msgspec.json.encode(self, order="deterministic").decode()


def read_measure(digest: str) -> Measure:
    """The measure of a digest. (PostgreSQL's jsonb would not do: it takes 1e22 for an integer.)"""
    return msgspec.json.decode(digest, type=Measure)


class Tally(msgspec.Struct, array_like=True, omit_defaults=True):
    """One customer's count of one measure. Moments are milliseconds since 1970, `recent` is sorted by moment.

    `sum`, `numbers`, `low`, `high` are over values that are numbers. `values` is filled when the measure keeps no
    single occurrences. Not frozen: it is added to in place.
    """

    count: int = 0
    first: int = 0
    last: int = 0
    recent: list[tuple[int, Value]] = []
    sum: float = 0.0
    numbers: int = 0
    low: float = 0.0
    high: float = 0.0
    values: dict[str, int] = {}  # JSON of the value -> how often


class History(Protocol):
    """What filters ask about a customer's past."""

    def tally(self, measure: Measure) -> Tally | None:
        """The count of a measure; None when it never happened. Raises NotCounted when nobody counts it (yet)."""


class NotCounted(LookupError):
    """The measure is not counted, or not from the beginning yet: the question cannot be answered now."""


class NoHistory:
    """A past in which nothing is counted."""

    def tally(self, measure: Measure) -> Tally | None:
        raise NotCounted(measure.digest)


def add(tally: Tally, measure: Measure, at: int, value: Value, now: int) -> None:
    """Counts one occurrence at `at`; `now` (milliseconds) says what is too old to be kept by itself.

    Whether it counts at all (its event, `where`, `since`, `before`) is for the caller: see `filters.history.Counter`.
    """
    tally.first = min(tally.first, at) if tally.count else at
    tally.last = max(tally.last, at) if tally.count else at
    tally.count += 1
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = number = float(value)
        tally.low = min(tally.low, number) if tally.numbers else number
        tally.high = max(tally.high, number) if tally.numbers else number
        tally.sum += number
        tally.numbers += 1
    elif not measure.values:
        value = None
    if measure.keep is not None:
        insort(tally.recent, (at, value), key=_moment)
        trim(tally, measure, now)
    elif measure.values and value is not None:
        _count_value(tally, value_key(value), 1)


def value_key(value: float | str | bool) -> str:
    """The canonical JSON of a value: `1`, 1.0 and 1e0 are one."""
    if isinstance(value, (bool, str)):
        return msgspec.json.encode(value).decode()
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)


def merge(mine: Tally, other: Tally, measure: Measure, now: int) -> Tally:
    """Both counts in one: of two customers who are one, or of what was before and what came since."""
    if not other.count or not mine.count:
        return mine if mine.count else other
    numbered = [t for t in (mine, other) if t.numbers]
    whole = Tally(
        count=mine.count + other.count,
        first=min(mine.first, other.first),
        last=max(mine.last, other.last),
        recent=sorted((*mine.recent, *other.recent), key=_moment),
        sum=mine.sum + other.sum,
        numbers=mine.numbers + other.numbers,
        low=min((t.low for t in numbered), default=0.0),
        high=max((t.high for t in numbered), default=0.0),
        values=dict(mine.values),
    )
    for value, times in other.values.items():
        _count_value(whole, value, times)
    trim(whole, measure, now)
    return whole


def trim(tally: Tally, measure: Measure, now: int) -> None:
    """Forgets occurrences that no window of the measure can see any more, and those beyond its depth."""
    if measure.keep is None:
        tally.recent = []
        return
    floor = now - int(measure.keep * 1000)
    recent = tally.recent
    stale = 0
    while stale < len(recent) and recent[stale][0] <= floor:
        stale += 1
    stale = max(stale, len(recent) - (measure.depth or MOST))
    if stale > 0:
        del recent[:stale]


def _count_value(tally: Tally, value: str, times: int) -> None:
    tally.values[value] = tally.values.get(value, 0) + times
    if len(tally.values) > MOST_VALUES:
        del tally.values[min(tally.values, key=lambda v: (tally.values[v], v))]


def _moment(occurrence: tuple[int, Value]) -> int:
    return occurrence[0]


def occurrence_view(properties: Mapping[str, Any], value: float, channel: str | None) -> dict[str, Any]:
    """An event as a measure's `where` and `of` see it: its properties, its worth as `value` when it has any, and for
    what a message caused the message's `channel`."""
    view = dict(properties)
    if value:
        view["value"] = value
    if channel is not None:
        view["channel"] = channel
    return view


def find_value(view: Mapping[str, Any], path: str) -> Value:
    """The value at a dotted path; None when there is none, or when it is a list, a map, a text longer than
    LONGEST_VALUE, or a number not below LARGEST."""
    found: Any = view
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    if isinstance(found, str):
        return found if len(found) <= LONGEST_VALUE else None
    if isinstance(found, bool):
        return found
    return float(found) if isinstance(found, (int, float)) and abs(found) < LARGEST else None
