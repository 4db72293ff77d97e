"""A simulation is the same again for the same seed, loses nobody, and keeps every cap."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motet.authoring.blueprints import NAMES, read_blueprint
from motet.core.errors import Refused
from motet.core.events import Event
from motet.core.messages import Message
from motet.core.program import Cap, Policy
from motet.core.words import EnrollmentStatus
from motet.engine.batch import Effects
from motet.simulation.forecast.crowd import begin, limit, live_all, live_chunk, made_up, meet
from motet.simulation.forecast.forecast import Order, forecast, set_scene
from motet.simulation.forecast.life import Life
from motet.simulation.forecast.report import Report
from motet.simulation.forecast.scene import Surroundings, make_scene
from motet.simulation.forecast.tally import Tally

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SEEDS = st.integers(0, 2**32 - 1)
SAY = {"channel": "sms", "content": {"text": "Hi"}}


def a_document(**fields: Any) -> dict[str, Any]:
    plain = {"name": "hello", "trigger": {"event": "cart_abandoned"}, "messages": [SAY, {"delay": "2d", **SAY}]}
    return plain | fields


def run(document: dict[str, Any], around: Surroundings | None = None, **order: Any) -> Report:
    plain: dict[str, Any] = {"customers": 60, "days": 12, "seed": 3}
    return forecast(Order(document=document, **plain | order), NOW, around=around, processes=1)


def watch_nothing(life: Life, now: datetime, events: list[Event], effects: Effects) -> None:
    pass


@settings(max_examples=12)
@given(SEEDS, st.sampled_from(NAMES))
def test_the_same_seed_gives_the_same_bytes(seed: int, name: str) -> None:
    first, second = (run(read_blueprint(name), seed=seed, customers=25) for _ in range(2))
    assert msgspec.json.encode(first) == msgspec.json.encode(second)


def test_another_seed_gives_other_figures() -> None:
    first, second = (run(a_document(), seed=seed).totals for seed in (1, 2))
    assert first != second


def test_two_processes_tell_what_one_tells() -> None:
    order = Order(document=read_blueprint("abandoned-cart-recovery"), customers=1_100, days=5)
    alone, together = (forecast(order, NOW, processes=n) for n in (1, 2))
    assert msgspec.json.encode(alone) == msgspec.json.encode(together)


def test_nobody_is_changed_by_who_else_is_there() -> None:
    few, many = (set_scene(Order(document=a_document(), customers=n), NOW, Surroundings()) for n in (10, 40))
    assert live_chunk(few, range(5, 10)) == live_chunk(many, range(5, 10))


@settings(max_examples=20)
@given(SEEDS, st.sampled_from(NAMES))
def test_who_entered_waits_finished_or_left(seed: int, name: str) -> None:
    report = run(read_blueprint(name), seed=seed)
    totals = report.totals
    assert totals.entered == totals.waiting + totals.finished + totals.exited
    for step in report.steps:
        assert step.entered == step.waiting + step.passed + step.left
        assert step.left == sum(count.count for count in step.exits)
    assert totals.waiting == sum(step.waiting for step in report.steps)


@settings(max_examples=20)
@given(SEEDS, st.sampled_from(NAMES))
def test_days_steps_and_channels_sum_to_the_totals(seed: int, name: str) -> None:
    report = run(read_blueprint(name), seed=seed)
    totals = report.totals
    assert len(report.daily) == 12
    for parts in (report.daily, report.channels):
        assert sum(part.sent for part in parts) == totals.sent
        assert sum(part.held for part in parts) == totals.held
        assert sum(part.dropped for part in parts) == totals.dropped
    assert sum(sum(step.sent.values()) for step in report.steps) == totals.sent
    assert sum(count.count for step in report.steps for count in step.dropped) == totals.dropped
    assert sum(day.entered for day in report.daily) == totals.entered
    assert sum(day.left for day in report.daily) == totals.finished + totals.exited


@settings(max_examples=15)
@given(SEEDS, st.integers(1, 3))
def test_no_cap_is_exceeded_also_beside_another_campaign(seed: int, most: int) -> None:
    week = timedelta(days=7).total_seconds()
    around = Surroundings(policy=Policy(caps=(Cap(most, week),)))
    other = set_scene(Order(document=a_document(name="other")), NOW, around)
    beside = msgspec.structs.replace(
        around,
        programs={other.program.revision_id: other.program},
        campaigns={other.program.id: (other.worlds[0][1].status[other.program.id], other.program.revision_id)},
    )
    wishes = {"events": {"cart_abandoned": {"per_month": 12}}}
    document = a_document(reentry="always", frequency={"max_sms_per_week": 50})
    scene = set_scene(Order(document=document, seed=seed, days=15, wishes=wishes), NOW, beside)
    spoke: dict[str, int] = defaultdict(int)
    for someone in meet(scene, range(8)):
        life = begin(scene, someone, watch_nothing)
        life.live()
        moments = sorted(m.approved_at for m in life.messages.values())
        for first, last in zip(moments, moments[most:], strict=False):
            assert last - first >= timedelta(days=7)
        for message in life.messages.values():
            spoke[str(message.campaign_id)] += 1
    assert sum(spoke.values()) > 0


def test_the_limit_over_all_customers_lets_in_who_came_first() -> None:
    document = a_document()
    scene = set_scene(Order(document=document, customers=60, days=12, seed=3), NOW, Surroundings())
    all_of_them = live_all(scene, made_up(60))
    limited = msgspec.structs.replace(scene.program, max_entries=7)
    made = make_scene(limited, Surroundings(), scene.parameters, seed=3, days=12, start=scene.start)
    again = limit(made, live_all(made, made_up(60)))
    assert again is not None
    assert again.until is not None
    few = live_all(again, made_up(60))
    assert entries(few) == 7 < entries(all_of_them)
    assert max(few.moments) < again.until


def entries(tally: Tally) -> int:
    return sum(tally.exits.values()) + sum(tally.waiting.values())


def test_a_broadcast_goes_out_once_to_its_segment() -> None:
    document = {"name": "news", "segments": ["vip"], "messages": [SAY]}
    report = run(document, customers=40, wishes={"targeted": False})
    everybody = run(document, customers=40)
    assert 0 < report.totals.entered < 40
    assert everybody.totals.entered == 40
    assert [day.entered for day in everybody.daily][1:] == [0] * 11


def test_a_state_is_looked_at_day_by_day() -> None:
    report = run({"name": "quiet", "trigger": {"state": {"days_since_last_interaction": {"$gt": 24}}},
                  "messages": [SAY]}, customers=200)  # fmt: skip
    assert report.daily[0].entered > 0
    assert sum(day.entered for day in report.daily[1:]) > 0


def test_what_is_asked_of_the_past_is_counted_from_the_start() -> None:
    spec = {"$did": {"event": "cart_abandoned", "count": {"$gte": 2}}}
    wishes = {"events": {"cart_abandoned": {"per_month": 20}}}
    report = run(a_document(reentry="always", messages=[{"conditions": spec, **SAY}]), wishes=wishes, customers=20)
    assert report.totals.sent > 0
    assert {count.word for step in report.steps for count in step.dropped} >= {"condition_false"}


def test_what_begins_later_lets_nobody_in_before() -> None:
    report = run(a_document(starts_at="2026-11-28T00:00:00Z"), start=NOW)
    assert [day.entered for day in report.daily if day.date.isoformat() < "2026-11-28"] == [0] * 4
    assert report.totals.entered > 0


def test_what_ends_on_the_way_says_nothing_afterwards() -> None:
    report = run(a_document(ends_at="2026-11-28T00:00:00Z"), start=NOW)
    assert report.totals.entered > 0
    assert [day.sent for day in report.daily if day.date.isoformat() > "2026-11-28"] == [0] * 8


def test_examples_tell_ways_that_were_gone() -> None:
    report = run(read_blueprint("abandoned-cart-recovery"))
    assert 0 < len(report.examples) <= 6
    assert all(example.lines and example.like > 0 for example in report.examples)
    assert {line.kind for example in report.examples for line in example.lines} >= {"entered", "sent"}


@pytest.mark.parametrize(
    ("order", "place"),
    [({"days": 0}, "days"), ({"customers": 0}, "customers"), ({"seed": -1}, "seed"),
     ({"start": NOW.replace(tzinfo=None)}, "start"), ({"wishes": {"buys": 2}}, "--set.buys"),
     ({"wishes": {"channels": {"pigeon": {}}}}, "--set.channels.pigeon"), ({"wishes": {"nonsense": 1}}, "--set")],
)  # fmt: skip
def test_a_bad_order_is_refused_with_its_place(order: dict[str, Any], place: str) -> None:
    with pytest.raises(Refused) as refused:
        run(a_document(), **order)
    assert [problem.path for problem in refused.value.problems] == [place]


def test_a_document_may_say_how_people_behave() -> None:
    report = run(a_document(simulation={"events": {"cart_abandoned": {"per_month": 0}}}))
    assert report.totals.entered == 0
    assert report.parameters.events["cart_abandoned"].per_month == 0


def test_made_up_events_fit_the_trigger() -> None:
    where = {"plan": "gold", "seats": {"$gte": 5}, "country": {"$in": ["JP", "DE"]}}
    report = run(a_document(trigger={"event": "upgraded", "where": where}))
    assert report.totals.entered > 0


def test_a_message_is_answered_after_it_was_sent() -> None:
    scene = set_scene(Order(document=read_blueprint("abandoned-cart-recovery"), days=8), NOW, Surroundings())
    answered: list[Message] = []
    for someone in meet(scene, range(60)):
        life = begin(scene, someone, watch_nothing)
        life.live()
        answered += [m for m in life.messages.values() if m.opened_at]
        assert all(e.status is not EnrollmentStatus.QUARANTINED for e in life.enrollments.values())
    assert answered
    assert all(m.sent_at and m.opened_at and m.opened_at > m.sent_at for m in answered)


def test_who_enters_a_segment_that_no_house_knows_is_made_up() -> None:
    report = run(a_document(trigger={"enters": "vip"}), days=20)
    assert report.totals.entered == 60
    assert report.parameters.events["segment_entered"].once


def test_what_a_journey_waits_for_comes_as_its_conditions_ask() -> None:
    steps = [
        {
            "name": "order",
            "type": "wait_for_event",
            "event": "ordered",
            "where": {"size": {"$gte": 4}},
            "timeout": "9d",
        },
        {"name": "hello", "type": "message", **SAY},
    ]
    document = {"kind": "journey", "name": "waits", "trigger": {"event": "signup"}, "steps": steps}
    report = run(document, wishes={"events": {"ordered": {"per_month": 60}}})
    assert report.kind == "journey"
    assert sum(report.steps[1].sent.values()) > 0
    early = [day.sent for day in report.daily[:3]]
    assert sum(early) > 0


def test_an_action_is_answered_by_the_other_system() -> None:
    steps = [
        {"name": "ask", "type": "action", "wait": True, "timeout": "1h", "failed": "exit",
         "url": "https://hooks.example/x"},
        {"name": "hello", "type": "message", **SAY},
    ]  # fmt: skip
    document = {"kind": "journey", "name": "asks", "trigger": {"event": "signup"}, "steps": steps}
    answered, silent = (run(document, wishes={"answers": chance}) for chance in (1, 0))
    assert answered.totals.sent > silent.totals.sent
    assert {count.word for count in silent.exits} == {"completed"}


def test_a_trait_that_the_house_has_not_is_refused_with_its_place() -> None:
    with pytest.raises(Refused) as refused:
        run(a_document(trigger={"event": "signup", "where": {"traits.total_spent": {"$gte": 5}}}))
    assert refused.value.problems[0].path.startswith("trigger.where")
