"""What an operator may be compared with: each operand is read into a Scalar, or into what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any as Anything

import msgspec

from motet.core.durations import EXAMPLES, read_duration
from motet.core.filters.tree import Op, Operand, Relative, Scalar
from motet.core.filters.values import read_moment
from motet.core.spelling import show

MAX_LIST = 10_000  # values in one $in

RELATIVE = {"$ago": -1, "$ahead": 1}

_ORDERED = frozenset({Op.GT, Op.GTE, Op.LT, Op.LTE})
_LARGEST = 2**63


class Wrong(msgspec.Struct, frozen=True):
    """What is wrong with an operand."""

    why: str


def read_scalar(value: object) -> Operand | Wrong:
    if isinstance(value, (list, tuple)):
        return Wrong("a list is not compared as one value; use $in for any of them")
    if isinstance(value, float) and not math.isfinite(value):
        return Wrong(f"{value} is not a number that can be compared")
    if isinstance(value, int) and abs(value) >= _LARGEST:
        return Wrong(f"{show(value)} is larger than any number that can be compared")
    if isinstance(value, str) and "\0" in value:
        return Wrong("a text may not hold the character NUL")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, date):
        return read_moment(value)
    if isinstance(value, Mapping) and RELATIVE.keys() & value.keys():
        return Wrong("a moment told from now is compared with $gt, $gte, $lt, $lte or $between")
    return Wrong(f"{show(value)} cannot be compared")


def _relative(value: Mapping[Anything, Anything]) -> Operand | Wrong:
    """`{"$ago": "7d"}` or `{"$ahead": "7d"}`."""
    word, span = next(iter(value.items())) if len(value) == 1 else ("", None)
    if word not in RELATIVE:
        return Wrong('takes a moment told from now as {"$ago": "7d"} or {"$ahead": "7d"}')
    try:
        return Relative(RELATIVE[word] * read_duration(span))
    except ValueError as error:
        return Wrong(f"{word}: {error}; {EXAMPLES}")


def _ordered(value: object) -> Operand | Wrong:
    if isinstance(value, Mapping):
        return _relative(value)
    read = read_scalar(value)
    if read is None or isinstance(read, bool):
        return Wrong(f"takes a number, a text or a moment, not {show(value)}")
    return read


def _several(value: object) -> Operand | Wrong:
    if not isinstance(value, (list, tuple)):
        return Wrong("takes a list")
    if len(value) > MAX_LIST:
        return Wrong(f"takes at most {MAX_LIST:,} values")
    return _each(value, read_scalar)


def _range(value: object) -> Operand | Wrong:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return Wrong("takes a list of two: the lowest and the highest value")
    pair = _each(value, _ordered)
    if not isinstance(pair, tuple):
        return pair
    low, high = pair
    if _kind(low) != _kind(high):
        return Wrong(f"{show(low)} and {show(high)} are of two kinds")
    if isinstance(low, Relative) or isinstance(high, Relative):
        crossed = isinstance(low, Relative) and isinstance(high, Relative) and low.seconds > high.seconds
        return Wrong("the first of the two moments is the later one") if crossed else pair
    moments = read_moment(low), read_moment(high)
    if (moments[0] > moments[1]) if moments[0] and moments[1] else (low > high):  # type: ignore[operator]
        return Wrong(f"{show(low)} is above {show(high)}")
    return pair


def _each(values: Sequence[Anything], read: Callable[[object], Operand | Wrong]) -> Operand | Wrong:
    found: list[Scalar] = []
    for value in values:
        operand = read(value)
        if isinstance(operand, Wrong):
            return operand
        assert not isinstance(operand, tuple)
        found.append(operand)
    return tuple(found)


def _flag(value: object) -> Operand | Wrong:
    return value if isinstance(value, bool) else Wrong("takes true or false")


def _part(value: object) -> Operand | Wrong:
    return Wrong("takes one value") if value is None or value == "" else read_scalar(value)


def _text(value: object) -> Operand | Wrong:
    return read_scalar(value) if isinstance(value, str) and value else Wrong("takes a text")


READ: dict[Op, Callable[[object], Operand | Wrong]] = {
    **dict.fromkeys(_ORDERED, _ordered),
    Op.IN: _several,
    Op.BETWEEN: _range,
    Op.EXISTS: _flag,
    Op.CONTAINS: _part,
    Op.STARTS_WITH: _text,
}
EXAMPLE = {
    Op.EQ: 'such as {"country": {"$in": ["DE", "AT"]}}',
    Op.IN: 'such as {"$in": ["DE", "AT"]}',
    Op.BETWEEN: 'such as {"$between": [10, 20]}',
    Op.EXISTS: 'such as {"$exists": true}',
    Op.CONTAINS: 'such as {"$contains": "vip"}',
    Op.STARTS_WITH: 'such as {"$startsWith": "de"}',
    **dict.fromkeys(_ORDERED, 'such as {"$gt": 50}, {"$lt": "2026-12-01"} or {"$gt": {"$ago": "7d"}}'),
}


def _kind(value: Scalar) -> str:
    if isinstance(value, Relative) or read_moment(value) is not None:
        return "moment"
    return "text" if isinstance(value, str) else "number"
