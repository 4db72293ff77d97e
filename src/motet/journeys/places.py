"""Where enrollments stand: going from one step to another, and the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from motet.core.facts import Enrollment
from motet.core.outcomes import Do, Speak
from motet.core.program import Program
from motet.core.words import EnrollmentStatus

COMPLETED = "completed"


class Move(msgspec.Struct, frozen=True):
    """The enrollment left one step and arrived at another; None is the way in or out."""

    departed: int | None
    entered: int | None


class Advance(msgspec.Struct, frozen=True):
    """The new state, the intent that stopped it (if one did), and the moves on the way.

    A Do's step is passed already: carry the effect out, then advance again. A Speak's is not: ask, then settle.
    """

    enrollment: Enrollment
    intent: Speak | Do | None
    moves: tuple[Move, ...]


def go_to(
    enrollment: Enrollment, step: int, now: datetime, moves: list[Move], keep: dict[str, Any] | None = None
) -> Enrollment:
    """At another step, or behind the last one; `keep` is laid over the context, one level deep in each key."""
    moves.append(Move(enrollment.step, step))
    return msgspec.structs.replace(
        enrollment,
        step=step,
        visit=enrollment.visit + 1,
        arrived_at=now,
        due_at=now,
        holds=0,
        failures=0,
        state={},
        context=_lay(enrollment.context, keep) if keep else enrollment.context,
    )


def end(
    enrollment: Enrollment, now: datetime, reason: str, moves: list[Move], status: EnrollmentStatus | None = None
) -> Advance:
    """Over: it stands where it stood last."""
    moves.append(Move(enrollment.step, None))
    if status is None:
        status = EnrollmentStatus.COMPLETED if reason == COMPLETED else EnrollmentStatus.EXITED
    ended = msgspec.structs.replace(
        enrollment, status=status, due_at=None, ended_at=now, exit_reason=reason[:500], state={}
    )
    return Advance(ended, None, tuple(moves))


def time_limit(program: Program, enrollment: Enrollment) -> datetime | None:
    """When the enrollment must be over, wherever it stands."""
    after = program.exits.after
    return None if after is None else enrollment.entered_at + timedelta(seconds=after)


def within_limit(program: Program, enrollment: Enrollment, moment: datetime) -> datetime:
    """The moment, or the time limit when that comes first."""
    limit = time_limit(program, enrollment)
    return moment if limit is None else min(moment, limit)


def _lay(context: dict[str, Any], keep: dict[str, Any]) -> dict[str, Any]:
    laid = dict(context)
    for name, value in keep.items():
        old = laid.get(name)
        laid[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return laid
