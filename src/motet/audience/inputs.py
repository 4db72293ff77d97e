"""What somebody wants written into a profile, checked: from the API, an importer, or an event about a stranger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from motet.audience.fields import (
    Wrong,
    clean_attributes,
    clean_caps,
    clean_devices,
    clean_email,
    clean_flags,
    clean_handles,
    clean_locale,
    clean_moment,
    clean_phone,
    clean_tags,
    clean_text,
    clean_timezone,
    clean_topics,
)
from motet.audience.guard import USUAL, Guard
from motet.core.customers import Device
from motet.core.errors import Problem
from motet.core.spelling import guess


class CustomerInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Values for one profile; at least one of the three identifiers. What is absent stays as it is.

    Maps are merged key by key, tags and devices are added. A consent that is False is always taken; one
    that is True never undoes an unsubscribe. `clear` names what is taken away before: CLEARABLE fields, and
    attributes as `attributes.city`.
    """

    external_id: str | None = None
    email: str | None = None
    phone: str | None = None  # E.164
    devices: tuple[Device, ...] = ()
    handles: dict[str, str] = {}
    attributes: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    lifecycle_stage: str | None = None
    timezone: str | None = None
    locale: str | None = None
    preferences: dict[str, bool] = {}
    topics: dict[str, bool] = {}
    caps: dict[str, int] = {}  # messages a day
    consents: dict[str, bool] = {}
    last_interaction_at: datetime | None = None  # the later of this and what is known is kept
    last_purchase_at: datetime | None = None  # likewise
    created_at: datetime | None = None  # the earlier one is kept
    clear: tuple[str, ...] = ()


CLEANERS: dict[str, Callable[[Any], Any]] = {
    "external_id": clean_text,
    "email": clean_email,
    "phone": clean_phone,
    "devices": clean_devices,
    "handles": clean_handles,
    "attributes": clean_attributes,
    "tags": clean_tags,
    "remove_tags": clean_tags,
    "lifecycle_stage": clean_text,
    "timezone": clean_timezone,
    "locale": clean_locale,
    "preferences": clean_flags,
    "topics": clean_topics,
    "caps": clean_caps,
    "consents": clean_flags,
    "last_interaction_at": clean_moment,
    "last_purchase_at": clean_moment,
    "created_at": clean_moment,
}

CLEARABLE = frozenset({"email", "phone", "timezone", "locale"})  # null takes the value away
_IDENTIFIERS = ("external_id", "email", "phone")

_TOLD = 20  # problems of one customer: enough to see what is wrong


def check_customer(raw: Any, path: str = "", *, guard: Guard = USUAL) -> CustomerInput | list[Problem]:
    """A checked input, or everything that is wrong with `raw`; paths begin with `path`.

    A null takes away an attribute or a CLEARABLE field; of any other field it says nothing.
    """
    if not isinstance(raw, dict | Mapping):
        return [Problem("customer.bad_type", "a customer is a map of fields", path, 'write {"external_id": "c-1"}')]
    clean: dict[str, Any] = {}
    clear: list[str] = []
    problems: list[Problem] = []
    dot = f"{path}." if path else ""
    for key, value in raw.items():
        if len(problems) >= _TOLD:
            break
        if value is None:
            if key in CLEARABLE:
                clear.append(key)
            continue
        cleaner = CLEANERS.get(key)
        if cleaner is None:
            problems.append(_unknown(key, dot))
            continue
        try:
            clean[key] = cleaner(value)
        except Wrong as wrong:
            problems.append(Problem(wrong.code, wrong.message, f"{dot}{key}{wrong.place}", wrong.fix))
    told = (guard.check(clean[key], f"{dot}{key}") for key in _IDENTIFIERS if key in clean)
    problems.extend(problem for problem in told if problem is not None)
    if problems:
        return problems
    _part_nulls(clean, clear)
    if not ("external_id" in clean or "email" in clean or "phone" in clean):
        return [
            Problem(
                "customer.no_identifier",
                "nothing says who this is",
                path,
                "give at least one of external_id, email and phone",
            )
        ]
    return CustomerInput(**clean)


def _part_nulls(clean: dict[str, Any], clear: list[str]) -> None:
    """Attributes that are null are taken away."""
    attributes = clean.get("attributes")
    if attributes and None in attributes.values():
        clear += [f"attributes.{name}" for name, value in attributes.items() if value is None]
        clean["attributes"] = {name: value for name, value in attributes.items() if value is not None}
    if clear:
        clean["clear"] = tuple(clear)


def _unknown(key: Any, dot: str) -> Problem:
    name = str(key)[:60]
    near = guess(name, CLEANERS)
    fix = f"did you mean {near!r}?" if near else "put what is your own into attributes"
    return Problem("customer.unknown_field", f"there is no field {name!r}", f"{dot}{name}", fix)
