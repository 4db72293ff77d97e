"""The page about the language of conditions shows only what is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from motet.core.filters import compile_filter
from motet.core.filters.leaves import DEEDS, LEAVES, TIMES
from motet.core.filters.tree import Op, Take
from motet.core.filters.windows import PERIODS

PAGE = (Path(__file__).parents[3] / "docs" / "filters.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
# Conditions within a line: `plan: gold`, `{tags: vip}`; a bare window or operator is not one.
INLINE = [
    text
    for text in re.findall(r"`((?:\{?[a-z_.]+: )[^`]*)`", PAGE)
    if not re.match(r"(within|during|since|of|kind)", text)
]
CODE = "\n".join([*EXAMPLES, *re.findall(r"`([^`\n]+)`", PAGE)])
assert len(EXAMPLES) > 10
assert len(INLINE) > 20


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_condition(example: str) -> None:
    compile_filter(yaml.safe_load(example))


@pytest.mark.parametrize("text", INLINE)
def test_every_condition_within_a_line_is_one(text: str) -> None:
    spec = yaml.safe_load(text if text.startswith("{") else "{" + text + "}")
    takes = {take.value for take in Take} & set(spec)
    compile_filter({"$did": {"event": "purchase", **spec}} if takes else spec)


@pytest.mark.parametrize("word", [*(op.value for op in Op), *(t.value for t in Take), *LEAVES, *DEEDS, *TIMES])
def test_every_word_of_the_language_is_explained(word: str) -> None:
    assert re.search(rf"(?<![\w$]){re.escape(word)}(?!\w)", CODE)


def test_every_period_is_explained() -> None:
    assert all(word in PAGE for word in ("today", "yesterday", "this_week", "last_week"))
    assert {period.partition("_")[2] for period in PERIODS} - {""} == {"week", "month", "quarter", "year"}
