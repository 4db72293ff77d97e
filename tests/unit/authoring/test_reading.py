"""From text to documents: what is read, and how what is wrong is refused."""

from __future__ import annotations

import pytest

from motet.authoring.reading import MAX_BYTES, read_documents
from motet.core.errors import Problem, Refused

BOMB = "\n".join(
    ["a: &a [1,1,1,1,1,1,1,1,1,1]"]
    + [f"{n}: &{n} [{','.join([f'*{o}'] * 10)}]" for o, n in zip("abcdef", "bcdefg", strict=True)]
)

REFUSED: list[tuple[str, str, str, str]] = [
    ("", "document.empty", "f.yaml", "motet blueprint"),
    ("---\n---\n", "document.empty", "f.yaml", ""),
    ("- 1", "document.not_a_mapping", "f.yaml", "name:"),
    ("just words", "document.not_a_mapping", "f.yaml", "name:"),
    ("name: a\nname: b", "document.duplicate_key", "f.yaml:2:1", "keep one"),
    ('{"name": 1, "name": 2}', "document.duplicate_key", "f.yaml", "keep one"),
    ("a: b: c", "document.syntax", "f.yaml:1:5", "quotes"),
    ("a:\n\t- b", "document.syntax", "f.yaml:2:1", "spaces"),
    ("a: [1", "document.syntax", "f.yaml:1:6", ""),
    ("a: *nobody", "document.syntax", "f.yaml:1:4", ""),
    ("a: !!python/object/apply:os.system [ls]", "document.syntax", "f.yaml:1:4", ""),
    ("a: !!bool maybe", "document.bad_value", "f.yaml", ""),
    ("a: !!timestamp x", "document.bad_value", "f.yaml", ""),
    ('a: !!int ""', "document.bad_value", "f.yaml", ""),
    ("a:\n" + "- {a: 1}\n" * 30_000, "document.too_large", "f.yaml", "512 KiB"),
    ("a: \x07", "document.syntax", "f.yaml:1", ""),
    ("a: &x [*x]", "document.syntax", "f.yaml:1:4", ""),
    ("x: {}\n<<: {a: 1}", "document.merge_key", "f.yaml:2:1", "write the fields out"),
    ("? [a]\n: b", "document.bad_key", "f.yaml:1:3", ""),
    ("a: " + "[" * 5000, "document.too_deep", "f.yaml:1:43", ""),
    ('{"a":' * 5000, "document.too_deep", "f.yaml", ""),
    (BOMB, "document.too_large", "f.yaml", "512 KiB"),
    ("a" * (MAX_BYTES + 1), "document.too_large", "f.yaml", "512 KiB"),
    ("é" * (MAX_BYTES // 2 + 1), "document.too_large", "f.yaml", "512 KiB"),
    ('{"a": NaN}', "document.bad_value", "f.yaml", ""),
    ("a: 99999999999999999999", "document.bad_value", "f.yaml:a", ""),
    ("a: " + "9" * 5000, "document.bad_value", "f.yaml", ""),
    ("a: 1e999", "document.bad_value", "f.yaml:a", ""),
    ('{"a": [{"b": "\\u0000"}]}', "document.bad_value", "f.yaml:a[0].b", ""),
    ('{"a\\u0000": 1}', "document.bad_value", "f.yaml:a\0", ""),
    ('{"a": "\\ud800"}', "document.bad_value", "f.yaml:a", ""),
    ("a: !!binary aGk=", "document.bad_value", "f.yaml:a", ""),
    ("a: !!int x", "document.bad_value", "f.yaml", ""),
]


def refused(text: str, origin: str = "f.yaml") -> Problem:
    with pytest.raises(Refused) as refusal:
        read_documents(text, origin)
    (problem,) = refusal.value.problems
    return problem


@pytest.mark.parametrize(("text", "code", "path", "fix"), REFUSED)
def test_bad_text_names_code_place_and_fix(text: str, code: str, path: str, fix: str) -> None:
    problem = refused(text)
    assert (problem.code, problem.path) == (code, path)
    assert fix in problem.fix


def test_plain_scalars_are_read_as_json_users_expect() -> None:
    text = """
on: yes
clock: 10:30
zip: 007
day: 2026-01-01
n: 5
f: -1.5e3
t: true
nil: ~
empty:
ver: 1.2.3
plus: +43
"""
    assert read_documents(text, "f.yaml") == [
        {
            "on": "yes",
            "clock": "10:30",
            "zip": "007",
            "day": "2026-01-01",
            "n": 5,
            "f": -1500.0,
            "t": True,
            "nil": None,
            "empty": None,
            "ver": "1.2.3",
            "plus": "+43",
        }
    ]


def test_several_documents_in_one_file() -> None:
    assert read_documents("---\na: 1\n---\nb: 2\n---\n", "f.yaml") == [{"a": 1}, {"b": 2}]


def test_json_is_read_with_its_own_errors() -> None:
    assert read_documents('\ufeff{"a": {"b": [1, 2.5, null]}}', "f.json") == [{"a": {"b": [1, 2.5, None]}}]
    problem = refused('{"a": 1,\n  "b"}', "f.json")
    assert (problem.code, problem.path) == ("document.syntax", "f.json:2:6")


def test_a_flow_mapping_is_still_yaml() -> None:
    assert read_documents("{a: 1, b: [x]}", "f.yaml") == [{"a": 1, "b": ["x"]}]


def test_an_alias_stands_for_what_it_names() -> None:
    assert read_documents("a: &x {b: 1}\nc: *x", "f.yaml") == [{"a": {"b": 1}, "c": {"b": 1}}]
