"""The typed tree of a filter. Every spec, however it is written, is parsed into these nodes.

Groups: All, Any, Not. Leaves: Test (a value of the view), Did (an aggregate over events), Near (a place), Percent (a
share of everybody), Clock (the hour of the day). `$ne`, `$nin`, `$nor` and `$did_not` have no nodes of their own: they
are the negation of `$eq`, `$in`, `$or` and `$did`, so that each pair can never both hold, nor both fail.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TypeAlias

import msgspec

from motet.core.measures import Measure

Scalar: TypeAlias = "bool | int | float | str | datetime | Relative | None"
Operand: TypeAlias = "Scalar | tuple[Scalar, ...]"
Window: TypeAlias = "Rolling | Calendar"
Node: TypeAlias = "All | Any | Not | Test | Did | Near | Percent | Clock"


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


class Take(Enum):
    """What is made of the occurrences of an event. The value is the word in documents."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    LAST = "last"
    MOST = "most"


class Relative(msgspec.Struct, frozen=True):
    """A moment told from now: `{"$ago": "7d"}` is -604,800 seconds."""

    seconds: float


class Rolling(msgspec.Struct, frozen=True):
    """From `older` to `newer` seconds ago: (now - older, now - newer]. With `newer` 0 it has no end."""

    older: float
    newer: float = 0.0


class Calendar(msgspec.Struct, frozen=True):
    """A period of the calendar in the timezone of now, such as `last_month`; one that holds now has no end."""

    period: str  # a key of core.filters.windows.PERIODS


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
    STARTS_WITH, else a scalar. Only the ordered operators and BETWEEN take a Relative.
    """

    path: tuple[str, ...]
    op: Op
    operand: Operand


class Did(msgspec.Struct, frozen=True):
    """One question about an aggregate over the events of one or more measures, put together.

    The measures differ in their event only. The aggregate is a number, a moment for FIRST and LAST, any scalar for
    MOST, and absent when there is nothing to take it from.
    """

    measures: tuple[Measure, ...]
    window: Window | None  # None: ever
    take: Take
    op: Op
    operand: Operand


class Near(msgspec.Struct, frozen=True):
    """The place at `path`, a map with `lat` and `lon` in degrees, is at most `km` away from this one."""

    path: tuple[str, ...]
    lat: float
    lon: float
    km: float


class Percent(msgspec.Struct, frozen=True):
    """The customer is among `of` percent of everybody, drawn by `salt`; always the same ones."""

    of: float
    salt: str


class Clock(msgspec.Struct, frozen=True):
    """Now is on one of `days` (0: Monday), and from minute `low` of the day to before minute `high`."""

    days: tuple[int, ...]
    low: int
    high: int


class Needs(msgspec.Struct, frozen=True):
    """What the answer of a filter hangs on."""

    fields: frozenset[str] = frozenset()  # names at the top of the view
    measures: tuple[Measure, ...] = ()  # each once
    segments: frozenset[str] = frozenset()  # names that view["segments"] is compared with
    timed: bool = False  # whether the answer may change with time alone
