"""Durations and lists as a person says them."""

from __future__ import annotations

from collections.abc import Iterable


def say_duration(seconds: float) -> str:
    """`2 hours`, `90 seconds`: the largest unit that fits without rest."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            count = round(seconds / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"


def say_list(names: Iterable[str], joint: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`; `nothing` of none."""
    *first, last = [*names] or ["nothing"]
    return f"{', '.join(first)} {joint} {last}" if first else last


def say_word(name: str) -> str:
    """`order_placed` as `order placed`."""
    return name.replace("_", " ")


def say_where(where: object) -> str:
    """What to add for an event of which a filter must hold."""
    return " that fits its conditions" if where else ""


def say_article(words: str) -> str:
    """`view or click` as `a view or click`."""
    return f"{'an' if words[:1] in 'aeiou' else 'a'} {words}"
