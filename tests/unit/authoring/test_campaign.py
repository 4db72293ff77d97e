"""What a sound document compiles to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from motet.authoring.campaign import channels_of, check_traits, compile_campaign, title_of
from motet.core.content import DelayArgs, MessageArgs, WaitUntilArgs
from motet.core.program import Cap, EntryCap, Program, Trigger
from motet.core.words import Channel, Priority

CAMPAIGN, REVISION = UUID(int=1), UUID(int=2)
SMS = {"channel": "sms", "content": {"text": "Hello"}}


def compiled(**fields: Any) -> Program:
    document = {"name": "test", "messages": [SMS], **fields}
    return compile_campaign(document, campaign_id=CAMPAIGN, revision_id=REVISION)


def steps(*messages: dict[str, Any], **fields: Any) -> list[tuple[str, str, dict[str, Any]]]:
    return [(s.name, s.kind, s.args) for s in compiled(messages=list(messages), **fields).steps]


def test_the_least_document_is_a_broadcast_to_everybody() -> None:
    program = compiled()
    assert (program.id, program.revision_id, program.name) == (CAMPAIGN, REVISION, "test")
    assert (program.trigger, program.segments, program.reentry) == (Trigger(), (), "once")
    assert program.priority is Priority.MEDIUM
    assert [(s.name, s.kind) for s in program.steps] == [("sms-1", "message"), ("exit", "exit")]


@pytest.mark.parametrize(("word", "event"), [("enters", "segment_entered"), ("leaves", "segment_left")])
def test_a_move_between_segments_starts_a_campaign(word: str, event: str) -> None:
    assert compiled(trigger={word: "vip"}).trigger == Trigger(event=event, where={"segment": "vip"})


def test_a_program_survives_json() -> None:
    program = compiled(
        starts_at="2026-12-01T09:00:00+01:00",
        trigger={"event": "x", "where": {"a": {"$gt": 1}}},
        frequency={"max_messages_per_week": 3, "cooldown": "2d"},
        messages=[{**SMS, "delay": "1h", "send_time": "2026-12-01T09:00:00+01:00", "fallback": "email"}],
    )
    assert msgspec.json.decode(msgspec.json.encode(program), type=Program) == program
    assert msgspec.convert(msgspec.to_builtins(program), Program) == program


def test_a_message_waits_then_waits_for_the_clock_then_speaks() -> None:
    found = steps({**SMS, "name": "nudge", "delay": "2h", "send_time": "09:30", "conditions": {"a": False}})
    assert found == [
        ("nudge:delay", "delay", {"seconds": 7200.0}),
        ("nudge:send_time", "wait_until", {"local_time": "09:30"}),
        ("nudge", "message", {"channel": "sms", "content": {"sms": {"text": "Hello"}}, "conditions": {"a": False}}),
        ("exit", "exit", {}),
    ]


def test_a_delay_from_the_message_before_counts_from_there() -> None:
    (_, first), (_, second) = (
        (name, msgspec.convert(args, DelayArgs))
        for name, kind, args in steps({**SMS, "delay": 60}, {**SMS, "delay_seconds": 30, "delay_from": "previous"})
        if kind == "delay"
    )
    assert (first.since, second.since, second.seconds) == ("entry", "now", 30)


def test_messages_without_delay_follow_one_another_at_once() -> None:
    assert [kind for _, kind, _ in steps(SMS, {**SMS, "delay": 0})] == ["message", "message", "exit"]


def test_a_moment_as_send_time_is_kept_in_utc() -> None:
    args = steps({**SMS, "send_time": "2026-12-01T09:00:00+01:00"})[0][2]
    assert msgspec.convert(args, WaitUntilArgs).at == datetime(2026, 12, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("conditions", "read"),
    [
        ([{"cart_value": {"$gt": 50}}], {"cart_value": {"$gt": 50}}),
        ([{"a": 1}, {"b": 2}], {"$and": [{"a": 1}, {"b": 2}]}),
        ([[{"a": 1}], {"b": 2}], {"$and": [{"a": 1}, {"b": 2}]}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}),
    ],
)
def test_conditions_become_one_mapping(conditions: Any, read: dict[str, Any]) -> None:
    assert steps({**SMS, "conditions": conditions})[0][2]["conditions"] == read


def test_no_conditions_are_left_out() -> None:
    assert "conditions" not in steps({**SMS, "conditions": []})[0][2]


def test_a_fallback_may_bring_its_own_content() -> None:
    email = {"subject": "Hi", "html": "<p>Hi</p>", "preheader": None}
    own = {**SMS, "fallback": {"channel": "email", "content": email}}
    program = compiled(messages=[own, {**SMS, "fallback": "push"}])
    first, second = (msgspec.convert(s.args, MessageArgs) for s in program.steps[:2])
    assert first.fallback == "email"
    assert first.content == {"sms": {"text": "Hello"}, "email": {"subject": "Hi", "html": "<p>Hi</p>"}}
    assert (second.fallback, set(second.content)) == ("push", {"sms"})
    assert channels_of(program) == {Channel.SMS, Channel.EMAIL, Channel.PUSH}


def test_frequency_rules_are_rolling_windows() -> None:
    rules = compiled(
        frequency={
            "max_emails_per_day": 1,
            "max_in_app_per_month": 4,
            "max_messages_per_week": 5,
            "max_campaigns_per_quarter": 1,
            "cooldown_hours": 168,
            "exclude_recent_purchasers": True,
        }
    ).rules
    assert rules.caps == (Cap(1, 86_400, "email"), Cap(4, 2_592_000, "in_app"), Cap(5, 604_800))
    assert rules.entries == (EntryCap(1, 7_862_400),)
    assert rules.cooldown == 604_800
    assert rules.exclude_purchasers == 2_592_000


@pytest.mark.parametrize(("value", "seconds"), [(False, None), (None, None), ("14d", 1_209_600), (True, 2_592_000)])
def test_recent_purchasers_are_left_alone_as_long_as_said(value: Any, seconds: float | None) -> None:
    assert compiled(frequency={"exclude_recent_purchasers": value}).rules.exclude_purchasers == seconds


def test_rules_on_entering_again_let_customers_enter_again() -> None:
    assert compiled(frequency={"cooldown": "1d"}).reentry == "after_exit"
    assert compiled(frequency={"max_campaigns_per_month": 2}).reentry == "after_exit"
    assert compiled(frequency={"cooldown": "1d"}, reentry="once").reentry == "once"


def test_a_time_scale_divides_every_duration() -> None:
    program = compiled(
        time_scale=60,
        trigger={"state": {"a": 1}, "every": "1h"},
        frequency={
            "max_sms_per_day": 1,
            "max_campaigns_per_day": 1,
            "cooldown": "1d",
            "exclude_recent_purchasers": "1d",
        },
        messages=[{**SMS, "delay": "1h"}, {**SMS, "delay": "1h", "delay_from": "previous"}],
    )
    assert program.trigger.every == 60
    assert program.rules.caps[0].seconds == program.rules.entries[0].seconds == 1440
    assert program.rules.cooldown == program.rules.exclude_purchasers == 1440
    assert [s.args["seconds"] for s in program.steps if s.kind == "delay"] == [60, 60]


def test_a_fast_clock_does_not_look_over_a_state_all_the_time() -> None:
    assert compiled(time_scale=1_000_000, trigger={"state": {"a": 1}}).trigger.every == 5


def test_a_state_that_is_a_list_means_that_all_hold() -> None:
    assert compiled(trigger={"state": [{"a": 1}, {"b": 2}]}).trigger.state == {"$and": [{"a": 1}, {"b": 2}]}


def test_one_segment_may_stand_alone() -> None:
    assert compiled(segments="vip").segments == ("vip",)
    assert compiled(segments=["a", "b", "a"]).segments == ("a", "b")


@pytest.mark.parametrize(
    ("document", "title"),
    [
        ({"name": "win-back"}, "Win back"),
        ({"name": "win-back", "title": " We miss them "}, "We miss them"),
        ({"name": "win_back", "title": None}, "Win back"),
    ],
)
def test_a_title_is_made_of_the_name(document: dict[str, Any], title: str) -> None:
    assert title_of(document) == title


def test_a_condition_names_traits_that_there_are() -> None:
    program = compiled(
        trigger={"event": "x", "where": {"traits.spent": {"$gt": 1}}},
        messages=[{**SMS, "name": "nudge", "conditions": {"traits.spend": {"$gt": 1}}}],
    )
    [problem] = check_traits(program, {"spent": {"event": "purchase", "take": "sum"}})
    assert problem.path.startswith("messages[nudge].conditions.traits.spend")
    assert "spent" in problem.fix
