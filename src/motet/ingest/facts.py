"""A fact as somebody tells it, checked.

`source` says who: api, segment, import, history, link, provider, simulation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.audience.fields import Wrong, clean_moment, clean_text, keep_json
from motet.audience.guard import USUAL, Guard
from motet.audience.people import Person
from motet.core.errors import Problem
from motet.core.events import RESERVED
from motet.core.spelling import guess
from motet.storage.pool import Json

MAX_PROPERTIES = 32_768  # bytes of JSON
_MOST = 1e15  # of an amount
_AMOUNT = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_NAME = re.compile(r"[\w$][\w $.:/-]{0,99}")
_REVENUE = ("value", "revenue", "total")  # where a purchase may carry its worth, in this order


class RawEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact. `customer` is an id of ours, any reference (external id, email, phone), or a person by several names.

    Two facts of one customer with the same `key` within seven days are one, and so are two with the same `once`,
    whoever they are about.
    """

    customer: UUID | str | Person
    name: str
    at: datetime | None = None  # None: now
    properties: dict[str, Any] | Json = {}  # Json: encoded already
    message_id: UUID | None = None
    value: float = 0.0  # revenue, in the brand's currency
    source: str = "api"
    key: str | None = None  # the sender's own id of the fact
    once: UUID | None = None  # the same as a digest, of a sender whose ids are unique
    previous: str | None = None  # an id that the customer had before: whoever has it is merged into them
    notes: tuple[Problem, ...] = ()  # what was taken otherwise than it was meant; the debugger tells


_TOLD = 20  # problems of one event: enough to see what is wrong


def check_event(raw: Any, path: str = "", *, source: str = "api", guard: Guard = USUAL) -> RawEvent | list[Problem]:
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
    if "customer" in clean and (blocked := check_identifier(guard, clean["customer"], f"{dot}customer")):
        problems.append(blocked)
    if problems:
        return problems
    if clean["name"] == "purchase" and "value" not in clean:
        clean["value"] = worth(clean.get("properties", {}))
    return RawEvent(**clean, source=source)


def check_identifier(guard: Guard, value: str, path: str) -> Problem | None:
    """The problem, under its code for events, with an identifier that names nobody."""
    blocked = guard.check(value, path)
    return blocked and msgspec.structs.replace(blocked, code="event.blocked_identifier")


def worth(properties: Mapping[str, Any]) -> float:
    """What a purchase brought, out of its properties; a number in a text counts. 0 when none says."""
    for key in _REVENUE:
        amount = properties.get(key)
        if isinstance(amount, str) and _AMOUNT.fullmatch(amount):
            amount = float(amount)
        if isinstance(amount, int | float) and not isinstance(amount, bool) and abs(amount) < _MOST:
            return float(amount)
    return 0.0


def _name(given: Any) -> str:
    text = clean_text(given)
    if not _NAME.fullmatch(text):
        fix = "write letters, digits and underscores, such as cart_abandoned"
        raise Wrong("event.bad_name", f"{text[:40]!r} cannot name an event", fix)
    return check_name(text)


def check_name(text: str) -> str:
    """The name, unless it is one that Motet keeps for itself. Raises Wrong."""
    if text in RESERVED:
        raise Wrong("event.reserved_name", f"{text!r} is an event of Motet's own", "take another name")
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
    if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) < _MOST:
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
