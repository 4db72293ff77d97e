"""The helpers of templates: plain functions of values. One line of the table adds one.

A helper gets values that are data of a customer, so anything may come: what it cannot use gives an empty or unchanged
result, never an error. `{{name}}` without arguments is always a value, so data may be called `date` or `number`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

import msgspec

from motet.content.moments import format_moment
from motet.content.runtime import Run, is_truthy, step_into, to_text

Function = Callable[[list[Any], Mapping[str, Any], Run], Any]
_MANY = 20
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CAD": "CA$", "AUD": "A$", "BRL": "R$"}
_WHOLE = {"JPY", "KRW", "CLP", "VND", "ISK"}  # currencies without cents (ISO 4217, exponent 0)
_MAX_DIGITS = 20


class Helper(msgspec.Struct, frozen=True):
    """`least` and `most` count the plain arguments; `named` lists the `key=value` ones it knows."""

    run: Function
    least: int
    most: int
    named: frozenset[str] = frozenset()


def default(args: list[Any], named: Mapping[str, Any], run: Run) -> Any:
    """The first value that is neither missing nor empty."""
    for value in args:
        if value is not None and value != "":
            return value
    return ""


def upper(args: list[Any], named: Mapping[str, Any], run: Run) -> str:
    return to_text(args[0], run).upper()


def lower(args: list[Any], named: Mapping[str, Any], run: Run) -> str:
    return to_text(args[0], run).lower()


def capitalize(args: list[Any], named: Mapping[str, Any], run: Run) -> str:
    """The first letter large, the rest as it is."""
    text = to_text(args[0], run)
    return text[:1].upper() + text[1:]


def truncate(args: list[Any], named: Mapping[str, Any], run: Run) -> str:
    """`{{truncate text 40 "…"}}`: at most so many characters, cut at the end of a word."""
    text, limit = to_text(args[0], run), _integer(args[1], 0)
    return cut(text, limit, to_text(args[2], run) if len(args) > 2 else "…")


def cut(text: str, limit: int, mark: str = "…") -> str:
    """At most `limit` characters, cut at the end of a word when there is one, `mark` included."""
    if len(text) <= limit:
        return text
    room = max(limit - len(mark), 0)
    head = text[:room]
    if not text[room].isspace():
        space = max(head.rfind(" "), head.rfind("\n"))
        head = head[:space] if space > room // 2 else head
    return (head.rstrip(" \n\t,;:-") + mark)[: max(limit, 0)]


def number(args: list[Any], named: Mapping[str, Any], run: Run) -> str:
    """`{{number x 2}}`: thousands separated; decimals as given, else as few as the value has."""
    value = _decimal(args[0])
    if value is None:
        return to_text(args[0], run)
    if len(args) > 1:
        return f"{value:,.{min(max(_integer(args[1], 0), 0), _MAX_DIGITS)}f}"
    return f"{int(value):,}" if value == value.to_integral_value() else f"{value.normalize():,f}"


def currency(args: list[Any], named: Mapping[str, Any], run: Run) -> str:
    """`{{currency 1234.5 "EUR"}}` is €1,234.50; a code without a symbol follows the figure. USD when none is given."""
    value = _decimal(args[0])
    if value is None:
        return to_text(args[0], run)
    code = (to_text(args[1], run) if len(args) > 1 else "").upper() or "USD"
    figure = f"{abs(value):,.{0 if code in _WHOLE else 2}f}"
    sign = "-" if value < 0 and figure.strip("0,.") else ""
    return f"{sign}{_SYMBOLS[code]}{figure}" if code in _SYMBOLS else f"{sign}{figure} {code}"


def moment(args: list[Any], named: Mapping[str, Any], run: Run) -> str:
    """`{{date at "long" timezone=timezone}}`; the formats are in `moments.py`. Not a moment: as it is."""
    pattern = to_text(args[1], run) if len(args) > 1 else "medium"
    zone = named.get("timezone")
    found = format_moment(args[0], pattern, zone if isinstance(zone, str) else None)
    return to_text(args[0], run) if found is None else found


def urlencode(args: list[Any], named: Mapping[str, Any], run: Run) -> str:
    """Safe as one part of a path or query."""
    return quote(to_text(args[0], run).encode(errors="replace"), safe="")


def join(args: list[Any], named: Mapping[str, Any], run: Run) -> str:
    """`{{join tags ", "}}`."""
    if not isinstance(args[0], list | tuple):
        return to_text(args[0], run)
    run.spend(len(args[0]))
    return (to_text(args[1], run) if len(args) > 1 else ", ").join([to_text(item, run) for item in args[0]])


def lookup(args: list[Any], named: Mapping[str, Any], run: Run) -> Any:
    """`{{lookup map key}}`: a field whose name is itself a value."""
    key = args[1]
    return step_into(args[0], str(key) if isinstance(key, int) else key) if isinstance(key, str | int) else None


def equal(args: list[Any], named: Mapping[str, Any], run: Run) -> bool:
    """Same kind and same value; an integer equals a decimal, but true is not 1."""
    left, right = args
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def differ(args: list[Any], named: Mapping[str, Any], run: Run) -> bool:
    return not equal(args, named, run)


def _comparison(test: Callable[[Any, Any], bool]) -> Function:
    """Numbers with numbers, texts with texts; anything else is false."""

    def compare(args: list[Any], named: Mapping[str, Any], run: Run) -> bool:
        left, right = args
        if isinstance(left, str) and isinstance(right, str):
            return test(left, right)
        first, second = _decimal(left, text=False), _decimal(right, text=False)
        return first is not None and second is not None and test(first, second)

    return compare


def both(args: list[Any], named: Mapping[str, Any], run: Run) -> Any:
    """The first value that is false, else the last."""
    return next((value for value in args if not is_truthy(value)), args[-1])


def either(args: list[Any], named: Mapping[str, Any], run: Run) -> Any:
    """The first value that is true, else the last."""
    return next((value for value in args if is_truthy(value)), args[-1])


def negate(args: list[Any], named: Mapping[str, Any], run: Run) -> bool:
    return not is_truthy(args[0])


def _decimal(value: Any, *, text: bool = True) -> Decimal | None:
    """The figure that a value is; None when it is none, or absurdly large."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str if text else int | float | Decimal):
        return None
    if isinstance(value, str) and len(value) > 2 * _MAX_DIGITS:
        return None
    try:
        found = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except (InvalidOperation, ValueError):
        return None
    return found if found.is_finite() and found.adjusted() <= _MAX_DIGITS else None


