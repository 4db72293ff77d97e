"""Think: pure. For each customer of a batch: what the events mean, who enters, where everybody stands next.

What breaks for one customer does not break the batch, nor the rest of that customer: an enrollment whose step breaks is
tried again later and quarantined when it keeps happening; an event that breaks is logged and passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from motet.core.clock import to_ms
from motet.core.customers import Customer
from motet.core.events import Event
from motet.core.facts import Enrollment, enrollment_view, lay_over, profile_view
from motet.core.ids import enrollment_of, ms_of, visit_of
from motet.core.measures import NotCounted
from motet.core.messages import Message
from motet.core.outcomes import Hold, Send, Speak
from motet.core.reasons import Reason
from motet.core.words import CampaignStatus, Channel, EnrollmentStatus, Interaction
from motet.decisions.entry import admit
from motet.decisions.intent import Intent
from motet.decisions.pipeline import decide, decide_fallback
from motet.engine.batch import Batch, Effects, LaunchSlice
from motet.engine.desk import Desk
from motet.engine.footing import Footing
from motet.engine.receipts import apply_event, remember
from motet.engine.world import World
from motet.journeys.runner import Advance, Runnable, advance, fail, leave, settle

log = structlog.get_logger()

_DAY = 86_400_000  # milliseconds
_QUIET = frozenset({"state"})  # launches whose refusals are no news: they look again every day
_UNTIL_COUNTED = timedelta(seconds=30)  # a step whose condition asks what is not counted yet looks again after this


def think(batch: Batch, world: World) -> Effects:
    """Everything that should come of a batch."""
    effects = Effects()
    for part in think_apart(batch, world):
        effects.merge(part)
    return effects


def think_apart(batch: Batch, world: World) -> Iterator[Effects]:
    """The same, customer by customer."""
    launches = _launches_by_customer(batch.launches)
    local = batch.now.astimezone(world.zone)
    for customer_id in batch.customers:
        yield _think_customer(batch, world, customer_id, launches.get(customer_id, ()), local)


def _think_customer(
    batch: Batch, world: World, customer_id: UUID, launches: Iterable[LaunchSlice], local: datetime
) -> Effects:
    """One customer's part. What breaks (an event, a launch, an enrollment) is left out, and the rest thought anew."""
    broken: dict[UUID, str] = {}
    while True:
        desk = _lay_desk(batch, world, customer_id, local)
        events = batch.events.get(customer_id, ())
        at = customer_id
        try:
            if desk.footing is not None:
                desk.customer = desk.footing.begin(desk.customer, heard=bool(events))
            for event in events:
                if (at := event.id) in broken:
                    count(desk, event, desk.customer)
                else:
                    hear(desk, event)
            for launch in launches:
                if (at := launch.launch_id) not in broken:
                    launch_for(desk, launch)
            for enrollment in [e for e in desk.enrollments.values() if _is_due(e, desk)]:
                if (at := enrollment.id) in broken:
                    desk.move(fail(enrollment, broken[at], desk.now))
                else:
                    run(desk, enrollment)
            return desk.finish()
        except Exception as error:
            if at in broken:
                raise
            broken[at] = repr(error)
            log.exception("set aside", part=str(at), customer=str(customer_id), lane=batch.lane)


def _lay_desk(batch: Batch, world: World, customer_id: UUID, local: datetime) -> Desk:
    customer = batch.customers[customer_id]
    footing = Footing(world.book, batch.ground, customer, batch.now, local) if batch.ground is not None else None
    messages, enrollments = batch.messages.get(customer_id, []), batch.enrollments.get(customer_id, [])
    return Desk(customer, messages, enrollments, batch.now, world, footing, local)


def hear(desk: Desk, event: Event) -> None:
    """One event: what it changes, which segments it moves the customer into and out of, which enrollments it ends,
    which it starts. What was imported about the past starts and ends nothing."""
    before = desk.customer
    (remember if event.past else apply_event)(desk, event)
    count(desk, event, before)
    if not event.past:
        follow(desk, event)


def count(desk: Desk, event: Event, before: Customer) -> None:
    """Counts the event, and moves the customer between segments; `before` is the profile as it was before it."""
    if desk.footing is not None:
        desk.customer = desk.footing.hear(before, desk.customer, event, quiet=event.past)


def follow(desk: Desk, event: Event) -> None:
    """What an event ends and starts."""
    for enrollment in list(desk.enrollments.values()):
        if enrollment.status is EnrollmentStatus.ACTIVE:
            runnable = desk.world.runnables.get(enrollment.revision_id)
            if runnable and runnable.program.exit_on == event.name and _began(enrollment) <= to_ms(event.at):
                desk.move(leave(enrollment, event.name, desk.now))
    if event.name == Interaction.FAILED.word and event.message_id in desk.messages:
        fall_back(desk, desk.messages[event.message_id])
    for runnable in desk.world.by_event.get(event.name, ()):
        if _is_meant(desk, runnable, event):
            enter(desk, runnable, event.id, _happened(event), event.properties)


