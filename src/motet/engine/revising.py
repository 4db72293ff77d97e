"""People move from older revisions of a campaign to a new one that asks for it (`existing: move`).

A launch of kind `move` walks over everybody; whoever is touched before it comes by, or entered an old revision after it
had, moves on the way. Nobody is stranded: where the new revision has no place for a step, people stay in theirs.
"""

from __future__ import annotations

from motet.core.facts import Enrollment
from motet.core.words import EnrollmentStatus
from motet.engine.desk import Desk
from motet.journeys.runner import Runnable, move_to

MOVES = "move"  # of Program.existing


def move_all(desk: Desk, target: Runnable) -> tuple[int, int]:
    """Moves the customer's enrollments in older revisions. Returns how many moved, and how many stayed."""
    moved = stayed = 0
    for enrollment in list(desk.enrollments.values()):
        if _is_older(enrollment, target):
            if _move(desk, enrollment, target):
                moved += 1
            else:
                stayed += 1
    return moved, stayed


def move_outdated(desk: Desk) -> None:
    """Moves those that should have moved already."""
    world = desk.world
    for enrollment in list(desk.enrollments.values()):
        current = world.current.get(enrollment.program_id, enrollment.revision_id)
        target = world.runnables.get(current) if current != enrollment.revision_id else None
        if target is not None and target.program.existing == MOVES and _is_older(enrollment, target):
            _move(desk, enrollment, target)


def _is_older(enrollment: Enrollment, target: Runnable) -> bool:
    """Ids of revisions rise with time."""
    program = target.program
    return (
        enrollment.status is EnrollmentStatus.ACTIVE
        and enrollment.program_id == program.id
        and enrollment.revision_id < program.revision_id
    )


def _move(desk: Desk, enrollment: Enrollment, target: Runnable) -> bool:
    origin = desk.world.runnables.get(enrollment.revision_id)
    moved = None if origin is None else move_to(origin, target, enrollment, desk.now)
    if moved is None:
        return False
    desk.move(moved)
    return True
