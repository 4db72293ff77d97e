"""What holds wherever an enrollment stands: its exits and its goals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from motet.core.events import Event
from motet.core.facts import Enrollment, Facts, engagement, profile_view
from motet.core.filters import Filter
from motet.core.measures import NotCounted
from motet.core.words import EnrollmentStatus
from motet.journeys.places import time_limit
from motet.journeys.runnable import BoundTest, Runnable
from motet.journeys.steps.base import UNTIL_COUNTED, event_view, is_since, matches

TIME_LIMIT = "time limit"
UNSUBSCRIBED = "unsubscribed"
UNSUBSCRIBED_BEFORE = "unsubscribed_before"  # in the context: channels that were refused when the enrollment began
STATE = "exit condition"
GOAL = "goal reached"


def check_exits(runnable: Runnable, enrollment: Enrollment, facts: Facts, event: Event | None = None) -> str | None:
    """Why the enrollment is to end now; None: it goes on. `event` is one that was just heard and applied."""
    if event is not None and is_since(enrollment, event) and _ends(runnable, facts, event):
        return event.name
    if not runnable.bounded:
        return None
    program = runnable.program
    limit = time_limit(program, enrollment)
    if limit is not None and facts.now >= limit:
        return TIME_LIMIT
    if program.exits.unsubscribed and _unsubscribed(program.exits.unsubscribed, enrollment, facts):
        return UNSUBSCRIBED
    if runnable.exit_state is not None and matches(runnable.exit_state, _view(enrollment, facts)):
        return STATE
    if program.exits.goal and (enrollment.reached_at is not None or reached(runnable, enrollment, facts, event)):
        return GOAL
    return None


def _unsubscribed(channels: Sequence[str], enrollment: Enrollment, facts: Facts) -> bool:
    """Whether the customer has refused one of the channels since the enrollment began."""
    before = enrollment.context.get(UNSUBSCRIBED_BEFORE, ())
    return any(not facts.customer.consents.get(word, True) and word not in before for word in channels)


def _ends(runnable: Runnable, facts: Facts, event: Event) -> bool:
    if runnable.program.exit_on == event.name:
        return True
    return any(_happened(test, facts, event) for test in runnable.exit_events)


def reached(runnable: Runnable, enrollment: Enrollment, facts: Facts, event: Event | None = None) -> bool:
    """Whether a goal is reached: by the event that was just heard, or by who the customer is now.

    The caller keeps when that was first so (`reached_at`): the runner does not.
    """
    if not runnable.goals:
        return False
    heard = event is not None and is_since(enrollment, event)
    if heard and any(goal.event is not None and _happened(goal.event, facts, event) for goal in runnable.goals):
        return True
    states = [goal.state for goal in runnable.goals if goal.state is not None]
    if not states:
        return False
    view = _view(enrollment, facts)
    return any(matches(state, view) for state in states)


def watching(runnable: Runnable, enrollment: Enrollment) -> bool:
    """Whether anything looks at who the customer is, where the enrollment stands: it is to run when that changes."""
    if enrollment.status is not EnrollmentStatus.ACTIVE:
        return False
    if runnable.program.exits.unsubscribed or _states(runnable, enrollment):
        return True
    return enrollment.step < len(runnable.steps) and runnable.steps[enrollment.step].type.watches


def next_look(runnable: Runnable, enrollment: Enrollment, facts: Facts) -> datetime | None:
    """When the states of exits and goals may change with time alone; None: never."""
    timed = [s for s in _states(runnable, enrollment) if s.needs.timed or s.needs.measures]
    if not timed:
        return None
    view, looks = _view(enrollment, facts), []
    for state in timed:
        try:
            looks.append(state.flips(view))
        except NotCounted:
            looks.append(facts.now + UNTIL_COUNTED)
    return min((look for look in looks if look is not None), default=None)


def _states(runnable: Runnable, enrollment: Enrollment) -> Sequence[Filter]:
    """What still matters: of a goal that was reached nobody asks again."""
    if enrollment.reached_at is None:
        return runnable.states
    return () if runnable.exit_state is None else (runnable.exit_state,)


def _happened(test: BoundTest, facts: Facts, event: Event | None) -> bool:
    if event is None or test.event != event.name:
        return False
    return test.where is None or matches(test.where, event_view(facts, event.properties, event.value))


def _view(enrollment: Enrollment, facts: Facts) -> dict[str, Any]:
    """The customer, and what the enrollment's messages brought; nothing of what started it, which hides attributes."""
    view = profile_view(facts.customer, facts.local or facts.now, facts.history)
    view.update(engagement(facts.messages, enrollment.id))
    return view
