"""Events of a customer in a person's words: what a line of the timeline says. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from motet.analytics.words import CHANNEL_NAMES, humanize
from motet.core.events import CUSTOMER_MERGED, LIFECYCLE_CHANGED, SEGMENT_ENTERED, SEGMENT_LEFT
from motet.core.words import Channel, Interaction

Properties = Mapping[str, Any]

# What an interaction is called; the name of the channel's message goes in.
_TITLES = {
    Interaction.VIEW.word: "Opened the {}",
    Interaction.CLICK.word: "Clicked a link in the {}",
    Interaction.UNSUBSCRIBE.word: "Unsubscribed from the {}",
    Interaction.DELIVERED.word: "The {} was delivered",
    Interaction.BOUNCED.word: "The {} bounced",
    Interaction.FAILED.word: "The {} failed",
    Interaction.COMPLAINT.word: "Complained about the {}",
}
_BY_MACHINE = {
    Interaction.VIEW.word: "A machine fetched the {}",
    Interaction.CLICK.word: "A machine followed a link in the {}",
}


def describe_interaction(name: str, properties: Properties, channel: Channel | None) -> str | None:
    """The title of what a message caused; None when the event's name is no interaction's."""
    titles = _BY_MACHINE if properties.get("machine") and name in _BY_MACHINE else _TITLES
    if name not in titles:
        return None
    return titles[name].format(CHANNEL_NAMES[channel] if channel else "message")


def describe_event(name: str, properties: Properties, titles: Mapping[str, str]) -> tuple[str, str | None]:
    """The title of any other event, and what else to say: None leaves that to the event's properties.

    `titles` has the titles of segments by name, and the external ids of merged customers by our id in text.
    """
    tell = _OWN.get(name)
    return tell(properties, titles) if tell else (humanize(name), None)


def read_names(name: str, properties: Properties) -> str | None:
    """What `describe_event` would look up in `titles` for this event, if anything."""
    if name in (SEGMENT_ENTERED, SEGMENT_LEFT):
        return _text(properties.get("segment"))
    return _text(properties.get("customer")) if name == CUSTOMER_MERGED else None


def describe_detail(name: str, properties: Properties, value: float, step: str) -> str:
    """Where the message came from, what the event was worth, where a link led; else its first plain properties."""
    parts = [step] if step else []
    if value:
        parts.append(f"worth {value:,.2f}")
    if name == Interaction.CLICK.word and properties.get("url"):
        parts.append(str(properties["url"]))
    if detail := properties.get("detail"):
        parts.append(str(detail))
    if not parts:
        hidden = ("machine", "$depth")  # what Motet notes for itself
        plain = [(k, v) for k, v in properties.items() if isinstance(v, str | int | float) and k not in hidden]
        parts = [f"{humanize(str(k)).lower()}: {str(v)[:80]}" for k, v in plain[:3]]
    return " · ".join(parts)


def _entered(properties: Properties, titles: Mapping[str, str]) -> tuple[str, str | None]:
    return f"Entered the segment {_segment(properties, titles)}", ""


def _left(properties: Properties, titles: Mapping[str, str]) -> tuple[str, str | None]:
    return f"Left the segment {_segment(properties, titles)}", ""


def _segment(properties: Properties, titles: Mapping[str, str]) -> str:
    name = _text(properties.get("segment")) or "that is gone"
    return titles.get(name, name)


def _moved(properties: Properties, titles: Mapping[str, str]) -> tuple[str, str | None]:
    before, after = _text(properties.get("from")), _text(properties.get("to"))
    if after is None:
        return "Moved to another lifecycle stage", None
    start = f" from {humanize(before)}" if before else ""
    return f"Moved{start} to {humanize(after)}", "Lifecycle stage"


def _merged(properties: Properties, titles: Mapping[str, str]) -> tuple[str, str | None]:
    gone = _text(properties.get("customer")) or ""
    name = titles.get(gone, gone)
    if not name or name == gone or _is_uuid(name):
        return "Merged with an anonymous visitor", "What they did before is here too"
    return f"Merged with {name}", "What they did before is here too"


def _page(properties: Properties, titles: Mapping[str, str]) -> tuple[str, str | None]:
    name = _text(properties.get("name")) or _text(properties.get("title"))
    place = _text(properties.get("url")) or _text(properties.get("path"))
    return (f"Looked at the page {name}" if name else "Looked at a page"), place or None


def _screen(properties: Properties, titles: Mapping[str, str]) -> tuple[str, str | None]:
    name = _text(properties.get("name"))
    return (f"Looked at the screen {name}" if name else "Looked at a screen"), None


_OWN: dict[str, Callable[[Properties, Mapping[str, str]], tuple[str, str | None]]] = {
    SEGMENT_ENTERED: _entered,
    SEGMENT_LEFT: _left,
    LIFECYCLE_CHANGED: _moved,
    CUSTOMER_MERGED: _merged,
    "page": _page,
    "screen": _screen,
}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
