"""The bytes of a request as calls: limits, and what only spoils itself."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from motet.audience.fields import Wrong
from motet.ingest.tracking.bodies import (
    MAX_BODY,
    MAX_CALL,
    MAX_CALLS,
    BadBody,
    inflate,
    open_batch,
    open_call,
    read_call,
)

GZIPPED = gzip.compress(b"{}", mtime=0)  # the time would be part of a test's name


def test_gzip_is_inflated_and_no_further_than_the_limit():
    assert inflate(gzip.compress(b"x" * MAX_BODY)) == b"x" * MAX_BODY
    with pytest.raises(BadBody) as bomb:
        inflate(gzip.compress(b"x" * 50_000_000))
    assert bomb.value.code == "body.too_large"


@pytest.mark.parametrize(
    "body",
    [b"{}", b"", GZIPPED[:-4], GZIPPED + GZIPPED, zlib.compress(b"{}"),
     GZIPPED + b"more"],
)  # fmt: skip
def test_what_is_not_one_whole_gzip_is_refused(body: bytes):
    with pytest.raises(BadBody) as bad:
        inflate(body)
    assert bad.value.code == "body.bad_gzip"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "body.empty"),
        (b"  \n", "body.empty"),
        (b"{", "body.not_json"),
        (b'{"batch": [1, ]}', "body.not_json"),
        (b'{"batch": ["\xff]}', "body.not_utf8"),
        (b"[]", "body.no_list"),
        (b'{"batch": {}}', "body.no_list"),
        (b'{"items": []}', "body.no_list"),
        (b'{"batch": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "body.too_deep"),
        (b'{"batch": [' + b",".join([b"1"] * (MAX_CALLS + 1)) + b"]}", "body.too_many"),
        (b'{"batch": [NaN,' + b",".join([b"1"] * (MAX_CALLS + 1)) + b"]}", "body.too_many"),
    ],
)
def test_a_body_that_is_bad_as_a_whole_says_why(body: bytes, code: str):
    with pytest.raises(BadBody) as bad:
        open_batch(body)
    assert bad.value.code == code


def test_a_batch_keeps_its_key_and_when_it_was_sent():
    batch = open_batch(b'{"batch": [{"type": "track"}], "writeKey": "k", "sentAt": "2026-01-01T00:00:00Z", "x": 1}')
    assert (batch.key, batch.sent_at) == ("k", "2026-01-01T00:00:00Z")
    assert [bytes(raw) for raw in batch.calls] == [b'{"type": "track"}']


@pytest.mark.parametrize(
    ("bad", "code", "place"),
    [
        ('{"properties": {"a": [1, NaN]}}', "event.bad_json", ".properties.a[1]"),
        ('{"properties": {"a": -Infinity}}', "event.bad_json", ".properties.a"),
        ('{"properties": {"a": "\\ud800"}}', "event.bad_json", ".properties.a"),
        ('{"properties": {"\\udc00": 1}}', "event.bad_json", ".properties"),
        ('{"properties": {"a": 1e999}}', "event.bad_json", ".properties.a"),
        ('{"context": []}', "event.bad_type", ".context"),
        ("1", "event.bad_type", ""),
    ],
)
def test_one_bad_call_of_a_batch_spoils_no_other(bad: str, code: str, place: str):
    good = '{"type": "track", "event": "e", "userId": "u"}'
    batch = open_batch(f'{{"batch": [{good}, {bad}, {good}], "writeKey": "k"}}'.encode())
    assert batch.key == "k"
    told = []
    for raw in batch.calls:
        try:
            if isinstance(raw, Wrong):
                raise raw
            assert read_call(raw).event == "e"
        except Wrong as wrong:
            told.append((wrong.code, wrong.place))
    assert told == [(code, place)]


@pytest.mark.parametrize(
    ("body", "code", "place"),
    [
        (b'{"event": NaN}', "event.bad_json", ".event"),
        (b'{"properties": {"a": "\\ud800 "}}', "event.bad_json", ".properties.a"),
        (b'{"event": "a\x00b"}', "event.bad_json", ""),
        (b'{"event": "\xff"}', "event.bad_text", ""),
        (b'{"properties": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "event.too_deep", ""),
        (b'{"event": "' + b"x" * MAX_CALL + b'"}', "event.too_large", ""),
        (b"[1]", "event.bad_type", ""),
    ],
)
def test_a_call_that_cannot_be_read_says_why_and_where(body: bytes, code: str, place: str):
    with pytest.raises(Wrong) as wrong:
        open_call(body)
    assert (wrong.value.code, wrong.value.place) == (code, place)


def test_a_call_as_large_as_allowed_is_taken():
    frame = len(json.dumps({"event": ""}))
    assert open_call(json.dumps({"event": "x" * (MAX_CALL - frame)}).encode()).event


def test_an_empty_body_is_no_call():
    with pytest.raises(BadBody):
        open_call(b" ")
