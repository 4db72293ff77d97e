from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import Instant

from making import NOW, a_program, say
from motet.core.program import Exits
from motet.journeys.steps.wait_until import DAYS, next_local_time, next_weekday
from walking import END, HOUR, Walk, a_step


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "clock", "zone", "expected"),
    [
        ("2026-11-24T08:00", "09:00", "UTC", "2026-11-24T09:00"),
        ("2026-11-24T09:00", "09:00", "UTC", "2026-11-24T09:00"),
        ("2026-11-24T09:01", "09:00", "UTC", "2026-11-25T09:00"),
        ("2026-11-24T12:00", "09:00", "Asia/Tokyo", "2026-11-25T00:00"),
        ("2026-11-24T12:00", "09:00", "Nowhere/Land", "2026-11-25T09:00"),
        # Paris skips 02:00-03:00 on 2026-03-29: the time is taken after the gap.
        ("2026-03-28T22:00", "02:30", "Europe/Paris", "2026-03-29T01:30"),
        ("2026-03-29T00:59", "02:30", "Europe/Paris", "2026-03-29T01:30"),
        ("2026-03-29T01:31", "02:30", "Europe/Paris", "2026-03-30T00:30"),
        ("2026-03-28T22:00", "03:00", "Europe/Paris", "2026-03-29T01:00"),
        # Paris repeats 02:00-03:00 on 2026-10-25: the first one is meant.
        ("2026-10-24T22:00", "02:30", "Europe/Paris", "2026-10-25T00:30"),
        ("2026-10-25T00:31", "02:30", "Europe/Paris", "2026-10-26T01:30"),
        ("2026-10-25T01:10", "02:30", "Europe/Paris", "2026-10-26T01:30"),  # in the second 02:10
        ("2026-10-25T00:10", "03:30", "Europe/Paris", "2026-10-25T02:30"),
        # Lord Howe moves by half an hour: it skips 02:00-02:30 on 2026-10-04.
        ("2026-10-03T12:00", "02:15", "Australia/Lord_Howe", "2026-10-03T15:45"),
        ("2026-10-03T12:00", "02:30", "Australia/Lord_Howe", "2026-10-03T15:30"),
        ("2026-10-03T12:00", "01:59", "Australia/Lord_Howe", "2026-10-03T15:29"),
        # It repeats 01:30-02:00 on 2026-04-05: the first one is meant.
        ("2026-04-04T12:00", "01:45", "Australia/Lord_Howe", "2026-04-04T14:45"),
        ("2026-04-04T15:00", "01:45", "Australia/Lord_Howe", "2026-04-05T15:15"),
        ("2026-04-04T12:00", "02:00", "Australia/Lord_Howe", "2026-04-04T15:30"),
    ],
)
def test_the_next_time_on_the_customers_wall(after: str, clock: str, zone: str, expected: str) -> None:
    assert next_local_time(utc(after), clock, zone) == utc(expected)


@pytest.mark.parametrize(
    ("after", "days", "clock", "zone", "expected"),
    [
        # 2026-11-24 is a Tuesday.
        ("2026-11-24T08:00", ("tue",), "09:00", "UTC", "2026-11-24T09:00"),
        ("2026-11-24T10:00", ("tue",), "09:00", "UTC", "2026-12-01T09:00"),
        ("2026-11-24T10:00", ("mon", "fri"), "09:00", "UTC", "2026-11-27T09:00"),
        ("2026-11-24T10:00", ("mon", "tue", "wed", "thu", "fri"), "09:00", "UTC", "2026-11-25T09:00"),
        # Friday evening in London is Saturday in Tokyo.
        ("2026-11-27T16:00", ("fri",), "23:00", "Europe/London", "2026-11-27T23:00"),
        ("2026-11-27T16:00", ("fri",), "23:00", "Asia/Tokyo", "2026-12-04T14:00"),
        ("2026-03-27T12:00", ("sun",), "02:30", "Europe/Paris", "2026-03-29T01:30"),
        ("2026-10-25T00:31", ("sun",), "02:30", "Europe/Paris", "2026-11-01T01:30"),
        ("2026-10-02T12:00", ("sun",), "02:15", "Australia/Lord_Howe", "2026-10-03T15:45"),
    ],
)
def test_only_some_days_of_the_week(after: str, days: tuple[str, ...], clock: str, zone: str, expected: str) -> None:
    assert next_local_time(utc(after), clock, zone, days) == utc(expected)


@pytest.mark.parametrize(
    ("after", "days", "zone", "expected"),
    [
        ("2026-11-24T08:00", ("tue",), "UTC", "2026-11-24T08:00"),
        ("2026-11-24T08:00", ("sat", "sun"), "UTC", "2026-11-28T00:00"),
        ("2026-11-24T16:00", ("tue",), "Asia/Tokyo", "2026-11-30T15:00"),
        # Sao Paulo had no midnight on 2018-11-04: the day began at one.
        ("2018-11-03T12:00", ("sun",), "America/Sao_Paulo", "2018-11-04T03:00"),
    ],
)
def test_a_day_without_a_time_is_met_as_soon_as_it_is_that_day(
    after: str, days: tuple[str, ...], zone: str, expected: str
) -> None:
    assert next_weekday(utc(after), days, zone) == utc(expected)


zones = st.sampled_from(["UTC", "Europe/Paris", "Australia/Lord_Howe", "America/New_York", "Asia/Kathmandu"])
moments = st.integers(0, 6 * 365 * 86400).map(lambda seconds: utc("2024-01-01") + timedelta(seconds=seconds))
minutes = st.integers(0, 24 * 60 - 1)


@given(moments, minutes, zones, st.sets(st.sampled_from([*DAYS]), min_size=1))
def test_it_comes_within_eight_days_on_a_day_that_was_asked_for(
    after: datetime, minute: int, zone: str, days: set[str]
) -> None:
    clock = f"{minute // 60:02}:{minute % 60:02}"
    found = next_local_time(after, clock, zone, days)
    assert after <= found <= after + timedelta(days=8)
    local = Instant(found).to_tz(zone)
    assert [*DAYS][local.date().day_of_week().value - 1] in days
    shown = local.hour * 60 + local.minute
    assert shown == minute or 0 < shown - minute <= 60, "only a gap moves it, and by no more than the gap"
    assert next_local_time(found, clock, zone, days) == found


def test_the_step_waits_in_the_customers_zone_from_arrival() -> None:
    until = a_step("wait_until", local_time="09:00", weekdays=["wed"])
    walk = Walk(until, END)
    walk.customer = msgspec.structs.replace(walk.customer, timezone="Asia/Tokyo")
    assert walk.run().due == 12 * HOUR  # NOW is Tuesday 21:00 in Tokyo
    assert walk.run(12 * HOUR).ended


def test_a_moment_that_is_past_and_nothing_to_wait_for_go_on_at_once() -> None:
    for args in ({"at": (NOW - HOUR).isoformat()}, {}):
        assert Walk(a_step("wait_until", **args), END).run().ended
    assert Walk(a_step("wait_until", at=(NOW + HOUR).isoformat()), END).run().due == HOUR


@pytest.mark.parametrize("args", [{"local_time": "09:00"}, {"weekdays": ["wed", "thu", "fri", "sat"]}])
def test_whoever_comes_round_again_waits_for_another_day(args: dict[str, object]) -> None:
    back = a_step("branch", "back", paths=[], otherwise="it")
    walk = Walk(program=a_program(a_step("wait_until", **args), say(), back, END, exits=Exits(after=3 * 86400.0)))
    assert walk.run().to_end().enrollment.exit_reason == "time limit"
    assert len(walk.spoken) == 3
