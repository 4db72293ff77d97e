"""Runs a program for one customer: pure, from facts to where they stand next.

`advance` goes on until a step waits, ends the enrollment, or wants to speak. After an intent the caller asks the
arbiter and tells `settle`; then it advances again. A program that goes round without waiting is stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from motet.core.facts import Enrollment, Facts
from motet.core.filters import Filter, compile_filter
from motet.core.ids import MAX_VISIT
from motet.core.measures import Measure
from motet.core.outcomes import Exit, Hold, Jump, Next, Speak, Wait
from motet.core.program import Program
from motet.core.words import EnrollmentStatus
from motet.journeys.registry import bind
from motet.journeys.steps.base import BoundStep, Moment

MAX_STEPS = 200  # in one advance: more means that the program goes round
MAX_FAILURES = 5
RETRY_AFTER = timedelta(seconds=30)

_COMPLETED = "completed"


class Runnable(msgspec.Struct, frozen=True):
    """A program made ready to run: args decoded, filters compiled. One per revision, kept."""

    program: Program
    steps: tuple[BoundStep, ...]
    conditions: dict[int, Filter]  # of message steps
    where: Filter | None  # of the trigger's event
    state: Filter | None

    @property
    def measures(self) -> list[Measure]:
        """What its filters ask of the customer's past."""
        asked = [*self.conditions.values(), self.where, self.state]
        return [measure for filter in asked if filter is not None for measure in filter.needs.measures]


class Move(msgspec.Struct, frozen=True):
    """The enrollment left one step and arrived at another; None is the way in or out."""

    departed: int | None
    entered: int | None


class Advance(msgspec.Struct, frozen=True):
    """The new state, the intent that stopped it (if one did), and the moves on the way."""

    enrollment: Enrollment
    intent: Speak | None
    moves: tuple[Move, ...]


def make_runnable(program: Program, traits: Mapping[str, Mapping[str, Any]] | None = None) -> Runnable:
    """Decodes and compiles a program. `traits` are the computed traits that its filters may name. Raises Refused with
    what is wrong in it."""
    steps = bind(program)
    conditions = {
        index: compile_filter(step.args.conditions, f"steps[{index}].conditions", traits=traits)
        for index, step in enumerate(steps)
        if step.kind == "message" and step.args.conditions
    }
    trigger = program.trigger
    return Runnable(
        program,
        steps,
        conditions,
        compile_filter(trigger.where, "trigger.where", traits=traits) if trigger.where else None,
        compile_filter(trigger.state, "trigger.state", traits=traits) if trigger.state else None,
    )


def enroll(runnable: Runnable, facts: Facts, id: Any, context: dict[str, Any]) -> Enrollment:
    """A customer at the first step, due at once."""
    program = runnable.program
    return Enrollment(
        id=id,
        customer_id=facts.customer.id,
        program_id=program.id,
        revision_id=program.revision_id,
        entered_at=facts.now,
        arrived_at=facts.now,
        due_at=facts.now,
        context=context,
    )


def advance(runnable: Runnable, enrollment: Enrollment, facts: Facts) -> Advance:
    """Runs steps until one waits, ends, or speaks."""
    moves: list[Move] = []
    for _ in range(MAX_STEPS):
        if enrollment.step >= len(runnable.steps):
            return _end(enrollment, facts.now, _COMPLETED, moves)
        step = runnable.steps[enrollment.step]
        outcome = step.type.run(step.args, Moment(runnable.program, enrollment.step, enrollment, facts))
        match outcome:
            case Speak():
                return Advance(enrollment, outcome, tuple(moves))
            case Wait(until):
                return Advance(msgspec.structs.replace(enrollment, due_at=until, failures=0), None, tuple(moves))
            case Exit(reason):
                return _end(enrollment, facts.now, reason, moves)
            case Next():
                enrollment = _go(enrollment, enrollment.step + 1, facts.now, moves)
            case Jump(name):
                enrollment = _go(enrollment, _find(runnable, name), facts.now, moves)
        if enrollment.visit > MAX_VISIT:
            return _end(enrollment, facts.now, "visited too many steps", moves, EnrollmentStatus.QUARANTINED)
    return _end(enrollment, facts.now, "goes round without waiting", moves, EnrollmentStatus.QUARANTINED)


def settle(enrollment: Enrollment, held: Hold | None, now: datetime) -> Advance:
    """What the arbiter's answer means for the step that spoke: a hold stays on it, anything else passes it."""
    if held is not None:
        kept = msgspec.structs.replace(enrollment, due_at=held.until, holds=enrollment.holds + 1, failures=0)
        return Advance(kept, None, ())
    moves: list[Move] = []
    return Advance(_go(enrollment, enrollment.step + 1, now, moves), None, tuple(moves))


def leave(enrollment: Enrollment, reason: str, now: datetime) -> Advance:
    """Ends an enrollment from outside: its exit event came, or its campaign was cancelled."""
    return _end(enrollment, now, reason, [])


def fail(enrollment: Enrollment, error: str, now: datetime) -> Advance:
    """A step broke: try again later, and set the enrollment aside after MAX_FAILURES."""
    failures = enrollment.failures + 1
    if failures >= MAX_FAILURES:
        return _end(enrollment, now, f"quarantined: {error}"[:500], [], EnrollmentStatus.QUARANTINED)
    later = now + RETRY_AFTER * 2**enrollment.failures
    return Advance(msgspec.structs.replace(enrollment, failures=failures, due_at=later), None, ())


def _go(enrollment: Enrollment, step: int, now: datetime, moves: list[Move]) -> Enrollment:
    moves.append(Move(enrollment.step, step))
    return msgspec.structs.replace(
        enrollment, step=step, visit=enrollment.visit + 1, arrived_at=now, due_at=now, holds=0, failures=0
    )


def _end(
    enrollment: Enrollment,
    now: datetime,
    reason: str,
    moves: list[Move],
    status: EnrollmentStatus | None = None,
) -> Advance:
    moves.append(Move(enrollment.step, None))
    if status is None:
        status = EnrollmentStatus.COMPLETED if reason == _COMPLETED else EnrollmentStatus.EXITED
    ended = msgspec.structs.replace(enrollment, status=status, due_at=None, ended_at=now, exit_reason=reason)
    return Advance(ended, None, tuple(moves))


def _find(runnable: Runnable, name: str) -> int:
    for index, step in enumerate(runnable.steps):
        if step.name == name:
            return index
    raise LookupError(f"no step is called {name!r}")
