"""What the document of a journey compiles to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from motet.authoring.campaign import channels_of, check_traits, compile_campaign
from motet.core.program import EventTest, Exits, Goal, Program, Trigger
from motet.core.words import Channel

HOUR, DAY = 3600.0, 86_400.0
SMS: dict[str, Any] = {"channel": "sms", "content": {"text": "Hello"}}
HI: dict[str, Any] = {"name": "hi", **SMS}
EMAIL: dict[str, Any] = {"channel": "email", "content": {"subject": "Hi", "html": "<p>Hi</p>"}}
TODO = {"type": "profile_check", "field": "done", "value": False}


def compiled(*steps: dict[str, Any], **fields: Any) -> Program:
    document = {"kind": "journey", "name": "test", "steps": list(steps) or [HI], **fields}
    return compile_campaign(document, campaign_id=UUID(int=1), revision_id=UUID(int=2))


def steps(*given: dict[str, Any], **fields: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    return {s.name: (s.kind, s.args) for s in compiled(*given, **fields).steps}


def test_the_least_journey_is_a_broadcast_with_one_message() -> None:
    program = compiled()
    assert (program.kind, program.trigger, program.existing, program.moves) == ("journey", Trigger(), "stay", {})
    assert [(s.name, s.kind) for s in program.steps] == [("hi", "message"), ("exit", "exit")]


def test_a_program_survives_json() -> None:
    program = compiled(
        HI,
        {"name": "w", "type": "wait_until", "time": "09:00", "weekdays": ["monday"]},
        exit={"after": "7d", "events": ["purchase"]},
        success={"bought": {"event": "purchase", "where": {"value": {"$gt": 5}}}},
    )
    assert msgspec.convert(msgspec.to_builtins(program), Program) == program


def test_start_conditions_are_watched_when_nothing_else_starts_it() -> None:
    trigger = compiled(start_conditions=[TODO]).trigger
    assert (trigger.state, trigger.event, trigger.every) == (TODO, None, DAY)


def test_start_conditions_are_one_more_filter_beside_a_trigger() -> None:
    trigger = compiled(trigger={"event": "x", "where": {"a": 1}}, start_conditions={"b": 2}).trigger
    assert (trigger.event, trigger.where) == ("x", {"$and": [{"a": 1}, {"b": 2}]})
    assert compiled(trigger={"event": "x"}, start_conditions=[TODO]).trigger.where == TODO
    entered = compiled(trigger={"enters": "vip"}, start_conditions={"b": 2}).trigger
    assert entered.where == {"$and": [{"segment": "vip"}, {"b": 2}]}


def test_a_step_without_a_name_is_called_by_its_type_and_place() -> None:
    assert list(steps(SMS, {"type": "wait", "for": 5})) == ["message-1", "wait-2", "exit"]


def test_a_step_waits_then_asks_then_acts() -> None:
    found = steps({"name": "mark", "type": "update_profile", "set": {"a": 1}, "delay": "1h", "conditions": {"b": 2}})
    assert found == {
        "mark:delay": ("delay", {"seconds": HOUR, "since": "now"}),
        "mark:conditions": ("branch", {"paths": [{"name": "met", "condition": {"b": 2}}], "otherwise": "exit"}),
        "mark": ("update_profile", {"set": {"a": 1}}),
        "exit": ("exit", {}),
    }


def test_a_message_looks_at_its_conditions_itself() -> None:
    found = steps({**HI, "conditions": [TODO], "delay_seconds": 60})
    assert list(found) == ["hi:delay", "hi", "exit"]
    assert found["hi"][1]["conditions"] == TODO


def test_several_channels_speak_in_the_order_of_their_delays() -> None:
    channels = [
        {**SMS, "delay": "2h"},
        EMAIL,
        {**SMS, "delay_seconds": 3600, "conditions": {"c": 3}},
        {**EMAIL, "delay": "2h"},
    ]
    found = steps({"name": "w", "type": "multi_channel_message", "channels": channels, "conditions": {"b": 2}})
    assert list(found) == [
        "w:conditions", "w:email", "w:sms:delay", "w:sms", "w:sms-2:delay", "w:sms-2", "w:email-2", "exit",
    ]  # fmt: skip
    assert (found["w:sms:delay"][1]["seconds"], found["w:sms-2:delay"][1]["seconds"]) == (HOUR, HOUR)
    assert "conditions" not in found["w:email"][1]
    assert found["w:sms"][1]["conditions"] == {"$and": [{"b": 2}, {"c": 3}]}
    assert found["w:sms-2"][1]["conditions"] == found["w:email-2"][1]["conditions"] == {"b": 2}


def test_a_jump_comes_to_the_beginning_of_a_step() -> None:
    ask = {"name": "ask", "type": "branch", "paths": [{"when": {"a": 1}, "go": "late"}], "otherwise": "exit"}
    found = steps(ask, {**HI, "name": "late", "delay": "1h"})
    assert found["ask"][1] == {
        "paths": [{"name": "late", "condition": {"a": 1}, "go": "late:delay"}],
        "otherwise": "exit",
    }


def test_next_is_a_jump_behind_the_step_even_when_it_is_passed_over() -> None:
    found = steps(
        {"name": "a", "type": "emit_event", "event": "x", "conditions": {"b": 2}, "next": "c"},
        {**HI, "name": "b", "next": "exit"},
        {**HI, "name": "c", "next": "b"},
    )
    assert found["a:conditions"][1]["otherwise"] == "a:next"
    assert found["a:next"] == ("branch", {"paths": [], "otherwise": "c"})
    assert found["b:next"][1]["otherwise"] == "exit"


def test_a_decision_stands_right_behind_its_step() -> None:
    document = {
        "decision_points": [
            {"after": "hi", "when": {"a": 1}, "go": "exit"},
            {
                "step_name": "hi",
                "conditions": [
                    {**TODO, "action": "skip_to_step", "target_step": "last"},
                    {"c": 1, "action": "exit_journey"},
                ],
            },
        ]
    }
    found = steps(HI, {"name": "w", "type": "wait", "for": 9}, {**HI, "name": "last", "delay": 5}, **document)
    assert list(found)[:3] == ["hi", "hi:decision", "w"]
    assert found["hi:decision"][1]["paths"] == [
        {"condition": {"a": 1}, "go": "exit", "name": "exit-1"},
        {"condition": TODO, "go": "last:delay", "name": "last-2"},
        {"condition": {"c": 1}, "go": "exit", "name": "exit-3"},
    ]


def test_whoever_passes_a_step_over_comes_to_its_decision() -> None:
    found = steps(
        {"name": "w", "type": "wait", "for": 9, "conditions": {"b": 2}},
        HI,
        decision_points=[{"after": "w", "when": {"a": 1}, "go": "exit"}],
    )
    assert found["w:conditions"][1]["otherwise"] == "w:decision"


WAIT = {"name": "w", "type": "wait_for_engagement"}
ANY = ["view", "click", "purchase", "signup", "engagement"]


@pytest.mark.parametrize(
    ("fields", "kind", "args"),
    [
        ({}, "wait_for_engagement", {"engagement": ANY, "timeout": DAY}),
        (
            {"engagement": ["opened", "click"], "messages": ["hi", "both"], "timeout": "1h", "engaged": "exit"},
            "wait_for_engagement",
            {"engagement": ["view", "click"], "messages": ["hi", "both:email", "both:sms"], "timeout": HOUR,
             "engaged": "exit"},
        ),
        (
            {"engagement_type": "profile_completion", "timeout_seconds": 172_800, "timed_out": "exit"},
            "wait_for_event",
            {"event": "profile_completion", "timeout": 2 * DAY, "timed_out": "exit"},
        ),
    ],
)  # fmt: skip
def test_words_of_engagement(fields: dict[str, Any], kind: str, args: dict[str, Any]) -> None:
    both = {"name": "both", "channels": [EMAIL, SMS]}
    assert steps(HI, both, {**WAIT, **fields}, {"type": "wait", "for": 1})["w"] == (kind, args)


@pytest.mark.parametrize(
    ("step", "kind", "args"),
    [
        ({"type": "wait", "for": "2d"}, "delay", {"seconds": 2 * DAY, "since": "now"}),
        ({"type": "delay", "delay_seconds": 60}, "delay", {"seconds": 60.0, "since": "now"}),
        (
            {"type": "wait_until", "time": "09:00", "weekdays": ["Friday", "mon"]},
            "wait_until",
            {"local_time": "09:00", "weekdays": ["mon", "fri"]},
        ),
        (
            {"type": "wait_until", "moment": "2026-12-01T09:00:00+01:00"},
            "wait_until",
            {"at": "2026-12-01T08:00:00+00:00"},
        ),
        (
            {"type": "wait_for_event", "event": "x", "where": [{"a": 1}], "timeout": 60, "arrived": "exit"},
            "wait_for_event",
            {"event": "x", "where": {"a": 1}, "timeout": 60.0, "arrived": "exit"},
        ),
        (
            {"type": "wait_for_condition", "until": {"a": 1}, "timeout": 60, "timed_out": "exit"},
            "wait_for_condition",
            {"condition": {"a": 1}, "timeout": 60.0, "timed_out": "exit"},
        ),
        (
            {
                "type": "split",
                "experiment": "e",
                "paths": [{"name": "a", "percent": 30}, {"percent": 70, "go": "exit"}],
            },
            "split",
            {
                "paths": [{"name": "a", "weight": 30.0}, {"name": "exit", "weight": 70.0, "go": "exit"}],
                "experiment": "e",
            },
        ),
        (
            {"type": "update_profile", "profile_updates": {"a": "{{b}}"}, "add_tags": "x", "topics": {"news": False}},
            "update_profile",
            {"set": {"a": "{{b}}"}, "add_tags": ["x"], "topics": {"news": False}},
        ),
        (
            {"type": "trigger_external_action", "action_config": {"url": "https://a.example/", "wait": True}},
            "action",
            {"content": {"webhook": {"url": "https://a.example/", "body": {}}}, "wait": True, "timeout": 300.0},
        ),
        (
            {"type": "action", "url": "https://a.example/", "body": {"a": 1}, "failed": "exit"},
            "action",
            {"content": {"webhook": {"url": "https://a.example/", "body": {"a": 1}}}, "failed": "exit"},
        ),
        (
            {"type": "emit_event", "event": "x", "properties": {"a": 1}},
            "emit_event",
            {"event": "x", "properties": {"a": 1}},
        ),
        (
            {"type": "enter", "journey": "other", "context": {"a": 1}},
            "enter",
            {"program": "other", "context": {"a": 1}},
        ),
        (
            {"type": "digest", "event": "x", "window": "1h", "most": 5},
            "digest",
            {"event": "x", "window": HOUR, "most": 5},
        ),
        ({"type": "exit", "reason": "done"}, "exit", {"reason": "done"}),
    ],
)
def test_every_kind_of_step(step: dict[str, Any], kind: str, args: dict[str, Any]) -> None:
    assert steps({"name": "s", **step})["s"] == (kind, args)


def test_success_is_an_event_or_a_state() -> None:
    goals = compiled(
        success={"bought": {"event": "purchase", "where": {"value": {"$gt": 5}}}, "done": {"when": {"done": True}}},
        success_criteria=[TODO, {"a": 1}, {"type": "event", "event": "signup"}],
    ).goals
    assert goals == (
        Goal("bought", event=EventTest("purchase", {"value": {"$gt": 5}})),
        Goal("done", state={"done": True}),
        Goal("signup-3", event=EventTest("signup")),
        Goal("success", state={"$and": [TODO, {"a": 1}]}),
    )


def test_exits() -> None:
    exits = compiled(
        HI,
        {**EMAIL, "fallback": "push"},
        exit={
            "after": "7d", "events": ["purchase", {"event": "x", "where": {"a": 1}}], "when": {"b": 2},
            "unsubscribed": True, "goal": True,
        },
    ).exits  # fmt: skip
    assert exits == Exits(
        after=7 * DAY,
        events=(EventTest("purchase"), EventTest("x", {"a": 1})),
        state={"b": 2},
        unsubscribed=("sms", "email", "push"),
        goal=True,
    )


def test_exit_conditions_are_each_an_end_by_itself() -> None:
    exits = compiled(
        exit={"after": "8d", "when": {"b": 2}},
        exit_conditions=[
            {"type": "time_limit", "days": 6, "hours": 24},
            {"type": "customer_unsubscribe", "channels": ["email"]},
            {"type": "goal_reached"},
            {"type": "event", "event_name": "purchase"},
            TODO,
        ],
    ).exits
    assert exits == Exits(
        after=7 * DAY,
        events=(EventTest("purchase"),),
        state={"$or": [{"b": 2}, TODO]},
        unsubscribed=("email",),
        goal=True,
    )
    assert compiled(exit_conditions=[{"type": "customer_unsubscribe"}]).exits.unsubscribed == ("sms",)


def test_a_time_scale_divides_every_duration() -> None:
    program = compiled(
        {**HI, "delay": "1h"},
        {"name": "w", "type": "wait", "for": "1h"},
        {"name": "e", "type": "wait_for_event", "event": "x", "timeout": "1h"},
        {"name": "d", "type": "digest", "event": "x", "window": "1h"},
        {"name": "m", "channels": [EMAIL, {**SMS, "delay": "1h"}]},
        {**WAIT, "name": "g", "timeout": "1h"},
        {"name": "a", "type": "action", "url": "https://a.example/", "wait": True, "timeout": "1h"},
        exit={"after": "1h"},
        exit_conditions=[{"type": "time_limit", "hours": 2}],
        time_scale=60,
    )
    args = [s.args for s in program.steps]
    spans = [value for one in args for word, value in one.items() if word in ("seconds", "timeout", "window")]
    assert spans == [60.0] * 7
    assert program.exits.after == 60


def test_moves_lead_to_the_beginning_of_a_step() -> None:
    program = compiled({**HI, "delay": 5}, existing="move", moves={"old": "hi", "older": "exit"}, max_entries=500)
    assert (program.existing, program.max_entries) == ("move", 500)
    assert program.moves == {"old": "hi:delay", "older": "exit"}


def test_an_action_needs_the_webhook() -> None:
    program = compiled(HI, {"type": "action", "url": "https://a.example/"})
    assert channels_of(program) == {Channel.SMS, Channel.WEBHOOK}


def test_every_condition_names_traits_that_there_are() -> None:
    wrong = {"traits.spend": {"$gt": 1}}
    program = compiled(
        {**HI, "conditions": wrong},
        {"name": "b", "type": "branch", "paths": [{"when": wrong, "go": "exit"}]},
        {"name": "w", "type": "wait_for_condition", "until": wrong, "timeout": 5},
        exit={"when": wrong},
        success={"rich": {"when": wrong}},
    )
    paths = [problem.path for problem in check_traits(program, {"spent": {"event": "purchase", "take": "sum"}})]
    assert [path.partition(".traits")[0] for path in paths] == [
        "steps[hi].conditions", "steps[b].paths[0].when", "steps[w].condition", "exit.when", "success.rich",
    ]  # fmt: skip
