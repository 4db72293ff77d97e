"""Everything that is evaluated, in the order in which it is: live segments, lifecycle stages, and what is being built.

A set of rules is an integer with a bit for each rule, by its place in `rules`: touched rules are found and joined for
every event of every customer. Segments that others name come before them. Pure; made anew when a definition changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from motet.audience.segments.tallies import Numbered, Numbers
from motet.core.filters import Filter


class Rule(msgspec.Struct, frozen=True):
    """A revision of a segment. `build` is set while it is being built, beside the one that is live."""

    number: int
    name: str
    title: str
    filter: Filter
    build: UUID | None = None


class Build(msgspec.Struct, frozen=True):
    """An open build. It counts measures; or it looks over customers, when every build in `waits_for` is done."""

    id: UUID
    rules: int = 0  # the set of rules that it evaluates
    counts: bool = False
    waits_for: frozenset[UUID] = frozenset()


class Stages(msgspec.Struct, frozen=True):
    """The lifecycle: the first filter that holds names the stage. `build` is set while everybody is looked over."""

    rules: tuple[tuple[str, Filter], ...] = ()
    build: UUID | None = None


class SegmentBook(msgspec.Struct, frozen=True):
    """One picture of what is defined. `rules[:live]` are live; the bit `1 << len(rules)` is the lifecycle."""

    version: int
    rules: tuple[Rule, ...]
    live: int
    stages: Stages
    measures: dict[int, Numbered]
    lookup: Numbers
    builds: dict[UUID, Build]
    traits: dict[str, dict[str, Any]]
    by_event: dict[str, tuple[Numbered, ...]]
    by_field: dict[str, int]
    by_measure: dict[int, int]
    dependents: tuple[int, ...]  # of each rule: the rules that name its segment
    timed: int
    known: frozenset[int]  # the numbers of the rules
    names: dict[int, str]  # of the live ones
    unbuilt: frozenset[str]  # segments that were never built yet: who is in them is not known

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to evaluate, to count or to build."""
        return not (self.rules or self.measures or self.stages.rules or self.builds)

    @property
    def numbers(self) -> dict[str, int]:
        """The live revision of each segment by its name."""
        return {rule.name: rule.number for rule in self.rules[: self.live]}

    @property
    def lifecycle(self) -> int:
        """The bit of the lifecycle."""
        return 1 << len(self.rules)

    @property
    def everything(self) -> int:
        return (1 << len(self.rules)) - 1 | (self.lifecycle if self.stages.rules else 0)


class Draft(msgspec.Struct, frozen=True):
    """What a book is made of, as it is stored. Rules in no order."""

    version: int = 0
    rules: tuple[Rule, ...] = ()
    stages: Stages = Stages()
    measures: tuple[Numbered, ...] = ()
    builds: tuple[UUID, ...] = ()
    traits: dict[str, dict[str, Any]] = {}


def make_book(draft: Draft) -> SegmentBook:
    """The book of a draft. Raises ValueError when segments name each other in a circle."""
    live = [rule for rule in draft.rules if rule.build is None]
    built = [rule for rule in draft.rules if rule.build is not None]
    rules = (*order_rules(live), *order_rules(built))
    measures = {m.number: m for m in draft.measures}
    lookup = Numbers(measures.values())
    filters = [(1 << i, rule.filter) for i, rule in enumerate(rules)]
    filters += [(1 << len(rules), filter) for _, filter in draft.stages.rules]
    by_field: defaultdict[str, int] = defaultdict(int)
    by_measure: defaultdict[int, int] = defaultdict(int)
    by_event: defaultdict[str, list[Numbered]] = defaultdict(list)
    for bit, filter in filters:
        for field in filter.needs.fields:
            by_field[field] |= bit
        for measure in filter.needs.measures:
            by_measure[lookup.find(measure)] |= bit
    for numbered in measures.values():
        by_event[numbered.measure.event].append(numbered)
    names = {rule.name for rule in live}
    return SegmentBook(
        version=draft.version,
        rules=rules,
        live=len(live),
        stages=draft.stages,
        measures=measures,
        lookup=lookup,
        builds=_builds(draft, rules, measures, lookup),
        traits=draft.traits,
        by_event={event: tuple(found) for event, found in by_event.items()},
        by_field=dict(by_field),
        by_measure=dict(by_measure),
        dependents=_dependents(rules, len(live), draft.stages),
        timed=sum({bit for bit, filter in filters if filter.needs.timed}),
        known=frozenset(rule.number for rule in rules),
        names={rule.number: rule.name for rule in live},
        unbuilt=frozenset(rule.name for rule in built if rule.name not in names),
    )


def order_rules(rules: Iterable[Rule]) -> list[Rule]:
    """Those that others name first; else by name. Raises ValueError naming a circle."""
    by_name = {rule.name: rule for rule in rules}
    done: dict[str, None] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ValueError(" -> ".join((*above[above.index(name) :], name)))
        if name not in done:
            for other in sorted(by_name[name].filter.needs.segments & by_name.keys()):
                visit(other, (*above, name))
            done[name] = None

    for name in sorted(by_name):
        visit(name, ())
    return [by_name[name] for name in done]


def _dependents(rules: tuple[Rule, ...], live: int, stages: Stages) -> tuple[int, ...]:
    """A rule that is built sees the others as they will be: the one that is built, where there is one."""
    place = {rule.name: i for i, rule in enumerate(rules[:live])}
    built = {rule.name: live + i for i, rule in enumerate(rules[live:])}
    found = [0] * len(rules)
    for i, rule in enumerate(rules):
        seen = place if i < live else place | built
        for name in rule.filter.needs.segments & seen.keys():
            found[seen[name]] |= 1 << i
    for _, filter in stages.rules:
        for name in filter.needs.segments & place.keys():
            found[place[name]] |= 1 << len(rules)
    return tuple(found)


def _builds(
    draft: Draft, rules: tuple[Rule, ...], measures: Mapping[int, Numbered], lookup: Numbers
) -> dict[UUID, Build]:
    """What each open build does, and which others come first: those that count its measures, and those of segments
    that it names."""
    looks = {rule.build: (1 << i, [rule.filter]) for i, rule in enumerate(rules) if rule.build is not None}
    if draft.stages.build is not None:
        looks[draft.stages.build] = (1 << len(rules), [filter for _, filter in draft.stages.rules])
    by_name = {rule.name: rule.build for rule in rules if rule.build is not None}
    open_ids = set(draft.builds)
    made: dict[UUID, Build] = {}
    for id in draft.builds:
        if id not in looks:
            made[id] = Build(id, counts=True)
            continue
        bit, filters = looks[id]
        numbers = {lookup.find(m) for filter in filters for m in filter.needs.measures}
        first = {measures[n].build for n in numbers if n in measures}
        if id != draft.stages.build:
            first |= {by_name[name] for filter in filters for name in filter.needs.segments if name in by_name}
        made[id] = Build(id, bit, waits_for=frozenset(first & open_ids - {id}))
    return made


EMPTY = make_book(Draft())
