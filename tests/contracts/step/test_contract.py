"""What every type of step keeps to: one suite over all of them."""

from __future__ import annotations

import importlib
import pkgutil
from datetime import timedelta
from typing import Any

import msgspec
import pytest

import motet.journeys.steps
from contracts.step.cases import CASES, Case
from making import NOW
from motet.core.errors import Refused
from motet.core.facts import Enrollment
from motet.core.program import Step
from motet.journeys.registry import STEP_TYPES, bind_step
from motet.journeys.steps.base import Moment, StepType
from walking import END, Walk

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
every_kind = pytest.mark.parametrize("kind", STEP_TYPES)


def step_of(case: Case, **args: Any) -> Step:
    return Step("it", case.kind, case.args | args)


def walk_of(case: Case) -> Walk:
    return Walk(step_of(case), Step("next", "exit", {"reason": "next"}), END)


@every_kind
def test_each_type_has_an_example(kind: str) -> None:
    assert any(case.kind == kind for case in CASES)


def test_each_file_of_steps_is_registered() -> None:
    files = {module.name for module in pkgutil.iter_modules(motet.journeys.steps.__path__)} - {"base", "words"}
    assert files == set(STEP_TYPES)
    for name in files:
        assert importlib.import_module(f"motet.journeys.steps.{name}").TYPE is STEP_TYPES[name]


@every_kind
def test_its_form_has_a_field_for_each_of_its_args(kind: str) -> None:
    form = STEP_TYPES[kind].form
    assert {field.name for field in form} == {field.name for field in msgspec.structs.fields(STEP_TYPES[kind].args)}
    assert all(field.label and field.kind for field in form)


@every_case
def test_its_summary_is_words_that_say_what_it_does(case: Case) -> None:
    kind = STEP_TYPES[case.kind]
    summary = kind.summary(msgspec.convert(case.args, kind.args))
    assert case.says in summary
    assert summary[0].isupper()
    assert "_" not in summary
    assert len(summary) < 200


@every_case
def test_its_args_survive_json(case: Case) -> None:
    kind: StepType[Any] = STEP_TYPES[case.kind]
    args = msgspec.convert(case.args, kind.args)
    assert msgspec.json.decode(msgspec.json.encode(args), type=kind.args) == args
    assert msgspec.convert(msgspec.to_builtins(args), kind.args) == args


@every_case
def test_args_that_it_does_not_know_are_refused(case: Case) -> None:
    with pytest.raises(Refused) as caught:
        bind_step(step_of(case, colour="red"), "steps[0]")
    assert [(p.code, p.path) for p in caught.value.problems] == [("step.bad_args", "steps[0].args")]


@every_case
def test_its_ways_are_where_it_goes(case: Case) -> None:
    kind = STEP_TYPES[case.kind]
    ways = kind.ways(msgspec.convert(case.args, kind.args))
    assert ways
    labels = [way.label for way in ways]
    assert len({*labels}) == len(labels)
    assert len(ways) == 1 or all(labels)
    walk = walk_of(case).to_end()
    went = walk.way[1] if len(walk.way) > 1 else "exit"
    assert case.kind == "exit" or went in {way.go or "next" for way in ways}


@every_case
def test_its_filters_are_those_of_its_args(case: Case) -> None:
    bound = bind_step(step_of(case), "steps[0]")
    assert set(bound.filters) == set(bound.type.filters(bound.args))


@every_case
def test_it_answers_the_same_to_the_same(case: Case) -> None:
    bound = bind_step(step_of(case), "steps[0]")
    walk = walk_of(case)
    answers = [
        bound.type.run(bound.args, Moment(walk.program, 0, walk.enrollment, walk.facts, bound.filters))
        for _ in range(3)
    ]
    assert answers[0] == answers[1] == answers[2]


@every_case
def test_it_lets_everybody_go_in_time(case: Case) -> None:
    walk = walk_of(case)
    walk.to_end(most=50)
    assert walk.now <= NOW + timedelta(seconds=case.most)


@every_case
def test_looked_at_much_later_it_goes_on_at_once(case: Case) -> None:
    walk = walk_of(case).run()
    if not walk.ended:
        assert walk.run(timedelta(seconds=case.most)).ended


@every_case
def test_what_it_remembers_and_keeps_can_be_stored(case: Case) -> None:
    walk = walk_of(case).run()
    if case.hears is not None:
        assert walk.hear(after=timedelta(seconds=1), **case.hears)
        walk.run(timedelta(seconds=1))
    for enrollment in (walk.enrollment, walk.to_end().enrollment):
        assert msgspec.json.decode(msgspec.json.encode(enrollment), type=Enrollment) == enrollment


@every_case
def test_an_event_that_is_none_of_its_business_is_not_taken(case: Case) -> None:
    walk = walk_of(case).run()
    if not walk.ended:
        assert not walk.hear("something_else", timedelta(seconds=1))
