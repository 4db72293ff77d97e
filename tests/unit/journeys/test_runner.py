from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from making import NOW, a_customer, a_program, an_enrollment, say, some_facts, wait
from motet.core.errors import Refused
from motet.core.outcomes import Hold, Speak
from motet.core.program import Step
from motet.core.reasons import Reason
from motet.core.words import Channel, EnrollmentStatus, Priority
from motet.journeys.runner import MAX_FAILURES, advance, fail, make_runnable, settle


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
    passed = settle(spoken.enrollment, None, NOW)
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
    held = settle(spoken.enrollment, Hold(until, (Reason.CHANNEL_CAP,)), NOW).enrollment
    assert (held.step, held.visit, held.due_at, held.holds) == (0, 0, until, 1)


def test_the_program_gives_the_priority_that_the_step_does_not() -> None:
    customer = a_customer()
    for priority, wanted in ((None, Priority.HIGH), ("urgent", Priority.URGENT)):
        program = a_program(say(priority=priority), priority=Priority.HIGH)
        intent = advance(make_runnable(program), an_enrollment(customer, program), some_facts(customer)).intent
        assert intent is not None
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
