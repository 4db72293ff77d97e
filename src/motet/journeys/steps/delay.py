"""Wait until a time has passed since the enrollment began, or since this step was reached."""

from __future__ import annotations

from datetime import timedelta

from motet.core.content import DelayArgs
from motet.core.outcomes import Next, Outcome, Wait
from motet.journeys.steps.base import Field, Moment, StepType


def run(args: DelayArgs, moment: Moment) -> Outcome:
    start = moment.enrollment.arrived_at if args.since == "now" else moment.enrollment.entered_at
    until = start + timedelta(seconds=args.seconds)
    return Next() if moment.facts.now >= until else Wait(until)


def summary(args: DelayArgs) -> str:
    since = "the step before" if args.since == "now" else "entry"
    return f"Wait until {words(args.seconds)} after {since}"


def words(seconds: float) -> str:
    """A duration as a person says it: `2 hours`, `90 seconds`."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            count = round(seconds / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"


TYPE = StepType(
    kind="delay",
    args=DelayArgs,
    run=run,
    summary=summary,
    form=(Field("seconds", "Wait", "duration"), Field("since", "Counted from", "choice", ("entry", "now"))),
)
