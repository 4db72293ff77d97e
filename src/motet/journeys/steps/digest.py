"""Collect events for a while, so that one message can speak of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from motet.core.clock import from_ms
from motet.core.events import Event
from motet.core.ids import ms_of
from motet.core.outcomes import Next, Outcome, Wait
from motet.core.steps import DigestArgs
from motet.journeys.steps.base import Field, Moment, StepType, Way, event_view, matches
from motet.journeys.steps.words import say_duration, say_where, say_word

MOST_BYTES = 65_536  # of JSON, kept of one digest; of more, the oldest are forgotten, and still counted


def run(args: DigestArgs, moment: Moment) -> Outcome:
    collected = moment.enrollment.state or _begin(args, moment)
    deadline = moment.deadline(args.window)
    if moment.facts.now < deadline:
        return Wait(deadline, collected)
    return Next({"digest": {**collected, "items": [item["properties"] for item in collected["items"]]}})


def hear(args: DigestArgs, moment: Moment, event: Event) -> dict[str, Any] | None:
    if event.name != args.event or not moment.means(event, args.window):
        return None
    collected = moment.enrollment.state or _begin(args, moment)
    return _add(args, collected, event.at, event.properties)


def _begin(args: DigestArgs, moment: Moment) -> dict[str, Any]:
    """Nothing yet; but the event that started the enrollment counts, when it is one of these and led here at once."""
    collected: dict[str, Any] = {"count": 0, "items": [], "first_at": None, "last_at": None}
    enrollment = moment.enrollment
    if moment.program.trigger.event != args.event or enrollment.arrived_at != enrollment.entered_at:
        return collected
    where = moment.filters.get("where")
    if where is not None and not matches(where, event_view(moment.facts, enrollment.context)):
        return collected
    return _add(args, collected, from_ms(ms_of(enrollment.id)), enrollment.context)


def _add(args: DigestArgs, collected: dict[str, Any], at: datetime, properties: dict[str, Any]) -> dict[str, Any]:
    """With one event more. Items stand in the order in which they happened; not more than fit."""
    moment = at.isoformat()
    items = [*collected["items"], {"at": moment, "properties": properties}]
    items.sort(key=lambda item: datetime.fromisoformat(item["at"]))
    items = items[-args.most :] if args.most > 0 else []
    while items and len(msgspec.json.encode(items)) > MOST_BYTES:
        del items[: max(len(items) // 8, 1)]
    known = [datetime.fromisoformat(m) for m in (collected["first_at"], collected["last_at"]) if m] + [at]
    return {
        "count": collected["count"] + 1,
        "items": items,
        "first_at": min(known).isoformat(),
        "last_at": max(known).isoformat(),
    }


def filters(args: DigestArgs) -> Mapping[str, Mapping[str, Any]]:
    return {"where": args.where} if args.where else {}


def summary(args: DigestArgs) -> str:
    return f"Collect {say_word(args.event)}{say_where(args.where)} for {say_duration(args.window)}"


def ways(args: DigestArgs) -> tuple[Way, ...]:
    return (Way(f"after {say_duration(args.window)}"),)


TYPE = StepType(
    kind="digest",
    args=DigestArgs,
    run=run,
    summary=summary,
    form=(
        Field("event", "Event", "event"),
        Field("where", "That fits", "filter"),
        Field("window", "Collect for", "duration"),
        Field("most", "Keep at most", "number"),
    ),
    hear=hear,
    filters=filters,
    ways=ways,
)
