"""Think: pure. For each customer of a batch: what the events mean, who enters, where everybody stands next.

What breaks for one customer does not break the batch, nor the rest of that customer: an enrollment whose step breaks is
tried again later and quarantined when it keeps happening; an event that breaks is logged and passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from motet.core.customers import Customer
from motet.core.events import Event
from motet.core.facts import Enrollment
from motet.core.words import Interaction
from motet.engine.batch import MOVE, Batch, Effects, LaunchSlice
from motet.engine.carrying import DEPTH
from motet.engine.desk import NO_LIMITS, Desk
from motet.engine.entering import launch_for, start
from motet.engine.footing import Footing
from motet.engine.receipts import apply_event, remember
from motet.engine.revising import move_outdated
from motet.engine.running import fall_back, is_active, is_due, listen, run, watch
from motet.engine.world import World
from motet.journeys.runner import fail

log = structlog.get_logger()

ROUNDS = 10  # of a customer in one turn: what one journey writes wakes others, and these write again


def think(batch: Batch, world: World) -> Effects:
    """Everything that should come of a batch."""
    effects = Effects()
    for _, part in think_apart(batch, world):
        effects.merge(part)
    return effects


def think_apart(batch: Batch, world: World) -> Iterator[tuple[UUID, Effects]]:
    """The same, customer by customer."""
    launches = _launches_by_customer(batch.launches)
    local = batch.now.astimezone(world.zone)
    room = {campaign: budget.left for campaign, budget in batch.budgets.items()}
    for customer_id in batch.customers:
        effects = _think_customer(batch, world, customer_id, launches.get(customer_id, ()), local, room)
        for campaign, count in effects.entries.items():
            room[campaign] -= count
        yield customer_id, effects


def give_up(batch: Batch, world: World, customer_id: UUID, error: Exception) -> Effects:
    """What is left of a customer's part when nothing that came of it can be had: whatever was due has failed, and is
    tried again later, or set aside."""
    desk = _lay_desk(batch, world, customer_id, batch.now.astimezone(world.zone), NO_LIMITS)
    for enrollment in [e for e in desk.enrollments.values() if is_due(e, desk)]:
        desk.move(fail(enrollment, _told(error), desk.now))
    return desk.effects


def _think_customer(
    batch: Batch,
    world: World,
    customer_id: UUID,
    launches: Sequence[LaunchSlice],
    local: datetime,
    room: Mapping[UUID, int],
) -> Effects:
    """One customer's part. What breaks (an event, a launch, an enrollment) is left out, and the rest thought anew."""
    broken: dict[UUID, str] = {}
    while True:
        desk = _lay_desk(batch, world, customer_id, local, room)
        try:
            _think_through(desk, batch, launches, broken)
            return desk.finish()
        except Exception as error:
            log.exception("set aside", part=str(desk.at), customer=str(customer_id), lane=batch.lane)
            if desk.at in broken:
                return give_up(batch, world, customer_id, error)
            broken[desk.at] = _told(error)


def _lay_desk(batch: Batch, world: World, customer_id: UUID, local: datetime, room: Mapping[UUID, int]) -> Desk:
    customer = batch.customers[customer_id]
    footing = Footing(world.book, batch.ground, customer, batch.now, local) if batch.ground is not None else None
    messages, enrollments = batch.messages.get(customer_id, []), batch.enrollments.get(customer_id, [])
    return Desk(customer, messages, enrollments, batch.now, world, footing, local, room)


def _think_through(desk: Desk, batch: Batch, launches: Sequence[LaunchSlice], broken: Mapping[UUID, str]) -> None:
    """Events in their order, then launches, then whatever is due. `desk.at` is what is at work, should it break."""
    events = batch.events.get(desk.customer.id, ())
    if desk.footing is not None:
        desk.customer = desk.footing.begin(desk.customer, heard=bool(events))
    for launch in launches:
        if launch.kind == MOVE:
            launch_for(desk, launch)
    move_outdated(desk)
    for event in events:
        desk.at = event.id
        if event.id in broken:
            count(desk, event, desk.customer)
        else:
            hear(desk, event)
    for launch in launches:
        desk.at = launch.launch_id
        if launch.kind != MOVE and launch.launch_id not in broken:
            launch_for(desk, launch)
    desk.stirred |= bool(events) or desk.customer.id in batch.stirred
    _move_on(desk, broken)


def _move_on(desk: Desk, broken: Mapping[UUID, str]) -> None:
    """Runs what is due, and looks at what watches as often as the customer has changed."""
    ran: set[UUID] = set()
    for _ in range(ROUNDS):
        due = [e.id for e in desk.enrollments.values() if e.id not in ran and is_due(e, desk)]
        stirred, desk.stirred = desk.stirred and bool(desk.world.watchers), False
        if not due and not stirred:
            return
        ran.update(due)
        for id in due:
            _attempt(desk, id, broken, run)
        if stirred:
            watched = [e.id for e in desk.enrollments.values() if e.program_id in desk.world.watchers]
            for id in watched:
                if is_active(desk.enrollments[id]):
                    _attempt(desk, id, broken, watch)


def _attempt(desk: Desk, id: UUID, broken: Mapping[UUID, str], work: Callable[[Desk, Enrollment], None]) -> None:
    desk.at = id
    if id in broken:
        desk.move(fail(desk.enrollments[id], broken[id], desk.now))
    else:
        work(desk, desk.enrollments[id])


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
    """What an event ends, moves on and starts."""
    depth = event.properties.get(DEPTH)
    if isinstance(depth, int):
        desk.depth = max(desk.depth, depth)
    active = [e for e in desk.enrollments.values() if is_active(e)]
    taken = {e.program_id for e in active if listen(desk, e, event)}
    if event.name == Interaction.FAILED.word and event.message_id in desk.messages:
        fall_back(desk, desk.messages[event.message_id])
    start(desk, event, taken)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".replace("\0", "")


def _launches_by_customer(launches: Iterable[LaunchSlice]) -> dict[UUID, list[LaunchSlice]]:
    found: dict[UUID, list[LaunchSlice]] = {}
    for launch in launches:
        for customer in launch.customers:
            found.setdefault(customer, []).append(launch)
    return found
