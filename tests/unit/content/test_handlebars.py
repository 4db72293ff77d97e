"""The language: a table of templates with what they give, and what stops the ones that go wrong."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motet.content.failure import RenderFailed, TemplateFault
from motet.content.handlebars import compile_template
from motet.content.lexer import raw_tokens
from motet.content.outputs import HTML
from motet.content.runtime import MAX_OPERATIONS, Run
from motet.core.ids import uuid7

VIEW: dict[str, Any] = {
    "name": "Ann",
    "empty": "",
    "zero": 0,
    "no": False,
    "yes": True,
    "none": None,
    "price": 12.5,
    "whole": 3.0,
    "big": 1234567,
    "items": [{"name": "tea", "tags": ["a", "b"]}, {"name": "jam", "tags": []}],
    "letters": ["x", "y", "z"],
    "nothing": [],
    "map": {"one": 1, "two": 2},
    "cart": {"total": 9, "owner": {"name": "Bo"}},
    "odd key": "found",
    "key": "two",
    "at": datetime(2026, 3, 5, 14, 7, tzinfo=UTC),
}

TABLE = [
    ("plain", "plain"),
    ("", ""),
    ("Hi {{name}}!", "Hi Ann!"),
    ("{{ name }}{{&name}}{{{name}}}", "AnnAnnAnn"),
    ("{{missing}}{{none}}{{cart.missing.deep}}", ""),
    ("{{cart.total}} {{cart/owner/name}} {{cart.owner.name}}", "9 Bo Bo"),
    ("{{yes}} {{no}} {{price}} {{whole}} {{big}}", "true false 12.5 3 1234567"),
    ("{{letters}} {{letters.length}} {{letters.[1]}} {{letters.0}} {{letters.9}}", "x,y,z 3 y x "),
    ("{{[odd key]}}", "found"),
    ("{{this.name}} {{./name}}", "Ann Ann"),
    ("{{#if name}}a{{else}}b{{/if}}", "a"),
    ("{{#if empty}}a{{else}}b{{/if}}", "b"),
    ("{{#if zero}}a{{else}}b{{/if}}{{#if zero includeZero=true}}c{{/if}}", "bc"),
    ("{{#if nothing}}a{{else}}b{{/if}}{{#if map}}c{{/if}}", "bc"),
    ("{{#if no}}a{{else if zero}}b{{else if name}}c{{else}}d{{/if}}", "c"),
    ("{{#if no}}a{{else if zero}}b{{else}}d{{/if}}", "d"),
    ("{{#unless no}}a{{else}}b{{/unless}}", "a"),
    ("{{#if no}}a{{^}}b{{/if}}", "b"),
    ("{{#each items}}{{@index}}{{name}}{{#unless @last}},{{/unless}}{{/each}}", "0tea,1jam"),
    ("{{#each items}}{{#if @first}}<{{/if}}{{name}}{{/each}}", "<teajam"),
    ("{{#each items}}{{#each tags}}{{../name}}{{this}}{{@../index}} {{else}}-{{/each}}{{/each}}", "teaa0 teab0 -"),
    ("{{#each items}}{{@root.name}}{{../name}} {{/each}}", "AnnAnn AnnAnn "),
    ("{{#each map}}{{@key}}={{this}};{{/each}}", "one=1;two=2;"),
    ("{{#each nothing}}a{{else}}none{{/each}}{{#each name}}a{{else}}!{{/each}}", "none!"),
    ("{{#each items as |it i|}}{{i}}{{it.name}}{{name}} {{/each}}", "0teatea 1jamjam "),
    ("{{#each items as |it|}}{{#each it.tags as |t|}}{{it.name}}{{t}}{{/each}}{{/each}}", "teaateab"),
    ("{{#with cart}}{{total}}{{../name}}{{/with}}{{#with missing}}a{{else}}b{{/with}}", "9Annb"),
    ("{{#with cart as |c|}}{{c.total}}{{/with}}", "9"),
    ("{{#cart}}{{total}}{{/cart}}{{#letters}}{{this}}{{/letters}}{{#yes}}{{name}}{{/yes}}", "9xyzAnn"),
    ("{{#no}}a{{else}}b{{/no}}{{^no}}c{{/no}}{{^cart.owner}}d{{/cart.owner}}", "bc"),
    ("{{lookup map key}} {{lookup letters 2}} {{lookup items 7}}", "2 z "),
    ("{{! a comment }}a{{!-- with }} inside --}}b", "ab"),
    ("a  {{~name~}}  b", "aAnnb"),
    ("{{#if name~}}  x  {{~/if}}", "x"),
    ("\\{{name}} \\\\{{name}}", "{{name}} \\Ann"),
    ("a\n{{#if name}}\nb\n{{else}}\nc\n{{/if}}\nd", "a\nb\nd"),
    ("  {{#each letters}}  \n{{this}}\n  {{/each}}\r\nend", "x\ny\nz\nend"),
    ("{{#if name}}a{{/if}}\nb", "a\nb"),
    ("a\n{{! gone }}\nb", "a\nb"),
    ("a\n{{name}}\nb", "a\nAnn\nb"),
    ("}} { } {{name}}", "}} { } Ann"),
    ("{{default empty missing 'x'}}{{default name 'x'}}{{default zero 1}}", "xAnn0"),
    ("{{upper name}}{{lower name}}{{capitalize 'bo'}}", "ANNannBo"),
    ("{{upper (default missing 'x')}}", "X"),
    ("{{#if (and name (gt price 10))}}a{{/if}}{{#if (or no empty)}}b{{/if}}{{#if (not no)}}c{{/if}}", "ac"),
    ("{{eq name 'Ann'}} {{eq 1 true}} {{eq whole 3}} {{ne name 'Bo'}}", "true false true true"),
    ("{{gt big 5}}{{gte 5 5}}{{lt 'a' 'b'}}{{lte 6 5}}{{gt name 5}}{{gt missing 5}}", "truetruetruefalsefalsefalse"),
    ('{{truncate "one two three" 9}}|{{truncate name 10}}|{{truncate "one two" 5 "."}}', "one two…|Ann|one."),
    (
        "{{number big}} {{number price}} {{number price 0}} {{number big 2}} {{number 'x'}}",
        "1,234,567 12.5 12 1,234,567.00 x",
    ),
    (
        "{{currency price}} {{currency big 'EUR'}} {{currency -3 'JPY'}} {{currency 1 'CHF'}}",
        "$12.50 €1,234,567.00 -¥3 1.00 CHF",
    ),
    ("{{date at}} {{date at 'long'}} {{date at '%A %-I:%M %p'}}", "5 Mar 2026 5 March 2026 Thursday 2:07 PM"),
    ("{{date at 'time' timezone='Asia/Tokyo'}} {{date '2026-03-05' 'full'}}", "23:07 Thursday, 5 March 2026"),
    ("{{date 'never'}}{{date none}}", "never"),
    ("{{urlencode 'a b&c/ü'}}", "a%20b%26c%2F%C3%BC"),
    ("{{join letters}} {{join letters '-'}} {{join name}}", "x, y, z x-y-z Ann"),
    ("{{at}}", "2026-03-05T14:07:00+00:00"),
]


@pytest.mark.parametrize(("source", "expected"), TABLE)
def test_a_template_gives_what_the_table_says(source: str, expected: str) -> None:
    assert compile_template(source).render(VIEW) == expected


def test_a_field_may_be_called_like_a_helper() -> None:
    assert compile_template("{{date}} {{number}} {{#if default}}x{{/if}}").render({"date": "d", "number": 1}) == "d 1 "


FAULTS = [
    ("a\nb {{#if x}}", "template.unclosed_block", 2, 3),
    ("{{#if x}}{{/each}}", "template.unbalanced", 1, 10),
    ("{{/if}}", "template.unbalanced", 1, 1),
    ("{{else}}", "template.unbalanced", 1, 1),
    ("{{#if x}}{{else}}{{else}}{{/if}}", "template.unbalanced", 1, 18),
    ("{{name", "template.unclosed_tag", 1, 1),
    ("{{{name}}", "template.unclosed_tag", 1, 1),
    ("{{!-- x }}", "template.unclosed_tag", 1, 1),
    ("{{}}", "template.empty_tag", 1, 3),
    ("x\n {{upcase name}}", "template.unknown_helper", 2, 2),
    ("{{#loop x}}{{/loop}}", "template.unknown_block", 1, 1),
    ("{{> footer}}", "template.unsupported", 1, 1),
    ("{{{{raw}}}}{{{{/raw}}}}", "template.unsupported", 1, 1),
    ("{{upper}}{{upper a b}}", "template.arguments", 1, 10),
    ("{{date a zone='x'}}", "template.arguments", 1, 1),
    ("{{#if}}{{/if}}", "template.arguments", 1, 1),
    ("{{#if a b}}{{/if}}", "template.arguments", 1, 1),
    ("{{#if a as |b|}}{{/if}}", "template.arguments", 1, 1),
    ("{{eq (a b}}", "template.syntax", 1, 9),
    ("{{a)}}", "template.syntax", 1, 4),
    ("{{a b= }}", "template.syntax", 1, 5),
    ("{{eq a=1 b}}", "template.syntax", 1, 10),
    ("{{a%b}}", "template.syntax", 1, 4),
    ("{{'a' b}}", "template.syntax", 1, 3),
    ("{{a..b}}", "template.syntax", 1, 3),
    ("{{#motet-href}}x{{/motet-href}}{{#motet-href x}}{{/motet-href}}", "template.unknown_block", 1, 32),
    ("{{#if a}}" * 40 + "{{/if}}" * 40, "template.too_deep", 1, 289),
    ("{{not " + "(not " * 20 + "a" + ")" * 20 + "}}", "template.too_deep", 1, 87),
]


@pytest.mark.parametrize(("source", "code", "line", "column"), FAULTS)
def test_a_wrong_template_is_told_with_its_place(source: str, code: str, line: int, column: int) -> None:
    with pytest.raises(TemplateFault) as caught:
        compile_template(source)
    fault = caught.value
    assert (fault.problem.code, fault.line, fault.column) == (code, line, column)
    assert f"line {line}, column {column}" in fault.problem.message


def test_a_misspelt_helper_is_answered_with_the_likely_one() -> None:
    with pytest.raises(TemplateFault) as caught:
        compile_template("{{uper name}}")
    assert caught.value.problem.fix == "did you mean 'upper'?"


def test_a_source_of_a_megabyte_is_refused() -> None:
    with pytest.raises(TemplateFault) as caught:
        compile_template("x" * 1_000_000)
    assert caught.value.problem.code == "template.too_long"


class _Trap:
    """Has what a careless lookup would find."""

    secret = "leaked"

    def __str__(self) -> str:
        raise AssertionError("was printed")

    def __getitem__(self, key: str) -> str:
        return self.secret


@pytest.mark.parametrize(
    "path",
    [
        "trap.secret", "trap.[secret]", "trap.__class__", "name.__class__", "name.upper", "name.__class__.__mro__",
        "list.append", "list.__len__", "map.keys", "map.items", "map.__class__", "number.real", "id.hex", "at.year",
        "(lookup trap 'secret')", "(lookup name '__class__')", "(lookup map 'items')", "@root.__class__", "@now.year",
        "this.__class__", "../__class__", "@root.trap.secret", "list.[-1]",
    ],
)  # fmt: skip
def test_no_attribute_of_any_object_can_be_reached(path: str) -> None:
    view = {"trap": _Trap(), "name": "Ann", "list": [1], "map": {"a": 1}, "number": 1, "id": uuid7(1), "at": VIEW["at"]}
    source = f"{{{{default {path} 'nothing'}}}}"
    assert compile_template(source).render(view, Run({"now": VIEW["at"]})) == "nothing"


def test_an_object_or_map_is_not_printed() -> None:
    for value in (_Trap(), {"a": 1}, [{"a": 1}], {1, 2}, len):
        with pytest.raises(RenderFailed) as caught:
            compile_template("{{x}}").render({"x": value})
        assert caught.value.problem.code == "content.not_text"


def test_a_list_that_holds_itself_is_not_printed() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(RenderFailed):
        compile_template("{{x}}").render({"x": ring})


@pytest.mark.parametrize(
    "source",
    [
        "{{#each a}}{{#each ../a}}{{#each ../../a}}{{/each}}{{/each}}{{/each}}",
        "{{#each a}}{{#each ../a}}{{#each ../../a}}x{{/each}}{{/each}}{{/each}}",
        "{{#each a}}{{#each ../a}}{{#if (eq @root.long @root.long)}}{{/if}}{{/each}}{{/each}}",
        "{{#each a}}{{@root.long}}{{/each}}",
        "{{#each a}}{{#if (upper @root.long)}}{{/if}}{{/each}}",
        "{{#each a}}{{#each ../a}}{{join @root.a}}{{/each}}{{/each}}",
        "{{#a}}{{#@root.a}}{{#@root.a}}{{/@root.a}}{{/@root.a}}{{/a}}",
    ],
)
def test_a_runaway_loop_is_stopped(source: str) -> None:
    view = {"a": list(range(1_000)), "long": "x" * 100_000}
    with pytest.raises(RenderFailed) as caught:
        compile_template(source).render(view)
    assert caught.value.problem.code == "content.too_much_work"


def test_a_thousand_items_are_no_runaway_loop() -> None:
    view = {"items": [{"name": f"n{i}", "price": i} for i in range(1_000)]}
    text = compile_template("{{#each items}}<li>{{name}} {{currency price}}</li>{{/each}}").render(view)
    assert text.count("<li>") == 1_000


def test_the_output_is_bounded() -> None:
    source = "{{#each a}}" + "x" * 6_000 + "{{/each}}"
    with pytest.raises(RenderFailed):
        compile_template(source).render({"a": [1] * 1_000})
    assert MAX_OPERATIONS == 100_000


def test_html_is_escaped_as_handlebars_escapes_it() -> None:
    view = {"x": "<a href='q'>&\"`=</a>"}
    assert (
        compile_template("{{x}}", HTML).render(view)
        == "&lt;a href&#x3D;&#x27;q&#x27;&gt;&amp;&quot;&#x60;&#x3D;&lt;/a&gt;"
    )
    assert compile_template("{{{x}}}", HTML).render(view) == view["x"]


@given(st.text())
def test_an_escaped_value_opens_no_tag_and_ends_no_attribute(value: str) -> None:
    text = compile_template('<p title="{{x}}">{{x}}</p>', HTML).render({"x": value})
    inside = text.removeprefix('<p title="').removesuffix("</p>")
    assert inside.count("<") == 0
    assert inside.count('"') == 1
    assert "'" not in inside
    assert inside.count(">") == 1


@given(st.text())
def test_plain_text_comes_out_as_it_went_in(value: str) -> None:
    assert compile_template("{{x}}").render({"x": value}) == value


@given(st.text(alphabet="{}#/^~!abif else\\\"'()|@.-\n", max_size=60))
@settings(max_examples=400)
def test_any_source_either_compiles_or_is_told_why(source: str) -> None:
    try:
        template = compile_template(source)
    except TemplateFault as caught:
        fault = caught
    else:
        template.render({"a": [1, 2], "b": "b"})
        return
    assert fault.problem.code.startswith("template.")
    assert 1 <= fault.line <= source.count("\n") + 1
    assert fault.column >= 1


@given(st.text(alphabet="{}!ab \\\n", max_size=60))
def test_the_tokens_cover_the_source(source: str) -> None:
    try:
        found = raw_tokens(source)
    except TemplateFault:
        return
    assert "".join(source[token.start : token.end] for token in found) == source


_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(_DATA)
@settings(max_examples=300)
def test_any_data_renders_or_fails_on_purpose(value: Any) -> None:
    calls = [
        "{{x}}", "{{upper x}}", "{{number x}}", "{{number 5 x}}", "{{currency x}}", "{{currency 1 x}}", "{{date x}}",
        "{{date x x timezone=x}}", "{{truncate x x}}", "{{truncate 'abc def' x}}", "{{join x x}}", "{{lookup x x}}",
        "{{eq x x}}{{gt x 5}}{{lt 5 x}}{{and x x}}{{or x x}}{{not x}}", "{{urlencode x}}",
        "{{#each x}}{{@key}}{{/each}}", "{{x.a.0.length}}",
        "{{#with x}}{{a}}{{/with}}{{#x}}{{/x}}{{#if x}}{{/if}}", "{{default x 1}}", "{{capitalize x}}",
    ]  # fmt: skip
    for source in calls:
        with contextlib.suppress(RenderFailed):
            assert isinstance(compile_template(source).render({"x": value}), str)
