"""Go the first way whose condition holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from motet.core.facts import enrollment_view
from motet.core.outcomes import Outcome
from motet.core.steps import BranchArgs
from motet.journeys.steps.base import Field, Moment, StepType, Way, go
from motet.journeys.steps.words import say_list, say_word


def run(args: BranchArgs, moment: Moment) -> Outcome:
    """A condition that cannot be answered yet is waited for: a wrong way cannot be taken back."""
    view = enrollment_view(moment.facts, moment.enrollment)
    for index, path in enumerate(args.paths):
        if moment.filters[_name(index)].matches(view):
            return go(path.go)
    return go(args.otherwise)


def filters(args: BranchArgs) -> Mapping[str, Mapping[str, Any]]:
    return {_name(index): path.condition for index, path in enumerate(args.paths)}


def _name(index: int) -> str:
    return f"paths[{index}].condition"


def summary(args: BranchArgs) -> str:
    return f"Branch: {say_list((*(say_word(path.name) for path in args.paths), 'otherwise'), 'or')}"


def ways(args: BranchArgs) -> tuple[Way, ...]:
    return *(Way(path.name, path.go) for path in args.paths), Way("otherwise", args.otherwise)


TYPE = StepType(
    kind="branch",
    args=BranchArgs,
    run=run,
    summary=summary,
    form=(Field("paths", "Paths", "paths"), Field("otherwise", "Otherwise", "step")),
    filters=filters,
    ways=ways,
)
