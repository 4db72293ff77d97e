"""One tracking call as a fact: who, what, when.

identify    an event `identify` with the traits, which are written into the profile too
track       the event's own name and properties
page screen an event `page` or `screen`; name and category are among its properties
group       an event `group`; the profile's attribute `group` holds its id and traits
alias       an event `alias`; the previous customer is merged into the one named now
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from motet.audience.fields import Wrong, clean_text, encode_json
from motet.audience.guard import USUAL, Guard
from motet.audience.inputs import CustomerInput
from motet.audience.people import Person
from motet.core.errors import Problem
from motet.ingest.facts import MAX_PROPERTIES, RawEvent, check_name, worth
from motet.ingest.tracking.bodies import Call, read_call
from motet.ingest.tracking.times import correct, read_moment, read_sent
from motet.ingest.tracking.told import Told
from motet.ingest.tracking.traits import join, read_surroundings, read_traits
from motet.storage.pool import Json, make_uuid

T = TypeVar("T")

SOURCE = "segment"
_PURCHASES = frozenset({"purchase", "Order Completed"})
MAX_CUSTOM = 10  # ids of your own that are read of one call
_CUSTOM_NAME = re.compile(r"[\w.-]{1,40}")
_PAGE = ("path", "url", "title", "referrer", "search")


class Unfit(Exception):
    """A call that cannot be taken."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _Meaning(msgspec.Struct, gc=False):
    """What a call of one kind says: the event's name and properties, and what is written into the profile."""

    name: str
    properties: dict[str, Any]
    place: str = ".properties"
    traits: dict[str, Any] = {}
    notes: list[Problem] = []
    previous: str | None = None


class CallReader:
    """Remembers, of each person, what was told of their surroundings, so that it is not written with every call.

    `guard` knows which identifiers name nobody.
    """

    def __init__(self) -> None:
        self.told = Told()
        self.guard = USUAL

    def read(
        self, call: Call, kind: str | None, received: datetime, sent_at: Any, path: str = "", *, page: bool = False
    ) -> RawEvent:
        """The fact. `kind` is what the address says; a batch leaves it to each call's `type`. Of a `page` everybody
        knows the key: its alias names a visitor, never another user. Raises Unfit."""
        try:
            return self._read(call, kind, received, sent_at, page=page)
        except Wrong as wrong:
            raise Unfit(problem_of(wrong, path)) from None

    def read_bytes(
        self, raw: bytes | msgspec.Raw, received: datetime, sent_at: Any, path: str, *, page: bool = False
    ) -> RawEvent:
        """As `read`, for a call of a batch. Raises Unfit."""
        try:
            return self._read(read_call(raw), None, received, sent_at, page=page)
        except Wrong as wrong:
            raise Unfit(problem_of(wrong, path)) from None

    def _read(self, call: Call, kind: str | None, received: datetime, sent_at: Any, *, page: bool) -> RawEvent:
        refused: list[Problem] = []
        user = self._read_id(call.user_id, ".userId", refused)
        anonymous = self._read_id(call.anonymous_id, ".anonymousId", refused)
        if user is None and anonymous is None:
            for problem in refused:
                raise Wrong(problem.code, problem.message, problem.fix, f".{problem.path}")
            fix = "give userId, or anonymousId when nobody is known yet"
            raise Wrong("event.no_identifier", "nothing says who this is about", fix)
        mean = _read_kind(call, kind, self.guard)
        if page and mean.previous is not None:
            anonymous, mean = mean.previous, msgspec.structs.replace(mean, previous=None)
        properties = _at(mean.place, _encode, mean.properties) if mean.properties else b""
        given, notes = self._read_profile(call, mean, user or anonymous, received.date())
        at = _read_at(call)
        if at is not None:
            at = correct(at, read_sent(call.sent_at if call.sent_at is not None else sent_at), received)
        return RawEvent(
            customer=Person(
                user_id=user,
                anonymous_id=anonymous,
                email=given.email if given else None,
                phone=given.phone if given else None,
                custom=self._read_custom(call, refused),
                given=given,
            ),
            name=mean.name,
            at=at,
            properties=Json(properties) if properties else {},
            value=worth(mean.properties) if mean.name in _PURCHASES else 0.0,
            source=SOURCE,
            once=read_message_id(call.message_id),
            previous=mean.previous,
            notes=(*refused, *notes) if refused or notes else (),
        )

    def _read_id(self, value: Any, place: str, refused: list[Problem]) -> str | None:
        """An id, or None, with a problem, when it names nobody."""
        id = read_id(value, place)
        if id is None or (problem := self.guard.check(id, place[1:])) is None:
            return id
        refused.append(problem)
        return None

    def _read_custom(self, call: Call, refused: list[Problem]) -> dict[str, str]:
        """Segment's `context.externalIds`: name -> value. What cannot be an id is told and passed over."""
        given = call.context.external_ids if call.context is not None else None
        if not given:
            return {}
        custom: dict[str, str] = {}
        for index, item in enumerate(given[:MAX_CUSTOM] if isinstance(given, list) else [given]):
            place = f".context.externalIds[{index}]"
            try:
                name, value = (item.get("type"), item.get("id")) if isinstance(item, dict) else (None, None)
                if isinstance(name, str) and _CUSTOM_NAME.fullmatch(name):
                    id = self._read_id(value, f"{place}.id", refused)
                    if id is not None:
                        custom[name] = id
                    continue
                raise Wrong("event.bad_type", "is no id with a type", 'write {"type": "loyalty", "id": "123"}', place)
            except Wrong as wrong:
                refused.append(problem_of(wrong, ""))
        return custom

    def _read_profile(
        self, call: Call, mean: _Meaning, who: str | None, day: date
    ) -> tuple[CustomerInput | None, list[Problem]]:
        context = call.context
        if context is None or not (context.timezone or context.locale or context.device):
            return join(mean.traits, {}), mean.notes
        fields, notes = read_surroundings(context.timezone, context.locale, context.device)
        if fields and not self.told.is_new(who, (day, *fields.values())):
            fields = {}
        return join(mean.traits, fields), mean.notes + notes


