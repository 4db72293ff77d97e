"""Whatever journey is valid compiles to a program that runs: every target is there, and every way can end."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from motet.authoring.campaign import compile_campaign, validate
from motet.authoring.moves import fill_moves, target_of
from motet.core.program import Exits, Program
from motet.core.steps import EXIT
from motet.journeys.runner import Runnable, make_runnable

NAMES = ["a", "b", "c", "d", "e"]
CONTENT = {"text": "Hello"}
WHEN = {"vip": True}
targets = st.none() | st.sampled_from([*NAMES, EXIT])
spans = st.sampled_from([1, 60, "1h", "2d"])


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def step(type: str, **fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    made = {name: f if isinstance(f, st.SearchStrategy) else st.just(f) for name, f in fields.items()}
    return st.fixed_dictionaries({"type": st.just(type), **made})


channel = st.fixed_dictionaries(
    {"channel": st.just("sms"), "content": st.just(CONTENT)},
    optional={"delay": spans, "conditions": st.just(WHEN)},
)
paths = st.lists(st.fixed_dictionaries({"when": st.just(WHEN), "go": targets}), min_size=1, max_size=3)
shares = st.lists(st.fixed_dictionaries({"weight": st.just(1), "go": targets}), min_size=2, max_size=3)
kinds = st.one_of(
    step("message", channel="sms", content=CONTENT),
    step("message", channels=st.lists(channel, min_size=1, max_size=3)),
    step("wait", **{"for": spans}),
    step("wait_until", time="09:00"),
    step("wait_for_engagement", engaged=targets, timed_out=targets, timeout=spans),
    step("wait_for_event", event="x", arrived=targets, timed_out=targets, timeout=spans),
    step("wait_for_condition", until=WHEN, holds=targets, timed_out=targets, timeout=spans),
    step("branch", paths=paths, otherwise=targets),
    step("split", paths=shares),
    step("update_profile", set={"a": 1}),
    step("action", url="https://a.example/", failed=targets),
    step("digest", event="x", window=spans),
    step("exit"),
)
common = maybe(delay=spans, conditions=st.just(WHEN), next=targets)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    made = []
    for name in NAMES[: draw(st.integers(1, 5))]:
        kind = draw(kinds)
        shared = draw(common)
        if kind["type"] == "exit":
            shared.pop("next", None)
        if kind["type"] == "wait":
            shared.pop("delay", None)
        made.append({"name": name, **kind, **shared})
    decision = st.fixed_dictionaries({"after": st.sampled_from(NAMES), "when": st.just(WHEN), "go": st.just(EXIT)})
    document: dict[str, Any] = {"kind": "journey", "name": "test", "steps": made}
    if draw(st.booleans()):
        document["decision_points"] = draw(st.lists(decision, max_size=2))
    if draw(st.booleans()):
        document["exit"] = {"after": "30d"}
    return document


def compiled(document: dict[str, Any]) -> Program:
    return compile_campaign(document, campaign_id=UUID(int=1), revision_id=UUID(int=2))


def leads(runnable: Runnable) -> dict[int, set[int]]:
    """Where every step leads, as the runtime says it."""
    return {
        index: {index + 1 if way.go is None else runnable.find(way.go) for way in bound.type.ways(bound.args)}
        if bound.kind != EXIT
        else {len(runnable.steps)}
        for index, bound in enumerate(runnable.steps)
    }


@settings(max_examples=200, deadline=None)
@given(documents())
def test_a_valid_journey_can_be_run_to_its_end(document: dict[str, Any]) -> None:
    assume(validate(document) == [])
    program = compiled(document)
    runnable = make_runnable(program)  # every step's args fit, or it raises
    names = [s.name for s in program.steps]
    assert len(names) == len(set(names))
    assert names[-1] == EXIT
    ways = leads(runnable)  # find raises for a target that is not there
    ended, grows = {len(names)}, True
    while grows:
        more = {index for index, targets in ways.items() if index not in ended and targets & ended}
        grows = bool(more)
        ended |= more
    if program.exits == Exits():
        reached, ahead = set[int](), [0]
        while ahead:
            here = ahead.pop()
            if here not in reached and here < len(names):
                reached.add(here)
                ahead += ways[here]
        assert reached <= ended


@settings(max_examples=100, deadline=None)
@given(documents(), documents(), st.dictionaries(st.sampled_from(NAMES), st.sampled_from([*NAMES, EXIT])))
def test_whoever_moves_arrives_at_a_step_that_is_there(old: Any, new: Any, moves: dict[str, str]) -> None:
    document = {**new, "existing": "move", "moves": moves}
    assume(validate(old) == [] and validate(document) == [])
    before = [s.name for s in compiled(old).steps]
    program = fill_moves(compiled(document), before)
    names = {s.name for s in program.steps}
    for name in before:
        target = target_of(program, name)
        assert target is None or target in names
        if name in names:
            assert target == name
        elif name.partition(":")[0] in {n.partition(":")[0] for n in names} | set(moves):
            assert target is not None or ":" not in name
