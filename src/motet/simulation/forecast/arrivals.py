"""When people do things of themselves: at steady rates over the days, on their own clocks by day more than by night."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from math import exp
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from motet.core.filters import compile_filter
from motet.core.filters.tree import All, Node, Op, Test
from motet.core.filters.tree import Any as Either
from motet.simulation.brand import cart_properties, draw_basket, order_properties, total_of
from motet.simulation.forecast.parameters import SIGN_UPS, Parameters, Rate

# How much is done in each hour of one's own day; by night a little.
_WAKING = (2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 10, 10, 11, 10, 9, 9, 10, 11, 12, 13, 14, 13, 9, 5)
_CUMULATIVE = tuple(accumulate(_WAKING))
_SITE = "https://shop.example"
_MONTH = 30.0


class Arrival(msgspec.Struct, frozen=True):
    """An event of a customer's own accord."""

    at: datetime
    name: str
    properties: dict[str, Any]
    value: float = 0.0


def draw_arrivals(
    parameters: Parameters,
    wanted: Mapping[str, Mapping[str, Any]],
    start: datetime,
    days: int,
    zone: ZoneInfo,
    favourite: str,
    dice: Random,
) -> Iterator[Arrival]:
    """Everything that one person does of themselves, in no order. `wanted` is what filters ask of events. Nobody does
    anything before they signed up."""
    drawn: list[Arrival] = []
    for name, rate in parameters.events.items():
        times = 1 if rate.once else _how_many(rate.per_month * days / _MONTH, dice)
        for _ in range(times):
            at = draw_moment(start, days, zone, dice)
            drawn.append(make_arrival(at, name, rate, wanted.get(name, {}), favourite, dice))
    first = min((arrival.at for arrival in drawn if arrival.name in SIGN_UPS), default=start)
    return (arrival for arrival in drawn if arrival.at >= first)


def make_arrival(
    at: datetime, name: str, rate: Rate, wanted: Mapping[str, Any], favourite: str, dice: Random
) -> Arrival:
    """One event with its properties made up: those of the demonstration's shop, then what is wanted, then what the
    parameters say."""
    properties: dict[str, Any] = {}
    value = rate.value
    if name in ("cart_abandoned", "purchase"):
        basket = draw_basket(dice, favourite)
        number = f"{dice.getrandbits(32):08x}"
        if name == "purchase":
            properties, value = order_properties(basket, number), value or total_of(basket)
        else:
            properties = cart_properties(basket, number, _SITE)
    if wanted:
        properties |= {k: v for k, v in wanted.items() if k not in properties}
    return Arrival(at, name, properties | rate.properties, value)


def draw_moment(start: datetime, days: int, zone: ZoneInfo, dice: Random) -> datetime:
    """A moment of the time that is simulated, by the hours in which people are awake where this one lives."""
    hour = bisect(_CUMULATIVE, dice.random() * _CUMULATIVE[-1])
    local = start.astimezone(zone)
    wall = datetime(local.year, local.month, local.day, hour, tzinfo=zone)
    at = (wall + timedelta(days=int(dice.random() * days), seconds=dice.random() * 3600)).astimezone(UTC)
    if at < start:
        at += timedelta(days=days)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def find_wanted(where: Mapping[str, Any], traits: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Values with which the plain parts of a filter hold: equalities, bounds, what must be there."""
    found: dict[str, Any] = {}
    if where:
        _meet(compile_filter(where, traits=traits).tree, found)
    return found


def _meet(node: Node, found: dict[str, Any]) -> None:
    match node:
        case All(parts):
            for part in parts:
                _meet(part, found)
        case Either(parts) if parts:
            _meet(parts[0], found)
        case Test(path, op, operand) if len(path) == 1 and isinstance(operand, str | int | float | bool | tuple):
            value = _value(op, operand)
            if value is not None:
                found.setdefault(path[0], value)


def _value(op: Op, operand: Any) -> Any:
    number = isinstance(operand, int | float) and not isinstance(operand, bool)
    match op:
        case Op.EQ | Op.CONTAINS | Op.STARTS_WITH:
            return operand
        case Op.IN if isinstance(operand, tuple) and operand:
            return operand[0]
        case Op.BETWEEN if isinstance(operand, tuple) and operand:
            return operand[0]
        case Op.GT | Op.GTE if number:
            return operand + max(1, abs(operand) // 4)
        case Op.LT | Op.LTE if number:
            return operand - max(1, abs(operand) // 4)
        case Op.EXISTS if operand is True:
            return "yes"
    return None


def _how_many(mean: float, dice: Random) -> int:
    """Poisson, for small means: how many come when `mean` come on average."""
    bound, product, number = exp(-min(mean, 600.0)), dice.random(), 0
    while product > bound:
        product *= dice.random()
        number += 1
    return number