def problem_of(wrong: Wrong, path: str) -> Problem:
    """What is wrong with a call, under the codes of events; `path` is the call's place in its batch."""
    code = f"event.{wrong.code.partition('.')[2]}"
    return Problem(code, wrong.message, (path + wrong.place).removeprefix("."), wrong.fix)


def read_id(value: Any, place: str) -> str | None:
    """An id as text; None for nothing and for a blank. Raises Wrong."""
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    elif isinstance(value, float):
        value = repr(value)
    return _at(place, clean_text, value)


def read_message_id(value: Any) -> UUID | None:
    """The digest of the sender's id of a call, which is one over all customers. Raises Wrong."""
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Wrong("event.bad_type", "is not a text", "write it in quotes", ".messageId")
    return make_uuid(blake2b(value.encode(), digest_size=16, person=b"segment").digest())


def _read_at(call: Call) -> datetime | None:
    if call.timestamp is not None:
        return _at(".timestamp", read_moment, call.timestamp)
    if call.original_timestamp is not None:
        return _at(".originalTimestamp", read_moment, call.original_timestamp)
    return None


def _read_kind(call: Call, kind: str | None, guard: Guard) -> _Meaning:
    if kind is None:
        kind = call.type
        if kind is None:
            raise Wrong("event.missing_field", "type is missing", "give type, such as track", ".type")
    reader = _KINDS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise Wrong(
            "event.unknown_type", f"{str(kind)[:40]!r} is no call", f"write one of {', '.join(_KINDS)}", ".type"
        )
    return reader(call, guard)


def _track(call: Call, guard: Guard) -> _Meaning:
    name = _need(call.event, ".event")
    try:
        return _Meaning(check_name(name), _map(call.properties, ".properties"))
    except Wrong as wrong:
        raise Wrong(wrong.code, wrong.message, wrong.fix, wrong.place or ".event") from None


def _identify(call: Call, guard: Guard) -> _Meaning:
    """RudderStack's libraries put the traits into the context."""
    place = ".traits"
    traits = call.traits
    if not traits and call.context is not None and call.context.traits:
        traits, place = call.context.traits, ".context.traits"
    given = _map(traits, place)
    fields, notes = read_traits(given, place, guard)
    return _Meaning("identify", given, place, fields, notes)


def _page(call: Call, guard: Guard) -> _Meaning:
    page = call.context.page if call.context is not None else None
    return _Meaning("page", _view(call, page if isinstance(page, dict) else {}))


def _screen(call: Call, guard: Guard) -> _Meaning:
    return _Meaning("screen", _view(call, {}))


def _view(call: Call, page: Mapping[str, Any]) -> dict[str, Any]:
    """Properties of a page or screen: what surrounds it, then what it says itself."""
    properties = {key: page[key] for key in _PAGE if page.get(key)}
    properties.update(_map(call.properties, ".properties"))
    if call.name:
        properties["name"] = call.name
    if call.category:
        properties["category"] = call.category
    return properties


def _group(call: Call, guard: Guard) -> _Meaning:
    id = _need(call.group_id, ".groupId")
    traits = _map(call.traits, ".traits")
    group = {**traits, "id": id}
    return _Meaning("group", {**traits, "groupId": id}, ".traits", {"attributes": {"group": group}})


def _alias(call: Call, guard: Guard) -> _Meaning:
    previous = _need(call.previous_id, ".previousId")
    if read_id(call.user_id, ".userId") is None:
        raise Wrong("event.missing_field", "userId is missing", "say who previousId is now", ".userId")
    return _Meaning("alias", {"previousId": previous}, previous=previous)


_KINDS: dict[str, Callable[[Call, Guard], _Meaning]] = {
    "identify": _identify,
    "track": _track,
    "page": _page,
    "screen": _screen,
    "group": _group,
    "alias": _alias,
}


def _map(value: Any, place: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Wrong("event.bad_type", "is not a map", 'write {"plan": "free"}', place)
    return value


def _need(value: Any, place: str) -> str:
    text = read_id(value, place)
    if text is None:
        raise Wrong("event.missing_field", f"{place[1:]} is missing", f"give {place[1:]}", place)
    return text


def _encode(properties: dict[str, Any]) -> bytes:
    return encode_json(properties, MAX_PROPERTIES)


def _at(place: str, clean: Callable[[Any], T], value: Any) -> T:
    try:
        return clean(value)
    except Wrong as wrong:
        raise Wrong(wrong.code, wrong.message, wrong.fix, place + wrong.place) from None
