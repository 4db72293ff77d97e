"""Bodies that are read by hand, because each part of them is judged by itself or they come in two forms."""

from __future__ import annotations

from typing import Any

import msgspec

from motet.web.problems import Rejection

_decode = msgspec.json.Decoder().decode


def decode_body(body: bytes) -> Any:
    """Any JSON. Raises Rejection for what is none."""
    if not body.strip():
        raise Rejection(400, "body.empty", "there is no body", "send JSON")
    try:
        return _decode(body)
    except RecursionError:
        raise Rejection(400, "body.too_deep", "the JSON is nested too deep", "make it flatter") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rejection(400, "body.not_json", f"the body is not JSON: {error}", "send valid JSON") from None


def read_list(body: Any, name: str, most: int) -> list[Any]:
    """The list called `name` in an object. Raises Rejection when it is missing or too long."""
    found = body.get(name) if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise Rejection(400, "body.no_list", f"the body is no object with a list {name!r}", f'send {{"{name}": [...]}}')
    if len(found) > most:
        raise Rejection(
            400, "body.too_many", f"{len(found):,} {name} at once; at most {most:,} are taken", "send fewer", name
        )
    return found
