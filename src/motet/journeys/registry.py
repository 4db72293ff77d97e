"""The step types, one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from motet.core.errors import Problem, Refused
from motet.core.filters import Filter, compile_filter
from motet.core.outcomes import Exit
from motet.core.program import Program, Step
from motet.journeys.steps import (
    action,
    branch,
    delay,
    digest,
    emit_event,
    enter,
    exit,
    message,
    split,
    update_profile,
    wait_for_condition,
    wait_for_engagement,
    wait_for_event,
    wait_until,
)
from motet.journeys.steps.base import BoundStep, StepType

STEP_TYPES: dict[str, StepType[Any]] = {
    t.kind: t
    for t in (
        delay.TYPE,
        wait_until.TYPE,
        wait_for_engagement.TYPE,
        wait_for_event.TYPE,
        wait_for_condition.TYPE,
        digest.TYPE,
        message.TYPE,
        action.TYPE,
        branch.TYPE,
        split.TYPE,
        update_profile.TYPE,
        emit_event.TYPE,
        enter.TYPE,
        exit.TYPE,
    )
}

Traits = Mapping[str, Mapping[str, Any]]

# Stands in for a step that cannot be run; the runner looks at `fault` first.
_BROKEN: StepType[Any] = StepType(
    "broken", dict, run=lambda args, moment: Exit("broken"), summary=lambda args: "Cannot be run", form=()
)


def bind(program: Program, traits: Traits | None = None, *, strict: bool = True) -> tuple[BoundStep, ...]:
    """The program's steps with their args decoded and their filters compiled.

    Raises Refused naming each step that is wrong; not `strict`, such a step is bound with its `fault`.
    """
    bound: list[BoundStep] = []
    problems: list[Problem] = []
    for index, step in enumerate(program.steps):
        try:
            bound.append(bind_step(step, f"steps[{index}]", traits))
        except Refused as refused:
            problems += refused.problems
            bound.append(BoundStep(step.name, step.kind, step.args, _BROKEN, fault=str(refused)))
    if problems and strict:
        raise Refused(problems)
    return tuple(bound)


def bind_step(step: Step, path: str, traits: Traits | None = None) -> BoundStep:
    """One step; `path` is where it stands, for messages. Raises Refused with what is wrong in it."""
    kind = STEP_TYPES.get(step.kind)
    if kind is None:
        known = ", ".join(STEP_TYPES)
        raise Refused([Problem("step.unknown_kind", f"{step.kind!r} is no step type", f"{path}.kind", known)])
    try:
        args = msgspec.convert(step.args, kind.args)
    except msgspec.ValidationError as error:
        raise Refused([Problem("step.bad_args", str(error), f"{path}.args")]) from None
    return BoundStep(step.name, step.kind, args, kind, _compile(kind.filters(args), path, traits))


def _compile(specs: Mapping[str, Mapping[str, Any]], path: str, traits: Traits | None) -> dict[str, Filter]:
    return {name: compile_filter(spec, f"{path}.{name}", traits=traits) for name, spec in specs.items()}
