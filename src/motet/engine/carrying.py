"""Effects carried out on the desk: what a step does beside speaking. The commit makes them so."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog

from motet.audience.fields import MAX_ATTRIBUTES, MAX_TAGS
from motet.core.clock import to_ms
from motet.core.events import JOURNEY, Event
from motet.core.facts import Enrollment
from motet.core.ids import derive_event_id
from motet.core.outcomes import Effect, EmitEvent, EnterProgram, UpdateProfile
from motet.engine.desk import Desk
from motet.engine.entering import enter
from motet.engine.filling import View, fill, view_for
from motet.journeys.runner import Runnable

log = structlog.get_logger()

# Journeys that start one another go round for ever: what one emits or enters carries how many were before it, and
# after MAX_DEPTH of them nothing more comes of it. Whoever has stood in an enrollment for a while begins anew.
DEPTH = "$depth"
MAX_DEPTH = 8
SLOW = 3600.0  # seconds

MAX_PROPERTIES = 32_768  # bytes of JSON


class TooLarge(ValueError):
    """What a step wrote does not fit where it is to stand."""


def carry(desk: Desk, runnable: Runnable, enrollment: Enrollment, effect: Effect) -> None:
    """Does it. The enrollment has passed the step. Raises what filling a template raises, and TooLarge."""
    view = view_for(desk.facts, enrollment, runnable.program.variables)
    match effect:
        case UpdateProfile():
            update(desk, effect, view)
        case EmitEvent(name, properties):
            emit(desk, enrollment, name, fill(properties, view))
        case EnterProgram(name, context):
            enter_other(desk, enrollment, name, fill(context, view))


def update(desk: Desk, effect: UpdateProfile, view: View) -> None:
    """Facts change at once, so that the next step sees it."""
    filled = msgspec.structs.replace(
        effect,
        set=fill(effect.set, view),
        add_tags=tuple(tag for tag in fill(effect.add_tags, view) if tag),
        remove_tags=tuple(fill(effect.remove_tags, view)),
    )
    customer = desk.customer
    kept = {name: value for name, value in customer.attributes.items() if name not in filled.unset}
    attributes = kept | filled.set
    tags = (*sorted({*customer.tags, *filled.add_tags} - {*filled.remove_tags}),)
    topics = customer.topics | filled.topics
    if (attributes, tags, topics) == (customer.attributes, customer.tags, customer.topics):
        return
    _fits(attributes, MAX_ATTRIBUTES, "the customer's attributes")
    if len(tags) > MAX_TAGS:
        raise TooLarge(f"the customer would have more than {MAX_TAGS} tags")
    desk.write(filled, msgspec.structs.replace(customer, attributes=attributes, tags=tags, topics=topics))


def emit(desk: Desk, enrollment: Enrollment, name: str, properties: dict[str, Any]) -> None:
    """An event in the customer's own log, heard in a later turn."""
    depth = _depth(desk, enrollment)
    if depth > MAX_DEPTH:
        log.warning("journeys go round, nothing is emitted", event_name=name, enrollment=str(enrollment.id))
        return
    _fits(properties, MAX_PROPERTIES, "the event's properties")
    place = len(desk.effects.emitted)
    desk.effects.emitted.append(
        Event(
            id=derive_event_id(enrollment.id, enrollment.visit, place, to_ms(desk.now)),
            customer_id=desk.customer.id,
            name=name,
            at=desk.now,
            properties={**properties, DEPTH: depth},
            source=JOURNEY,
        )
    )


def enter_other(desk: Desk, enrollment: Enrollment, name: str, context: dict[str, Any]) -> None:
    """The same customer in another campaign or journey, when its own rules let them in."""
    depth = _depth(desk, enrollment)
    target = desk.world.by_name.get(name)
    if target is None:
        log.warning("nobody enters what does not run", program=name, enrollment=str(enrollment.id))
    elif depth > MAX_DEPTH:
        log.warning("journeys go round, nobody enters", program=name, enrollment=str(enrollment.id))
    else:
        _fits(context, MAX_PROPERTIES, "the context")
        ms = to_ms(desk.now)
        cause = derive_event_id(enrollment.id, enrollment.visit, 0, ms)
        enter(desk, target, cause, ms, {**context, DEPTH: depth})


def _depth(desk: Desk, enrollment: Enrollment) -> int:
    """How many journeys led here, one after another, with this one."""
    before = enrollment.context.get(DEPTH, 0)
    if (desk.now - enrollment.entered_at).total_seconds() > SLOW:
        before = 0
    return 1 + max(before if isinstance(before, int) else 0, desk.depth)


def _fits(value: Any, most: int, what: str) -> None:
    if len(msgspec.json.encode(value)) > most:
        raise TooLarge(f"{what} would be more than {most:,} bytes of JSON")