def _integer(value: Any, otherwise: int) -> int:
    found = _decimal(value)
    return otherwise if found is None else int(found)


HELPERS: dict[str, Helper] = {
    "default": Helper(default, 1, _MANY),
    "upper": Helper(upper, 1, 1),
    "lower": Helper(lower, 1, 1),
    "capitalize": Helper(capitalize, 1, 1),
    "truncate": Helper(truncate, 2, 3),
    "number": Helper(number, 1, 2),
    "currency": Helper(currency, 1, 2),
    "date": Helper(moment, 1, 2, frozenset({"timezone"})),
    "urlencode": Helper(urlencode, 1, 1),
    "join": Helper(join, 1, 2),
    "lookup": Helper(lookup, 2, 2),
    "eq": Helper(equal, 2, 2),
    "ne": Helper(differ, 2, 2),
    "gt": Helper(_comparison(lambda a, b: bool(a > b)), 2, 2),
    "gte": Helper(_comparison(lambda a, b: bool(a >= b)), 2, 2),
    "lt": Helper(_comparison(lambda a, b: bool(a < b)), 2, 2),
    "lte": Helper(_comparison(lambda a, b: bool(a <= b)), 2, 2),
    "and": Helper(both, 1, _MANY),
    "or": Helper(either, 1, _MANY),
    "not": Helper(negate, 1, 1),
}
