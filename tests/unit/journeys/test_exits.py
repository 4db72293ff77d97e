from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from making import NOW, a_program, an_event, say
from motet.core.outcomes import Hold
from motet.core.program import EventTest, Exits, Goal, Step
from motet.core.reasons import Reason
from motet.core.words import EnrollmentStatus
from motet.journeys.exits import GOAL, STATE, TIME_LIMIT, UNSUBSCRIBED
from motet.journeys.runner import check_exits, enroll, reached, watching
from walking import DAY, END, HOUR, Walk, a_step

SLOW = a_step("delay", "slow", seconds=30 * 86400.0)


def waiting(*steps: Step, attributes: Any = None, **fields: Any) -> Walk:
    return Walk(program=a_program(*(steps or (SLOW,)), END, **fields), attributes=attributes).run()


def check(walk: Walk, name: str | None = None, after: timedelta = timedelta(), **fields: Any) -> str | None:
    event = an_event(walk.customer.id, name, NOW + after, **fields) if name else None
    return check_exits(walk.runnable, walk.enrollment, walk.facts, event)


def test_a_time_limit_ends_every_wait() -> None:
    walk = waiting(exits=Exits(after=86400.0))
    assert walk.due == DAY
    walk.run(DAY)
    assert (walk.enrollment.status, walk.enrollment.exit_reason) == (EnrollmentStatus.EXITED, TIME_LIMIT)


def test_a_time_limit_ends_a_hold_and_an_answer_that_is_awaited() -> None:
    action = a_step("action", content={"webhook": {"url": "https://a.example"}}, wait=True, timeout=7 * 86400)
    assert waiting(action, exits=Exits(after=60.0)).due == timedelta(minutes=1)
    held = Walk(program=a_program(say(), END, exits=Exits(after=60.0)))
    held.answers = [Hold(NOW + DAY, (Reason.CHANNEL_CAP,))]
    assert held.run().due == timedelta(minutes=1)
    assert held.to_end().enrollment.exit_reason == TIME_LIMIT


def test_nothing_is_said_once_the_time_is_up() -> None:
    walk = Walk(program=a_program(say(), END, exits=Exits(after=60.0)))
    assert walk.run(HOUR).ended
    assert walk.spoken == []


def test_an_event_that_fits_ends_it() -> None:
    walk = waiting(exits=Exits(events=(EventTest("order", {"total": {"$gt": 10}}), EventTest("quit"))))
    assert check(walk, "order", properties={"total": 5}) is None
    assert check(walk, "order", properties={"total": 50}) == "order"
    assert check(walk, "quit") == "quit"
    assert check(walk, "quit", -HOUR) is None, "that was before it began"


def test_the_exit_event_of_a_campaign_ends_it() -> None:
    assert check(waiting(exit_on="purchase"), "purchase") == "purchase"


def test_a_state_of_the_customer_ends_it_and_what_started_it_does_not_hide_that() -> None:
    walk = waiting(exits=Exits(state={"plan": "gold"}))
    assert check(walk) is None
    walk.enrollment = msgspec.structs.replace(walk.enrollment, context={"plan": "gold"})
    assert check(walk) is None
    walk.set(plan="gold")
    assert check(walk) == STATE
    assert walk.run(HOUR).enrollment.exit_reason == STATE


def test_a_state_that_turns_with_time_is_looked_at_when_it_does() -> None:
    walk = waiting(exits=Exits(state={"seen": {"$lt": {"$ago": "1h"}}}), attributes={"seen": NOW.isoformat()})
    assert walk.due is not None
    assert HOUR <= walk.due <= HOUR + timedelta(milliseconds=1)
    assert walk.to_end().enrollment.exit_reason == STATE


def test_a_state_that_nobody_counts_yet_ends_nothing() -> None:
    walk = waiting(exits=Exits(state={"$did": {"event": "purchase"}}))
    assert not walk.ended
    assert walk.due == timedelta(seconds=30), "and is asked again soon"


def test_who_unsubscribes_from_a_channel_that_is_listed_leaves() -> None:
    walk = waiting(exits=Exits(unsubscribed=("email",)))
    walk.customer = msgspec.structs.replace(walk.customer, consents={"sms": False})
    assert check(walk) is None
    walk.customer = msgspec.structs.replace(walk.customer, consents={"email": False})
    assert check(walk, "unsubscribe") == UNSUBSCRIBED


