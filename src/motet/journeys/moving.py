"""People in an older revision of a program, and a new one that says where they go on."""

from __future__ import annotations

from datetime import datetime

import msgspec

from motet.core.facts import Enrollment
from motet.core.ids import MAX_VISIT
from motet.core.steps import EXIT
from motet.core.words import EnrollmentStatus
from motet.journeys.places import Advance, Move, end
from motet.journeys.runnable import Runnable

LEFT = "the new revision ends here"


def target_of(old: Runnable, new: Runnable, step: int) -> str | None:
    """Where those who stand on a step of the old revision go on in the new one: the step of the same name, else the one
    that `moves` names (`exit` ends them); None: they stay in the old one."""
    if step >= len(old.steps):
        return None
    name, names = old.steps[step].name, {s.name for s in new.steps}
    if name in names:
        return name
    target = new.program.moves.get(name)
    return target if target == EXIT or target in names else None


def move_to(old: Runnable, new: Runnable, enrollment: Enrollment, now: datetime) -> Advance | None:
    """The enrollment in the new revision, due at once; None when it stays where it is.

    Its move says which step of the old revision it departed from and which of the new one it entered. On a step of the
    same name it goes on waiting from when it arrived. One that is ended by it keeps its old revision.
    """
    if enrollment.status is not EnrollmentStatus.ACTIVE or enrollment.revision_id == new.program.revision_id:
        return None
    target = target_of(old, new, enrollment.step)
    if target is None:
        return None
    before = old.steps[enrollment.step]
    if target == EXIT and before.name != EXIT:
        return end(enrollment, now, LEFT, [])
    place = new.find(target)
    same = target == before.name
    goes_on = same and new.steps[place].kind == before.kind
    if not goes_on and enrollment.visit >= MAX_VISIT:
        return None
    moved = msgspec.structs.replace(
        enrollment,
        revision_id=new.program.revision_id,
        step=place,
        visit=enrollment.visit if goes_on else enrollment.visit + 1,
        arrived_at=enrollment.arrived_at if same else now,
        due_at=now,
        state=enrollment.state if goes_on else {},
        holds=enrollment.holds if goes_on else 0,
        failures=0,
    )
    return Advance(moved, None, (Move(enrollment.step, place),))
