"""The leaves that are words of their own: `$did`, `$did_not`, `$message`, `$percent`, `$near`, computed traits, and the
typed condition forms (`profile_check`, `engagement_check`, `time_check`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from typing import Any as Anything
from typing import Protocol

from motet.core.filters.aggregates import SOURCE_WORDS, TAKES, Asked, make_node, read_source
from motet.core.filters.tree import All, Clock, Near, Node, Not, Percent, Test
from motet.core.spelling import show, suggest
from motet.core.words import Channel, Interaction


class Reading(Protocol):
    """What a leaf needs of the parser."""

    inside: bool

    @property
    def traits(self) -> Mapping[str, Mapping[str, Anything]] | None: ...
    def refuse(self, code: str, message: str, path: str, fix: str = "") -> Node: ...
    def has_room(self, spec: Sized, path: str) -> bool: ...
    def read_name(self, name: str, path: str, place: str) -> tuple[str, ...] | None: ...
    def where(self, spec: object, place: str, depth: int) -> bool: ...
    def compare(self, fields: tuple[str, ...], value: object, place: str, depth: int) -> Node: ...


_NOTHING = All(())
_DID = 'such as {"event": "purchase", "count": {"$gte": 2}, "within": "30d"}'
_MESSAGE = 'such as {"did": "opened", "channel": "email", "within": "30d"}'

# What became of a message, as marketers say it -> the event.
DEEDS = {
    "opened": Interaction.VIEW,
    "clicked": Interaction.CLICK,
    "delivered": Interaction.DELIVERED,
    "bounced": Interaction.BOUNCED,
    "unsubscribed": Interaction.UNSUBSCRIBE,
    "complained": Interaction.COMPLAINT,
}
# What counts as engagement for `engagement_check`.
ENGAGEMENT = (Interaction.VIEW, Interaction.CLICK, Interaction.PURCHASE, Interaction.SIGNUP, Interaction.ENGAGEMENT)

# `time_check`: days of the week (0: Monday), from minute, to before minute.
TIMES = {
    "business_hours": Clock((0, 1, 2, 3, 4), 9 * 60, 17 * 60),
    "weekday": Clock((0, 1, 2, 3, 4), 0, 24 * 60),
    "weekend": Clock((5, 6), 0, 24 * 60),
}
# `profile_check`: the operator -> ours. The negated ones begin with `not_`.
_COMPARISONS = {
    "equals": "$eq",
    "not_equals": "$ne",
    "contains": "$contains",
    "greater_than": "$gt",
    "less_than": "$lt",
    "in": "$in",
    "exists": "$exists",
}


def _mapping(
    parser: Reading, value: object, known: tuple[str, ...], place: str, fix: str
) -> dict[str, Anything] | None:
    """The fields of a leaf, each of them known. A null one counts as absent, but for what is compared with null."""
    if not isinstance(value, Mapping):
        parser.refuse("filter.bad_operand", "takes a mapping", place, fix)
        return None
    if not parser.has_room(value, place):
        return None
    strange = [key for key in value if key not in known]
    for key in strange:
        parser.refuse(
            "filter.unknown_field", f"there is no {show(key)} here", f"{place}.{key}", suggest(str(key), known)
        )
    return None if strange else {k: inner for k, inner in value.items() if inner is not None or k in TAKES}


def _did(parser: Reading, value: object, place: str, depth: int) -> Node:
    if isinstance(value, str):
        value = {"event": value}
    spec = _mapping(parser, value, (*SOURCE_WORDS, *TAKES), place, _DID)
    if spec is None or not parser.where(spec.get("where", {}), f"{place}.where", depth):
        return _NOTHING
    return _aggregate(parser, spec, place, depth)


def _aggregate(parser: Reading, spec: Mapping[str, Anything], place: str, depth: int) -> Node:
    """The questions of a `$did` whose `where` is good."""
    source = read_source(spec, place, parser.refuse)
    takes = {word: spec[word] for word in spec if word in TAKES} or {"count": {"$gte": 1}}
    asked = [
        Asked(TAKES[word], parser.compare((word,), value, f"{place}.{word}", depth + 1), f"{place}.{word}")
        for word, value in takes.items()
    ]
    return make_node(source, asked, parser.refuse) if source else _NOTHING


def _did_not(parser: Reading, value: object, place: str, depth: int) -> Node:
    return Not(_did(parser, value, place, depth))


def _message(parser: Reading, value: object, place: str, depth: int) -> Node:
    known = ("did", "channel", "where", "within", "until", "during", "since", "before", "count", "first", "last")
    spec = _mapping(parser, value, known, place, _MESSAGE)
    if spec is None or not parser.where(spec.get("where", {}), f"{place}.where", depth):
        return _NOTHING
    deeds = _words(parser, spec.pop("did", None), tuple(DEEDS), f"{place}.did", "nothing that is done with a message")
    channel = spec.pop("channel", None)
    channels = tuple(c.word for c in Channel)
    named = _words(parser, channel, channels, f"{place}.channel", "no channel") if channel is not None else ()
    if deeds is None or named is None:
        return _NOTHING
    where: list[Anything] = [{"machine": {"$ne": True}}]
    if named:
        where.append({"channel": named[0] if len(named) == 1 else {"$in": list(named)}})
    if own := spec.get("where"):
        where.append(own)
    return _aggregate(parser, {**spec, "event": [DEEDS[d].word for d in deeds], "where": where}, place, depth)


def _words(parser: Reading, value: object, known: tuple[str, ...], place: str, what: str) -> tuple[str, ...] | None:
    words = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    strange = [word for word in words if word not in known]
    if not words or strange:
        parser.refuse(
            "filter.bad_operand", f"{show(value)} is {what}", place, suggest(str(strange[0]) if strange else "", known)
        )
        return None
    return tuple(dict.fromkeys(words))


def _percent(parser: Reading, value: object, place: str, depth: int) -> Node:
    fix = 'such as {"of": 10, "salt": "spring-sale"}'
    spec = _mapping(parser, value, ("of", "salt"), place, fix)
    if spec is None:
        return _NOTHING
    of, salt = spec.get("of"), spec.get("salt", "")
    if not _is_number(of, 0, 100):
        return parser.refuse("filter.bad_operand", "takes a share from 0 to 100", f"{place}.of", fix)
    if not isinstance(salt, str) or "\0" in salt or len(salt) > 200:
        return parser.refuse("filter.bad_operand", "takes a text of at most 200 characters", f"{place}.salt", fix)
    return Percent(float(of), salt)  # type: ignore[arg-type]


def read_near(parser: Reading, fields: tuple[str, ...], value: object, place: str) -> Node:
    """`{"location": {"$near": {"lat": 48.2, "lon": 16.4, "km": 25}}}`."""
    fix = 'such as {"lat": 48.2, "lon": 16.4, "km": 25}'
    spec = _mapping(parser, value, ("lat", "lon", "km"), place, fix)
    if spec is None:
        return _NOTHING
    lat, lon, km = spec.get("lat"), spec.get("lon"), spec.get("km")
    if not (_is_number(lat, -90, 90) and _is_number(lon, -180, 180) and _is_number(km, 0, 21_000)):
        message = "takes lat from -90 to 90, lon from -180 to 180, and km up to 21,000"
        return parser.refuse("filter.bad_operand", message, place, fix)
    return Near(fields, float(lat), float(lon), float(km))  # type: ignore[arg-type]


def _is_number(value: object, low: float, high: float) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and low <= value <= high  # type: ignore[operator]


def read_trait_test(parser: Reading, test: Test, place: str) -> Node:
    """A question about a computed trait is one about its aggregate."""
    traits = parser.traits or {}
    name = ".".join(test.path[1:])
    if name not in traits:
        fix = suggest(name, traits) if traits else "define it first, in a document of kind: trait"
        return parser.refuse("filter.unknown_trait", f"there is no computed trait {show(name)}", place, fix)
    document = traits[name]
    source = read_source(document, f"traits.{name}", parser.refuse)
    take = TAKES.get(str(document.get("take", "count")))
    if source is None or take is None:
        return parser.refuse("filter.unknown_trait", f"the trait {name!r} cannot be used", place, "mend the trait")
    return make_node(source, [Asked(take, test, place)], parser.refuse)


def read_seed_form(parser: Reading, spec: Mapping[Anything, Anything], path: str) -> Node | None:
    """A typed condition; None when `type` is a field like any other."""
    read = _FORMS.get(spec["type"])
    if read is None:
        return None
    if parser.inside and spec["type"] != "profile_check":
        parser.refuse("filter.not_here", f"{spec['type']!r} cannot stand in the 'where' of an event", path)
        return _NOTHING
    return read(parser, spec, path)


def _profile_check(parser: Reading, spec: Mapping[Anything, Anything], path: str) -> Node:
    fix = 'such as {"type": "profile_check", "field": "country", "operator": "equals", "value": "DE"}'
    given = _mapping(parser, spec, ("type", "field", "operator", "value"), path, fix)
    if given is None:
        return _NOTHING
    field, operator = given.get("field"), given.get("operator", "equals")
    if not isinstance(field, str) or not field or field.startswith("$"):
        return parser.refuse("filter.bad_field", f"{show(field)} is no field name", f"{path}.field", fix)
    if not isinstance(operator, str) or operator not in _COMPARISONS:
        fix = suggest(str(operator), _COMPARISONS)
        return parser.refuse("filter.unknown_operator", f"{show(operator)} is no operator", f"{path}.operator", fix)
    fields = parser.read_name(field, f"{path}.field", f"{path}.field")
    if fields is None:
        return _NOTHING
    value = given.get("value", operator == "exists" or None)
    return parser.compare(fields, {_COMPARISONS[operator]: value}, path, 0)


def _engagement_check(parser: Reading, spec: Mapping[Anything, Anything], path: str) -> Node:
    fix = 'such as {"type": "engagement_check", "hours": 24, "min_interactions": 1}'
    given = _mapping(parser, spec, ("type", "hours", "min_interactions"), path, fix)
    if given is None:
        return _NOTHING
    hours, least = given.get("hours", 24), given.get("min_interactions", 1)
    if not _is_number(hours, 0.001, 731 * 24):
        return parser.refuse("filter.bad_operand", "takes a number of hours, up to two years", f"{path}.hours", fix)
    if not _is_number(least, 0, 1000):
        return parser.refuse("filter.bad_operand", "takes a number up to 1,000", f"{path}.min_interactions", fix)
    events = [event.word for event in ENGAGEMENT]
    did = {"event": events, "where": {"machine": {"$ne": True}}, "within": hours * 3600, "count": {"$gte": least}}
    return _aggregate(parser, did, path, 0)


def _time_check(parser: Reading, spec: Mapping[Anything, Anything], path: str) -> Node:
    given = _mapping(parser, spec, ("type", "condition"), path, 'such as {"condition": "business_hours"}')
    if given is None:
        return _NOTHING
    condition = given.get("condition")
    if not isinstance(condition, str) or condition not in TIMES:
        fix = suggest(str(condition), TIMES)
        return parser.refuse("filter.bad_operand", f"{show(condition)} is no time", f"{path}.condition", fix)
    return TIMES[condition]


Read = Callable[[Reading, object, str, int], Node]

LEAVES: dict[str, Read] = {"$did": _did, "$did_not": _did_not, "$message": _message, "$percent": _percent}
EVENT_WORDS = frozenset(LEAVES)
_FORMS: dict[str, Callable[[Reading, Mapping[Anything, Anything], str], Node]] = {
    "profile_check": _profile_check,
    "engagement_check": _engagement_check,
    "time_check": _time_check,
}