def test_a_consent_that_was_missing_before_ends_nothing() -> None:
    walk = waiting(exits=Exits(unsubscribed=("email", "sms")))
    walk.customer = msgspec.structs.replace(walk.customer, consents={"sms": False})
    walk.enrollment = enroll(walk.runnable, walk.facts, walk.enrollment.id, {"order": 7})
    assert walk.enrollment.context["order"] == 7
    assert check(walk) is None
    walk.customer = msgspec.structs.replace(walk.customer, consents={"sms": False, "email": False})
    assert check(walk) == UNSUBSCRIBED


ORDER = Goal("order", event=EventTest("order", {"total": {"$gt": 10}}))
GOLD = Goal("gold", state={"plan": "gold"})


def test_a_goal_is_reached_by_its_event_or_its_state() -> None:
    walk = waiting(goals=(ORDER, GOLD))

    def is_reached(name: str, after: timedelta = timedelta(), **properties: Any) -> bool:
        event = an_event(walk.customer.id, name, NOW + after, properties=properties)
        return reached(walk.runnable, walk.enrollment, walk.facts, event)

    assert is_reached("order", total=50)
    assert not is_reached("order", total=5)
    assert not is_reached("order", -HOUR, total=50)
    walk.set(plan="gold")
    assert is_reached("visit")
    assert reached(walk.runnable, walk.enrollment, walk.facts)
    assert check(walk) is None, "a goal ends nothing by itself"


def test_a_goal_ends_the_journey_when_it_says_so() -> None:
    walk = waiting(goals=(ORDER, GOLD), exits=Exits(goal=True))
    assert check(walk) is None
    assert check(walk, "order", properties={"total": 50}) == GOAL
    walk.enrollment = msgspec.structs.replace(walk.enrollment, reached_at=NOW)
    assert check(walk) == GOAL


def test_a_goal_that_was_reached_is_asked_no_more() -> None:
    timed = Goal("idle", state={"seen": {"$lt": {"$ago": "1h"}}})
    walk = waiting(goals=(timed,), attributes={"seen": NOW.isoformat()})
    assert walk.due is not None
    assert walk.due < DAY
    assert watching(walk.runnable, walk.enrollment)
    walk.enrollment = msgspec.structs.replace(walk.enrollment, reached_at=NOW)
    assert walk.run().due == 30 * DAY
    assert not watching(walk.runnable, walk.enrollment)


@pytest.mark.parametrize(
    ("steps", "fields", "expected"),
    [
        ((SLOW,), {}, False),
        ((SLOW,), {"exits": Exits(state={"plan": "gold"})}, True),
        ((SLOW,), {"exits": Exits(unsubscribed=("email",))}, True),
        ((SLOW,), {"goals": (GOLD,)}, True),
        ((SLOW,), {"goals": (ORDER,)}, False),
        ((a_step("wait_for_condition", condition={"plan": "gold"}, timeout=60),), {}, True),
    ],
)
def test_who_is_watched(steps: tuple[Step, ...], fields: dict[str, Any], expected: bool) -> None:
    walk = waiting(*steps, **fields)
    assert watching(walk.runnable, walk.enrollment) is expected
    assert walk.runnable.watches is expected
    assert not watching(walk.runnable, msgspec.structs.replace(walk.enrollment, status=EnrollmentStatus.EXITED))


def test_what_exits_and_goals_ask_of_the_past_is_counted() -> None:
    def did(event: str) -> dict[str, Any]:
        return {"$did": {"event": event}}

    walk = waiting(
        a_step("branch", paths=[{"name": "p", "condition": did("a")}]),
        a_step("wait_for_event", "w", event="x", where=did("b"), timeout=60),
        exits=Exits(events=(EventTest("x", did("c")),), state=did("d")),
        goals=(Goal("g", event=EventTest("x", did("e"))), Goal("h", state=did("f"))),
    )
    assert sorted(measure.event for measure in walk.runnable.measures) == ["a", "b", "c", "d", "e", "f"]
