from __future__ import annotations

import json

import pytest

from motet.web.gate import MAX_DEPTH, check_body
from motet.web.problems import Rejection


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"a": "x\\u0000y"}', "body.nul"),
        (b'{"a": "x\\\\\\u0000y"}', "body.nul"),
        (b'{"a": "x\x00y"}', "body.nul"),
        (b'{"a": "\xed\xa0\x80"}', "body.not_utf8"),
        (b'{"a": "\xff"}', "body.not_utf8"),
        (b'{"a": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", "body.too_deep"),
        (b'[{"a":' * 100_000, "body.too_deep"),
        (b"[" * 1_000_000, "body.too_deep"),
    ],
)
def test_what_must_not_be_decoded_or_kept_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(Rejection) as refusal:
        check_body(body, is_json=True)
    assert refusal.value.code == code


@pytest.mark.parametrize("text", ["\\u0000", "[" * 200, "]{" * 300, '"[' * 200, "\\", '\\"', "{" * 100 + "\\"])
def test_what_only_looks_dangerous_is_taken(text: str) -> None:
    check_body(json.dumps({"text": text, "more": [{}] * 100}).encode(), is_json=True)


def test_depth_is_counted_and_not_width() -> None:
    check_body(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, is_json=True)
    check_body(json.dumps([{"a": [1, {"b": 2}]}] * 10_000).encode(), is_json=True)
    with pytest.raises(Rejection):
        check_body(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), is_json=True)


def test_yaml_may_have_brackets_of_its_own() -> None:
    check_body(b"[" * 1000, is_json=False)
