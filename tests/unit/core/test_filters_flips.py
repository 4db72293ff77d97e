"""A filter's truth stays what it is until the moment at which the filter says that it may change."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filtering import NOW, Person, counts, filters, people, spans, whos
from motet.core.customers import Customer
from motet.core.durations import read_duration
from motet.core.events import Event
from motet.core.filters import Filter, compile_filter
from motet.core.ids import uuid7

SPANS = [timedelta(days=d) for d in (1, 7, 10, 30, 60, 90, 400)] + [timedelta(minutes=30)]
TICKS = [timedelta(0), timedelta(microseconds=1), timedelta(milliseconds=1), timedelta(hours=1)]


def moments_that_may_matter(person: Person, dice: random.Random) -> list[datetime]:
    """When something of the customer's past reaches the end of a span, and when days, weeks and months begin."""
    c = person.customer
    known = [e.at for e in person.events] + [m for m in (c.last_interaction_at, c.last_purchase_at, c.created_at) if m]
    known += [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 11, 20, 12, tzinfo=UTC)]
    found = [moment + sign * span for moment in known for span in SPANS for sign in (1, -1)] + known
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    found += [midnight + timedelta(days=n, hours=hour) for n in range(40) for hour in (0, 9, 17)]
    found += [midnight.replace(year=2027 + n // 12, month=n % 12 + 1, day=1) for n in range(30)]
    close = [(moment + sign * dice.choice(TICKS)).astimezone(NOW.tzinfo) for moment in found for sign in (1, -1)]
    return [moment for moment in close if moment > NOW]


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 3), filters, st.randoms(use_true_random=False))
def test_truth_is_constant_until_the_flip(seed: int, spec: dict[str, Any], dice: random.Random) -> None:
    condition = compile_filter(spec)
    for person in dice.sample(people(seed), 2):
        flip, holds = condition.flips(person.now), condition.matches(person.now)
        assert flip is None or (flip > NOW and condition.needs.timed)
        moments = [m for m in moments_that_may_matter(person, dice) if flip is None or m < flip]
        for moment in dice.sample(moments, min(12, len(moments))):
            assert condition.matches(person.view(moment)) is holds, moment


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 3), whos, counts, spans, st.randoms(use_true_random=False))
def test_the_flip_of_a_count_is_exact(seed: int, event: Any, count: Any, span: str, dice: random.Random) -> None:
    condition = compile_filter({"$did": {"event": event, "count": count, "within": span}})
    for person in dice.sample(people(seed), 5):
        flip, holds = condition.flips(person.now), condition.matches(person.now)
        if flip is not None:
            assert condition.matches(person.view(flip)) is not holds
            assert condition.matches(person.view(flip - timedelta(milliseconds=1))) is holds
        later = NOW + timedelta(seconds=read_duration(span), days=30)
        assert flip is not None or condition.matches(person.view(later)) is holds


ADA = Customer(id=UUID(int=1), external_id="ada", last_purchase_at=datetime(2026, 11, 20, 12, tzinfo=UTC))


def a_person(*moments: str, name: str = "purchase") -> Person:
    zone = NOW.tzinfo
    events = [
        Event(id=uuid7(1), customer_id=ADA.id, name=name, at=datetime.fromisoformat(m).replace(tzinfo=zone))
        for m in moments
    ]
    return Person(ADA, tuple(events))


def flip_of(spec: dict[str, Any], person: Person, now: str = "2026-11-24T12:00") -> str | None:
    found = compiled(spec).flips(person.view(datetime.fromisoformat(now).replace(tzinfo=NOW.tzinfo)))
    return found.astimezone(NOW.tzinfo).replace(tzinfo=None).isoformat() if found else None


def compiled(spec: dict[str, Any]) -> Filter:
    return compile_filter(spec)


TWICE = {"$did": {"event": "purchase", "count": {"$gte": 2}, "within": "10d"}}
THRICE = a_person("2026-11-15T08:00", "2026-11-20T08:00", "2026-11-23T08:00")


