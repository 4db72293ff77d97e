"""What a step type is. Adding one: a file beside this one, and a line in `journeys/registry.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec

from motet.core.clock import to_ms
from motet.core.events import Event
from motet.core.facts import Enrollment, Facts, enrollment_view, lay_over, profile_view
from motet.core.filters import Filter
from motet.core.ids import enrollment_of, ms_of
from motet.core.measures import NotCounted
from motet.core.messages import Message
from motet.core.outcomes import Jump, Next, Outcome
from motet.core.program import Program
from motet.core.steps import LONGEST_WAIT

Args = TypeVar("Args")

UNTIL_COUNTED = timedelta(seconds=30)  # what asks for something that is not counted yet looks again after this
_CLOCKS = 1000  # milliseconds: clocks that disagree


class Revision(Protocol):
    """Another revision of the same program, as far as a step asks for it: `runnable.Runnable` is one."""

    @property
    def steps(self) -> tuple[BoundStep, ...]: ...


class Moment(msgspec.Struct, frozen=True):
    """Where the runner stands: all that a step may look at."""

    program: Program
    step: int
    enrollment: Enrollment
    facts: Facts
    filters: Mapping[str, Filter] = {}  # of the step, as its type names them
    revisions: Mapping[UUID, Revision] = {}  # known ones by id: messages were said under them
    repeats: bool = False  # a way leads back to the step

    @property
    def name(self) -> str:
        return self.program.steps[self.step].name

    def deadline(self, timeout: float) -> datetime:
        """When a wait that began with the arrival is out."""
        return self.enrollment.arrived_at + timedelta(seconds=min(timeout, LONGEST_WAIT))

    def probe(self, name: str) -> tuple[bool, datetime | None]:
        """Whether a condition of the step holds now, and when that may change by itself. What is not counted yet does
        not hold, and may soon."""
        view = enrollment_view(self.facts, self.enrollment)
        try:
            return self.filters[name].probe(view)
        except NotCounted:
            return False, self.facts.now + UNTIL_COUNTED

    def means(self, event: Event, timeout: float) -> bool:
        """Whether an event counts for a step that waits: it happened since the enrollment began and before the time
        was out, and the step's `where` holds of it."""
        if not is_since(self.enrollment, event) or event.at > self.deadline(timeout):
            return False
        where = self.filters.get("where")
        return where is None or matches(where, event_view(self.facts, event.properties, event.value))

    def said(self) -> Iterator[tuple[str, Message]]:
        """This enrollment's messages with the names of their steps, as their revisions call them."""
        for message in self.facts.messages:
            if enrollment_of(message.id) == self.enrollment.id:
                yield self.name_of(message), message

    def name_of(self, message: Message) -> str:
        """The name of the step that said a message; "" when its revision is not known."""
        if message.revision_id == self.program.revision_id:
            return self.program.steps[message.step].name if message.step < len(self.program.steps) else ""
        other = self.revisions.get(message.revision_id)
        return other.steps[message.step].name if other and message.step < len(other.steps) else ""


def event_view(facts: Facts, properties: Mapping[str, Any], value: float = 0.0) -> dict[str, Any]:
    """What a filter over an event sees: the customer, and the event's properties over it."""
    view = profile_view(facts.customer, facts.local or facts.now, facts.history)
    lay_over(view, properties)
    view["value"] = value
    return view


def matches(filter: Filter, view: Mapping[str, Any]) -> bool:
    """Whether it holds; what is not counted yet does not."""
    try:
        return filter.matches(view)
    except NotCounted:
        return False


def is_since(enrollment: Enrollment, event: Event) -> bool:
    """Whether an event happened after what started the enrollment. The engine may have heard of that much later, so
    that arrival at the first step says nothing about it."""
    return to_ms(event.at) >= ms_of(enrollment.id) - _CLOCKS


def go(target: str | None, keep: dict[str, Any] | None = None) -> Outcome:
    """To the step of that name, or to the following one."""
    return Next(keep or {}) if target is None else Jump(target, keep or {})


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field of a step's form.

    The kinds: text, number, switch, duration, moment, time, weekdays, choice, choices, channel, content, filter, event,
    program, step (a target), steps, paths, shares, attributes, names, topics, properties.
    """

    name: str
    label: str
    kind: str
    choices: tuple[str, ...] = ()


class Way(msgspec.Struct, frozen=True):
    """A way out of a step: what leads there ("" when there is only one), and the step's name; None: the next one."""

    label: str
    go: str | None = None
    share: float | None = None  # of those who come by, when chance decides


class StepType(msgspec.Struct, Generic[Args], frozen=True):
    """`run` is pure; `summary` says in words what the step does, for screens.

    `hear` is asked about every event of a customer who stands on the step: what the step is to remember from here on,
    or None when the event does not matter; then the step runs at once. `watches` says that it also runs whenever
    anything about the customer may have changed. `filters` names the conditions in the args, each with its spec.
    `dropped` is where to go when what the step asked for was dropped; None: the next one.
    """

    kind: str
    args: type[Args]
    run: Callable[[Args, Moment], Outcome]
    summary: Callable[[Args], str]
    form: tuple[Field, ...]
    hear: Callable[[Args, Moment, Event], dict[str, Any] | None] | None = None
    watches: bool = False
    filters: Callable[[Args], Mapping[str, Mapping[str, Any]]] = lambda args: {}
    ways: Callable[[Args], tuple[Way, ...]] = lambda args: (Way("", None),)
    dropped: Callable[[Args], str | None] = lambda args: None


class BoundStep(msgspec.Struct, frozen=True):
    """A step of one program with its args decoded and its filters compiled. One with a `fault` cannot be run."""

    name: str
    kind: str
    args: Any
    type: StepType[Any]
    filters: Mapping[str, Filter] = {}
    fault: str = ""
