"""People of an older revision in a new one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from making import NOW, a_program, say
from motet.authoring.moves import target_of as planned_target
from motet.core.program import Step
from motet.core.words import EnrollmentStatus
from motet.journeys.moving import LEFT, target_of
from motet.journeys.runner import Advance, Move, Runnable, make_runnable, move_to
from walking import END, HOUR, Walk, a_step

SLOW = a_step("delay", "slow", seconds=7200.0)


def newer(*steps: Step, **fields: Any) -> Runnable:
    return make_runnable(a_program(*steps, END, revision_id=UUID(int=77), **fields))


def move(walk: Walk, new: Runnable) -> Advance | None:
    return move_to(walk.runnable, new, walk.enrollment, NOW + HOUR)


def test_a_step_of_the_same_name_goes_on_from_when_it_was_reached() -> None:
    walk = Walk(SLOW, END, context={"a": 1}).run()
    new = newer(say(), SLOW)
    moved = move(walk, new)
    assert moved is not None
    after = moved.enrollment
    assert (after.step, after.visit, after.revision_id) == (1, 0, new.program.revision_id)
    assert (after.arrived_at, after.entered_at, after.context) == (NOW, NOW, {"a": 1})
    assert after.due_at == NOW + HOUR
    assert moved.moves == (Move(0, 1),)


def test_a_step_that_is_gone_goes_where_the_new_revision_says() -> None:
    walk = Walk(SLOW, END).run()
    moved = move(walk, newer(say(name="a"), say(name="b"), moves={"slow": "b"}))
    assert moved is not None
    assert (moved.enrollment.step, moved.enrollment.visit, moved.enrollment.arrived_at) == (1, 1, NOW + HOUR)


def test_nobody_is_stranded_where_the_new_revision_says_nothing() -> None:
    walk = Walk(SLOW, END).run()
    assert move(walk, newer(say())) is None
    assert move(walk, newer(say(), moves={"slow": "nowhere"})) is None


def test_a_step_may_lead_out() -> None:
    moved = move(Walk(SLOW, END).run(), newer(say(), moves={"slow": "exit"}))
    assert moved is not None
    assert (moved.enrollment.status, moved.enrollment.exit_reason) == (EnrollmentStatus.EXITED, LEFT)
    assert moved.enrollment.due_at is None
    assert moved.enrollment.revision_id != UUID(int=77)
    assert moved.moves == (Move(0, None),)


def test_what_a_step_remembers_moves_with_it_unless_it_is_of_another_kind() -> None:
    digest = a_step("digest", "it", event="comment", window=7200)
    walk = Walk(digest, END).run()
    assert walk.hear("comment", HOUR / 2)
    moved = move(walk, newer(say(), digest))
    assert moved is not None
    assert moved.enrollment.state["count"] == 1
    other = move(walk, newer(a_step("delay", "it", seconds=7200)))
    assert other is not None
    assert (other.enrollment.state, other.enrollment.visit) == ({}, 1)


def test_whoever_has_ended_or_is_there_already_does_not_move() -> None:
    walk = Walk(SLOW, END).run()
    assert move_to(walk.runnable, walk.runnable, walk.enrollment, NOW) is None
    walk.enrollment = msgspec.structs.replace(walk.enrollment, status=EnrollmentStatus.COMPLETED)
    assert move(walk, newer(SLOW)) is None


def test_a_plan_can_say_beforehand_where_each_step_leads() -> None:
    old, new = Walk(SLOW, say(), END).runnable, newer(SLOW, say(name="b"), moves={"say": "exit"})
    assert [target_of(old, new, step) for step in range(4)] == ["slow", "exit", "exit", None]


def carried_over(walk: Walk, new: Runnable) -> Walk:
    moved = move(walk, new)
    assert moved is not None
    after = Walk(program=new.program)
    after.enrollment, after.messages, after.customer = moved.enrollment, walk.messages, walk.customer
    after.revisions[walk.program.revision_id] = walk.runnable
    after.now = walk.now
    return after


def test_nobody_hears_twice_after_a_move() -> None:
    walk = Walk(say(name="hello"), SLOW, END).run()
    assert len(walk.spoken) == 1
    new = newer(a_step("delay", "first", seconds=0), say(name="hello"), say(name="more"), moves={"slow": "first"})
    after = carried_over(walk, new).run(HOUR).to_end()
    assert [new.steps[speak.step].name for speak in after.spoken] == ["more"]
    assert after.enrollment.status is EnrollmentStatus.COMPLETED


def test_a_step_that_comes_round_again_is_meant_to() -> None:
    pause = a_step("delay", "slow", seconds=7200.0, since="now")
    back = a_step("branch", "back", paths=[{"name": "again", "condition": {}, "go": "hello"}])
    walk = Walk(say(name="hello"), pause, back, END).run()
    new = newer(say(name="hello"), pause, back)
    assert new.repeated == {"hello", "slow", "back"}
    after = carried_over(walk, new).run(2 * HOUR)
    assert len(after.spoken) == 1


def test_an_action_that_awaits_its_answer_is_not_asked_again() -> None:
    ask = a_step("action", "ask", content={"webhook": {"url": "https://a.example"}}, wait=True, timeout=7200)
    walk = Walk(ask, END).run()
    after = carried_over(walk, newer(say(), ask))
    asked = walk.messages[0].id
    assert after.run(HOUR).spoken == []
    assert after.hear("action_answered", HOUR, message_id=asked, properties={"status": 200})
    assert after.run(HOUR).enrollment.context["answers"]["ask"]["status"] == 200


step_names = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5, unique=True)


@given(step_names, step_names, st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([*"abcdef", "exit"])))
def test_the_plan_and_the_machine_send_people_the_same_way(
    old: list[str], new: list[str], moves: dict[str, str]
) -> None:
    before = make_runnable(a_program(*(say(name=name) for name in old), END))
    after = newer(*(say(name=name) for name in new), moves=moves, existing="move")
    for step, bound in enumerate(before.steps):
        assert target_of(before, after, step) == planned_target(after.program, bound.name)
