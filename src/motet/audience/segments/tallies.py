"""One customer's tallies: read from a row, added to by events, asked by filters, written back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from motet.core.clock import to_ms
from motet.core.events import Event
from motet.core.filters.history import Counter, event_view, make_counter
from motet.core.measures import Measure, NotCounted, Tally, add, merge

log = structlog.get_logger()

Tallies = dict[int, Tally]  # by the number of the measure

_decode = msgspec.msgpack.Decoder(Tallies).decode
_encode = msgspec.msgpack.Encoder().encode


class Numbered(msgspec.Struct, frozen=True):
    """A measure that is counted as events arrive."""

    number: int
    counter: Counter
    build: UUID  # that counts what was before
    ready: bool  # in every lane

    @property
    def measure(self) -> Measure:
        return self.counter.measure


class Numbers:
    """The numbers of measures. Filters ask with the same few structs over and over, so these are known by identity."""

    def __init__(self, measures: Iterable[Numbered]) -> None:
        self._by_digest = {m.measure.digest: m.number for m in measures}
        self._kept: list[Measure] = []  # so that no other takes its place in memory
        self.by_place: dict[int, int] = {}  # id() -> number, 0 when nobody counts it

    def find(self, measure: Measure) -> int:
        """0 when nobody counts it."""
        number = self.by_place.get(id(measure))
        if number is None:
            number = self.by_place[id(measure)] = self._by_digest.get(measure.digest, 0)
            self._kept.append(measure)
        return number


class Counts:
    """A customer's past as filters ask about it (`core.measures.History`).

    `answers` are the measures that are counted from the beginning, as far as this customer goes.
    """

    __slots__ = ("answers", "made", "numbers", "places", "raw")

    def __init__(self, numbers: Numbers, raw: bytes | None, answers: frozenset[int]) -> None:
        self.numbers = numbers
        self.places = numbers.by_place
        self.raw = raw
        self.made: Tallies | None = None
        self.answers = answers

    @property
    def tallies(self) -> Tallies:
        """Read when somebody first asks: many rules hang on the profile only."""
        if self.made is None:
            self.made = read_tallies(self.raw)
        return self.made

    def tally(self, measure: Measure) -> Tally | None:
        number = self.places.get(id(measure)) or self.numbers.find(measure)
        if number not in self.answers:
            raise NotCounted(measure.event)
        return (self.tallies if self.made is None else self.made).get(number)


def number_measure(number: int, measure: Measure, build: UUID, ready: bool) -> Numbered:
    return Numbered(number, make_counter(measure), build, ready)


def read_tallies(raw: bytes | None) -> Tallies:
    """The tallies of a row, fresh: they are added to in place."""
    return _decode(raw) if raw else {}


def write_tallies(tallies: Tallies) -> bytes | None:
    return _encode(tallies) if tallies else None


def count_event(tallies: Tallies, measures: Iterable[Numbered], event: Event, now: datetime) -> list[int]:
    """Adds the event to the tallies of those measures that count it; returns their numbers."""
    at, view, ms = to_ms(event.at), event_view(event), to_ms(now)
    counted: list[int] = []
    for numbered in measures:
        counter = numbered.counter
        try:
            takes = counter.takes(at, view)
        except Exception:
            log.exception("a measure broke", measure=numbered.number, event_id=str(event.id))
            continue
        if takes:
            tally = tallies.get(numbered.number)
            if tally is None:
                tally = tallies[numbered.number] = Tally()
            add(tally, counter.measure, at, counter.value(view), ms)
            counted.append(numbered.number)
    return counted


def take_over(tallies: Tallies, counted: Tallies, measures: Mapping[int, Numbered], now: datetime) -> None:
    """Adds what a build counted of the time before."""
    for number, other in counted.items():
        if (numbered := measures.get(number)) is not None:
            mine = tallies.get(number)
            tallies[number] = other if mine is None else merge(mine, other, numbered.measure, to_ms(now))
