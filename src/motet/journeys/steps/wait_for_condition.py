"""Wait until something holds of the customer or the enrollment, or the time is out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from motet.core.outcomes import Outcome, Wait
from motet.core.steps import WaitForConditionArgs
from motet.journeys.steps.base import Field, Moment, StepType, Way, go
from motet.journeys.steps.words import say_duration


def run(args: WaitForConditionArgs, moment: Moment) -> Outcome:
    """What holds at the end holds, though the time was out a little before anybody looked."""
    holds, turns = moment.probe("condition")
    if holds:
        return go(args.holds)
    deadline = moment.deadline(args.timeout)
    if moment.facts.now >= deadline:
        return go(args.timed_out)
    return Wait(deadline if turns is None else min(turns, deadline))


def filters(args: WaitForConditionArgs) -> Mapping[str, Mapping[str, Any]]:
    return {"condition": args.condition}


def summary(args: WaitForConditionArgs) -> str:
    return f"Wait until a condition holds, at most {say_duration(args.timeout)}"


def ways(args: WaitForConditionArgs) -> tuple[Way, ...]:
    return Way("it holds", args.holds), Way(f"not within {say_duration(args.timeout)}", args.timed_out)


TYPE = StepType(
    kind="wait_for_condition",
    args=WaitForConditionArgs,
    run=run,
    summary=summary,
    form=(
        Field("condition", "Until", "filter"),
        Field("timeout", "At most", "duration"),
        Field("holds", "When it holds", "step"),
        Field("timed_out", "When it does not", "step"),
    ),
    watches=True,
    filters=filters,
    ways=ways,
)
