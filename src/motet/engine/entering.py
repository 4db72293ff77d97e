"""Who enters: events that triggers mean, launches that reach a customer, journeys that send one on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import structlog

from motet.core.clock import to_ms
from motet.core.events import Event
from motet.core.facts import lay_over, profile_view
from motet.core.ids import ms_of
from motet.core.measures import NotCounted
from motet.core.reasons import Reason
from motet.decisions.entry import admit
from motet.engine.batch import MOVE, LaunchSlice
from motet.engine.desk import Desk
from motet.engine.revising import move_all
from motet.journeys.runner import Runnable

log = structlog.get_logger()

_DAY = 86_400_000  # milliseconds
_QUIET = frozenset({"state"})  # launches whose refusals are no news: they look again every day


def start(desk: Desk, event: Event, taken: Collection[UUID]) -> None:
    """What an event starts. `taken` are programs of which a step took it already: it starts no second enrollment."""
    for runnable in desk.world.by_event.get(event.name, ()):
        if runnable.program.id not in taken and is_meant(desk, runnable, event):
            enter(desk, runnable, event.id, _happened(event), event.properties)


def is_meant(desk: Desk, runnable: Runnable, event: Event) -> bool:
    """Whether a campaign's trigger means this event. Until what it asks of the past is counted, it means none."""
    try:
        return runnable.where is None or runnable.where.matches(_event_view(desk, event))
    except NotCounted:
        log.warning("not counted yet, nobody enters", campaign=runnable.program.name, event_name=event.name)
        return False


def launch_for(desk: Desk, launch: LaunchSlice) -> None:
    """A launch reached this customer."""
    runnable = desk.world.runnables[launch.revision_id]
    tally = desk.effects.launched.setdefault(launch.launch_id, [0, 0])
    if launch.kind == MOVE:
        moved, stayed = move_all(desk, runnable)
        tally[0] += moved
        tally[1] += stayed
        return
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
    context: dict[str, Any],
    *,
    named: bool = False,
    quiet: bool = False,
) -> bool:
    """Enrolls the customer when the campaign's rules let them in, and says why when they do not."""
    reason = admit(runnable.program, desk.facts, named=named)
    if reason is None and not desk.has_room(runnable.program):
        reason = Reason.CAMPAIGN_FULL
    if reason is not None:
        if not quiet:
            desk.refuse_entry(runnable.program, reason)
        return False
    return desk.enter(runnable, cause, began, context) is not None


def _happened(event: Event) -> int:
    """When an event happened, in milliseconds; at most a day before it was received, since ids lie in partitions."""
    received = ms_of(event.id)
    return min(max(to_ms(event.at), received - _DAY), received)


def _event_view(desk: Desk, event: Event) -> dict[str, object]:
    view = _view(desk)
    lay_over(view, event.properties)
    view["value"] = event.value
    return view


def _view(desk: Desk) -> dict[str, object]:
    return profile_view(desk.customer, desk.local, desk.history)
