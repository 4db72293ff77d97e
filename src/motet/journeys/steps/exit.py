"""End the enrollment and say why."""

from __future__ import annotations

from motet.core.content import ExitArgs
from motet.core.outcomes import Exit, Outcome
from motet.journeys.steps.base import Field, Moment, StepType


def run(args: ExitArgs, moment: Moment) -> Outcome:
    return Exit(args.reason)


def summary(args: ExitArgs) -> str:
    return "End" if args.reason == "completed" else f"End: {args.reason}"


TYPE = StepType(kind="exit", args=ExitArgs, run=run, summary=summary, form=(Field("reason", "Reason", "text"),))