def _is_meant(desk: Desk, runnable: Runnable, event: Event) -> bool:
    """Whether a campaign's trigger means this event. Until what it asks of the past is counted, it means none."""
    try:
        return runnable.where is None or runnable.where.matches(_event_view(desk, event))
    except NotCounted:
        log.warning("not counted yet, nobody enters", campaign=runnable.program.name, event_name=event.name)
        return False


def _happened(event: Event) -> int:
    """When an event happened, in milliseconds; at most a day before it was received, since ids lie in partitions."""
    received = ms_of(event.id)
    return min(max(to_ms(event.at), received - _DAY), received)


def _began(enrollment: Enrollment) -> int:
    """When what started it happened: the engine may hear of it much later. A second for clocks that disagree."""
    return ms_of(enrollment.id) - 1000


def launch_for(desk: Desk, launch: LaunchSlice) -> None:
    """A launch reached this customer."""
    runnable = desk.world.runnables[launch.revision_id]
    tally = desk.effects.launched.setdefault(launch.launch_id, [0, 0])
    named = launch.kind == "customers"
    if not named and runnable.state and not runnable.state.matches(_view(desk)):
        return
    began = ms_of(launch.launch_id)
    entered = enter(desk, runnable, launch.launch_id, began, {}, named=named, quiet=launch.kind in _QUIET)
    tally[0 if entered else 1] += 1


def enter(
    desk: Desk,
    runnable: Runnable,
    cause: UUID,
    began: int,
    context: dict[str, object],
    *,
    named: bool = False,
    quiet: bool = False,
) -> bool:
    """Enrolls the customer when the campaign's rules let them in, and says why when they do not."""
    reason = admit(runnable.program, desk.facts, named=named)
    if reason is not None:
        if not quiet:
            desk.refuse_entry(runnable.program, reason)
        return False
    return desk.enter(runnable, cause, began, context) is not None


def run(desk: Desk, enrollment: Enrollment) -> None:
    """Advances one enrollment until it waits or ends; each intent on the way is decided at once."""
    if over := desk.world.ended(enrollment.program_id):
        desk.move(leave(enrollment, over, desk.now))
        return
    runnable = desk.world.runnables[enrollment.revision_id]
    while True:
        told = advance(runnable, enrollment, desk.facts)
        enrollment = desk.move(told)
        if told.intent is None:
            return
        speak = told.intent
        try:
            decision = decide(_intent(desk, runnable, enrollment, speak), desk.facts)
        except NotCounted:
            waiting = msgspec.structs.replace(enrollment, due_at=desk.now + _UNTIL_COUNTED)
            desk.move(Advance(waiting, None, ()))
            return
        desk.carry_out(
            decision, runnable.program, enrollment.id, speak.step, enrollment.visit, speak.channel, speak.priority
        )
        enrollment = desk.move(settle(enrollment, decision if isinstance(decision, Hold) else None, desk.now))
        if isinstance(decision, Hold):
            return


def fall_back(desk: Desk, message: Message) -> None:
    """The provider refused a message: its step may name a channel that serves instead."""
    runnable = desk.world.runnables.get(message.revision_id)
    enrollment = desk.enrollments.get(enrollment_of(message.id))
    if runnable is None or enrollment is None:
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


def _intent(desk: Desk, runnable: Runnable, enrollment: Enrollment, speak: Speak) -> Intent:
    condition = runnable.conditions.get(speak.step)
    view = enrollment_view(desk.facts, enrollment) if condition else {}
    view["$now"] = desk.local
    return Intent(speak, runnable.program, enrollment, condition, view, desk.world.policy)


def _is_due(enrollment: Enrollment, desk: Desk) -> bool:
    if enrollment.due_at is None or enrollment.due_at > desk.now:
        return False
    if desk.world.ended(enrollment.program_id):
        return True
    running = desk.world.status[enrollment.program_id] is CampaignStatus.RUNNING
    return running and enrollment.revision_id in desk.world.runnables


def _event_view(desk: Desk, event: Event) -> dict[str, object]:
    view = _view(desk)
    lay_over(view, event.properties)
    view["value"] = event.value
    return view


def _view(desk: Desk) -> dict[str, object]:
    return profile_view(desk.customer, desk.local, desk.history)


def _launches_by_customer(launches: Iterable[LaunchSlice]) -> dict[UUID, list[LaunchSlice]]:
    found: dict[UUID, list[LaunchSlice]] = {}
    for launch in launches:
        for customer in launch.customers:
            found.setdefault(customer, []).append(launch)
    return found
