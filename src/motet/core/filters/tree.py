"""The typed tree of a filter. Every spec, however it is written, is parsed into these four nodes.

`$ne`, `$nin` and `$nor` have no nodes of their own: they are the negation of `$eq`, `$in` and `$or`, so that each
pair can never both hold, nor both fail.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TypeAlias

import msgspec

Scalar: TypeAlias = bool | int | float | str | datetime | None
Operand: TypeAlias = Scalar | tuple[Scalar, ...]
Node: TypeAlias = "All | Any | Not | Test"


class Op(Enum):
    """What a Test asks. The value is the word in documents."""

    EQ = "$eq"
    GT = "$gt"
    GTE = "$gte"
    LT = "$lt"
    LTE = "$lte"
    IN = "$in"
    BETWEEN = "$between"
    EXISTS = "$exists"
    CONTAINS = "$contains"
    STARTS_WITH = "$startsWith"


class All(msgspec.Struct, frozen=True):
    """Every part holds. Without parts it always holds: the filter `{}`."""

    parts: tuple[Node, ...]


class Any(msgspec.Struct, frozen=True):
    """At least one part holds."""

    parts: tuple[Node, ...]


class Not(msgspec.Struct, frozen=True):
    part: Node


class Test(msgspec.Struct, frozen=True):
    """One question about the value at `path` (`("cart", "total")` for `cart.total`).

    `operand` is a tuple for IN (any number) and BETWEEN (low, high), a bool for EXISTS, a string for
    STARTS_WITH, else a scalar.
    """

    path: tuple[str, ...]
    op: Op
    operand: Operand
