"""Wait until a time has passed since the enrollment began, or since this step was reached."""

from __future__ import annotations

from datetime import timedelta

from motet.core.content import DelayArgs
from motet.core.outcomes import Next, Outcome, Wait
from motet.journeys.steps.base import Field, Moment, StepType
from motet.journeys.steps.words import say_duration


def run(args: DelayArgs, moment: Moment) -> Outcome:
    start = moment.enrollment.arrived_at if args.since == "now" else moment.enrollment.entered_at
    until = start + timedelta(seconds=args.seconds)
    return Next() if moment.facts.now >= until else Wait(until)


def summary(args: DelayArgs) -> str:
    if args.since == "now":
        return f"Wait {say_duration(args.seconds)}"
    return f"Wait until {say_duration(args.seconds)} after entry"


TYPE = StepType(
    kind="delay",
    args=DelayArgs,
    run=run,
    summary=summary,
    form=(Field("seconds", "Wait", "duration"), Field("since", "Counted from", "choice", ("entry", "now"))),
)
