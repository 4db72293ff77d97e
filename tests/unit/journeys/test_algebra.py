"""What holds of every program, whatever its steps are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from making import NOW, a_program, say
from motet.core.ids import enrollment_of
from motet.core.program import Exits, Program, Step, Trigger
from motet.core.steps import LONGEST_WAIT
from motet.core.words import EnrollmentStatus
from motet.journeys.runner import make_runnable, move_to
from walking import END, Walk, a_step

HORIZON = 10 * 86400

seconds = st.integers(0, 3 * 86400)
clocks = st.integers(0, 47).map(lambda half: f"{half // 2:02}:{half % 2 * 30:02}")
weekdays = st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), max_size=3)
conditions = st.sampled_from(
    [
        {},
        {"plan": "gold"},
        {"plan": "lead"},
        {"email_sent": True},
        {"digest.count": {"$gte": 1}},
        {"seen": {"$lt": {"$ago": "2h"}}},
        {"seen": {"$gt": {"$ago": "1d"}}},
    ]
)


def steps_of(names: list[str], place: int, draw: Any, *, forward: bool) -> Step:
    """A step of any kind; its targets are any steps, or only later ones."""
    name = names[place]
    targets = st.sampled_from([None, *names[place + 1 if forward else 0 :], "exit"])
    kind = draw(st.sampled_from(KINDS))
    match kind:
        case "delay":
            return a_step(kind, name, seconds=draw(seconds), since=draw(st.sampled_from(["entry", "now"])))
        case "wait_until":
            return a_step(kind, name, local_time=draw(st.none() | clocks), weekdays=draw(weekdays))
        case "message":
            return say(name=name)
        case "wait_for_event":
            ways = {"arrived": draw(targets), "timed_out": draw(targets)}
            return a_step(kind, name, event="order", timeout=draw(seconds), **ways)
        case "wait_for_engagement":
            ways = {"engaged": draw(targets), "timed_out": draw(targets)}
            return a_step(kind, name, engagement=["click"], timeout=draw(seconds), **ways)
        case "wait_for_condition":
            ways = {"holds": draw(targets), "timed_out": draw(targets)}
            return a_step(kind, name, condition=draw(conditions), timeout=draw(seconds), **ways)
        case "branch":
            path = {"name": "p", "condition": draw(conditions), "go": draw(targets)}
            return a_step(kind, name, paths=[path], otherwise=draw(targets))
        case "split":
            paths = [{"name": n, "weight": draw(st.integers(1, 3)), "go": draw(targets)} for n in "ab"]
            return a_step(kind, name, paths=paths, experiment=draw(st.sampled_from([None, "x"])))
        case "digest":
            return a_step(kind, name, event="order", window=draw(seconds))
        case "action":
            content = {"webhook": {"url": "https://a.example"}}
            return a_step(kind, name, content=content, wait=draw(st.booleans()), timeout=600, failed=draw(targets))
        case _:
            return a_step("emit_event", name, event="noted")


KINDS = [
    "delay", "wait_until", "message", "wait_for_event", "wait_for_engagement", "wait_for_condition", "branch", "split",
    "digest", "action", "emit_event",
]  # fmt: skip


@st.composite
def programs(draw: Any, *, forward: bool = True) -> Program:
    names = [f"s{n}" for n in range(draw(st.integers(1, 7)))]
    steps = [steps_of(names, place, draw, forward=forward) for place in range(len(names))]
    exits = Exits(after=draw(st.none() | st.floats(60, 5 * 86400)), state=draw(st.none() | st.just({"plan": "left"})))
    return a_program(*steps, END, exits=exits, trigger=Trigger(event=draw(st.sampled_from([None, "order"]))))


def walk_of(program: Program, zone: str = "UTC") -> Walk:
    walk = Walk(program=program, attributes={"plan": "gold", "seen": NOW.isoformat()})
    walk.customer = msgspec.structs.replace(walk.customer, timezone=zone)
    return walk


def outcome(walk: Walk) -> tuple[Any, ...]:
    e = walk.enrollment
    return walk.way, e.status, e.exit_reason, e.ended_at, e.context, [(s.step, s.channel) for s in walk.spoken]


looks = st.lists(st.integers(0, HORIZON), max_size=12)
zones = st.sampled_from(["UTC", "Europe/Paris", "Australia/Lord_Howe"])
events = st.lists(st.tuples(st.integers(0, HORIZON), st.integers(0, 7200)), max_size=4)


@given(programs(forward=False), looks)
def test_nobody_is_ever_left_active_without_a_moment_to_look_again(program: Program, moments: list[int]) -> None:
    walk = walk_of(program)
    for moment in [0, *sorted(moments)]:
        walk.run(timedelta(seconds=moment))
        if walk.ended:
            assert walk.enrollment.due_at is None
            assert walk.enrollment.exit_reason
            return
        assert walk.enrollment.due_at is not None
        assert walk.now < walk.enrollment.due_at <= walk.enrollment.arrived_at + timedelta(seconds=LONGEST_WAIT)


@given(programs(), zones)
def test_a_program_that_only_leads_on_comes_to_its_end_within_its_limit(program: Program, zone: str) -> None:
    walk = walk_of(program, zone).to_end()
    assert walk.enrollment.status in (EnrollmentStatus.COMPLETED, EnrollmentStatus.EXITED)
    if program.exits.after is not None:
        assert walk.enrollment.ended_at is not None
        assert walk.enrollment.ended_at <= NOW + timedelta(seconds=program.exits.after)


@given(programs(), looks)
def test_running_again_when_nothing_is_due_changes_nothing(program: Program, moments: list[int]) -> None:
    walk = walk_of(program)
    for moment in sorted(moments):
        before = walk.run(timedelta(seconds=moment)).enrollment
        said = len(walk.spoken)
        assert walk.run().enrollment == before
        assert len(walk.spoken) == said


@settings(max_examples=200)
@given(programs(), zones, looks, events)
def test_looking_more_often_changes_neither_the_way_nor_its_moments(
    program: Program, zone: str, moments: list[int], heard: list[tuple[int, int]]
) -> None:
    """Events are heard when they happen, never at the very moment of a look; beside that, one walk is run when it
    is due and the other more often."""
    once, often = walk_of(program, zone), walk_of(program, zone)
    often.enrollment, often.customer = once.enrollment, once.customer
    for walk, extra in ((once, []), (often, moments)):
        marks = sorted([(at + 0.5, True) for at, _ in heard] + [(at, False) for at in extra])
        for at, is_event in [*marks, (10**9, False)]:
            _run_until(walk, at)
            if walk.ended:
                break
            if is_event:
                walk.now = NOW + timedelta(seconds=at)
                if walk.hear("order", timedelta(seconds=at), properties={"at": at}):
                    walk.run()
            else:
                walk.run(timedelta(seconds=at))
    assert outcome(often) == outcome(once)
    assert all(enrollment_of(m.id) == once.enrollment.id for m in often.messages)


def _run_until(walk: Walk, at: float) -> None:
    """Whenever it is due before then."""
    while not walk.ended:
        due = walk.enrollment.due_at
        assert due is not None
        if due >= NOW + timedelta(seconds=at):
            return
        walk.now = max(walk.now, due)
        walk.run()


@given(programs(), st.lists(st.integers(0, HORIZON), min_size=1, max_size=4))
def test_a_new_revision_that_is_the_same_changes_nothing_for_those_who_move(
    program: Program, moments: list[int]
) -> None:
    """Nobody is stranded, nobody hears twice, nobody waits anew."""
    stays, moves = walk_of(program), walk_of(program)
    moves.enrollment, moves.customer = stays.enrollment, stays.customer
    stays.to_end()
    for n, at in enumerate(sorted(moments)):
        _run_until(moves, at)
        if moves.ended:
            break
        moves.now = NOW + timedelta(seconds=at)
        new = make_runnable(msgspec.structs.replace(program, revision_id=UUID(int=n + 1)))
        told = move_to(moves.runnable, new, moves.enrollment, moves.now)
        assert told is not None
        moves.enrollment, moves.runnable = told.enrollment, new
        moves.revisions[new.program.revision_id] = new
    assert outcome(moves.to_end()) == outcome(stays)


@given(st.integers(1, 3 * 86400), events)
def test_a_wait_ends_with_the_first_event_in_time_or_at_its_deadline(
    timeout: int, heard: list[tuple[int, int]]
) -> None:
    """An event happens at one moment and is heard some time later."""
    met, late = a_step("exit", "met", reason="met"), a_step("exit", "late", reason="late")
    walk = Walk(a_step("wait_for_event", "w", event="order", timeout=timeout, timed_out="late"), met, late, END).run()
    deadline = NOW + timedelta(seconds=timeout)
    for at, delay in sorted(heard, key=lambda event: event[0] + event[1]):
        _run_until(walk, at + delay)
        if walk.ended:
            break
        walk.now = NOW + timedelta(seconds=at + delay)
        took = walk.hear("order", timedelta(seconds=at))
        assert took == (at <= timeout)
        walk.run()
        assert walk.ended or walk.now < deadline
    if not walk.ended:
        _run_until(walk, 10**9)
    expected = any(at <= timeout and at + delay <= timeout for at, delay in heard)
    assert walk.enrollment.exit_reason == ("met" if expected else "late")
    assert walk.enrollment.ended_at is not None
    assert walk.enrollment.ended_at <= deadline
