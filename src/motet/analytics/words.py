"""Documents in a person's words: names, durations, limits, triggers, filters. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from motet.core.events import SEGMENT_ENTERED, SEGMENT_LEFT
from motet.core.program import FrequencyRules, Trigger
from motet.core.words import Channel

# One message of a channel, and many.
CHANNEL_NAMES = {
    Channel.EMAIL: "email",
    Channel.SMS: "SMS",
    Channel.PUSH: "push message",
    Channel.IN_APP: "in-app message",
    Channel.SOCIAL: "direct message",
    Channel.WEBHOOK: "webhook",
    Channel.RETARGETING: "ad",
}
_MANY = {channel: name if channel is Channel.SMS else f"{name}s" for channel, name in CHANNEL_NAMES.items()}
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_WINDOWS = {86400: "a day", 604800: "a week", 2592000: "a month", 7862400: "a quarter"}
_COMPARISONS = {"$eq": "is", "$ne": "is not", "$gt": ">", "$gte": "≥", "$lt": "<", "$lte": "≤", "$contains": "contains"}


def capitalize(text: str) -> str:
    """Only the first letter changes."""
    return text[:1].upper() + text[1:]


def humanize(name: str) -> str:
    """`cart_abandoned` as a title: Cart abandoned."""
    return capitalize(" ".join(name.replace("_", " ").replace("-", " ").split()))


def describe_duration(seconds: float) -> str:
    """The largest unit that divides it evenly enough: 2 days, 90 minutes, 1.5 seconds."""
    for size, unit in _UNITS:
        count = seconds / size
        if count >= 1 and (abs(count - round(count)) < 0.005 or size == 1):
            return _count(round(count) if abs(count - round(count)) < 0.005 else round(count, 1), unit)
    if seconds >= 1:
        return _count(round(seconds, 1), "second")
    return f"{seconds * 1000:.0f} ms" if seconds > 0 else "no time"


def describe_frequency(rules: FrequencyRules) -> list[str]:
    """A campaign's own limits, a sentence each."""
    told = [f"At most {cap.count} {_things(cap.channel, cap.count)} {_window(cap.seconds)}" for cap in rules.caps]
    told.extend(f"Entered at most {_times(entry.count)} {_window(entry.seconds)}" for entry in rules.entries)
    if rules.cooldown is not None:
        told.append(f"{capitalize(describe_duration(rules.cooldown))} between two entries")
    if rules.exclude_purchasers is not None:
        told.append(f"Leaves alone who bought within {describe_duration(rules.exclude_purchasers)}")
    return told


_MOVES = {SEGMENT_ENTERED: "enters", SEGMENT_LEFT: "leaves"}


def describe_trigger(trigger: Trigger) -> str:
    """What starts an enrollment."""
    if trigger.event in _MOVES and (segment := trigger.where.get("segment")):
        return f"When a customer {_MOVES[trigger.event]} {segment}"
    if trigger.event is not None:
        where = f", where {describe_filter(trigger.where)}" if trigger.where else ""
        return f"When {trigger.event} happens{where}"
    if trigger.state is not None:
        return f"When {describe_filter(trigger.state)}"
    return "When it is launched"


def describe_filter(spec: Any) -> str:
    """A filter as a line of text: `cart_value > 50 and not email_opened`."""
    if isinstance(spec, list | tuple):
        return " and ".join(describe_filter(part) for part in spec)
    if not isinstance(spec, Mapping):
        return _value(spec)
    parts = [_describe_pair(str(field), wanted) for field, wanted in spec.items()]
    return " and ".join(parts) if parts else "always"


def _describe_pair(field: str, wanted: Any) -> str:
    if field in ("$and", "$or", "$nor") and isinstance(wanted, list | tuple):
        joined = (" and " if field == "$and" else " or ").join(_grouped(part) for part in wanted)
        return f"not ({joined})" if field == "$nor" else f"({joined})"
    if field == "$not":
        return f"not ({describe_filter(wanted)})"
    if isinstance(wanted, Mapping) and any(str(key).startswith("$") for key in wanted):
        return " and ".join(_compare(field, str(operator), value) for operator, value in wanted.items())
    if wanted is True:
        return field
    if wanted is False:
        return f"not {field}"
    return f"{field} is {_value(wanted)}"


def _grouped(spec: Any) -> str:
    text = describe_filter(spec)
    return f"({text})" if isinstance(spec, Mapping) and len(spec) > 1 else text


def _compare(field: str, operator: str, value: Any) -> str:
    match operator:
        case "$in" | "$nin":
            values = ", ".join(_value(v) for v in value) if isinstance(value, list | tuple) else _value(value)
            return f"{field} is {'none' if operator == '$nin' else 'one'} of {values}"
        case "$exists":
            return f"{field} is {'known' if value else 'not known'}"
        case "$between" if isinstance(value, list | tuple) and len(value) == 2:
            return f"{field} is from {_value(value[0])} to {_value(value[1])}"
        case "$startsWith":
            return f"{field} starts with {_value(value)}"
        case "$not":
            return f"not ({describe_filter({field: value})})"
    return f"{field} {_COMPARISONS.get(operator, operator.removeprefix('$'))} {_value(value)}"


def _value(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool | Mapping | list):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return str(value)


def _window(seconds: float) -> str:
    known = _WINDOWS.get(round(seconds))
    return known or f"in {describe_duration(seconds)}"


def _things(channel: str | None, count: int) -> str:
    if channel is None:
        return "message" if count == 1 else "messages"
    return (CHANNEL_NAMES if count == 1 else _MANY)[Channel.of(channel)]


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _count(number: float, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
