"""The bytes of a request as calls. One that cannot be read is a problem by itself and never costs the others.

Limits are those of Segment's HTTP API, and of its libraries: 500 KB a body, 32 KB a call, 2,500 calls a batch.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from motet.audience.fields import Wrong

MAX_BODY = 512_000  # bytes, inflated
MAX_CALL = 32_768  # bytes
MAX_CALLS = 2_500  # in a batch
_GZIP = 16 + zlib.MAX_WBITS
_NOT_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class BadBody(Exception):
    """Nothing of the body can be read."""

    def __init__(self, code: str, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.fix = code, message, fix


class Context(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What of a call's surroundings says something about its person. The rest is not kept."""

    traits: Any = None
    timezone: Any = None
    locale: Any = None
    device: Any = None
    page: Any = None
    external_ids: Any = None  # [{"type": "loyalty", "id": "123"}]: ids of your own


class Call(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One call as it came. Fields that nobody needs (`integrations`, `channel`, ...) are passed over."""

    type: Any = None
    message_id: Any = None
    user_id: Any = None
    anonymous_id: Any = None
    previous_id: Any = None
    group_id: Any = None
    event: Any = None
    name: Any = None
    category: Any = None
    properties: Any = None
    traits: Any = None
    timestamp: Any = None
    original_timestamp: Any = None
    sent_at: Any = None
    write_key: Any = None
    context: Context | None = None


class Batch(NamedTuple):
    """Calls, each still in its bytes; a Wrong stands for one that has none."""

    calls: list[msgspec.Raw | Wrong]
    sent_at: Any
    key: Any


class _Batch(msgspec.Struct, frozen=True, rename="camel"):
    batch: list[msgspec.Raw]
    sent_at: Any = None
    write_key: Any = None


_read_call = msgspec.json.Decoder(Call).decode
_read_batch = msgspec.json.Decoder(_Batch).decode
_encode = msgspec.json.Encoder().encode


def inflate(body: bytes) -> bytes:
    """The body out of gzip; never more than MAX_BODY and one byte of it. Raises BadBody."""
    engine = zlib.decompressobj(_GZIP)
    try:
        plain = engine.decompress(body, MAX_BODY + 1)
    except zlib.error:
        raise BadBody("body.bad_gzip", "the body is not gzip", "send it as it is, or compressed by gzip") from None
    if len(plain) > MAX_BODY:
        raise too_large()
    if not engine.eof or engine.unused_data:
        raise BadBody("body.bad_gzip", "the gzip of the body is cut short, or goes on after its end", "send it whole")
    return plain


def too_large() -> BadBody:
    return BadBody("body.too_large", f"the body is larger than {MAX_BODY // 1024} KB", "send fewer calls at once")


def open_call(body: bytes) -> Call:
    """A body that is one call. Raises Wrong for a call that cannot be taken, BadBody for what is no JSON."""
    if not body.strip():
        raise _empty()
    return read_call(body)


def open_batch(body: bytes) -> Batch:
    """A body that is a batch. Raises BadBody."""
    try:
        found = _read_batch(body)
        calls: list[msgspec.Raw | Wrong] = list(found.batch)
        sent_at, key = found.sent_at, found.write_key
    except _NOT_JSON:
        whole = _read_any(body)
        listed = whole.get("batch") if isinstance(whole, dict) else None
        if not isinstance(listed, list):
            fix = 'send {"batch": [...]}'
            raise BadBody("body.no_list", "the body is no object with a list 'batch'", fix) from None
        calls = [_salvage(item) for item in listed[: MAX_CALLS + 1]]
        sent_at, key = whole.get("sentAt"), whole.get("writeKey")
    if len(calls) > MAX_CALLS:
        told = f"the batch has more than {MAX_CALLS:,} calls"
        raise BadBody("body.too_many", told, "send fewer at once")
    return Batch(calls, sent_at, key)


def find_key(body: bytes) -> Any:
    """The write key in a call that cannot be read otherwise, if it can be found."""
    with suppress(BadBody, *_NOT_JSON):
        whole = _read_any(body)
        return whole.get("writeKey") if isinstance(whole, dict) else None
    return None


def read_call(raw: bytes | msgspec.Raw) -> Call:
    """One call. Raises Wrong with what is wrong and its place."""
    size = memoryview(raw).nbytes
    if size > MAX_CALL:
        raise Wrong("event.too_large", f"is {size:,} bytes of JSON; at most {MAX_CALL:,} are taken", "send less of it")
    try:
        return _read_call(raw)
    except UnicodeDecodeError:
        raise Wrong("event.bad_text", "has bytes that are not UTF-8", "send UTF-8") from None
    except RecursionError:
        raise Wrong("event.too_deep", "is nested too deep", "make it flatter") from None
    except msgspec.ValidationError as error:
        if "out of range" in str(error):
            _explain(bytes(raw))
        told, _, place = str(error).partition(" - at `$")
        raise Wrong("event.bad_type", told[:1].lower() + told[1:], "", place.rstrip("`")) from None
    except msgspec.DecodeError as error:
        _explain(bytes(raw))
        raise Wrong("event.bad_json", f"is not JSON: {error}", "send valid JSON") from None


def _explain(raw: bytes) -> None:
    """Says more than the decoder about what other readers of JSON would have let through. Raises Wrong."""
    try:
        value = json.loads(raw, parse_constant=_Constant)
    except (ValueError, RecursionError):
        return
    for place, told in _list_unfit(value):
        raise Wrong("event.bad_json", told, "leave it out", place)


def _read_any(body: bytes) -> Any:
    """Any JSON, and also NaN and half surrogate pairs, which some libraries send. Raises BadBody."""
    if not body.strip():
        raise _empty()
    try:
        return json.loads(body.decode(), parse_constant=_Constant)
    except UnicodeDecodeError as error:
        raise BadBody("body.not_utf8", f"the body is not UTF-8 text (byte {error.start})", "send UTF-8") from None
    except RecursionError:
        raise BadBody("body.too_deep", "the JSON is nested too deep", "make it flatter") from None
    except ValueError as error:
        raise BadBody("body.not_json", f"the body is not JSON: {error}"[:200], "send valid JSON") from None


def _empty() -> BadBody:
    return BadBody("body.empty", "there is no body", "send JSON")


class _Constant(msgspec.Struct, frozen=True):
    """NaN, Infinity or -Infinity: numbers for some, and not for JSON."""

    name: str


def _salvage(item: Any) -> msgspec.Raw | Wrong:
    for place, told in _list_unfit(item):
        return Wrong("event.bad_json", told, "leave it out", place)
    try:
        return msgspec.Raw(_encode(item))
    except (*_NOT_JSON, OverflowError):
        return Wrong("event.bad_json", "has a value that JSON cannot say")


def _list_unfit(value: Any) -> Iterator[tuple[str, str]]:
    """What in a value JSON cannot say: place and words."""
    waiting = [("", value)]
    while waiting:
        place, found = waiting.pop()
        if isinstance(found, _Constant):
            yield place, f"{found.name} is not JSON"
        elif isinstance(found, float) and not math.isfinite(found):
            yield place, "the number is too large"
        elif isinstance(found, str) and not found.isascii() and _has_surrogate(found):
            yield place, "has half of a surrogate pair in it"
        elif isinstance(found, dict):
            for key, inner in found.items():
                if not key.isascii() and _has_surrogate(key):
                    yield place, "has half of a surrogate pair in a name"
                    continue
                waiting.append((f"{place}.{key[:60]}", inner))
        elif isinstance(found, list):
            waiting.extend((f"{place}[{index}]", inner) for index, inner in enumerate(found))


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
