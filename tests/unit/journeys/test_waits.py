from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from making import NOW, say
from motet.core.steps import LONGEST_WAIT
from motet.core.words import Channel, EnrollmentStatus, MessageStatus
from walking import DAY, END, HOUR, Walk, a_step

MET = a_step("exit", "met", reason="met")
LATE = a_step("exit", "late", reason="late")


# events ----------------------------------------------------------------------------------------------------------


def for_event(timeout: timedelta = DAY, **args: Any) -> Walk:
    wait = a_step("wait_for_event", "wait", event="order", timeout=timeout.total_seconds(), timed_out="late", **args)
    return Walk(wait, MET, LATE, END)


def test_an_event_that_comes_is_kept_and_leads_on() -> None:
    walk = for_event().run()
    assert walk.due == DAY
    assert walk.hear("order", HOUR, properties={"total": 12})
    walk.run(HOUR)
    assert walk.enrollment.exit_reason == "met"
    assert walk.enrollment.context["events"] == {"wait": {"total": 12}}


def test_another_event_is_nothing_to_it() -> None:
    walk = for_event().run()
    assert not walk.hear("visit", HOUR)
    assert walk.due == DAY


def test_without_the_event_the_time_is_out_at_the_deadline() -> None:
    walk = for_event().run().run(DAY - timedelta(seconds=1))
    assert not walk.ended
    assert walk.run(DAY).enrollment.exit_reason == "late"


def test_a_deadline_counts_by_when_the_event_happened() -> None:
    walk = for_event().run()
    walk.now = NOW + DAY + HOUR  # nobody looked for an hour
    assert not walk.hear("order", DAY + timedelta(minutes=1)), "it happened when the time was out"
    assert walk.hear("order", DAY - timedelta(minutes=1)), "it happened in time and was heard late"
    assert walk.run().enrollment.exit_reason == "met"


def test_an_event_from_before_the_enrollment_is_another_story() -> None:
    walk = for_event().run()
    assert not walk.hear("order", -HOUR)


def test_only_an_event_that_fits_the_filter_counts() -> None:
    walk = for_event(where={"total": {"$gte": 50}, "plan": "gold"}).run()
    walk.set(plan="gold")
    assert not walk.hear("order", HOUR, properties={"total": 49})
    assert walk.hear("order", HOUR, properties={"total": 50})


def test_the_first_of_two_events_is_the_one_that_is_kept() -> None:
    walk = for_event().run()
    assert walk.hear("order", HOUR, properties={"n": 1})
    assert not walk.hear("order", 2 * HOUR, properties={"n": 2})
    assert walk.run(2 * HOUR).enrollment.context["events"]["wait"] == {"n": 1}


def test_two_waits_keep_their_events_side_by_side() -> None:
    first = a_step("wait_for_event", "a", event="x", timeout=60)
    second = a_step("wait_for_event", "b", event="x", timeout=60)
    walk = Walk(first, second, END).run()
    for n in (1, 2):
        assert walk.hear("x", timedelta(), properties={"n": n})
        walk.run()
    assert walk.enrollment.context["events"] == {"a": {"n": 1}, "b": {"n": 2}}


def test_no_wait_is_longer_than_a_year() -> None:
    walk = for_event(timedelta(days=4000)).run()
    assert walk.due == timedelta(seconds=LONGEST_WAIT)
    assert walk.to_end().enrollment.exit_reason == "late"
    slow = Walk(a_step("delay", seconds=4000 * 86400.0), END).run()
    assert slow.due == timedelta(seconds=LONGEST_WAIT)
    assert slow.to_end().enrollment.status is EnrollmentStatus.COMPLETED


# engagement ------------------------------------------------------------------------------------------------------


def for_click(*engagement: str, messages: tuple[str, ...] = ()) -> Walk:
    wait = a_step(
        "wait_for_engagement", "wait", engagement=engagement or ("click",), messages=messages, timeout=86400,
        engaged="met", timed_out="late",
    )  # fmt: skip
    return Walk(say(name="hello"), say(name="again"), wait, MET, LATE, END).run()


def test_a_click_on_any_message_of_the_enrollment_meets_it() -> None:
    walk = for_click()
    assert walk.way[-1] == "wait"
    assert walk.hear("click", HOUR, message_id=walk.messages[0].id)
    assert walk.run(HOUR).enrollment.exit_reason == "met"


def test_other_peoples_messages_and_other_interactions_do_not() -> None:
    walk = for_click()
    assert not walk.hear("view", HOUR, message_id=walk.messages[0].id)
    assert not walk.hear("click", HOUR)
    assert not walk.hear("click", HOUR, message_id=Walk(say(), entered_at=NOW + HOUR).message(0, 0).id)
    assert walk.run(DAY).enrollment.exit_reason == "late"


def test_machines_do_not_engage() -> None:
    walk = for_click("view", "click")
    for word in ("view", "click"):
        assert not walk.hear(word, HOUR, message_id=walk.messages[0].id, properties={"machine": True})


