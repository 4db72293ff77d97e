"""Steps that do something: effects, actions, digests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from making import NOW, a_program
from motet.core.clock import to_ms
from motet.core.ids import derive_enrollment_id, derive_message_id
from motet.core.outcomes import Drop, EmitEvent, EnterProgram, UpdateProfile
from motet.core.program import Trigger
from motet.core.reasons import Reason
from motet.core.words import Channel
from motet.journeys.steps.digest import MOST_BYTES
from walking import END, HOUR, Walk, a_step

MINUTE = timedelta(minutes=1)
FAILED = a_step("exit", "failed", reason="failed")


def test_effects_are_done_in_order_and_passed() -> None:
    lists = {"unset": ["m"], "add_tags": ["t"], "remove_tags": ["u"]}
    walk = Walk(
        a_step("update_profile", "a", set={"n": "{{x}}"}, topics={"news": False}, **lists),
        a_step("emit_event", "b", event="done", properties={"at": "{{now}}"}),
        a_step("enter", "c", program="next", context={"from": "here"}),
        END,
    ).run()  # fmt: skip
    assert walk.effects == [
        UpdateProfile({"n": "{{x}}"}, ("m",), ("t",), ("u",), {"news": False}),
        EmitEvent("done", {"at": "{{now}}"}),
        EnterProgram("next", {"from": "here"}),
    ]
    assert walk.way == ["a", "b", "c", "exit"]
    assert walk.enrollment.exit_reason == "completed"


# actions ---------------------------------------------------------------------------------------------------------


def asking(wait: bool = True, failed: str | None = "failed") -> Walk:
    content = {"webhook": {"url": "https://crm.example/x", "body": {}}}
    return Walk(a_step("action", "ask", content=content, wait=wait, timeout=600, failed=failed), END, FAILED)


def test_an_action_speaks_once_and_waits_for_its_answer() -> None:
    walk = asking().run()
    assert [(s.channel, s.action) for s in walk.spoken] == [(Channel.WEBHOOK, True)]
    assert (walk.due, walk.way) == (10 * MINUTE, ["ask"])
    walk.run(5 * MINUTE)
    assert len(walk.spoken) == 1, "looking again asks nothing"
    assert walk.due == 10 * MINUTE


def test_an_answer_is_kept_and_leads_on() -> None:
    walk = asking().run()
    walk.now = NOW + MINUTE
    assert walk.hear(
        "action_answered", MINUTE, message_id=walk.messages[0].id, properties={"status": 201, "body": {"a": [1]}}
    )
    assert walk.run().enrollment.exit_reason == "completed"
    assert walk.enrollment.context["answers"] == {"ask": {"status": 201, "body": {"a": [1]}}}


def test_an_answer_that_refuses_is_kept_and_goes_the_failed_way() -> None:
    walk = asking().run()
    assert walk.hear(
        "action_answered", MINUTE, message_id=walk.messages[0].id, properties={"status": 404, "body": "no"}
    )
    assert walk.run(MINUTE).enrollment.exit_reason == "failed"
    assert walk.enrollment.context["answers"]["ask"]["status"] == 404


@pytest.mark.parametrize("how", ["failed", "silent", "dropped"])
def test_a_failure_and_silence_and_a_drop_go_the_failed_way(how: str) -> None:
    walk = asking()
    if how == "dropped":
        walk.answers = [Drop((Reason.NO_PROVIDER,))]
    walk.run()
    if how == "failed":
        assert walk.hear("failed", MINUTE, message_id=walk.messages[0].id)
        walk.run(MINUTE)
    assert walk.to_end().enrollment.exit_reason == "failed"
    assert walk.now == NOW + {"failed": MINUTE, "silent": 10 * MINUTE, "dropped": timedelta()}[how]


def test_an_answer_that_came_too_late_is_not_taken() -> None:
    walk = asking().run()
    walk.now = NOW + HOUR
    assert not walk.hear("action_answered", 11 * MINUTE, message_id=walk.messages[0].id, properties={"status": 200})
    assert walk.run().enrollment.exit_reason == "failed"


def test_answers_to_other_visits_and_other_events_are_nothing_to_it() -> None:
    walk = asking().run()
    other = derive_message_id(walk.enrollment.id, 9, Channel.WEBHOOK)
    assert not walk.hear("action_answered", MINUTE, message_id=other, properties={"status": 200})
    assert not walk.hear("delivered", MINUTE, message_id=walk.messages[0].id)
    assert not asking().hear("action_answered", MINUTE, message_id=walk.messages[0].id), "it has not asked yet"


def test_an_action_that_waits_for_nothing_goes_on_at_once() -> None:
    walk = asking(wait=False).run()
    assert walk.enrollment.exit_reason == "completed"
    assert len(walk.messages) == 1


def test_a_dropped_action_without_a_failed_way_goes_on() -> None:
    walk = asking(failed=None)
    walk.answers = [Drop((Reason.NO_PROVIDER,))]
    assert walk.run().enrollment.exit_reason == "completed"


# digests ---------------------------------------------------------------------------------------------------------


def collecting(trigger: str | None = None, context: dict[str, Any] | None = None, **args: Any) -> Walk:
    step = a_step("digest", "collect", **{"event": "comment", "window": 3600, **args})
    program = a_program(step, END, trigger=Trigger(event=trigger))
    return Walk(program=program, context=context or {})


def test_events_are_collected_and_told_once_the_window_is_over() -> None:
    walk = collecting().run()
    for n, after in enumerate((MINUTE, 3 * MINUTE, 2 * MINUTE)):
        assert walk.hear("comment", after, properties={"n": n})
        assert walk.run(after).due == HOUR, "it goes on waiting for the same moment"
    assert not walk.hear("like", MINUTE)
    digest = walk.to_end().enrollment.context["digest"]
    assert digest["items"] == [{"n": 0}, {"n": 2}, {"n": 1}], "in the order in which they happened"
    assert digest["count"] == 3
    assert (digest["first_at"], digest["last_at"]) == ((NOW + MINUTE).isoformat(), (NOW + 3 * MINUTE).isoformat())


def test_running_again_collects_nothing_twice() -> None:
    walk = collecting().run()
    assert walk.hear("comment", MINUTE)
    once = walk.run(MINUTE).enrollment
    assert walk.run(MINUTE).enrollment == once


def test_nothing_collected_counts_none() -> None:
    assert collecting().to_end().enrollment.context["digest"]["count"] == 0


def test_what_happened_after_the_window_is_of_no_digest() -> None:
    walk = collecting().run()
    walk.now = NOW + 2 * HOUR
    assert not walk.hear("comment", HOUR + MINUTE)
    assert walk.hear("comment", HOUR - MINUTE), "heard late, but it happened in the window"


def test_the_event_that_started_the_enrollment_is_the_first_of_its_digest() -> None:
    walk = collecting("comment", {"n": 0}).run()
    assert walk.hear("comment", MINUTE, properties={"n": 1})
    digest = walk.to_end().enrollment.context["digest"]
    assert (digest["count"], digest["items"]) == (2, [{"n": 0}, {"n": 1}])
    assert collecting("visit", {"n": 0}).to_end().enrollment.context["digest"]["count"] == 0


def test_the_event_is_the_first_though_others_are_heard_before_the_first_run() -> None:
    walk = collecting("comment", {"n": 0})
    assert walk.hear("comment", MINUTE, properties={"n": 1})
    assert walk.run().to_end().enrollment.context["digest"]["count"] == 2


def test_only_events_that_fit_are_collected() -> None:
    walk = collecting("comment", {"stars": 1}, where={"stars": {"$gte": 3}}).run()
    assert not walk.hear("comment", MINUTE, properties={"stars": 2})
    assert walk.hear("comment", MINUTE, properties={"stars": 3})
    assert walk.to_end().enrollment.context["digest"]["items"] == [{"stars": 3}]


def test_a_flood_is_counted_whole_and_kept_in_part() -> None:
    walk = collecting(most=3).run()
    for n in range(10):
        assert walk.hear("comment", timedelta(seconds=n), properties={"n": n})
    digest = walk.to_end().enrollment.context["digest"]
    assert (digest["count"], digest["items"]) == (10, [{"n": 7}, {"n": 8}, {"n": 9}])


def test_large_events_do_not_swell_the_enrollment() -> None:
    walk = collecting().run()
    for n in range(30):
        assert walk.hear("comment", timedelta(seconds=n), properties={"text": "x" * 10_000})
        assert len(msgspec.json.encode(walk.enrollment.state)) < MOST_BYTES + 1000
    assert walk.enrollment.state["count"] == 30
    assert walk.hear("comment", MINUTE, properties={"text": "x" * MOST_BYTES}), "too large to be kept at all"
    assert walk.enrollment.state["count"] == 31


def test_a_second_digest_begins_anew() -> None:
    step = a_step("digest", "one", event="comment", window=60)
    again = a_step("digest", "two", event="comment", window=60)
    walk = Walk(program=a_program(step, again, END, trigger=Trigger(event="comment")), context={"n": 0})
    walk.run().run(MINUTE)
    assert walk.enrollment.context["digest"]["count"] == 1
    assert walk.hear("comment", MINUTE * 1.5)
    walk.to_end()
    assert walk.enrollment.context["digest"]["count"] == 1
    assert walk.enrollment.context["digest"]["first_at"] == (NOW + MINUTE * 1.5).isoformat()


def test_a_digest_that_started_late_counts_from_when_the_event_happened() -> None:
    early = NOW - timedelta(seconds=20)
    walk = collecting("comment", {"n": 0})
    id = derive_enrollment_id(walk.customer.id, walk.program.id, walk.enrollment.id, to_ms(early))
    walk.enrollment = msgspec.structs.replace(walk.enrollment, id=id)
    assert walk.run().enrollment.state["first_at"] == early.isoformat()
    assert walk.due == HOUR
