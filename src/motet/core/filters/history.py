"""A past made of raw events: what the engine counts one by one, counted at once. For tests, previews and simulation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from motet.core.clock import to_ms
from motet.core.events import Event
from motet.core.filters.compiler import compile_filter
from motet.core.ids import channel_of
from motet.core.measures import Measure, Tally, Value, add, find_value, occurrence_view
from motet.core.words import Channel

_CHANNELS = {channel.value: channel.word for channel in Channel}


class Counter(msgspec.Struct, frozen=True):
    """A measure made ready to count: ask `takes`, then `add` the `value` to the customer's tally."""

    measure: Measure
    matches: Callable[[Mapping[str, Any]], bool] | None  # None: everything
    since: int | None  # milliseconds
    before: int | None

    def takes(self, at: int, view: Mapping[str, Any]) -> bool:
        """Whether an occurrence of the measure's event counts: `at` in milliseconds, `view` an occurrence_view."""
        if (self.since is not None and at < self.since) or (self.before is not None and at >= self.before):
            return False
        return self.matches is None or self.matches(view)

    def value(self, view: Mapping[str, Any]) -> Value:
        return find_value(view, self.measure.of) if self.measure.of else None

    def count(self, tally: Tally, event: Event, now: int) -> bool:
        """Counts an event into the tally, when it counts; `now` in milliseconds. Whether it did."""
        at, view = to_ms(event.at), event_view(event)
        if event.name != self.measure.event or not self.takes(at, view):
            return False
        add(tally, self.measure, at, self.value(view), now)
        return True


def make_counter(measure: Measure) -> Counter:
    """Compiles a measure; keep the result. Raises Refused when its `where` is no condition."""
    return Counter(
        measure,
        compile_filter(measure.where, "where").matches if measure.where else None,
        to_ms(measure.since) if measure.since else None,
        to_ms(measure.before) if measure.before else None,
    )


@lru_cache(maxsize=1024)
def _counter(digest: str) -> Counter:
    return make_counter(msgspec.json.decode(digest, type=Measure))


def event_view(event: Event) -> dict[str, Any]:
    """An event as the `where` and `of` of a measure see it."""
    channel = _CHANNELS.get(channel_of(event.message_id)) if event.message_id else None
    return occurrence_view(event.properties, event.value, channel)


class EventHistory:
    """The past of one customer, from all of their events in any order. Knows every measure."""

    def __init__(self, events: Sequence[Event], now: datetime) -> None:
        self.events = events
        self.now = to_ms(now)
        self.made: dict[str, Tally | None] = {}

    def tally(self, measure: Measure) -> Tally | None:
        """The count of a measure; None when it never happened."""
        if measure.digest not in self.made:
            counter, tally = _counter(measure.digest), Tally()
            for event in self.events:
                counter.count(tally, event, self.now)
            self.made[measure.digest] = tally if tally.count else None
        return self.made[measure.digest]
