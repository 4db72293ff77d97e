"""Where the names of a filter are found in the columns: those of a customer, and those of an event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from motet.core.clock import to_us
from motet.core.filters.columns_json import ask_json, ask_near, extract
from motet.core.filters.columns_values import (
    Check,
    Jsons,
    Moments,
    Numbers,
    Params,
    Texts,
    any_of,
    ask_column,
    is_text,
    let,
    make_check,
    number_of,
    raw,
    text_of,
    truth,
)
from motet.core.filters.needs import DAYS_SINCE
from motet.core.filters.questions import settle
from motet.core.filters.tree import Near, Op, Operand, Test
from motet.core.filters.values import make_check as make_python_check
from motet.core.measures import LARGEST, LONGEST_VALUE
from motet.core.words import Channel

_TEXTS = {
    "customer_id": "external_id",
    "external_id": "external_id",
    "email": "email",
    "phone": "phone",
    "lifecycle_stage": "lifecycle_stage",
    "timezone": "timezone",
    "locale": "locale",
}
_MOMENTS = ("last_interaction_at", "last_purchase_at", "created_at")
_MAPS = ("handles", "topics", "preferences", "consents")
_NO_MAP = "'{}'::JSON"
# A device without a platform is one for FCM, as in `core.customers.Device`.
_DEVICES = (
    "to_json(list_transform(TRY_CAST(coalesce(c.devices, '[]'::JSON) AS JSON[]), lambda d: {"
    "'platform': coalesce(json_extract_string(d, '/platform'), 'fcm'), 'token': json_extract_string(d, '/token')}))"
)
_WORDS = "[" + ", ".join(f"'{channel.word}'" for channel in Channel) + "]"


class Fields(Protocol):
    """What turns a leaf about a value into SQL."""

    def test(self, node: Test) -> str: ...
    def near(self, node: Near) -> str: ...


class CustomerFields:
    """The view of a customer (`core.facts.profile_view`) over the relation `customers`, called `c`."""

    def __init__(self, params: Params, now: datetime, segments: Mapping[str, int]) -> None:
        self.params = params
        self.now = now
        self.segments = segments

    def test(self, node: Test) -> str:
        name, below = node.path[0], node.path[1:]
        op, operand = node.op, settle(node.operand, self.now)
        if name in ("tags", "segments"):
            return self._in_list(name, op, operand) if not below else _ask_nothing(self.params, op, operand)
        if found := self._column(name):
            kind, value = found
            return ask_column(kind, value, op, operand) if not below else _ask_nothing(self.params, op, operand)
        root, path, rooted = self._json(name, below)
        return ask_json(self.params, root, path, op, operand, rooted=rooted)

    def near(self, node: Near) -> str:
        if node.path[0] in ("tags", "segments") or self._column(node.path[0]):
            return "false"
        root, path, rooted = self._json(node.path[0], node.path[1:])
        return ask_near(self.params, root, path, node, rooted=rooted)

    def _column(self, name: str) -> tuple[Texts, str] | None:
        if name in _TEXTS:
            return Texts(self.params), f"c.{_TEXTS[name]}"
        if name in _MOMENTS:
            return Moments(self.params), f"epoch_us(c.{name})"
        if name == DAYS_SINCE:
            seen = "epoch_us(coalesce(c.last_interaction_at, c.created_at))"
            return Numbers(self.params), f"(({self.params.add(to_us(self.now))} - {seen}) / 1e6 / 86400e0)"
        return None

    def _json(self, name: str, below: tuple[str, ...]) -> tuple[str, tuple[str, ...], bool]:
        """(root, path below it, whether the root is a map)"""
        if name == "devices":
            return _DEVICES, below, False
        if name in _MAPS:
            return f"coalesce(c.{name}, {_NO_MAP})", below, True
        if name == "traits":
            return _NO_MAP, below, True
        return "c.attributes", (name, *below), True

    def _in_list(self, name: str, op: Op, operand: Operand) -> str:
        """Tags are texts; of the names of segments those that answer are looked for by number."""
        if op is Op.EXISTS:
            return "true" if operand else "false"
        if op is Op.CONTAINS:
            op = Op.EQ
        texts = Texts(self.params, nested=True)
        in_tags = _in_texts("coalesce(c.tags, []::VARCHAR[])", make_check(texts, op, operand), self.params, op, operand)
        if name == "tags":
            return in_tags
        answers = make_python_check(op, operand)
        numbers = [number for word, number in self.segments.items() if answers(word)]
        member = (
            [f"coalesce(list_has_any(c.segments, {self.params.add(numbers)}::INTEGER[]), false)"] if numbers else []
        )
        return any_of([in_tags, *member])


def _in_texts(column: str, check: Check, params: Params, op: Op, operand: Operand) -> str:
    if op is Op.EQ and isinstance(operand, str):
        condition = check("x")
        if condition == truth(f"x = {params.add(operand)}"):  # no moment: looked for without a lambda
            return truth(f"list_contains({column}, {params.add(operand)})")
    return f"(len(list_filter({column}, lambda x: {check('x')})) > 0)"


def _ask_nothing(params: Params, op: Op, operand: Operand) -> str:
    """A question about a value that cannot be there."""
    return ask_column(Jsons(params), "NULL::JSON", op, operand)


class EventFields:
    """The view of an occurrence (`core.measures.occurrence_view`) over the relation `events`, called `e`."""

    def __init__(self, params: Params) -> None:
        self.params = params

    def test(self, node: Test) -> str:
        op, operand = node.op, node.operand
        in_properties = ask_json(self.params, "e.properties", node.path, op, operand)
        if node.path[0] not in ("value", "channel"):
            return in_properties
        if len(node.path) > 1:
            by_column = _ask_nothing(self.params, op, operand)
        elif node.path[0] == "value":
            by_column = ask_column(Numbers(self.params), "e.value", op, operand)
        else:
            by_column = ask_column(Texts(self.params), _CHANNEL, op, operand)
        return truth(f"CASE WHEN {_HAS[node.path[0]]} THEN {by_column} ELSE {in_properties} END")

    def near(self, node: Near) -> str:
        in_properties = ask_near(self.params, "e.properties", node.path, node)
        if node.path[0] not in _HAS:
            return in_properties
        return f"(NOT {_HAS[node.path[0]]} AND {in_properties})"

    def number(self, of: str) -> str:
        """The value of an occurrence as a double, NULL when it is no number."""
        path = of.split(".")
        found = let("v", extract(self.params, "e.properties", path), _countable)
        if path[0] == "value":
            own = "e.value" if len(path) == 1 else "NULL"
            return f"(CASE WHEN {_HAS['value']} THEN {own} ELSE {found} END)"
        return f"(CASE WHEN NOT {_HAS['channel']} THEN {found} END)" if path[0] == "channel" else found

    def key(self, of: str) -> str:
        """The canonical JSON of the value (`core.measures.value_key`), NULL when there is none."""
        path = of.split(".")
        found = let("v", extract(self.params, "e.properties", path), _key_of_json)
        if path == ["value"]:
            return f"(CASE WHEN {_HAS['value']} THEN {_key_of_number('e.value')} ELSE {found} END)"
        if path == ["channel"]:
            return f"(CASE WHEN {_HAS['channel']} THEN {_key_of_text(_CHANNEL)} ELSE {found} END)"
        return f"(CASE WHEN NOT {_HAS[path[0]]} THEN {found} END)" if path[0] in _HAS else f"({found})"


_HAS = {"value": "(coalesce(e.value, 0) <> 0)", "channel": f"(coalesce(e.channel, 0) BETWEEN 1 AND {len(Channel)})"}
_CHANNEL = f"{_WORDS}[e.channel]"


def _countable(json: str) -> str:
    """A JSON number that is a value (`core.measures.find_value`), NULL for anything else."""
    return f"(CASE WHEN abs({number_of(json)}) < {LARGEST!r} THEN {number_of(json)} END)"


def _key_of_json(json: str) -> str:
    text = f"CASE WHEN length({text_of(json)}) <= {LONGEST_VALUE} THEN {_key_of_text(text_of(json))} END"
    flag = f"{raw(json)} IN ('true', 'false')"
    number = _key_of_number(_countable(json))
    return f"CASE WHEN {is_text(json)} THEN {text} WHEN {flag} THEN {raw(json)} ELSE {number} END"


def _key_of_text(text: str) -> str:
    return f"CAST(to_json({text}) AS VARCHAR)"


def _key_of_number(number: str) -> str:
    whole = f"abs({number}) < 9007199254740992 AND {number} = trunc({number})"
    return f"(CASE WHEN {whole} THEN CAST(CAST({number} AS BIGINT) AS VARCHAR) ELSE CAST({number} AS VARCHAR) END)"
