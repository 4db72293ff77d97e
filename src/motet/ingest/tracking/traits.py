"""What a call says about its person, as a profile's fields.

Traits that Segment's specification names, or that are called like a field of ours, go to that field; all others are
attributes under their own name. A trait that does not fit its field is kept as an attribute, and told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from motet.audience.fields import (
    Wrong,
    clean_attributes,
    clean_devices,
    clean_email,
    clean_flags,
    clean_handles,
    clean_locale,
    clean_phone,
    clean_tags,
    clean_text,
    clean_timezone,
    clean_topics,
)
from motet.audience.guard import Guard
from motet.audience.inputs import CLEARABLE, CustomerInput
from motet.core.errors import Problem
from motet.ingest.tracking.times import read_moment

_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "email": ("email", clean_email),
    "phone": ("phone", clean_phone),
    "timezone": ("timezone", clean_timezone),
    "locale": ("locale", clean_locale),
    "createdAt": ("created_at", read_moment),
    "created_at": ("created_at", read_moment),
    "tags": ("tags", clean_tags),
    "consents": ("consents", clean_flags),
    "preferences": ("preferences", clean_flags),
    "topics": ("topics", clean_topics),
    "handles": ("handles", clean_handles),
    "lifecycle_stage": ("lifecycle_stage", clean_text),
}
_ADDRESSES = frozenset({"email", "phone"})  # which name their owner
# As imports and templates call them.
_NAMES = {"firstName": "first_name", "lastName": "last_name"}
_PLATFORMS = {"ios": "apns", "web": "web"}  # anything else is reached by Firebase
_APNS_TOKEN = frozenset("0123456789abcdefABCDEF")


def read_traits(traits: Mapping[str, Any], place: str, guard: Guard) -> tuple[dict[str, Any], list[Problem]]:
    """Fields of a CustomerInput, and notes on what did not fit. Raises Wrong for what no profile can keep.

    A null takes a value away.
    """
    fields: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    clear: list[str] = []
    notes: list[Problem] = []
    for name, value in traits.items():
        field = _FIELDS.get(name)
        if value is None:
            clear.append(name if name in CLEARABLE else f"attributes.{_NAMES.get(name, name)}")
            continue
        if field is None:
            attributes[_NAMES.get(name, name)] = value
            continue
        if value == "":
            continue
        try:
            cleaned = field[1](value)
            if field[0] in _ADDRESSES and (problem := guard.check(cleaned)):
                raise Wrong(problem.code, problem.message, problem.fix)
            fields[field[0]] = cleaned
        except Wrong as wrong:
            attributes[name] = value
            told = f"{wrong.message}; it is kept as an attribute"
            notes.append(Problem(wrong.code, told, f"{place[1:]}.{name}{wrong.place}", wrong.fix))
    if clear:
        fields["clear"] = tuple(clear)
    if attributes:
        try:
            fields["attributes"] = clean_attributes(attributes)
        except Wrong as wrong:
            raise Wrong(wrong.code, wrong.message, wrong.fix, place + wrong.place) from None
    return fields, notes


def read_surroundings(timezone: Any, locale: Any, device: Any) -> tuple[dict[str, Any], list[Problem]]:
    """The fields that `context` fills: timezone, locale, and the device that can be pushed to."""
    fields: dict[str, Any] = {}
    notes: list[Problem] = []
    for name, value, clean in (("timezone", timezone, clean_timezone), ("locale", locale, clean_locale)):
        if value:
            try:
                fields[name] = clean(value)
            except Wrong as wrong:
                notes.append(Problem(wrong.code, f"{wrong.message}; it is left out", f"context.{name}", wrong.fix))
    if isinstance(device, Mapping) and (token := device.get("token")):
        try:
            fields["devices"] = clean_devices([{"token": token, "platform": _platform(device, token)}])
        except Wrong as wrong:
            notes.append(
                Problem(wrong.code, f"{wrong.message}; the device is left out", "context.device.token", wrong.fix)
            )
    return fields, notes


def join(traits: dict[str, Any], surroundings: dict[str, Any]) -> CustomerInput | None:
    """Both as one input; a trait goes before what surrounds the call. None when there is nothing."""
    fields = {**surroundings, **traits}
    return CustomerInput(**fields) if fields else None


def _platform(device: Mapping[str, Any], token: Any) -> str:
    """Apple's tokens are hexadecimal; an app on iOS that uses Firebase sends one of Firebase's."""
    platform = _PLATFORMS.get(str(device.get("type", "")).lower(), "fcm")
    if platform == "apns" and not (isinstance(token, str) and _APNS_TOKEN.issuperset(token)):
        return "fcm"
    return platform
