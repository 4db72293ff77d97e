"""The step types, one line each."""

from __future__ import annotations

from typing import Any

import msgspec

from motet.core.errors import Problem, Refused
from motet.core.program import Program
from motet.journeys.steps import delay, exit, message, wait_until
from motet.journeys.steps.base import BoundStep, StepType

STEP_TYPES: dict[str, StepType[Any]] = {
    t.kind: t
    for t in (
        delay.TYPE,
        wait_until.TYPE,
        message.TYPE,
        exit.TYPE,
    )
}


def bind(program: Program) -> tuple[BoundStep, ...]:
    """The program's steps with their args decoded. Raises Refused naming each step that is wrong."""
    bound: list[BoundStep] = []
    problems: list[Problem] = []
    for index, step in enumerate(program.steps):
        kind = STEP_TYPES.get(step.kind)
        if kind is None:
            known = ", ".join(STEP_TYPES)
            problems.append(
                Problem("step.unknown_kind", f"{step.kind!r} is no step type", f"steps[{index}].kind", known)
            )
            continue
        try:
            args = msgspec.convert(step.args, kind.args)
        except msgspec.ValidationError as error:
            problems.append(Problem("step.bad_args", str(error), f"steps[{index}].args"))
            continue
        bound.append(BoundStep(step.name, step.kind, args, kind))
    if problems:
        raise Refused(problems)
    return tuple(bound)
