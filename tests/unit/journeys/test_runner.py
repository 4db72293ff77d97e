from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from making import NOW, a_customer, a_program, an_enrollment, an_event, say, some_facts, wait
from motet.core.errors import Refused
from motet.core.outcomes import Hold, Send, Speak
from motet.core.program import Step
from motet.core.reasons import Reason
from motet.core.words import Channel, EnrollmentStatus, Priority
from motet.journeys.runner import MAX_FAILURES, advance, fail, hear, make_runnable, settle

SENT = Send(Channel.EMAIL, NOW, (Reason.ELIGIBLE,))


def test_a_delay_waits_from_entry_and_then_passes() -> None:
    program = a_program(wait(3600), say())
    runnable = make_runnable(program)
    customer = a_customer()
    waiting = advance(runnable, an_enrollment(customer, program), some_facts(customer))
    assert waiting.intent is None
    assert waiting.enrollment.due_at == NOW + timedelta(hours=1)

    later = some_facts(customer, now=NOW + timedelta(hours=1))
    speaking = advance(runnable, waiting.enrollment, later)
    assert isinstance(speaking.intent, Speak)
    assert speaking.enrollment.step == 1
    assert [(m.departed, m.entered) for m in speaking.moves] == [(0, 1)]


def test_the_last_step_completes_the_enrollment() -> None:
    program = a_program(say())
    runnable = make_runnable(program)
    customer = a_customer()
    spoken = advance(runnable, an_enrollment(customer, program), some_facts(customer))
    assert isinstance(spoken.intent, Speak)
    passed = settle(runnable, spoken.enrollment, spoken.intent, SENT, NOW)
    ended = advance(runnable, passed.enrollment, some_facts(customer))
    assert ended.enrollment.status is EnrollmentStatus.COMPLETED
    assert ended.enrollment.due_at is None
    assert ended.moves[-1].departed == 1
    assert ended.moves[-1].entered is None


def test_a_hold_stays_on_the_step_and_keeps_its_visit() -> None:
    program = a_program(say())
    customer = a_customer()
    spoken = advance(make_runnable(program), an_enrollment(customer, program), some_facts(customer))
    until = NOW + timedelta(minutes=5)
    assert isinstance(spoken.intent, Speak)
    held = settle(make_runnable(program), spoken.enrollment, spoken.intent, Hold(until, (Reason.CHANNEL_CAP,)), NOW)
    kept = held.enrollment
    assert (kept.step, kept.visit, kept.due_at, kept.holds) == (0, 0, until, 1)


def test_the_program_gives_the_priority_that_the_step_does_not() -> None:
    customer = a_customer()
    for priority, wanted in ((None, Priority.HIGH), ("urgent", Priority.URGENT)):
        program = a_program(say(priority=priority), priority=Priority.HIGH)
        intent = advance(make_runnable(program), an_enrollment(customer, program), some_facts(customer)).intent
        assert isinstance(intent, Speak)
        assert intent.priority is wanted
        assert intent.channel is Channel.EMAIL


def test_a_step_that_keeps_breaking_is_set_aside_with_its_reason() -> None:
    enrollment = an_enrollment(a_customer(), a_program(say()))
    for _ in range(MAX_FAILURES - 1):
        enrollment = fail(enrollment, "boom", NOW).enrollment
        assert enrollment.status is EnrollmentStatus.ACTIVE
        assert enrollment.due_at is not None
        assert enrollment.due_at > NOW
    ended = fail(enrollment, "boom", NOW).enrollment
    assert ended.status is EnrollmentStatus.QUARANTINED
    assert ended.exit_reason == "quarantined: boom"


def test_unknown_steps_and_bad_args_are_named() -> None:
    program = a_program(Step("a", "teleport"), Step("b", "delay", {"seconds": "soon"}))
    with pytest.raises(Refused) as caught:
        make_runnable(program)
    assert [(p.code, p.path) for p in caught.value.problems] == [
        ("step.unknown_kind", "steps[0].kind"),
        ("step.bad_args", "steps[1].args"),
    ]


def test_a_program_survives_its_journey_through_json() -> None:
    program = a_program(wait(60), say(conditions={"cart_value": {"$gt": 50}}), starts_at=NOW)
    assert msgspec.json.decode(msgspec.json.encode(program), type=type(program)) == program


def test_a_step_that_is_wrong_sets_aside_only_those_who_come_to_it() -> None:
    program = a_program(wait(60), Step("b", "teleport"), Step("c", "message", {"channel": "email"}))
    runnable = make_runnable(program, strict=False)
    customer = a_customer()
    waiting = advance(runnable, an_enrollment(customer, program), some_facts(customer))
    assert waiting.enrollment.status is EnrollmentStatus.ACTIVE
    told = advance(runnable, waiting.enrollment, some_facts(customer, now=NOW + timedelta(minutes=1)))
    assert told.enrollment.status is EnrollmentStatus.QUARANTINED
    assert told.enrollment.due_at is None
    assert "'teleport' is no step type" in (told.enrollment.exit_reason or "")


def test_a_filter_that_is_wrong_is_named_with_its_place_and_is_its_steps_fault() -> None:
    program = a_program(say(conditions={"a": {"$near-ish": 1}}))
    with pytest.raises(Refused) as caught:
        make_runnable(program)
    assert caught.value.problems[0].path.startswith("steps[0].conditions")
    assert make_runnable(program, strict=False).steps[0].fault


def test_a_program_that_goes_round_without_waiting_is_stopped() -> None:
    back = Step("b", "branch", {"paths": [{"name": "again", "condition": {}, "go": "a"}]})
    program = a_program(wait(0), Step("a", "delay", {"seconds": 0}), back)
    customer = a_customer()
    told = advance(make_runnable(program), an_enrollment(customer, program), some_facts(customer))
    assert told.enrollment.status is EnrollmentStatus.QUARANTINED
    assert "goes round" in (told.enrollment.exit_reason or "")


def test_a_jump_to_exit_ends_a_program_that_has_no_such_step() -> None:
    out = Step("b", "branch", {"paths": [{"name": "out", "condition": {}, "go": "exit"}]})
    program, customer = a_program(out, wait(60)), a_customer()
    told = advance(make_runnable(program), an_enrollment(customer, program), some_facts(customer))
    assert told.enrollment.status is EnrollmentStatus.COMPLETED


def test_whoever_has_ended_is_not_moved() -> None:
    program, customer = a_program(say()), a_customer()
    ended = an_enrollment(customer, program, status=EnrollmentStatus.EXITED, due_at=None)
    assert advance(make_runnable(program), ended, some_facts(customer)).enrollment == ended


def test_what_a_step_remembers_is_gone_when_it_is_left() -> None:
    program, customer = a_program(Step("w", "wait_for_event", {"event": "x", "timeout": 60}), wait(3600)), a_customer()
    runnable, facts = make_runnable(program), some_facts(customer)
    enrollment = advance(runnable, an_enrollment(customer, program), facts).enrollment
    heard = hear(runnable, enrollment, an_event(customer.id, "x", properties={"n": 1}), facts)
    assert heard is not None
    assert heard.state
    assert heard.due_at == NOW
    after = advance(runnable, heard, facts).enrollment
    assert (after.step, after.state, after.context) == (1, {}, {"events": {"w": {"n": 1}}})
