"""A table of wrong journeys: each names its code, its place and its fix."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motet.app import check_template
from motet.authoring.campaign import validate
from motet.core.errors import Problem
from motet.core.words import Channel

HI: dict[str, Any] = {"name": "hi", "channel": "sms", "content": {"text": "Hello"}}
BYE = {**HI, "name": "bye"}
URL = "https://a.example/"


def of(*steps: Any, **fields: Any) -> dict[str, Any]:
    return {"steps": list(steps), **fields}


def one(type: str, **fields: Any) -> dict[str, Any]:
    return of({"type": type, **fields})


def decide(**fields: Any) -> dict[str, Any]:
    return of(HI, decision_points=[fields])


PATHS = "steps[0].paths"
POINT = "decision_points[0]"
DONE = {"type": "profile_check", "field": "done", "value": True}

CASES: list[tuple[dict[str, Any], str, str, str]] = [
    # the whole
    ({"kind": "journy"}, "document.unknown_kind", "kind", "'journey'"),
    ({"kind": ["journey"]}, "document.unknown_kind", "kind", ""),
    ({"messages": []}, "document.unknown_field", "messages", ""),
    ({"steps": []}, "journey.no_steps", "steps", "channel: sms"),
    ({"steps": {"a": 1}}, "journey.no_steps", "steps", "channel: sms"),
    ({"steps": [HI] * 101}, "journey.too_many_steps", "steps", "enter"),
    (of("hi"), "document.not_a_mapping", "steps[0]", "wait"),
    (of(HI, HI), "journey.name_taken", "steps[1].name", "own name"),
    (of({**HI, "name": "exit"}), "journey.name_taken", "steps[0].name", "own name"),
    (of({**HI, "name": "hi:delay"}), "document.bad_name", "steps[0].name", "'hi-delay'"),
    (one("massage"), "step.unknown_kind", "steps[0].type", "'message'"),
    (one("wait", fro=5), "document.unknown_field", "steps[0].fro", "'for'"),
    ({"max_entries": 0}, "document.bad_number", "max_entries", ""),
    ({"existing": "go"}, "document.not_a_choice", "existing", "stay"),
    ({"moves": {"old": "hii"}}, "journey.unknown_step", "moves.old", "'hi'"),
    ({"start_conditions": [{"a": {"$gtt": 1}}]}, "filter.unknown_operator", "start_conditions[0].a.$gtt", "'$gt'"),
    # how steps hang together
    (of(HI, {"type": "emit_event", "event": "segment_entered"}), "journey.reserved_event", "steps[1].event", "another"),
    (of(HI, {"type": "emit_event", "event": "unsubscribe"}), "journey.reserved_event", "steps[1].event", "another"),
    (of({**HI, "next": "by"}, BYE), "journey.unknown_step", "steps[0].next", "'bye'"),
    (of({**HI, "next": "exit"}, BYE), "journey.unreachable", "steps[1]", "lead here"),
    (of({"type": "exit"}, BYE), "journey.unreachable", "steps[1]", "lead here"),
    (of({**HI, "next": "hi"}), "journey.endless", "steps[0]", "wait"),
    (of(HI, {**BYE, "next": "hi"}), "journey.endless", "steps[1]", "wait"),
    (
        of(HI, {"type": "wait_for_engagement", "engaged": "hi"}),
        "journey.endless", "steps[0]", "wait",
    ),
    (
        of(HI, {"type": "wait_until", "moment": "2026-12-01T09:00:00Z", "next": "hi"}),
        "journey.endless", "steps[0]", "wait",
    ),
    (of(HI, {"type": "wait", "for": 5, "next": "hi"}), "journey.no_way_out", "steps[0]", "exit"),
    (of({"type": "exit", "next": "hi"}, HI), "journey.nothing_follows", "steps[0].next", "leave"),
    # on every step
    (of({**HI, "delay": "soon"}), "document.bad_duration", "steps[0].delay", "2h"),
    (of({**HI, "delay": 1, "delay_seconds": 1}), "document.two_fields", "steps[0].delay_seconds", "one of the two"),
    (of({**HI, "delay": "400d"}), "journey.waits_too_long", "steps[0].delay", "two steps"),
    (one("exit", conditions={"a": {"$gtt": 1}}), "filter.unknown_operator", "steps[0].conditions.a.$gtt", "'$gt'"),
    # messages
    (of({"content": {"text": "x"}}), "document.missing_field", "steps[0].channel", "email"),
    (of({**HI, "content": {"txt": "x"}}), "content.unknown_field", "steps[0].content.txt", "'text'"),
    (of({**HI, "content": {"text": "{{#if}}"}}), "template.unclosed_block", "steps[0].content.text", ""),
    (of({"channels": []}), "journey.no_channels", "steps[0].channels", "email"),
    (of({"channels": [5]}), "document.not_a_mapping", "steps[0].channels[0]", ""),
    (of({**HI, "channels": [HI]}), "journey.two_messages", "steps[0].channel", "channels"),
    (of({"channels": [{"channel": "sms"}]}), "document.missing_field", "steps[0].channels[0].content", "text"),
    (of({"channels": [{**HI, "name": "x"}]}), "document.unknown_field", "steps[0].channels[0].name", ""),
    # waits
    (one("wait"), "document.missing_field", "steps[0].for", "2d"),
    (one("wait", delay=0), "journey.no_time", "steps[0].delay", "1h"),
    (one("wait", delay=5, seconds=5), "document.two_fields", "steps[0].delay", "one of the two"),
    (one("wait_until"), "document.missing_field", "steps[0].time", "09:00"),
    (one("wait_until", time="9am"), "journey.bad_time", "steps[0].time", "09:00"),
    (one("wait_until", weekdays=["mandag"]), "journey.bad_weekday", "steps[0].weekdays", "monday"),
    (one("wait_until", moment="2026-12-01"), "document.bad_moment", "steps[0].moment", "+01:00"),
    (
        one("wait_for_engagement", engagement=["opened", "opend"]),
        "journey.unknown_engagement", "steps[0].engagement", "'opened'",
    ),
    (of(HI, {"type": "wait_for_engagement", "messages": ["hii"]}), "journey.unknown_step", "steps[1].messages", "'hi'"),
    (
        of(HI, {"type": "wait_for_engagement", "engagement": "x", "messages": ["hi"]}),
        "journey.unknown_engagement", "steps[1].messages", "click",
    ),
    (one("wait_for_event", timeout=5), "document.missing_field", "steps[0].event", "purchase"),
    (one("wait_for_event", event="x"), "document.missing_field", "steps[0].timeout", "2d"),
    (one("wait_for_event", event="x", timeout=5, arrived="x"), "journey.unknown_step", "steps[0].arrived", "exit"),
    (one("wait_for_condition", timeout=5), "journey.no_condition", "steps[0].until", "profile_completed"),
    # ways
    (one("branch"), "journey.no_paths", PATHS, "go"),
    (one("branch", paths=[5]), "document.not_a_mapping", f"{PATHS}[0]", ""),
    (one("branch", paths=[{"go": "exit"}]), "journey.no_condition", f"{PATHS}[0].when", "otherwise"),
    (one("branch", paths=[{"name": "a", "when": {"a": 1}}] * 2), "journey.name_taken", f"{PATHS}[1].name", "own"),
    (one("branch", paths=[{"when": {"a": 1}, "go": "exti"}]), "journey.unknown_step", f"{PATHS}[0].go", "'exit'"),
    (one("split", paths=[{"percent": 100}]), "journey.no_paths", PATHS, "go"),
    (one("split", paths=[{"percent": 50}, {"percent": 40}]), "journey.bad_shares", PATHS, "100"),
    (one("split", paths=[{"percent": 50}, {"weight": 1}]), "journey.bad_shares", PATHS, "one of the two"),
    (one("split", paths=[{"weight": 0}, {"weight": 0}]), "journey.bad_shares", PATHS, "weight"),
    (one("split", paths=[{"percent": 50}, {}]), "document.missing_field", f"{PATHS}[1].percent", "50"),
    # deeds
    (one("update_profile"), "journey.changes_nothing", "steps[0].set", "onboarding"),
    (one("update_profile", set={"a": "{{#if}}"}), "template.unclosed_block", "steps[0].set.a", ""),
    (one("update_profile", set={"a": 1}, unset=["a"]), "document.two_fields", "steps[0].unset", "one of the two"),
    (one("update_profile", topics={"a": "no"}), "document.not_a_flag", "steps[0].topics.a", "quotes"),
    (one("action"), "document.missing_field", "steps[0].url", "https"),
    (one("action", url="nowhere"), "content.bad_url", "steps[0].url", ""),
    (one("action", url=URL, body={"a": "{{#if}}"}), "template.unclosed_block", "steps[0].body.a", ""),
    (one("action", url=URL, timeout=5), "journey.waits_for_nothing", "steps[0].timeout", "wait: true"),
    (
        one("action", action_config={"url": URL, "method": "GET"}),
        "document.unknown_field", "steps[0].action_config.method", "",
    ),
    (one("action", url=URL, action_config={"url": URL}), "document.two_fields", "steps[0].url", ""),
    (one("emit_event"), "document.missing_field", "steps[0].event", "onboarding"),
    (one("emit_event", event="x", properties={"a": "{{#if}}"}), "template.unclosed_block", "steps[0].properties.a", ""),
    (one("enter"), "document.missing_field", "steps[0].program", "name"),
    (one("enter", journey="a", campaign="b"), "document.two_fields", "steps[0].campaign", "one of the two"),
    (one("digest", event="x"), "document.missing_field", "steps[0].window", "2d"),
    # decisions
    ({"decision_points": {}}, "document.not_a_list", "decision_points", "after"),
    (decide(when={"a": 1}, go="exit"), "document.missing_field", f"{POINT}.after", "behind"),
    (decide(after="hii", when={"a": 1}, go="exit"), "journey.unknown_step", f"{POINT}.after", "'hi'"),
    (decide(after="hi", go="exit"), "journey.no_condition", f"{POINT}.when", "profile_completed"),
    (decide(after="hi", when={"a": 1}), "document.missing_field", f"{POINT}.go", "hi"),
    (decide(after="hi", when={"a": 1}, go="hii"), "journey.unknown_step", f"{POINT}.go", "'hi'"),
    (decide(after="exit", when={"a": 1}, go="hi"), "journey.nothing_follows", f"{POINT}.after", "step"),
    (
        decide(step_name="hi", conditions=[{**DONE, "action": "skip_to_stepp", "target_step": "exit"}]),
        "document.not_a_choice", f"{POINT}.conditions[0].action", "'skip_to_step'",
    ),
    (
        decide(step_name="hi", conditions=[{**DONE, "action": "skip_to_step"}]),
        "document.missing_field", f"{POINT}.conditions[0].target_step", "hi",
    ),
    (decide(after="hi", when={"a": 1}, go="hi"), "journey.endless", "steps[0]", "wait"),
    # success and exits
    ({"success": {"a": 5}}, "document.not_a_mapping", "success.a", "purchase"),
    ({"success": {"a": {}}}, "journey.no_condition", "success.a.when", "event"),
    ({"success": {"a": {"when": {"b": 1}, "where": {"b": 1}}}}, "campaign.trigger_mismatch", "success.a.where", "when"),
    ({"success": {"success": {"event": "x"}}, "success_criteria": [DONE]}, "journey.name_taken", "success", "own"),
    ({"success_criteria": DONE}, "document.not_a_list", "success_criteria", "profile_check"),
    ({"exit": {"aftr": 5}}, "document.unknown_field", "exit.aftr", "'after'"),
    ({"exit": {"after": 0}}, "journey.no_time", "exit.after", "7d"),
    ({"exit": {"events": [5]}}, "document.not_a_mapping", "exit.events[0]", "purchase"),
    ({"exit": {"unsubscribed": ["mail"]}}, "campaign.unknown_channel", "exit.unsubscribed", "'email'"),
    ({"exit_conditions": [{"type": "time_limit"}]}, "document.missing_field", "exit_conditions[0].days", "7"),
    (
        {"exit_conditions": [{"type": "time_limitt"}]},
        "journey.unknown_condition", "exit_conditions[0].type", "'time_limit'",
    ),
    ({"exit_conditions": [{"type": "event"}]}, "document.missing_field", "exit_conditions[0].event", "purchase"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "code", "path", "fix"), CASES, ids=[f"{c[1]}-{i}" for i, c in enumerate(CASES)])
def test_a_wrong_journey_is_told_with_its_place_and_its_fix(
    fields: dict[str, Any], code: str, path: str, fix: str
) -> None:
    problems = validate({"kind": "journey", "name": "test", "steps": [HI], **fields}, check_template)
    found = [p for p in problems if (p.code, p.path) == (code, path)]
    assert found, [str(p) for p in problems]
    assert fix in found[0].fix


def test_every_problem_is_told_at_once() -> None:
    problems = validate(
        {"kind": "journey", "steps": [{"type": "wait"}, {"type": "split"}], "exit": {"when": {"$x": 1}}}
    )
    assert {p.code for p in problems} == {
        "document.missing_field", "journey.no_paths", "filter.unknown_operator"
    }  # fmt: skip
    assert {p.path for p in problems} >= {"name", "steps[0].for", "steps[1].paths"}


def test_a_loop_that_something_ends_is_sound() -> None:
    loop = [HI, {"type": "wait", "for": "1d", "next": "hi"}]
    assert validate({"kind": "journey", "name": "test", "steps": loop, "exit": {"after": "30d"}}) == []


def test_a_way_round_through_the_time_that_is_out_waits() -> None:
    asking = {"name": "w", "type": "wait_for_condition", "until": {"a": 1}, "timeout": 60, "holds": "exit"}
    document = {"kind": "journey", "name": "test", "steps": [{**asking, "timed_out": "hi"}, {**HI, "next": "w"}]}
    assert validate(document) == []


def test_templates_are_checked_where_they_stand() -> None:
    def check(channel: Channel, content: dict[str, Any]) -> list[Problem]:
        return [Problem("template.bad", "is wrong", "body.deep[0].a")] if "deep" in content.get("body", {}) else []

    values = {"deep": [{"a": "{{"}]}
    steps = [
        {"type": "update_profile", "set": values},
        {"type": "emit_event", "event": "x", "properties": values},
        {"type": "enter", "program": "x", "context": values},
        {"type": "action", "url": URL, "body": values},
    ]
    problems = validate({"kind": "journey", "name": "test", "steps": steps}, check)
    words = ("set", "properties", "context", "body")
    assert [p.path for p in problems] == [f"steps[{i}].{word}.deep[0].a" for i, word in enumerate(words)]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["hi", "exit", "1h", "", "view", "{{a}}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["name", "type", "go", "when", "paths", "conditions", "channel", "channels", "content", "event", "timeout",
         "delay", "after", "days", "weight", "percent", "action", "target_step", "url", "set"]
    ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
FIELDS = st.sampled_from(
    ["steps", "decision_points", "exit", "exit_conditions", "success", "success_criteria", "moves", "start_conditions",
     "trigger", "existing", "max_entries", "kind"]
)  # fmt: skip
TYPES = st.sampled_from(
    ["message", "wait", "wait_until", "wait_for_engagement", "wait_for_event", "wait_for_condition", "branch", "split",
     "update_profile", "action", "emit_event", "enter", "digest", "exit"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(FIELDS, ANYTHING), st.lists(st.tuples(TYPES, ANYTHING), max_size=3))
def test_nothing_in_a_document_breaks_the_reading(fields: dict[str, Any], steps: list[tuple[str, Any]]) -> None:
    made = [{**(rest if isinstance(rest, dict) else {}), "type": kind} for kind, rest in steps]
    document = {"kind": "journey", "name": "test", "steps": made or [HI], **fields}
    assert all(isinstance(problem, Problem) for problem in validate(document))
