"""One function for each kind of field of a profile: a raw value in, the clean one out.

Raises Wrong with a stable code and the fix. What comes in may be JSON (typed) or a cell of a CSV (text).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

import msgspec
import phonenumbers
from email_validator import EmailNotValidError, validate_email

from motet.core.customers import Device
from motet.core.spelling import guess
from motet.core.words import Channel

MAX_TEXT = 255  # characters of an identifier or a name
MAX_TAG = 64
MAX_TAGS = 200
MAX_TOPICS = 200
MAX_DEVICES = 50
MAX_ATTRIBUTES = 65_536  # bytes of JSON, of one customer
MAX_DEPTH = 8  # of nested attributes
MAX_CAP = 1000

_CHANNELS = frozenset(c.word for c in Channel)
_PLATFORMS = frozenset({"fcm", "apns", "web"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_'+-]+(?:\.[A-Za-z0-9_'+-]+)*")
_NANP = re.compile(r"\+1[2-9]\d\d[2-9]\d{6}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,4}")
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_SPLIT = re.compile(r"[;,]")
_TRUE = frozenset({"true", "yes", "y", "1", "t", "on"})
_FALSE = frozenset({"false", "no", "n", "0", "f", "off"})
_encode = msgspec.json.Encoder().encode


class Wrong(ValueError):
    """A value that cannot stand in its field. `place` is below the field, such as `[2].token`."""

    def __init__(self, code: str, message: str, fix: str = "", place: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.fix, self.place = code, message, fix, place


def clean_text(value: Any) -> str:
    """A short line of text; a number is written out."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Wrong("customer.bad_type", f"is {_kind(value)}, not a text", "write it in quotes")
    text = value.strip()
    if not text:
        raise Wrong("customer.empty", "is empty", "leave the field out, or give it a value")
    if len(text) > MAX_TEXT:
        raise Wrong("customer.too_long", f"has {len(text)} characters; at most {MAX_TEXT} are kept")
    if not text.isprintable() and _CONTROL.search(text):
        raise Wrong("customer.bad_text", "has control characters in it", "remove them")
    return text


def clean_email(value: Any) -> str:
    """An address whose syntax is right (RFC 5321, 5322); nothing is asked of the network."""
    text = clean_text(value)
    local, _, domain = text.rpartition("@")
    if len(local) <= 64 and _PLAIN_LOCAL.fullmatch(local) and (known := _plain_domain(domain)):
        return f"{local}@{known}"  # nearly every address, at a twentieth of the time
    try:
        return str(validate_email(text, check_deliverability=False, test_environment=True).normalized)
    except EmailNotValidError as error:
        raise Wrong("customer.bad_email", f"{text!r} is not an email address: {error}", "write name@domain") from None


@lru_cache(maxsize=65_536)
def _plain_domain(domain: str) -> str | None:
    try:
        return str(validate_email(f"a@{domain}", check_deliverability=False, test_environment=True).domain)
    except EmailNotValidError:
        return None


def clean_phone(value: Any) -> str:
    """A number in E.164, from any international spelling of it."""
    text = clean_text(value)
    if _NANP.fullmatch(text):
        return text
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        raise Wrong(
            "customer.bad_phone",
            f"{text!r} is not an international phone number",
            "write it with + and the country code, such as +442071838750",
        ) from None
    if not phonenumbers.is_possible_number(number):
        raise Wrong(
            "customer.bad_phone", f"{text!r} has too few or too many digits for its country", "check the digits"
        )
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def clean_timezone(value: Any) -> str:
    return _timezone(clean_text(value))


_LONGEST_ZONE = 40  # characters worth a guess


@lru_cache(maxsize=1024)
def _timezone(text: str) -> str:
    zones = _zones()
    found = zones.get(text.lower())
    if found is None:
        near = guess(text.lower(), zones) if len(text) <= _LONGEST_ZONE else None
        fix = f"did you mean {zones[near]!r}?" if near else "write an IANA name, such as Europe/Berlin"
        raise Wrong("customer.bad_timezone", f"{text[:60]!r} is not a timezone", fix)
    return found


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


def clean_locale(value: Any) -> str:
    return _locale(clean_text(value))


