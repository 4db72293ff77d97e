from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import NOW, a_customer, a_program, an_enrollment, some_facts
from motet.content.failure import RenderFailed, TemplateFault
from motet.engine.filling import fill, view_for

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="{}\\\0"), max_size=8)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


def view(**context: Any) -> dict[str, Any]:
    customer = a_customer(attributes={"plan": "pro", "score": 7})
    enrollment = an_enrollment(customer, a_program(), context=context)
    return view_for(some_facts(customer), enrollment, {"brand": "Acme", "plan": "free"})


@given(PLAIN)
def test_what_has_no_template_in_it_stays_as_it_is(value: Any) -> None:
    assert fill(value, {}) == value


@given(PLAIN)
def test_a_text_that_is_one_name_keeps_the_kind_of_its_value(value: Any) -> None:
    assert fill("{{x}}", {"x": value}) == value


def test_texts_are_filled_in_however_deep_and_nothing_is_escaped() -> None:
    given = {"a": ["{{first}} & {{last}}", {"b": "{{{last}}}"}], "n": 3}
    assert fill(given, {"first": "<A>", "last": "O'Neil"}) == {"a": ["<A> & O'Neil", {"b": "O'Neil"}], "n": 3}


def test_templates_see_the_customer_what_started_it_the_brand_and_the_moment() -> None:
    seen = view(order="A1", plan="gold")
    assert fill("{{plan}} {{order}} {{event.order}} {{score}} {{brand}}", seen) == "gold A1 A1 7 Acme"
    assert fill("{{now}}", seen) == fill("{{current_timestamp}}", seen) == NOW.isoformat()
    assert fill(["{{score}}", "{{nothing}}"], seen) == [7, None]
    assert fill("{{at}}", {"at": datetime(2026, 1, 2, tzinfo=UTC)}) == "2026-01-02T00:00:00+00:00"


def test_no_text_carries_what_the_database_cannot_hold() -> None:
    assert fill(["{{x}}", "a{{x}}"], {"x": "b\0c"}) == ["bc", "abc"]


def test_what_cannot_be_filled_in_says_so() -> None:
    with pytest.raises(RenderFailed):
        fill("a {{event}}", view(order=1))
    with pytest.raises(TemplateFault):
        fill("{{#if", {})
