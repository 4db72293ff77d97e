"""Wait until an event of the customer comes, or the time is out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from motet.core.events import Event
from motet.core.outcomes import Outcome, Wait
from motet.core.steps import WaitForEventArgs
from motet.journeys.steps.base import Field, Moment, StepType, Way, go
from motet.journeys.steps.words import say_duration, say_where, say_word


def run(args: WaitForEventArgs, moment: Moment) -> Outcome:
    state = moment.enrollment.state
    if "arrived" in state:
        return go(args.arrived, {"events": {moment.name: state["arrived"]}})
    deadline = moment.deadline(args.timeout)
    return go(args.timed_out) if moment.facts.now >= deadline else Wait(deadline)


def hear(args: WaitForEventArgs, moment: Moment, event: Event) -> dict[str, Any] | None:
    """The first one is kept; it may have happened before the step was reached, if nobody had heard of it yet."""
    if "arrived" in moment.enrollment.state or event.name != args.event or not moment.means(event, args.timeout):
        return None
    return {"arrived": event.properties}


def filters(args: WaitForEventArgs) -> Mapping[str, Mapping[str, Any]]:
    return {"where": args.where} if args.where else {}


def summary(args: WaitForEventArgs) -> str:
    return f"Wait for {say_word(args.event)}{say_where(args.where)}, at most {say_duration(args.timeout)}"


def ways(args: WaitForEventArgs) -> tuple[Way, ...]:
    return Way("it came", args.arrived), Way(f"not within {say_duration(args.timeout)}", args.timed_out)


TYPE = StepType(
    kind="wait_for_event",
    args=WaitForEventArgs,
    run=run,
    summary=summary,
    form=(
        Field("event", "Event", "event"),
        Field("where", "That fits", "filter"),
        Field("timeout", "At most", "duration"),
        Field("arrived", "When it came", "step"),
        Field("timed_out", "When it did not", "step"),
    ),
    hear=hear,
    filters=filters,
    ways=ways,
)
