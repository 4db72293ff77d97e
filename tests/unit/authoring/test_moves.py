"""What a new revision says of those who stand in older ones."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from motet.authoring.campaign import compile_campaign
from motet.authoring.moves import PlanStep, Standing, fill_moves, plan_steps
from motet.core.program import Program

SMS = {"channel": "sms", "content": {"text": "Hello"}}
OLD = ["hi:delay", "hi", "ask:conditions", "ask", "gone", "gone:next", "lost", "exit"]


def revision(**fields: Any) -> Program:
    steps = [{"name": "hi", **SMS}, {"name": "ask", "type": "wait", "for": 60, "conditions": {"a": 1}}]
    document = {"kind": "journey", "name": "test", "steps": steps, "existing": "move", **fields}
    return compile_campaign(document, campaign_id=UUID(int=1), revision_id=UUID(int=2))


def planned(program: Program) -> list[tuple[str, str | None]]:
    rows = plan_steps(fill_moves(program, OLD), [Standing(1, name, 5) for name in OLD])
    assert [(row.revision, row.step, row.people) for row in rows] == [(1, name, 5) for name in OLD]
    return [(row.action, row.to) for row in rows]


def test_everybody_stays_when_nobody_is_to_move() -> None:
    assert planned(revision(existing="stay", moves={"gone": "exit"})) == [("stays", None)] * len(OLD)


def test_people_move_by_name_then_as_told_and_the_others_stay() -> None:
    assert planned(revision(moves={"gone": "ask"})) == [
        ("moves", "hi"),  # what `hi` waited for is gone
        ("moves", "hi"),
        ("moves", "ask:conditions"),
        ("moves", "ask"),
        ("moves", "ask:conditions"),
        ("moves", "ask:conditions"),
        ("stays", None),
        ("moves", "exit"),
    ]


def test_people_may_be_told_to_leave() -> None:
    program = fill_moves(revision(moves={"gone": "exit"}), OLD)
    assert plan_steps(program, [Standing(3, "gone", 2)]) == (PlanStep(3, "gone", 2, "leaves"),)


def test_what_a_name_that_is_there_means_is_not_changed() -> None:
    assert fill_moves(revision(moves={"hi": "exit"}), ["hi"]).moves == {"hi": "exit"}
    assert planned(revision(moves={"hi": "exit"}))[1] == ("moves", "hi")
