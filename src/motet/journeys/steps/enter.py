"""Let the customer enter another campaign or journey, whose own rules decide; this one goes on."""

from __future__ import annotations

from motet.core.outcomes import Do, EnterProgram, Outcome
from motet.core.steps import EnterArgs
from motet.journeys.steps.base import Field, Moment, StepType


def run(args: EnterArgs, moment: Moment) -> Outcome:
    return Do(EnterProgram(args.program, args.context))


def summary(args: EnterArgs) -> str:
    return f"Enter {args.program}"


TYPE = StepType(
    kind="enter",
    args=EnterArgs,
    run=run,
    summary=summary,
    form=(Field("program", "Campaign or journey", "program"), Field("context", "Context", "properties")),
)
