from __future__ import annotations

from datetime import UTC, datetime

import pytest

from motet.journeys.steps.wait_until import next_local_time


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
        # Paris repeats 02:00-03:00 on 2026-10-25: the first one is meant.
        ("2026-10-24T22:00", "02:30", "Europe/Paris", "2026-10-25T00:30"),
        # Lord Howe moves by half an hour on 2026-10-04.
        ("2026-10-03T12:00", "02:15", "Australia/Lord_Howe", "2026-10-03T15:45"),
    ],
)
def test_the_next_time_on_the_customers_wall(after: str, clock: str, zone: str, expected: str) -> None:
    start = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert next_local_time(start, clock, zone) == datetime.fromisoformat(expected).replace(tzinfo=UTC)
