"""A fact as somebody tells it, checked. `source` says who: api, import, link, provider or simulation."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.audience.fields import Wrong, clean_moment, clean_text, keep_json
from motet.core.errors import Problem
from motet.core.spelling import guess

MAX_PROPERTIES = 32_768  # bytes of JSON
_NAME = re.compile(r"[\w$][\w $.:/-]{0,99}")
_REVENUE = ("value", "revenue", "total")  # where a purchase may carry its worth, in this order


class RawEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact. `customer` is an id of ours, or any reference: external id, email, phone.

    Two facts of one customer with the same `key` within seven days are one.
    """

    customer: UUID | str
    name: str
    at: datetime | None = None  # None: now
    properties: dict[str, Any] = {}
    message_id: UUID | None = None
    value: float = 0.0  # revenue, in the brand's currency
    source: str = "api"
    key: str | None = None  # the sender's own id of the fact


_TOLD = 20  # problems of one event: enough to see what is wrong


def check_event(raw: Any, path: str = "", *, source: str = "api") -> RawEvent | list[Problem]:
    """A checked fact, or everything that is wrong with `raw`; paths begin with `path`.

    A purchase without a value takes it from its properties (`value`, `revenue` or `total`).
    """
    if not isinstance(raw, Mapping):
        return [Problem("event.bad_type", "an event is a map of fields", path, 'write {"customer": ..., "name": ...}')]
    clean: dict[str, Any] = {}
    problems: list[Problem] = []
    dot = f"{path}." if path else ""
    for key, given in raw.items():
        if len(problems) >= _TOLD:
            break
        cleaner = _CLEANERS.get(key)
        if cleaner is None:
            problems.append(_unknown(key, dot))
        elif given is not None:
            try:
                clean[key] = cleaner(given)
            except Wrong as wrong:
                code = f"event.{wrong.code.partition('.')[2]}"
                problems.append(Problem(code, wrong.message, f"{dot}{key}{wrong.place}", wrong.fix))
    problems.extend(
        Problem("event.missing_field", f"{key} is missing", f"{dot}{key}", f"give {key}")
        for key in ("customer", "name")
        if raw.get(key) is None
    )
    if problems:
        return problems
    if clean["name"] == "purchase" and "value" not in clean:
        clean["value"] = _worth(clean.get("properties", {}))
    return RawEvent(**clean, source=source)


def _worth(properties: dict[str, Any]) -> float:
    for key in _REVENUE:
        amount = properties.get(key)
        if isinstance(amount, int | float) and not isinstance(amount, bool) and math.isfinite(amount):
            return float(amount)
    return 0.0


def _name(given: Any) -> str:
    text = clean_text(given)
    if not _NAME.fullmatch(text):
        fix = "write letters, digits and underscores, such as cart_abandoned"
        raise Wrong("event.bad_name", f"{text[:40]!r} cannot name an event", fix)
    return text


def _properties(given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise Wrong("event.bad_type", "is not a map", 'write {"cart_value": 59.9}')
    return keep_json(dict(given), MAX_PROPERTIES)


def _message_id(given: Any) -> UUID:
    try:
        return UUID(given) if isinstance(given, str) else UUID(bytes=given.bytes)
    except (ValueError, AttributeError):
        raise Wrong("event.bad_message_id", f"{given!r} is not the id of a message") from None


def _amount(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) < 1e15:
        raise Wrong("event.bad_value", f"{given!r} is not an amount", "write a number, such as 59.9")
    return float(given)


_CLEANERS: dict[Any, Callable[[Any], Any]] = {
    "customer": clean_text,
    "name": _name,
    "at": clean_moment,
    "properties": _properties,
    "message_id": _message_id,
    "value": _amount,
    "key": clean_text,
}


def _unknown(key: Any, dot: str) -> Problem:
    name = str(key)[:60]
    near = guess(name, _CLEANERS)
    fix = f"did you mean {near!r}?" if near else "put what is your own into properties"
    return Problem("event.unknown_field", f"there is no field {name!r}", f"{dot}{name}", fix)
