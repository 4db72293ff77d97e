"""A program made ready to run: args decoded, filters compiled. One per revision, kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from motet.core.filters import Filter, compile_filter
from motet.core.measures import Measure
from motet.core.program import EventTest, Goal, Program
from motet.core.steps import EXIT
from motet.journeys.registry import bind
from motet.journeys.steps.base import BoundStep

Traits = Mapping[str, Mapping[str, Any]]


class BoundTest(msgspec.Struct, frozen=True):
    """An event by name, of which a filter holds."""

    event: str
    where: Filter | None


class BoundGoal(msgspec.Struct, frozen=True):
    """An event or a state: one of the two."""

    name: str
    event: BoundTest | None
    state: Filter | None


class Runnable(msgspec.Struct, frozen=True):
    """`where` is of the trigger's event, `state` of the trigger's state; the exits' state is `exit_state`.

    `states` are looked at wherever an enrollment stands: the exits' and the goals'. `bounded` says that something may
    end it without an event; most programs have nothing of the kind, and are spared the question.
    """

    program: Program
    steps: tuple[BoundStep, ...]
    where: Filter | None
    state: Filter | None
    exit_events: tuple[BoundTest, ...] = ()
    exit_state: Filter | None = None
    goals: tuple[BoundGoal, ...] = ()
    states: tuple[Filter, ...] = ()
    bounded: bool = False
    repeated: frozenset[str] = frozenset()  # names of steps that lie on a way round

    @property
    def measures(self) -> list[Measure]:
        """What its filters ask of the customer's past."""
        return [measure for filter in self._filters() for measure in filter.needs.measures]

    @property
    def watches(self) -> bool:
        """Whether anything in it looks at who the customer is at any moment."""
        return bool(self.states or self.program.exits.unsubscribed) or any(step.type.watches for step in self.steps)

    def find(self, name: str) -> int:
        """The place of the step of that name; `exit` is behind the last one when no step is called so. Raises
        LookupError."""
        for index, step in enumerate(self.steps):
            if step.name == name:
                return index
        if name == EXIT:
            return len(self.steps)
        raise LookupError(f"no step is called {name!r}")

    def _filters(self) -> Iterator[Filter]:
        for step in self.steps:
            yield from step.filters.values()
        tests = (*self.exit_events, *(goal.event for goal in self.goals))
        for filter in (self.where, self.state, *self.states, *(test.where for test in tests if test)):
            if filter is not None:
                yield filter


def make_runnable(program: Program, traits: Traits | None = None, *, strict: bool = True) -> Runnable:
    """Decodes and compiles a program. `traits` are the computed traits that its filters may name.

    Raises Refused with what is wrong in it. Not `strict` (an old revision that newer rules refuse), steps that are
    wrong are kept with their fault, so that only those who come to them are set aside.
    """
    steps = bind(program, traits, strict=strict)
    trigger, exits = program.trigger, program.exits
    exit_state = compile_filter(exits.state, "exits.state", traits=traits) if exits.state else None
    goals = tuple(_bind_goal(goal, f"goals[{i}]", traits) for i, goal in enumerate(program.goals))
    return Runnable(
        program,
        steps,
        where=compile_filter(trigger.where, "trigger.where", traits=traits) if trigger.where else None,
        state=compile_filter(trigger.state, "trigger.state", traits=traits) if trigger.state else None,
        exit_events=tuple(_bind_test(test, f"exits.events[{i}]", traits) for i, test in enumerate(exits.events)),
        exit_state=exit_state,
        goals=goals,
        states=tuple(state for state in (exit_state, *(goal.state for goal in goals)) if state is not None),
        bounded=bool(exits.after is not None or exits.unsubscribed or exit_state or exits.goal),
        repeated=_find_repeated(steps),
    )


def _bind_goal(goal: Goal, path: str, traits: Traits | None) -> BoundGoal:
    event = _bind_test(goal.event, f"{path}.event", traits) if goal.event else None
    return BoundGoal(
        goal.name, event, compile_filter(goal.state, f"{path}.state", traits=traits) if goal.state else None
    )


def _bind_test(test: EventTest, path: str, traits: Traits | None) -> BoundTest:
    where = compile_filter(test.where, f"{path}.where", traits=traits) if test.where else None
    return BoundTest(test.event, where)


def _find_repeated(steps: tuple[BoundStep, ...]) -> frozenset[str]:
    """The steps from which a way leads back to them."""
    places = {step.name: index for index, step in enumerate(steps)}
    ways = [
        {index + 1 if way.go is None else places.get(way.go, len(steps)) for way in step.type.ways(step.args)}
        for index, step in enumerate(steps)
    ]
    return frozenset(step.name for index, step in enumerate(steps) if index in _reach(ways, index))


def _reach(ways: list[set[int]], start: int) -> set[int]:
    seen: set[int] = set()
    ahead = [*ways[start]]
    while ahead:
        place = ahead.pop()
        if place not in seen and place < len(ways):
            seen.add(place)
            ahead += ways[place]
    return seen
