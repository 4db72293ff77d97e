"""Runs a program for one customer: pure, from facts to where they stand next.

`advance` goes on until a step waits, ends the enrollment, or wants something done or said. After a Speak the caller
asks the arbiter and tells `settle`, after a Do it carries the effect out; then it advances again. `hear` tells the step
about an event. A program that goes round without waiting is stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from motet.core.events import Event
from motet.core.facts import Enrollment, Facts
from motet.core.ids import MAX_VISIT, enrollment_of
from motet.core.measures import NotCounted
from motet.core.outcomes import Decision, Do, Drop, Exit, Hold, Jump, Next, Outcome, Send, Speak, Wait
from motet.core.steps import LONGEST_WAIT
from motet.core.words import EnrollmentStatus
from motet.journeys.exits import UNSUBSCRIBED_BEFORE, check_exits, next_look, reached, watching
from motet.journeys.moving import move_to
from motet.journeys.places import COMPLETED, Advance, Move, end, go_to, within_limit
from motet.journeys.runnable import Runnable, make_runnable
from motet.journeys.steps.base import UNTIL_COUNTED, Moment, Revision

__all__ = [
    "Advance", "Move", "Runnable", "advance", "check_exits", "enroll", "fail", "hear", "leave", "make_runnable",
    "move_to", "quarantine", "reached", "settle", "watching",
]  # fmt: skip

MAX_STEPS = 200  # in one advance: more means that the program goes round
MAX_FAILURES = 5
RETRY_AFTER = timedelta(seconds=30)
_LONGEST = timedelta(seconds=LONGEST_WAIT)

Revisions = Mapping[UUID, Revision]
_NONE: Revisions = {}


def enroll(runnable: Runnable, facts: Facts, id: Any, context: dict[str, Any]) -> Enrollment:
    """A customer at the first step, due at once."""
    program = runnable.program
    if before := [word for word in program.exits.unsubscribed if not facts.customer.consents.get(word, True)]:
        context = {**context, UNSUBSCRIBED_BEFORE: before}
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


def advance(runnable: Runnable, enrollment: Enrollment, facts: Facts, revisions: Revisions = _NONE) -> Advance:
    """Runs steps until one waits, ends, or wants something. Whoever has ended stays so.

    `revisions` are other revisions by id (those of other programs do not matter): what was said under them is not said
    again. Nobody is left active without a moment at which to look again.
    """
    if enrollment.status is not EnrollmentStatus.ACTIVE:
        return Advance(enrollment, None, ())
    moves: list[Move] = []
    now = facts.now
    if runnable.bounded and (reason := check_exits(runnable, enrollment, facts)) is not None:
        return end(enrollment, now, reason, moves)
    for _ in range(MAX_STEPS):
        if enrollment.step >= len(runnable.steps):
            return end(enrollment, now, COMPLETED, moves)
        if (fault := _find_fault(runnable, enrollment)) is not None:
            return _set_aside(enrollment, now, fault, moves)
        match _run(runnable, enrollment, facts, revisions):
            case Speak() as speak:
                return Advance(enrollment, speak, tuple(moves))
            case Do() as do:
                return Advance(go_to(enrollment, enrollment.step + 1, now, moves), do, tuple(moves))
            case Wait(until, state):
                return Advance(_stay(runnable, enrollment, facts, until, state), None, tuple(moves))
            case Exit(reason):
                return end(enrollment, now, reason, moves)
            case Next(keep):
                enrollment = go_to(enrollment, enrollment.step + 1, now, moves, keep)
            case Jump(name, keep):
                enrollment = go_to(enrollment, runnable.find(name), now, moves, keep)
    return _set_aside(enrollment, now, "goes round without waiting", moves)


def _find_fault(runnable: Runnable, enrollment: Enrollment) -> str | None:
    """Why the present step can never be run."""
    step = runnable.steps[enrollment.step]
    if step.fault:
        return f"the step {step.name} cannot be run: {step.fault}"
    return "visited too many steps" if enrollment.visit > MAX_VISIT else None


def _run(runnable: Runnable, enrollment: Enrollment, facts: Facts, revisions: Revisions) -> Outcome:
    """What the step answers, with what holds for all steps laid over it."""
    step = runnable.steps[enrollment.step]
    repeats = step.name in runnable.repeated
    moment = Moment(runnable.program, enrollment.step, enrollment, facts, step.filters, revisions, repeats)
    try:
        outcome: Outcome = step.type.run(step.args, moment)
    except NotCounted:
        outcome = Wait(facts.now + UNTIL_COUNTED)
    if type(outcome) is Wait and facts.now - enrollment.arrived_at >= _LONGEST:
        return Next()
    if type(outcome) is Speak and _was_said(runnable, moment):
        return Next()
    return outcome


def _was_said(runnable: Runnable, moment: Moment) -> bool:
    """Whether the step of that name spoke to this enrollment in another revision: nobody hears twice because they were
    moved. A step on a way round says it again, since it is meant to."""
    mine, id = runnable.program.revision_id, moment.enrollment.id
    older = [m for m in moment.facts.messages if m.revision_id != mine and enrollment_of(m.id) == id]
    if not older or moment.name in runnable.repeated:
        return False
    return any(moment.name_of(message) == moment.name for message in older)


def _stay(
    runnable: Runnable, enrollment: Enrollment, facts: Facts, until: datetime, state: dict[str, Any] | None
) -> Enrollment:
    """On its step, until then, or until something that holds for all steps has to be looked at."""
    until = min(until, enrollment.arrived_at + _LONGEST)
    if runnable.states and (look := next_look(runnable, enrollment, facts)) is not None:
        until = min(until, look)
    if runnable.bounded:
        until = within_limit(runnable.program, enrollment, until)
    if until <= facts.now:  # no step says so; if one did, it would be run for ever
        until = facts.now + RETRY_AFTER
    kept = enrollment.state if state is None else state
    return msgspec.structs.replace(enrollment, due_at=until, state=kept, failures=0)


def settle(runnable: Runnable, enrollment: Enrollment, speak: Speak, decision: Decision, now: datetime) -> Advance:
    """What the arbiter's answer means for the step that spoke.

    A hold stays on it, a send of what awaits an answer stays until then, anything else passes it; an action that was
    dropped goes on as one that failed.
    """
    moves: list[Move] = []
    match decision:
        case Hold(until):
            due = within_limit(runnable.program, enrollment, until)
            kept = msgspec.structs.replace(enrollment, due_at=due, holds=enrollment.holds + 1, failures=0)
            return Advance(kept, None, ())
        case Send() if speak.until is not None:
            due = within_limit(runnable.program, enrollment, speak.until)
            asked = msgspec.structs.replace(enrollment, due_at=due, state=speak.state, holds=0, failures=0)
            return Advance(asked, None, ())
        case Drop() if speak.action:
            step = runnable.steps[speak.step]
            target = step.type.dropped(step.args)
            place = enrollment.step + 1 if target is None else runnable.find(target)
            return Advance(go_to(enrollment, place, now, moves), None, tuple(moves))
        case _:
            return Advance(go_to(enrollment, enrollment.step + 1, now, moves), None, tuple(moves))


def hear(
    runnable: Runnable, enrollment: Enrollment, event: Event, facts: Facts, revisions: Revisions = _NONE
) -> Enrollment | None:
    """What the present step makes of an event that was applied to the facts: due at once with what it remembers, or
    None when it does not matter. Exits are asked before, by the caller: `check_exits`."""
    if enrollment.status is not EnrollmentStatus.ACTIVE or enrollment.step >= len(runnable.steps):
        return None
    step = runnable.steps[enrollment.step]
    if step.type.hear is None:
        return None
    moment = Moment(runnable.program, enrollment.step, enrollment, facts, step.filters, revisions)
    state = step.type.hear(step.args, moment, event)
    return None if state is None else msgspec.structs.replace(enrollment, state=state, due_at=facts.now)


def leave(enrollment: Enrollment, reason: str, now: datetime) -> Advance:
    """Ends an enrollment from outside: its exit event came, or its campaign was cancelled."""
    return end(enrollment, now, reason, [])


def quarantine(enrollment: Enrollment, error: str, now: datetime) -> Advance:
    """Sets an enrollment aside for what no further try can mend: its revision cannot be run."""
    return _set_aside(enrollment, now, error, [])


def fail(enrollment: Enrollment, error: str, now: datetime) -> Advance:
    """A step broke: try again later, and set the enrollment aside after MAX_FAILURES."""
    failures = enrollment.failures + 1
    if failures >= MAX_FAILURES:
        return quarantine(enrollment, error, now)
    later = now + RETRY_AFTER * 2**enrollment.failures
    return Advance(msgspec.structs.replace(enrollment, failures=failures, due_at=later), None, ())


def _set_aside(enrollment: Enrollment, now: datetime, error: str, moves: list[Move]) -> Advance:
    return end(enrollment, now, f"quarantined: {error}", moves, EnrollmentStatus.QUARANTINED)