@pytest.mark.parametrize(
    ("spec", "flip"),
    [
        (TWICE, "2026-11-30T08:00:00"),  # when the second latest leaves
        ({"$not": TWICE}, "2026-11-30T08:00:00"),
        ({"$did": {"event": "purchase", "count": 3, "within": "10d"}}, "2026-11-25T08:00:00"),
        ({"$did": {"event": "purchase", "count": {"$gte": 4}, "within": "10d"}}, None),
        ({"$did": {"event": "purchase", "count": {"$gte": 2}}}, None),
        ({"$did": {"event": "page", "within": "10d"}}, None),
        ({"$did": {"event": "purchase", "count": {"$gte": 2}, "within": "10d", "until": "3d"}}, "2026-11-25T08:00:00"),
        ({"$did": {"event": "purchase", "count": {"$gte": 4}, "within": "10d", "until": "3d"}}, None),
        ({"$did": {"event": "purchase", "count": {"$gte": 3}, "within": "12d", "until": "3d"}}, "2026-11-26T08:00:00"),
        ({"$did": {"event": "purchase", "during": "this_week"}}, "2026-11-30T00:00:00"),
        ({"$did": {"event": "purchase", "during": "today"}}, None),
        ({"$did": {"event": "purchase", "during": "yesterday"}}, "2026-11-25T00:00:00"),
        ({"$did": {"event": "purchase", "during": "last_month"}}, "2026-12-01T00:00:00"),
        ({"$did": {"event": "purchase", "during": "this_year"}}, "2027-01-01T00:00:00"),
        ({"$did": {"event": "purchase", "last": {"$lt": {"$ago": "3d"}}}}, "2026-11-26T08:00:00"),
        ({"last_purchase_at": {"$gt": {"$ago": "7d"}}}, "2026-11-27T13:00:00"),
        ({"last_purchase_at": {"$gt": {"$ago": "1d"}}}, None),
        ({"$and": [{"email": "x"}, TWICE]}, None),  # what time cannot change decides it
        ({"$or": [{"customer_id": "ada"}, TWICE]}, None),
        ({"$and": [{"customer_id": "ada"}, TWICE]}, "2026-11-30T08:00:00"),
        ({"type": "time_check", "condition": "business_hours"}, "2026-11-24T17:00:00"),
        ({"type": "time_check", "condition": "weekend"}, "2026-11-28T00:00:00"),
    ],
)
def test_the_flip_is_when_the_window_says(spec: dict[str, Any], flip: str | None) -> None:
    found = flip_of(spec, THRICE)
    assert found == flip


def test_a_group_that_fails_waits_for_its_last_part() -> None:
    early = {"$did_not": {"event": "purchase", "within": "10d"}}  # holds from the 3rd of December
    late = {"$did_not": {"event": "purchase", "within": "20d"}}  # holds from the 13th
    assert flip_of({"$and": [early, late]}, THRICE) == "2026-12-13T08:00:00"
    assert flip_of({"$or": [early, late]}, THRICE) == "2026-12-03T08:00:00"


@pytest.mark.parametrize(
    ("zone", "now"),
    [
        ("Europe/Vienna", "2026-10-25T01:00"),  # clocks go back at 03:00: the day has 25 hours
        ("America/Santiago", "2026-09-05T12:00"),  # clocks go on at midnight: the next day begins at 01:00
        ("America/Havana", "2026-11-01T00:30"),  # clocks go back at 01:00: midnight comes twice
    ],
)
def test_calendar_days_follow_the_clocks_of_the_zone(zone: str, now: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(zone))
    at = moment - timedelta(minutes=20)
    person = Person(ADA, (Event(id=uuid7(1), customer_id=ADA.id, name="page", at=at),))
    condition = compile_filter({"$did": {"event": "page", "during": "today"}})
    found = moment
    while condition.matches(person.view(found)):
        flip = condition.flips(person.view(found))
        assert flip is not None
        found = flip.astimezone(moment.tzinfo)
    assert found.date() == moment.date() + timedelta(days=1)
    before = (found.astimezone(UTC) - timedelta(milliseconds=1)).astimezone(moment.tzinfo)
    assert condition.matches(person.view(before))
