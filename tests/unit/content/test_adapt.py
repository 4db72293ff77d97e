from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motet.content.adapt import adapt, clip
from motet.content.check import check_content
from motet.content.handlebars import compile_template
from motet.core.errors import Refused
from motet.core.words import Channel

WORDS = "word " * 200
CONTENTS: dict[Channel, list[dict[str, Any]]] = {
    Channel.EMAIL: [
        {
            "subject": "Hi {{#if n}}{{n}}{{else}}you{{/if}}: " + WORDS,
            "html": "<p>{{#each items}}<a href='{{url}}'>{{name}}</a>{{/each}} A & B "
            '<a href="{{shop_url}}/?a=1&amp;b=2">go</a></p>' + WORDS,
        },
        {"subject": "Hi", "html": "<p>no link</p>", "preheader": "short & sweet"},
    ],
    Channel.SMS: [
        {"text": "Hi {{n}}! Finish it: {{shop_url}}/p?a=1. Bye <3"},
        {"text": "See https://a.example/x, {{n}}"},
        {"text": "{{#if n}}" + WORDS + "{{/if}}" + WORDS},
        {"text": "{{#each items}}{{url}}{{/each}}"},
    ],
    Channel.PUSH: [{"title": "T & {{n}}", "body": WORDS, "url": "https://a.example/?x={{n}}"}],
    Channel.IN_APP: [{"title": "T", "body": "one\ntwo"}],
}
CASES = [
    (source, target, content)
    for source, contents in CONTENTS.items()
    for target in CONTENTS
    if target is not source
    for content in contents
]


@pytest.mark.parametrize(("source", "target", "content"), CASES)
def test_what_is_made_is_right_content_within_its_limits(
    source: Channel, target: Channel, content: dict[str, Any]
) -> None:
    made = adapt(content, source, target)
    assert check_content(target, made) == []
    view = {"n": "Ann", "shop_url": "https://s.example", "items": []}
    text = {name: compile_template(value).render(view) for name, value in made.items()}
    if target is Channel.EMAIL:
        assert len(text["subject"]) <= 78
    elif target is Channel.PUSH:
        assert len(text["title"]) <= 65
        assert len(text["body"]) <= 240
    elif target is Channel.SMS:
        assert len(text["text"].partition("https://")[0]) <= 141


def test_an_email_becomes_an_sms_with_its_first_link() -> None:
    made = adapt(CONTENTS[Channel.EMAIL][0], Channel.EMAIL, Channel.SMS)
    assert made["text"].startswith("Hi {{#if n}}{{n}}{{else}}you{{/if}}: word")
    assert made["text"].endswith("word... {{shop_url}}/?a=1&b=2")


def test_an_sms_becomes_a_push_without_the_address_in_its_words() -> None:
    made = adapt({"text": "Hi {{n}}! Finish it: {{shop_url}}/p?a=1. Bye"}, Channel.SMS, Channel.PUSH)
    assert made == {"title": "Hi {{n}}!", "body": "Finish it. Bye", "url": "{{shop_url}}/p?a=1"}


def test_an_sms_becomes_an_email_with_a_button() -> None:
    made = adapt({"text": "Hi! It's <ready>: https://a.example/?x=1&y=2"}, Channel.SMS, Channel.EMAIL)
    assert made["subject"] == "Hi!"
    assert "It&#x27;s &lt;ready&gt;</p>" in made["html"]
    assert '<a href="https://a.example/?x=1&amp;y=2"' in made["html"]


def test_the_link_to_unsubscribe_is_not_the_main_link() -> None:
    content = {"subject": "Hi", "html": '<a href="{{unsubscribe_url}}">leave</a> <a href="https://a.example">go</a>'}
    assert adapt(content, Channel.EMAIL, Channel.SMS) == {"text": "Hi https://a.example"}


@pytest.mark.parametrize(
    ("source", "target", "content", "code"),
    [
        (Channel.SMS, Channel.WEBHOOK, {"text": "x"}, "content.cannot_adapt"),
        (Channel.WEBHOOK, Channel.SMS, {"url": "https://x"}, "content.cannot_adapt"),
        (Channel.SMS, Channel.PUSH, {"txt": "x"}, "content.shape"),
        (Channel.SMS, Channel.PUSH, {"text": "{{#if x}}"}, "template.unclosed_block"),
    ],
)
def test_what_cannot_be_adapted_is_refused(
    source: Channel, target: Channel, content: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refused) as caught:
        adapt(content, source, target)
    assert caught.value.problems[0].code == code


@given(st.text(alphabet="ab .,\n", max_size=120), st.integers(1, 60))
def test_a_cut_text_fits_and_begins_as_the_whole_does(text: str, limit: int) -> None:
    made = clip(text, limit)
    assert len(made) <= max(limit, 1)
    assert made == text or (made.endswith("…") and text.startswith(made[:-1]))


@given(
    st.lists(st.sampled_from(["ab ", "{{a}}", "{{#if a}}x y{{else}}z{{/if}}", "\\{{no}} "]), max_size=12),
    st.integers(1, 60),
)
def test_a_cut_never_falls_inside_a_tag_or_block(pieces: list[str], limit: int) -> None:
    compile_template(clip("".join(pieces), limit)).render({"a": "1"})