@lru_cache(maxsize=1024)
def _locale(text: str) -> str:
    if not _LOCALE.fullmatch(text):
        raise Wrong("customer.bad_locale", f"{text!r} is not a locale", "write a BCP 47 tag, such as en or pt-BR")
    language, *rest = re.split("[-_]", text)
    # RFC 5646, 2.1.1: a region is in capitals, a script in title case, the rest in small letters.
    case = {2: str.upper, 4: str.title}
    return "-".join([language.lower(), *(case.get(len(part), str.lower)(part) for part in rest)])


def clean_moment(value: Any) -> datetime:
    """An aware moment in UTC; one without an offset is taken for UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise Wrong("customer.bad_time", f"{value!r} is not a time", "write 2026-11-24T09:30:00Z") from None
    if not isinstance(value, datetime):
        raise Wrong("customer.bad_time", f"is {_kind(value)}, not a time", "write 2026-11-24T09:30:00Z")
    if not 1900 <= value.year <= 9998:
        raise Wrong("customer.bad_time", f"the year {value.year} is out of range")
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def clean_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise Wrong("customer.bad_flag", f"{value!r} is neither true nor false", "write true or false")


def clean_tags(value: Any) -> tuple[str, ...]:
    """Sorted and without repeats; a text is split at `;` and `,`."""
    if not isinstance(value, str):
        return _tags(value)
    return _split_tags(value) if len(value) <= _KEPT_TAGS else _tags(_SPLIT.split(value))


_KEPT_TAGS = 500  # characters of a list that is remembered


@lru_cache(maxsize=4096)
def _split_tags(text: str) -> tuple[str, ...]:
    return _tags(_SPLIT.split(text))


def _tags(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple | set | frozenset):
        raise Wrong("customer.bad_type", f"is {_kind(value)}, not a list of tags", 'write ["new_signup"]')
    tags = set()
    for tag in value:
        clean = clean_text(tag) if not isinstance(tag, str) or tag.strip() else ""
        if len(clean) > MAX_TAG or _SPLIT.search(clean):
            told = f"the tag {clean[:20]!r} is longer than {MAX_TAG} characters, or has ; or , in it"
            raise Wrong("customer.bad_tag", told, "write several short tags")
        tags.add(clean)
    tags.discard("")
    if len(tags) > MAX_TAGS:
        raise Wrong("customer.too_many_tags", f"has {len(tags)} tags; at most {MAX_TAGS} are kept")
    return tuple(sorted(tags))


def clean_devices(value: Any) -> tuple[Device, ...]:
    """Devices by token; a text is split at `;` and `,` into tokens of FCM."""
    if isinstance(value, str):
        value = [part for part in _SPLIT.split(value) if part.strip()]
    if not isinstance(value, list | tuple):
        raise Wrong("customer.bad_type", f"is {_kind(value)}, not a list of devices", 'write [{"token": "..."}]')
    if len(value) > MAX_DEVICES:
        raise Wrong("customer.too_many_devices", f"has {len(value)} devices; at most {MAX_DEVICES} are kept")
    devices = [_device(item, f"[{index}]") for index, item in enumerate(value)]
    return tuple({d.token: d for d in devices}.values())


def _device(item: Any, place: str) -> Device:
    if isinstance(item, Device):
        return item
    token, platform = (item.get("token"), item.get("platform", "fcm")) if isinstance(item, Mapping) else (item, "fcm")
    if not isinstance(token, str) or not 0 < len(token.strip()) <= 4096 or _CONTROL.search(token):
        raise Wrong("customer.bad_device", "has no token of 1 to 4,096 characters", "give the push token", place)
    if not isinstance(platform, str) or platform not in _PLATFORMS:
        raise Wrong("customer.bad_device", f"{platform!r} is not a platform", "write fcm, apns or web", place)
    return Device(token.strip(), platform)


def clean_flags(value: Any) -> dict[str, bool]:
    """Channel -> true or false."""
    flags = {}
    for key, flag in _by_channel(value).items():
        try:
            flags[key] = clean_bool(flag)
        except Wrong as wrong:
            raise Wrong(wrong.code, wrong.message, wrong.fix, f".{key}") from None
    return flags


def clean_topics(value: Any) -> dict[str, bool]:
    """Topic -> subscribed or not."""
    if not isinstance(value, Mapping):
        raise Wrong("customer.bad_type", f"is {_kind(value)}, not a map by topic", 'write {"news": true}')
    if len(value) > MAX_TOPICS:
        raise Wrong("customer.too_many_topics", f"has {len(value)} topics; at most {MAX_TOPICS} are kept")
    topics = {}
    for key, flag in value.items():
        topic = clean_text(key)
        if len(topic) > MAX_TAG:
            raise Wrong("customer.bad_topic", f"the topic {topic[:20]!r} is longer than {MAX_TAG} characters")
        try:
            topics[topic] = clean_bool(flag)
        except Wrong as wrong:
            raise Wrong(wrong.code, wrong.message, wrong.fix, f".{topic}") from None
    return topics


def clean_caps(value: Any) -> dict[str, int]:
    """Channel -> messages a day."""
    caps = {}
    for key, raw in _by_channel(value).items():
        number = int(raw) if isinstance(raw, str) and len(raw) <= MAX_TEXT and raw.strip().isdecimal() else raw
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_CAP:
            raise Wrong("customer.bad_cap", f"{raw!r} is not a number from 0 to {MAX_CAP}", place=f".{key}")
        caps[key] = number
    return caps


def _by_channel(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Wrong("customer.bad_type", f"is {_kind(value)}, not a map by channel", 'write {"email": ...}')
    for key in value:
        if key not in _CHANNELS:
            near = guess(str(key), sorted(_CHANNELS))
            fix = f"did you mean {near!r}?" if near else f"write one of {', '.join(sorted(_CHANNELS))}"
            raise Wrong("customer.unknown_channel", f"{str(key)[:60]!r} is not a channel", fix, f".{str(key)[:60]}")
    return value


def clean_handles(value: Any) -> dict[str, str]:
    """Social network -> handle."""
    if not isinstance(value, Mapping):
        raise Wrong("customer.bad_type", f"is {_kind(value)}, not a map by network", 'write {"telegram": "@ann"}')
    return {clean_text(network).lower(): clean_text(handle) for network, handle in value.items()}


def clean_attributes(value: Any) -> dict[str, Any]:
    """Any JSON object that the database can keep."""
    if not isinstance(value, dict | Mapping):
        raise Wrong("customer.bad_type", f"is {_kind(value)}, not a map", 'write {"city": "Berlin"}')
    for key in value:
        _check_key(key)
    return keep_json(dict(value), MAX_ATTRIBUTES)


@lru_cache(maxsize=4096)
def _check_key(key: str) -> None:
    if len(key) > MAX_TEXT:  # blanks around it count: it is kept, and remembered, as it is
        raise Wrong("customer.too_long", f"has a name of {len(key)} characters; at most {MAX_TEXT} are kept")
    clean_text(key)


def keep_json(value: dict[str, Any], most: int) -> dict[str, Any]:
    """The same map, when PostgreSQL can keep it as `jsonb` and its JSON has at most `most` bytes."""
    encode_json(value, most)
    return value


def encode_json(value: dict[str, Any], most: int) -> bytes:
    """The map's JSON, checked as in `keep_json`."""
    try:
        raw = _encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        raise Wrong("customer.bad_json", "has a value that JSON cannot say") from None
    if len(raw) > most:
        raise Wrong("customer.too_large", f"is {len(raw)} bytes of JSON; at most {most} are kept")
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        _check_depth(value, MAX_DEPTH)
    if b"\\u0000" in raw and _ESCAPED_NUL.search(raw):
        raise Wrong("customer.bad_text", "has the character U+0000 in it, which the database cannot keep", "remove it")
    return raw


def _check_depth(value: Any, left: int) -> None:
    if isinstance(value, Mapping | list | tuple):
        if left == 0:
            raise Wrong("customer.too_deep", f"is nested deeper than {MAX_DEPTH} levels", "flatten it")
        for item in value.values() if isinstance(value, Mapping) else value:
            _check_depth(item, left - 1)


def _kind(value: Any) -> str:
    names = {bool: "a flag", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a map"}
    return "null" if value is None else names.get(type(value), type(value).__name__)
