"""Enrollments under way: what a timer, an event or a change of facts does to one of them."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import structlog

from motet.core.events import Event
from motet.core.facts import Enrollment, enrollment_view
from motet.core.ids import enrollment_of, visit_of
from motet.core.measures import NotCounted
from motet.core.messages import Message
from motet.core.outcomes import Do, Hold, Send, Speak
from motet.core.reasons import Reason
from motet.core.words import CampaignStatus, Channel, EnrollmentStatus
from motet.decisions.intent import Intent
from motet.decisions.pipeline import decide, decide_fallback
from motet.engine.carrying import carry
from motet.engine.desk import Desk
from motet.journeys.runner import Runnable, advance, check_exits, hear, leave, reached, settle

log = structlog.get_logger()

MOST = 200  # effects and intents of one enrollment in one turn: more means that its program goes round
DIGEST = "digest"
_UNTIL_COUNTED = timedelta(seconds=30)  # a step whose condition asks what is not counted yet looks again after this


class Broken(Exception):
    """The enrollment's program cannot be run."""


def is_due(enrollment: Enrollment, desk: Desk) -> bool:
    if enrollment.due_at is None or enrollment.due_at > desk.now:
        return False
    if desk.world.ended(enrollment.program_id):
        return True
    return _is_running(desk, enrollment)


def _is_running(desk: Desk, enrollment: Enrollment) -> bool:
    return desk.world.status[enrollment.program_id] is CampaignStatus.RUNNING


def run(desk: Desk, enrollment: Enrollment) -> None:
    """Advances one enrollment until it waits or ends; each effect on the way is carried out, each intent decided."""
    if over := desk.world.ended(enrollment.program_id):
        desk.move(leave(enrollment, over, desk.now))
        return
    runnable = _ready(desk, enrollment)
    for _ in range(MOST):
        if runnable.goals and enrollment.reached_at is None and reached(runnable, enrollment, desk.facts):
            enrollment = desk.reach(enrollment)
        told = advance(runnable, enrollment, desk.facts, desk.world.runnables)
        enrollment = desk.move(told)
        if told.intent is None:
            return
        if isinstance(told.intent, Do):
            carry(desk, runnable, enrollment, told.intent.effect)
            continue
        waits, enrollment = _speak(desk, runnable, enrollment, told.intent)
        if waits:
            return
    raise Broken("goes round without waiting")


def _ready(desk: Desk, enrollment: Enrollment) -> Runnable:
    """The program as it runs. Raises Broken, and says why."""
    runnable = desk.world.runnables.get(enrollment.revision_id)
    if runnable is None:
        raise Broken(desk.world.broken.get(enrollment.revision_id, "its revision is not there"))
    return runnable


def _speak(desk: Desk, runnable: Runnable, enrollment: Enrollment, speak: Speak) -> tuple[bool, Enrollment]:
    """Asks the arbiter. Returns whether the enrollment waits now, and how it stands."""
    try:
        decision = decide(_intent(desk, runnable, enrollment, speak), desk.facts)
    except NotCounted:
        desk.keep(msgspec.structs.replace(enrollment, due_at=desk.now + _UNTIL_COUNTED))
        return True, enrollment
    desk.carry_out(
        decision, runnable.program, enrollment.id, speak.step, enrollment.visit, speak.channel, speak.priority
    )
    enrollment = desk.move(settle(runnable, enrollment, speak, decision, desk.now))
    waits = isinstance(decision, Hold) or (speak.until is not None and isinstance(decision, Send))
    return waits, enrollment


def listen(desk: Desk, enrollment: Enrollment, event: Event) -> bool:
    """What an event does to an active enrollment. Returns whether a step took it, so that it starts no second one."""
    runnable = desk.world.runnables.get(enrollment.revision_id)
    if runnable is None:
        return False
    facts = desk.facts
    if runnable.goals and enrollment.reached_at is None and reached(runnable, enrollment, facts, event):
        enrollment = desk.reach(enrollment)
    if (why := check_exits(runnable, enrollment, facts, event)) is not None:
        desk.move(leave(enrollment, why, desk.now))
        return False
    if _is_behind(desk, runnable, enrollment, event):
        run(desk, enrollment)
        enrollment, facts = desk.enrollments[enrollment.id], desk.facts
    heard = hear(runnable, enrollment, event, facts, desk.world.runnables)
    collects = _stands_on(runnable, enrollment, DIGEST)
    if heard is not None:
        desk.keep(heard)
        return collects
    if collects and is_due(enrollment, desk):  # its window is over: what comes now is not of this digest
        run(desk, enrollment)
    return False


def _is_behind(desk: Desk, runnable: Runnable, enrollment: Enrollment, event: Event) -> bool:
    """Whether the enrollment would have been on a step that hears the event, had its timer been looked at in time."""
    if enrollment.step >= len(runnable.steps) or runnable.steps[enrollment.step].type.hear is not None:
        return False
    if not is_due(enrollment, desk) or not any(step.type.hear for step in runnable.steps):
        return False
    return enrollment.id in desk.effects.born or (enrollment.due_at is not None and enrollment.due_at <= event.at)


def _stands_on(runnable: Runnable, enrollment: Enrollment, kind: str) -> bool:
    return enrollment.step < len(runnable.steps) and runnable.steps[enrollment.step].kind == kind


def watch(desk: Desk, enrollment: Enrollment) -> None:
    """Who the customer is may have changed: goals, exits and steps that look at it do so."""
    runnable = desk.world.runnables.get(enrollment.revision_id)
    if runnable is None:
        return
    facts = desk.facts
    if runnable.goals and enrollment.reached_at is None and reached(runnable, enrollment, facts):
        enrollment = desk.reach(enrollment)
    if (why := check_exits(runnable, enrollment, facts)) is not None:
        desk.move(leave(enrollment, why, desk.now))
    elif _is_running(desk, enrollment) and any(s.type.watches for s in runnable.steps[enrollment.step :][:1]):
        run(desk, enrollment)


def fall_back(desk: Desk, message: Message) -> None:
    """The provider refused a message: its step may name a channel that serves instead."""
    runnable = desk.world.runnables.get(message.revision_id)
    enrollment = desk.enrollments.get(enrollment_of(message.id))
    if runnable is None or enrollment is None or runnable.steps[message.step].kind != "message":
        return
    args = runnable.steps[message.step].args
    if args.fallback is None or args.channel != message.channel.word:
        return
    speak = Speak(
        step=message.step, channel=message.channel, priority=message.priority, fallback=Channel.of(args.fallback)
    )
    decision = decide_fallback(_intent(desk, runnable, enrollment, speak), desk.facts, Reason.PROVIDER_REJECTED)
    if isinstance(decision, Hold):  # the step is passed: the message itself waits
        decision = Send(Channel.of(args.fallback), decision.until, decision.reasons)
    visit = visit_of(message.id)
    desk.carry_out(decision, runnable.program, enrollment.id, message.step, visit, message.channel, message.priority)


def is_active(enrollment: Enrollment) -> bool:
    return enrollment.status is EnrollmentStatus.ACTIVE


def _intent(desk: Desk, runnable: Runnable, enrollment: Enrollment, speak: Speak) -> Intent:
    condition = runnable.steps[speak.step].filters.get("conditions")
    view = enrollment_view(desk.facts, enrollment) if condition else {}
    view["$now"] = desk.local
    return Intent(speak, runnable.program, enrollment, condition, view, desk.world.policy)
