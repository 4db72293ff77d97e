"""Windows of time as ranges of milliseconds. Calendar windows turn with the calendar in the timezone of now."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from motet.core.clock import from_ms, to_ms
from motet.core.filters.tree import Calendar, Window

DAY = 86_400  # seconds

# The word in documents -> the unit, and how many units back.
PERIODS = {
    "today": ("day", 0),
    "yesterday": ("day", 1),
    "this_week": ("week", 0),
    "last_week": ("week", 1),
    "this_month": ("month", 0),
    "last_month": ("month", 1),
    "this_quarter": ("quarter", 0),
    "last_quarter": ("quarter", 1),
    "this_year": ("year", 0),
    "last_year": ("year", 1),
}
_LONGEST = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}  # days
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def bounds(window: Window, now: datetime) -> tuple[int, int | None]:
    """(start, end) in milliseconds: what happened at `t` is inside when start <= t < end. No end: None.

    A window that reaches to now has no end, so that a moment which a wrong clock set in the future counts as now.
    """
    if isinstance(window, Calendar):
        unit, back = PERIODS[window.period]
        end = _start(unit, 0, now) if back else None
        return _start(unit, back, now), end
    ms = to_ms(now)
    return ms - int(window.older * 1000) + 1, ms - int(window.newer * 1000) + 1 if window.newer else None


def has_end(window: Window) -> bool:
    """Whether the window ends before now."""
    return PERIODS[window.period][1] > 0 if isinstance(window, Calendar) else window.newer > 0


def look_back(window: Window) -> float:
    """Seconds: how long an occurrence can matter to the window. A day more for calendars: clocks are put back."""
    if isinstance(window, Calendar):
        unit, back = PERIODS[window.period]
        return float((_LONGEST[unit] * (back + 1) + 1) * DAY)
    return window.older


def next_turn(window: Calendar, now: datetime) -> datetime:
    """When the window next moves: the end of the present day, week, ..., or an earlier change of the clocks."""
    unit, _ = PERIODS[window.period]
    day = _first_day(unit, -1, now)
    return earlier_shift(now, datetime(day.year, day.month, day.day, tzinfo=now.tzinfo))


def earlier_shift(now: datetime, until: datetime) -> datetime:
    """`until`, or an earlier moment at which the clocks of the timezone are put on or back.

    Looks two days ahead: clocks that are put back later do not take the date back over the beginning of a period.
    """
    low = to_ms(now)
    high = min(to_ms(until), low + 2 * DAY * 1000)
    offset = now.utcoffset()

    def is_shifted(ms: int) -> bool:
        return from_ms(ms).astimezone(now.tzinfo).utcoffset() != offset

    if not is_shifted(high):
        return until
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_shifted(middle) else (middle, high)
    return from_ms(high)


def _start(unit: str, back: int, now: datetime) -> int:
    day = _first_day(unit, back, now)
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=now.tzinfo))


def _first_day(unit: str, back: int, now: datetime) -> date:
    """The first day of the unit that is `back` units before the present one."""
    today = now.date()
    if unit == "day":
        return today - timedelta(days=back)
    if unit == "week":
        return today - timedelta(days=today.weekday() + 7 * back)
    months = _MONTHS[unit]
    index = (today.year * 12 + today.month - 1) // months * months - back * months
    return date(index // 12, index % 12 + 1, 1)
