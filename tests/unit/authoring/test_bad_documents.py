"""A table of wrong documents: each names its code, its place and its fix. The good document is `GOOD`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motet.authoring.campaign import compile_campaign, validate
from motet.core.errors import Problem, Refused
from motet.core.words import Channel

SMS = {"channel": "sms", "content": {"text": "Hello"}}
EMAIL = {"channel": "email", "content": {"subject": "Hi", "html": "<p>Hi</p>"}}
GOOD: dict[str, Any] = {"name": "good", "messages": [SMS]}
NAIVE = "2026-12-01T09:00:00"


def message(**fields: Any) -> dict[str, Any]:
    return {"messages": [{**SMS, **fields}]}


def content(channel: str, **fields: Any) -> dict[str, Any]:
    return {"messages": [{"channel": channel, "content": fields}]}


def two(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{**SMS, **first}, {**SMS, **second}]}


def instead(fallback: dict[str, Any]) -> dict[str, Any]:
    return message(fallback=fallback)


LEAVE = "exclude_recent_purchasers"
FALLBACK = "messages[0].fallback"

CASES: list[tuple[dict[str, Any], str, str, str]] = [
    # triggers by segment
    ({"trigger": {"enters": "vip", "event": "x"}}, "document.two_fields", "trigger.enters", "one of the two"),
    ({"trigger": {"enters": "vip", "every": "1d"}}, "campaign.trigger_mismatch", "trigger.every", "conditions"),
    # the document
    ({"name": None}, "document.missing_field", "name", "spring-sale"),
    ({"name": "Spring Sale!"}, "document.bad_name", "name", "'spring-sale'"),
    ({"name": "x" * 65}, "document.bad_name", "name", ""),
    ({"name": 5}, "document.not_a_text", "name", "quotes"),
    ({"titel": "x"}, "document.unknown_field", "titel", "'title'"),
    ({"title": "x" * 201}, "document.too_long", "title", "shorten"),
    ({"title": ""}, "document.not_a_text", "title", ""),
    ({"segments": 5}, "document.not_a_list", "segments", "["),
    ({"segments": ["a", 5]}, "document.not_a_list", "segments", "["),
    ({"reentry": "twice"}, "document.not_a_choice", "reentry", "once"),
    ({"priority": "hihg"}, "document.not_a_choice", "priority", "'high'"),
    ({"transactional": "yes"}, "document.not_a_flag", "transactional", "without quotes"),
    ({"time_scale": 0}, "document.bad_number", "time_scale", ""),
    ({"time_scale": True}, "document.bad_number", "time_scale", ""),
    ({"starts_at": NAIVE}, "document.bad_moment", "starts_at", "+01:00"),
    ({"ends_at": "tomorrow"}, "document.bad_moment", "ends_at", "+01:00"),
    ({"starts_at": NAIVE + "Z", "ends_at": NAIVE + "+02:00"}, "campaign.ends_before_start", "ends_at", "move"),
    ({"variables": []}, "document.not_a_mapping", "variables", "shop_url"),
    ({"variables": {"shop url": "x"}}, "campaign.bad_variable", "variables.shop url", "letters"),
    ({"success_metrics": {"a": 1}}, "document.not_a_list", "success_metrics", ""),
    # the trigger
    ({"trigger": "signup"}, "document.not_a_mapping", "trigger", "event"),
    ({"trigger": {}}, "campaign.empty_trigger", "trigger", "broadcast"),
    ({"trigger": {"event": "x", "cart_value": {"$gt": 5}}}, "document.unknown_field", "trigger.cart_value", "where"),
    ({"trigger": {"event": "x", "where": {"v": {"gt": 5}}}}, "filter.unknown_operator", "trigger.where.v.gt", "'$gt'"),
    ({"trigger": {"state": {"a": 1}, "where": {"a": 1}}}, "campaign.trigger_mismatch", "trigger.where", "'event'"),
    ({"trigger": {"event": "x", "every": "1d"}}, "campaign.trigger_mismatch", "trigger.every", "'state'"),
    ({"trigger": {"event": "x", "state": {"a": 1}}}, "document.two_fields", "trigger.state", "keep one"),
    ({"trigger": {"state": {}}}, "campaign.empty_trigger", "trigger.state", "which customers"),
    ({"trigger": {"state": {"a": 1}, "every": "5s"}}, "campaign.too_often", "trigger.every", "1d"),
    # the frequency rules
    ({"frequency": {"max_emials_per_day": 1}}, "document.unknown_field", "frequency.max_emials_per_day", "emails"),
    ({"frequency": {"max_sms_per_week": 0}}, "document.bad_number", "frequency.max_sms_per_week", ""),
    ({"frequency": {"max_sms_per_week": 1.5}}, "document.bad_number", "frequency.max_sms_per_week", ""),
    ({"frequency": {"max_sms_per_week": True}}, "document.bad_number", "frequency.max_sms_per_week", ""),
    ({"frequency": {"cooldown": "a while"}}, "document.bad_duration", "frequency.cooldown", "2h"),
    ({"frequency": {"cooldown_hours": -1}}, "document.bad_number", "frequency.cooldown_hours", ""),
    ({"frequency": {"cooldown": 1, "cooldown_hours": 1}}, "document.two_fields", "frequency.cooldown_hours", "one"),
    ({"frequency": {LEAVE: "a bit"}}, "document.bad_duration", f"frequency.{LEAVE}", "2h"),
    # the messages
    ({"messages": None}, "campaign.no_messages", "messages", "channel"),
    ({"messages": []}, "campaign.no_messages", "messages", "channel"),
    ({"messages": {"a": 1}}, "campaign.no_messages", "messages", "channel"),
    ({"messages": [SMS] * 101}, "campaign.too_many_messages", "messages", "split"),
    ({"messages": [SMS, "hello"]}, "document.not_a_mapping", "messages[1]", "channel"),
    ({"messages": [{"content": {"text": "x"}}]}, "document.missing_field", "messages[0].channel", "email"),
    (message(channel="smss"), "campaign.unknown_channel", "messages[0].channel", "'sms'"),
    (message(channel=["sms"]), "campaign.unknown_channel", "messages[0].channel", "sms"),
    (message(channel="social"), "campaign.channel_unavailable", "messages[0].channel", "email"),
    (message(dealy="1h"), "document.unknown_field", "messages[0].dealy", "'delay'"),
    (message(delay="-1h"), "document.bad_duration", "messages[0].delay", "2h"),
    (message(delay=-5), "document.bad_duration", "messages[0].delay", "2h"),
    (message(delay="1h", delay_seconds=3600), "document.two_fields", "messages[0].delay_seconds", "keep one"),
    (message(delay_from="begin"), "document.not_a_choice", "messages[0].delay_from", "start"),
    (two({"delay": "2h"}, {"delay": "1h"}), "campaign.delay_out_of_order", "messages[1].delay", "previous"),
    (two({"delay": "2h"}, {}), "campaign.delay_out_of_order", "messages[1].delay", "previous"),
    (message(send_time="9 o'clock"), "campaign.bad_send_time", "messages[0].send_time", "09:00"),
    (message(send_time="25:00"), "campaign.bad_send_time", "messages[0].send_time", "09:00"),
    (message(send_time=NAIVE), "campaign.bad_send_time", "messages[0].send_time", "+01:00"),
    (message(conditions="always"), "filter.not_a_mapping", "messages[0].conditions", "mapping"),
    (message(conditions=[{"a": {"gt": 1}}]), "filter.unknown_operator", "messages[0].conditions[0].a.gt", "'$gt'"),
    (message(priority="asap"), "document.not_a_choice", "messages[0].priority", "urgent"),
    (message(name="Erste Nachricht"), "document.bad_name", "messages[0].name", "'erste-nachricht'"),
    (message(name="exit"), "campaign.name_taken", "messages[0].name", "own name"),
    (two({"name": "a"}, {"name": "a"}), "campaign.name_taken", "messages[1].name", "own name"),
    # fallbacks
    (message(fallback="sms"), "campaign.same_fallback", "messages[0].fallback", "another"),
    (message(fallback="emial"), "campaign.unknown_channel", "messages[0].fallback", "'email'"),
    (instead({"content": {}}), "document.missing_field", f"{FALLBACK}.channel", "email"),
    (instead({"channel": "sms", "content": {"text": "x"}}), "campaign.same_fallback", f"{FALLBACK}.channel", ""),
    (
        instead({"channel": "email", "content": {"html": "x"}}),
        "content.missing_field",
        f"{FALLBACK}.content.subject",
        "",
    ),
    (instead({"channel": "push", "text": "x"}), "document.unknown_field", f"{FALLBACK}.text", "channel"),
    # content
    ({"messages": [{"channel": "sms"}]}, "document.missing_field", "messages[0].content", "text"),
    ({"messages": [{"channel": "sms", "content": "Hello"}]}, "document.not_a_mapping", "messages[0].content", "text"),
    (content("email", subject="x"), "content.missing_field", "messages[0].content.html", "html"),
    (content("email", subject="x", html="y", bdy="z"), "content.unknown_field", "messages[0].content.bdy", ""),
    (content("email", subject="x", html="y", txt="z"), "content.unknown_field", "messages[0].content.txt", "'text'"),
    (content("sms", text=""), "content.missing_field", "messages[0].content.text", "text"),
    (content("sms", text=5), "content.bad_type", "messages[0].content.text", ""),
    (content("push", title="x"), "content.missing_field", "messages[0].content.body", ""),
    (content("push", title="x", body="y", data={"a": 1}), "content.bad_type", "messages[0].content.data", ""),
    (content("webhook", body={}), "content.missing_field", "messages[0].content.url", "https"),
]


@pytest.mark.parametrize(("change", "code", "path", "fix"), CASES)
def test_a_wrong_document_names_code_place_and_fix(change: dict[str, Any], code: str, path: str, fix: str) -> None:
    problems = validate({**GOOD, **change})
    assert [(p.code, p.path) for p in problems] == [(code, path)]
    assert problems[0].message
    assert fix in problems[0].fix


def test_the_good_document_is_good() -> None:
    assert validate(GOOD) == []


@pytest.mark.parametrize("document", [None, 5, "name: x", [GOOD]])
def test_what_is_no_document_is_told_so(document: Any) -> None:
    (problem,) = validate(document)
    assert problem.code == "document.not_a_mapping"


def test_what_the_database_cannot_keep_is_refused_before_all_else() -> None:
    assert [(p.code, p.path) for p in validate({"name": "a", "variables": {"x": ["a\0"]}})] == [
        ("document.bad_value", "variables.x[0]")
    ]


def test_every_problem_is_named_at_once() -> None:
    problems = validate({"nmae": "x", "frequency": {"x": 1}, "messages": [{"channel": "emial"}, {**SMS, "delay": "?"}]})
    assert {p.path for p in problems} >= {
        "nmae",
        "name",
        "frequency.x",
        "messages[0].channel",
        "messages[0].content",
        "messages[1].delay",
    }


def test_compiling_a_wrong_document_raises_the_same_problems() -> None:
    document = {**GOOD, "reentry": "twice"}
    with pytest.raises(Refused) as refusal:
        compile_campaign(document, campaign_id=UUID(int=1), revision_id=UUID(int=2))
    assert list(refusal.value.problems) == validate(document)


def test_the_check_of_templates_speaks_with_its_place() -> None:
    def check(channel: Channel, content: dict[str, Any]) -> list[Problem]:
        return [Problem("template.syntax", f"{channel.word} is wrong", "text")]

    document = {**GOOD, "messages": [SMS, {**EMAIL, "fallback": {"channel": "sms", "content": {"text": "{{"}}}]}
    assert [p.path for p in validate(document, check)] == [
        "messages[0].content.text",
        "messages[1].content.text",
        "messages[1].fallback.content.text",
    ]


def test_templates_are_not_checked_in_a_content_of_wrong_shape() -> None:
    def check(channel: Channel, content: dict[str, Any]) -> list[Problem]:
        raise AssertionError("the content has no text")

    assert [p.code for p in validate({**GOOD, **content("sms", txt="x")}, check)] == [
        "content.unknown_field",
        "content.missing_field",
    ]


FIELDS = st.sampled_from(
    ["name", "title", "segments", "trigger", "starts_at", "frequency", "variables", "messages", "channel", "content",
     "delay", "send_time", "conditions", "fallback", "event", "where", "state", "every", "subject", "text", "x"]
)  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["email", "sms", "1h", "09:00", "$gt"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS, inner, max_size=6),
    max_leaves=30,
)


@given(JSON)
def test_any_document_is_compiled_or_refused(document: Any) -> None:
    problems = validate(document)
    assert problems or compile_campaign(document, campaign_id=UUID(int=1), revision_id=UUID(int=2))
    assert all(p.code and p.message for p in problems)


@given(st.dictionaries(FIELDS, JSON, max_size=4), st.dictionaries(FIELDS, JSON, max_size=4))
def test_any_change_of_a_good_document_is_compiled_or_refused(outer: dict[str, Any], inner: dict[str, Any]) -> None:
    document = {**GOOD, "messages": [{**SMS, **inner}], **outer}
    assert validate(document) or compile_campaign(document, campaign_id=UUID(int=1), revision_id=UUID(int=2))
