"""A campaign's frequency rules: `max_emails_per_day: 1`, `cooldown: 7d`, `exclude_recent_purchasers: true`."""

from __future__ import annotations

from typing import Any

from motet.core.durations import DAY, WINDOWS
from motet.core.program import Cap, EntryCap, FrequencyRules
from motet.core.sheet import Sheet
from motet.core.words import Channel

_MOST = 1_000_000
_RECENT = 30 * DAY  # what `exclude_recent_purchasers: true` means

# What may stand between `max_` and `_per_`, and the channel it counts.
_COUNTED = {
    "emails": Channel.EMAIL,
    "sms": Channel.SMS,
    "push": Channel.PUSH,
    "in_app": Channel.IN_APP,
    "webhooks": Channel.WEBHOOK,
    "email": Channel.EMAIL,
    "webhook": Channel.WEBHOOK,
}
CAPS = {f"max_{what}_per_{window}": (c, WINDOWS[window]) for what, c in _COUNTED.items() for window in WINDOWS}
TOTALS = {f"max_messages_per_{window}": seconds for window, seconds in WINDOWS.items()}
ENTRIES = {f"max_campaigns_per_{window}": seconds for window, seconds in WINDOWS.items()}
_FIELDS = (*CAPS, *TOTALS, *ENTRIES, "cooldown", "cooldown_hours", "exclude_recent_purchasers")


def read_frequency(outer: Sheet, scale: float) -> FrequencyRules:
    """The rules under `frequency`; every window is divided by `scale`."""
    raw = outer.mapping("frequency", "such as {max_emails_per_day: 1}")
    sheet = Sheet(raw, outer.at("frequency"), outer.problems, _FIELDS)
    caps: list[Cap] = []
    entries: list[EntryCap] = []
    for name in raw:
        count = sheet.count(name, _MOST) if name in CAPS or name in TOTALS or name in ENTRIES else None
        if count is None:
            continue
        if name in CAPS:
            channel, seconds = CAPS[name]
            caps.append(Cap(count, seconds / scale, channel.word))
        elif name in TOTALS:
            caps.append(Cap(count, TOTALS[name] / scale))
        else:
            entries.append(EntryCap(count, ENTRIES[name] / scale))
    cooldown = _read_cooldown(sheet)
    purchasers = _read_purchasers(sheet)
    return FrequencyRules(
        caps=tuple(caps),
        entries=tuple(entries),
        cooldown=None if cooldown is None else cooldown / scale,
        exclude_purchasers=None if purchasers is None else purchasers / scale,
    )


def _read_cooldown(sheet: Sheet) -> float | None:
    sheet.exclude("cooldown", "cooldown_hours")
    hours = sheet.number("cooldown_hours", 0, 24 * 731)
    return sheet.duration("cooldown") if hours is None else hours * 3600


def _read_purchasers(sheet: Sheet) -> float | None:
    value: Any = sheet.raw.get("exclude_recent_purchasers")
    if value is None or value is False:
        return None
    return _RECENT if value is True else sheet.duration("exclude_recent_purchasers")
