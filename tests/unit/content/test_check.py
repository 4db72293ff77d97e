from typing import Any

import pytest

from motet.content.check import check_content
from motet.core.words import Channel

EMAIL = {"subject": "Hi", "html": "<p>Hi</p>"}

WRONG: list[tuple[Channel, dict[str, Any], str, str]] = [
    (Channel.EMAIL, {"subject": "Hi"}, "content.shape", ""),
    (Channel.EMAIL, {**EMAIL, "body": "x"}, "content.shape", ""),
    (Channel.EMAIL, {**EMAIL, "text": 5}, "content.shape", "text"),
    (Channel.PUSH, {"title": "a", "body": "b", "data": {"k": 1}}, "content.shape", "data[...]"),
    (Channel.EMAIL, {**EMAIL, "subject": "{{#if x}}"}, "template.unclosed_block", "subject"),
    (Channel.EMAIL, {**EMAIL, "preheader": "{{x y}}"}, "template.unknown_helper", "preheader"),
    (Channel.EMAIL, {**EMAIL, "text": "{{/if}}"}, "template.unbalanced", "text"),
    (Channel.EMAIL, {**EMAIL, "subject": "  "}, "content.empty", "subject"),
    (Channel.EMAIL, {**EMAIL, "html": "<p {{#if x}}>a</p>{{/if}}"}, "content.text_needed", "html"),
    (Channel.EMAIL, {**EMAIL, "html": "<p>a <b", "text": "a"}, "content.bad_html", "html"),
    (Channel.EMAIL, {**EMAIL, "html": "<p>a <!-- b"}, "content.bad_html", "html"),
    (Channel.EMAIL, {**EMAIL, "html": "<style>p{}"}, "content.bad_html", "html"),
    (Channel.SMS, {"text": ""}, "content.empty", "text"),
    (Channel.SMS, {"text": "{{#motet-keep x}}{{/motet-keep}}"}, "template.unknown_block", "text"),
    (Channel.WEBHOOK, {"url": "ftp://x", "body": {}}, "content.bad_url", "url"),
    (Channel.WEBHOOK, {"url": "https://x", "body": {"a": [1, {"b": "{{"}]}}, "template.unclosed_tag", "body.a[1].b"),
    (Channel.SOCIAL, {"text": "x"}, "content.channel", ""),
]


@pytest.mark.parametrize(("channel", "content", "code", "path"), WRONG)
def test_wrong_content_is_told_with_code_and_place(
    channel: Channel, content: dict[str, Any], code: str, path: str
) -> None:
    problems = check_content(channel, content)
    assert [(p.code, p.path) for p in problems] == [(code, path)]


def test_every_problem_is_told_at_once() -> None:
    problems = check_content(Channel.EMAIL, {"subject": "{{", "html": "{{/if}}", "text": "{{x y}}"})
    assert [p.path for p in problems] == ["subject", "html", "text"]


@pytest.mark.parametrize(
    ("channel", "content"),
    [
        (Channel.EMAIL, {"subject": "Hi {{x}}", "html": "<p>{{y}}</p>", "preheader": ""}),
        (Channel.SMS, {"text": "Hi {{x}}"}),
        (Channel.PUSH, {"title": "a", "body": "b", "url": "/c", "data": {"k": ""}}),
        (Channel.IN_APP, {"title": "a", "body": "b"}),
        (Channel.WEBHOOK, {"url": "{{base}}/x", "body": {"a": 1, "b": ["{{x}}", None, True], "c": ""}}),
    ],
)
def test_right_content_has_no_problem(channel: Channel, content: dict[str, Any]) -> None:
    assert check_content(channel, content) == []


NAMES = [
    ("{{first_name}} {{unsubscribe_url}}", []),
    ("{{frist_name}}", ["frist_name"]),
    ("{{#if gone}}x{{/if}}{{upper (default other 'x')}}", ["gone", "other"]),
    ("{{#each items}}{{anything}}{{../gone}}{{../first_name}}{{@root.lost}}{{@index}}{{/each}}", ["gone", "lost"]),
    ("{{#each items as |it|}}{{it.name}}{{../it}}{{/each}}", ["it"]),
    ("{{#with cart}}{{total}}{{else}}{{gone}}{{/with}}", ["cart", "gone"]),
    ("{{this.gone}}{{date first_name 'x' timezone=zone}}", ["gone", "zone"]),
]


@pytest.mark.parametrize(("text", "unknown"), NAMES)
def test_a_name_that_nobody_has_is_found_before_launch(text: str, unknown: list[str]) -> None:
    problems = check_content(Channel.SMS, {"text": text}, {"first_name", "items"})
    assert {p.code for p in problems} <= {"template.unknown_name"}
    assert [p.message.partition("'")[2].rstrip("'") for p in problems] == unknown


def test_the_likely_name_is_offered() -> None:
    (problem,) = check_content(Channel.SMS, {"text": "{{frist_name}}"}, {"first_name"})
    assert problem.fix == "did you mean 'first_name'?"
