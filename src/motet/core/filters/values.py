"""How one value compares with one operand: the semantics of the language.

- Absent and null are one thing. It equals `null` and `false` (`{"email_opened": false}` means "not yet"); every
  other comparison with it is false.
- A bool is not a number. Integers and floats compare by value. Values of two kinds are never equal nor ordered.
- A datetime, and a string that is an ISO date or date-time, are moments; one without an offset counts as UTC.
  Two strings compare as moments when both are, else as text, by code point.
- Of a list, any element that answers is enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from motet.core.filters.tree import Op, Operand, Scalar

Check = Callable[[Any], bool]

# `fromisoformat` also takes forms such as 20260131 and 2026-W05, which are as likely to be codes of a shop, and what
# else it takes hangs on Python's release. DuckDB reads moments by the same pattern (`columns_values`).
ISO = re.compile(
    r"\d{4}-\d\d-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)?)?",
    re.ASCII,
)
_LONGEST_ISO = 40


def read_moment(value: object) -> datetime | None:
    """The moment that a datetime, a date or an ISO string is; None for anything else."""
    if isinstance(value, str):
        if not 10 <= len(value) <= _LONGEST_ISO or ISO.fullmatch(value) is None:
            return None
        try:
            value = datetime.fromisoformat(value)
        except ValueError:  # the 31st of February
            return None
    elif isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, datetime):
        return value if value.utcoffset() is not None else value.replace(tzinfo=UTC)
    return None


def make_check(op: Op, operand: Operand) -> Check:
    """The question as a function of the value found; None stands for an absent one."""
    match op:
        case Op.EXISTS:
            return _exists if operand else _absent
        case Op.IN:
            assert isinstance(operand, tuple)
            return _any_element(_one_of(operand))
        case Op.BETWEEN:
            assert isinstance(operand, tuple)
            low, high = _ordering(Op.GTE, operand[0]), _ordering(Op.LTE, operand[1])
            return _any_element(lambda value: low(value) and high(value))
        case Op.CONTAINS:
            return _contains(operand)
        case Op.STARTS_WITH:
            assert isinstance(operand, str)
            return _any_element(lambda value: isinstance(value, str) and value.startswith(operand))
        case Op.EQ:
            assert not isinstance(operand, tuple)
            return _any_element(_equality(operand))
        case _:
            assert not isinstance(operand, tuple)
            return _any_element(_ordering(op, operand))


def _exists(value: Any) -> bool:
    return value is not None


def _absent(value: Any) -> bool:
    return value is None


def _any_element(check: Check) -> Check:
    def ask(value: Any) -> bool:
        if isinstance(value, (list, tuple)):
            return any(check(element) for element in value)
        return check(value)

    return ask


def _equality(operand: Scalar) -> Check:
    if operand is None:
        return _absent
    if isinstance(operand, bool):
        return (lambda value: value is True) if operand else (lambda value: value is False or value is None)
    if isinstance(operand, (int, float)):
        number = operand
        return lambda value: type(value) in (int, float) and value == number
    moment = read_moment(operand)
    if moment is None:
        return lambda value: isinstance(value, str) and value == operand
    return lambda value: value == operand or read_moment(value) == moment


def _one_of(operands: tuple[Scalar, ...]) -> Check:
    """Membership: texts, numbers and moments are looked up at once."""
    texts = frozenset(o for o in operands if isinstance(o, str) and read_moment(o) is None)
    numbers = frozenset(o for o in operands if type(o) in (int, float))
    moments = frozenset(m for o in operands if not isinstance(o, bool) and (m := read_moment(o)) is not None)
    rest = [_equality(o) for o in operands if o is None or isinstance(o, bool)]

    def ask(value: Any) -> bool:
        if isinstance(value, str) and value in texts:
            return True
        if type(value) in (int, float):
            return value in numbers
        if moments and read_moment(value) in moments:
            return True
        return any(check(value) for check in rest)

    return ask


def _ordering(op: Op, operand: Scalar) -> Check:
    compare = _COMPARE[op]
    moment = read_moment(operand)
    if isinstance(operand, (int, float)):
        return lambda value: type(value) in (int, float) and compare(value, operand)
    if moment is None:
        return lambda value: isinstance(value, str) and compare(value, operand)

    def ask(value: Any) -> bool:
        when = read_moment(value)
        if when is not None:
            return compare(when, moment)
        return isinstance(value, str) and isinstance(operand, str) and compare(value, operand)

    return ask


def _contains(operand: Operand) -> Check:
    assert not isinstance(operand, tuple)
    equal = _equality(operand)

    def ask(value: Any) -> bool:
        if isinstance(value, (list, tuple)):
            return any(equal(element) for element in value)
        return isinstance(value, str) and isinstance(operand, str) and operand in value

    return ask


_COMPARE: dict[Op, Callable[[Any, Any], bool]] = {
    Op.GT: lambda a, b: a > b,
    Op.GTE: lambda a, b: a >= b,
    Op.LT: lambda a, b: a < b,
    Op.LTE: lambda a, b: a <= b,
}
