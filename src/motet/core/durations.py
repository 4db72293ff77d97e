"""Durations and windows as authors write them: `90`, `"2h"`, `"1d 12h"`, `"3 days"`, `"PT2H"`."""

from __future__ import annotations

import math
import re

from motet.core.spelling import show

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0

# Rolling windows, in seconds.
WINDOWS = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY, "quarter": 91 * DAY}

LONGEST = 731 * DAY
_FAR = 1e15  # seconds: a number from here on is no span of time, and may be one that no float holds

_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), MINUTE),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), HOUR),
    **dict.fromkeys(("d", "day", "days"), DAY),
    **dict.fromkeys(("w", "week", "weeks"), 7 * DAY),
    **dict.fromkeys(("month", "months"), 30 * DAY),
}
_PART = re.compile(r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*([a-z]+)\s*,?", re.ASCII)
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,6})?", re.ASCII)
_ISO = re.compile(r"P(?!$)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII)
_ISO_UNITS = (7 * DAY, DAY, HOUR, MINUTE, 1.0)

EXAMPLES = 'write seconds, or such as "2h", "3 days", "1d 12h" or "PT2H"'


def read_duration(value: object) -> float:
    """Seconds. A bare number is seconds; a month is 30 days. ISO 8601 without years and months.

    Raises ValueError with a sentence when it is no duration, negative, or longer than two years.
    """
    seconds = _read(value)
    if seconds is None or not math.isfinite(seconds):
        raise ValueError(f"{show(value)} is no duration")
    if seconds < 0:
        raise ValueError("a duration cannot be negative")
    if seconds > LONGEST:
        raise ValueError("is longer than two years")
    return seconds


def _read(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if abs(value) < _FAR else None
    if not isinstance(value, str) or len(value) > 60:
        return None
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    if iso := _ISO.fullmatch(text.upper()):
        return sum(float(n) * unit for n, unit in zip(iso.groups(), _ISO_UNITS, strict=True) if n)
    return _read_words(text.lower())


def _read_words(text: str) -> float | None:
    total, position = 0.0, 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None or part[2] not in _UNITS:
            return None
        total += float(part[1]) * _UNITS[part[2]]
        position = part.end()
    return total if text else None