def test_only_the_messages_that_are_named_count() -> None:
    walk = for_click(messages=("again",))
    assert not walk.hear("click", HOUR, message_id=walk.messages[0].id)
    assert walk.hear("click", HOUR, message_id=walk.messages[1].id)


@pytest.mark.parametrize(
    ("word", "field"),
    [
        ("view", "opened_at"),
        ("click", "clicked_at"),
        ("delivered", "delivered_at"),
        ("purchase", "converted_at"),
        ("failed", "failed_at"),
    ],
)
def test_what_happened_before_the_step_was_reached_meets_it_at_once(word: str, field: str) -> None:
    wait = a_step("wait_for_engagement", "wait", engagement=(word,), timeout=86400, engaged="met", timed_out="late")
    walk = Walk(say(name="hello"), a_step("delay", "pause", seconds=3600), wait, MET, LATE, END).run()
    walk.touch(**{field: NOW + timedelta(minutes=5)})
    assert walk.run(HOUR).enrollment.exit_reason == "met"


def test_a_bounce_is_told_from_other_failures() -> None:
    walk = for_click("bounced")
    walk.touch(failed_at=NOW + HOUR)
    assert not walk.run(HOUR).ended
    walk.messages = (walk.message(0, 0, status=MessageStatus.BOUNCED, failed_at=NOW),)
    assert walk.run(HOUR).enrollment.exit_reason == "met"


def test_a_purchase_that_names_no_message_counts_when_it_was_credited_to_one() -> None:
    walk = for_click("purchase")
    walk.now = NOW + HOUR
    assert not walk.hear("purchase", HOUR)
    walk.touch(converted_at=NOW + HOUR)
    assert walk.hear("purchase", HOUR)
    assert walk.run().enrollment.exit_reason == "met"


def test_engagement_after_the_time_was_out_comes_too_late() -> None:
    walk = for_click()
    walk.now = NOW + DAY + HOUR
    late = DAY + timedelta(minutes=1)
    assert not walk.hear("click", late, message_id=walk.messages[0].id)
    walk.touch(clicked_at=NOW + late)
    assert walk.run().enrollment.exit_reason == "late"


def test_messages_of_an_older_revision_are_known_by_their_steps_names() -> None:
    walk = for_click(messages=("again",))
    old = Walk(say(name="again"), END)
    said = walk.message(0, 7, revision_id=old.program.id)
    walk.messages = (said,)
    assert not walk.hear("click", HOUR, message_id=said.id), "nobody knows what that revision called it"
    walk.revisions[old.program.id] = old.runnable
    assert walk.hear("click", HOUR, message_id=said.id)


# conditions ------------------------------------------------------------------------------------------------------


def for_condition(condition: dict[str, Any], **fields: Any) -> Walk:
    wait = a_step("wait_for_condition", "wait", condition=condition, timeout=86400, holds="met", timed_out="late")
    return Walk(wait, MET, LATE, END, **fields)


def test_a_condition_that_holds_leads_on_at_once() -> None:
    assert for_condition({"plan": "gold"}, attributes={"plan": "gold"}).run().enrollment.exit_reason == "met"


def test_a_condition_that_comes_to_hold_leads_on_when_it_is_run_again() -> None:
    walk = for_condition({"plan": "gold"}).run()
    assert walk.due == DAY
    walk.set(plan="gold")
    assert walk.run(HOUR).enrollment.exit_reason == "met"
    assert for_condition({"plan": "gold"}).run().run(DAY).enrollment.exit_reason == "late"


def test_a_condition_over_time_is_looked_at_when_it_turns() -> None:
    walk = for_condition({"seen": {"$lt": {"$ago": "1h"}}}, attributes={"seen": NOW.isoformat()}).run()
    assert walk.due is not None
    assert HOUR <= walk.due <= HOUR + timedelta(milliseconds=1)
    assert walk.to_end().enrollment.exit_reason == "met"


def test_a_condition_sees_what_the_enrollment_kept() -> None:
    walk = for_condition({"answers.ask.status": 200}, context={"answers": {"ask": {"status": 200}}})
    assert walk.run().enrollment.exit_reason == "met"


def test_a_condition_that_nobody_counts_yet_is_asked_again_soon_and_times_out() -> None:
    walk = for_condition({"$did": {"event": "purchase"}}).run()
    assert walk.due == timedelta(seconds=30)
    assert walk.run(DAY).enrollment.exit_reason == "late"


def test_push_and_email_engagement_show_in_conditions() -> None:
    wait = a_step("wait_for_condition", "wait", condition={"push_opened": True}, timeout=86400, timed_out="late")
    walk = Walk(say("push"), wait, MET, LATE, END).run()
    assert walk.messages[0].channel is Channel.PUSH
    walk.touch(opened_at=NOW)
    assert walk.run(HOUR).enrollment.exit_reason == "met"
