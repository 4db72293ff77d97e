from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motet.core.durations import LONGEST, read_duration


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (0, 0),
        (90, 90),
        (1.5, 1.5),
        ("90", 90),
        ("90s", 90),
        ("15m", 900),
        ("15 min", 900),
        ("2h", 7200),
        ("2 Hours", 7200),
        ("1d 12h", 129_600),
        ("1 day, 2 hours", 93_600),
        ("3 days", 259_200),
        ("1.5 days", 129_600),
        ("1 week", 604_800),
        ("2 months", 5_184_000),
        ("PT2H", 7200),
        ("pt1h30m", 5400),
        ("P1DT12H", 129_600),
        ("P2W", 1_209_600),
        ("PT0.5S", 0.5),
    ],
)
def test_a_duration_is_seconds(value: Any, seconds: float) -> None:
    assert read_duration(value) == seconds


NO_TEXTS = ("", " ", "soon", "2 fortnights", "h", "2h-", "-5", "P", "PT", "P1Y", "P1M", "1e9", "٣h", "1h" * 40)


NO_NUMBERS = (float("nan"), float("inf"), pytest.param(10**400, id="huge"))


@pytest.mark.parametrize("value", [*NO_TEXTS, True, None, [], {}, *NO_NUMBERS])
def test_what_is_no_duration_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        read_duration(value)


@pytest.mark.parametrize(("value", "said"), [(-1, "negative"), ("3 years", "no duration"), ("999 weeks", "two years")])
def test_a_duration_has_bounds(value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_duration(value)


@given(st.text() | st.floats() | st.integers())
def test_any_value_is_read_or_refused(value: Any) -> None:
    try:
        seconds = read_duration(value)
    except ValueError:
        return
    assert 0 <= seconds <= LONGEST
