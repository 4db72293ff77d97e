"""Moments as people read them, in English. The names of formats and the letters are a closed list of our own."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FORMATS = {
    "short": "%Y-%m-%d",
    "medium": "%-d %b %Y",
    "long": "%-d %B %Y",
    "full": "%A, %-d %B %Y",
    "time": "%H:%M",
    "datetime": "%-d %b %Y, %H:%M",
}
_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905
_LETTER = re.compile(r"%(-?[a-zA-Z%])")


def format_moment(value: Any, pattern: str, zone: str | None) -> str | None:
    """`value` (a datetime, a date, ISO 8601 text, or seconds since 1970) by a name of FORMATS or by %-letters.

    Shown in the timezone `zone`, else with its own offset; an unknown zone is UTC. None when it is no moment.
    """
    found = _moment(value)
    if found is None:
        return None
    shown = _placed(found, zone)
    return _LETTER.sub(lambda match: _letter(match.group(1), shown), FORMATS.get(pattern, pattern))


def _placed(found: datetime | date, zone: str | None) -> datetime:
    if not isinstance(found, datetime):
        return datetime(found.year, found.month, found.day, tzinfo=UTC)
    try:
        return found.astimezone(_zone(zone)) if zone else found
    except OverflowError:  # the first or last day that there is
        return found


def _moment(value: Any) -> datetime | date | None:
    """Aware moments as they are, those without an offset in UTC."""
    try:
        if isinstance(value, str):
            if len(value) > 40:
                return None
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            value = datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return value if isinstance(value, date) else None


@lru_cache(maxsize=1_024)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _letter(letter: str, moment: datetime) -> str:
    """One %-letter, as strftime has it; an unknown one stays as it is written."""
    hour = moment.hour % 12 or 12
    table = {
        "Y": f"{moment.year}",
        "y": f"{moment.year % 100:02}",
        "m": f"{moment.month:02}",
        "-m": f"{moment.month}",
        "d": f"{moment.day:02}",
        "-d": f"{moment.day}",
        "B": _MONTHS[moment.month - 1],
        "b": _MONTHS[moment.month - 1][:3],
        "A": _DAYS[moment.weekday()],
        "a": _DAYS[moment.weekday()][:3],
        "H": f"{moment.hour:02}",
        "-H": f"{moment.hour}",
        "I": f"{hour:02}",
        "-I": f"{hour}",
        "M": f"{moment.minute:02}",
        "S": f"{moment.second:02}",
        "p": "AM" if moment.hour < 12 else "PM",
        "Z": moment.tzname() or "UTC",
        "%": "%",
    }
    return table.get(letter, f"%{letter}")
