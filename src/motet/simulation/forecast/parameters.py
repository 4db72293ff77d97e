"""How made-up people behave: every figure of the response model, each of which a document or an option may change.

The chances start from those of the demonstration (`simulation/responses.py`); the delays are those of real days.
A document says them under `simulation`, an option as `--set channels.email.opens=0.3`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from motet.core.errors import Problem, Refused
from motet.core.events import LIFECYCLE_CHANGED, SEGMENT_ENTERED, SEGMENT_LEFT
from motet.core.words import Channel
from motet.simulation.responses import BUYS, BUYS_WITH_BASKET, COMPLETES, HABITS

SIMULATION = "simulation"  # the field of a document that says how people behave in a simulation
_MINUTE, _HOUR = 60.0, 3600.0


class Manner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the average person does with one message of a channel. Chances are 0 to 1, times are medians in seconds."""

    opens: float = 1.0  # 1: an opening is not seen, so everybody may click
    clicks: float = 0.0  # of those who opened
    leaves: float = 0.0  # unsubscribe, of those who opened and did not click
    complains: float = 0.0  # of those who opened and did not click
    bounces: float = 0.0
    look_after: float = _HOUR  # until the average one looks
    click_after: float = _MINUTE  # from looking to clicking
    buy_after: float = 20 * _MINUTE  # from clicking to buying


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often people do something of themselves, and what they tell with it."""

    per_month: float = 1.0  # how often in 30 days, on average
    once: bool = False  # exactly once in the time that is simulated
    after_click: float = 0.0  # chance that a click leads to it
    value: float = 0.0
    properties: dict[str, Any] = {}  # laid over those that are made up


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole model. `spread` is how much people differ: 0, everybody is average; 1, as in the demonstration."""

    channels: dict[str, Manner] = {}
    events: dict[str, Rate] = {}
    buys: float = BUYS  # of those who clicked
    buys_with_basket: float = BUYS_WITH_BASKET
    answers: float = 1.0  # chance that another system answers an action
    spread: float = 1.0
    targeted: bool = True  # whoever is made up has the tag of a target segment


_LOOKS = {Channel.EMAIL: 90 * _MINUTE, Channel.SMS: 6 * _MINUTE, Channel.PUSH: 10 * _MINUTE, Channel.IN_APP: 8 * _HOUR}
_BOUNCES = {Channel.EMAIL: 0.005, Channel.SMS: 0.002}
_COMPLAINS = {Channel.EMAIL: 0.0005}

MANNERS: dict[str, Manner] = {
    channel.word: Manner(
        opens=habit.opens,
        clicks=habit.clicks,
        leaves=habit.leaves,
        complains=_COMPLAINS.get(channel, 0.0),
        bounces=_BOUNCES.get(channel, 0.0),
        look_after=_LOOKS[channel],
    )
    for channel, habit in HABITS.items()
}

SIGN_UPS = frozenset({"user_signup", "signup"})
_ONCE = SIGN_UPS | {SEGMENT_ENTERED, SEGMENT_LEFT, LIFECYCLE_CHANGED}  # what happens to somebody once
_LIKELY = {"purchase": 0.3, "product_viewed": 6.0}  # in 30 days
_AWAITED = 0.5  # in 30 days: what a document waits for


def plain(starts: Iterable[str], awaited: Iterable[str]) -> Parameters:
    """The model without wishes. `starts` are events that start the program, `awaited` those that it names beside."""
    events = {name: Rate(per_month=_LIKELY.get(name, _AWAITED), after_click=_led(name)) for name in sorted({*awaited})}
    events |= {name: Rate(once=name in _ONCE) for name in sorted({*starts})}
    return Parameters(channels=dict(MANNERS), events=events)


def _led(name: str) -> float:
    return 0.0 if name == "purchase" else COMPLETES  # who buys after a click is said by `buys`


def change(parameters: Parameters, wishes: Mapping[str, Any], path: str = "simulation") -> Parameters:
    """The model with what a document or a caller wishes laid over it, field by field. Raises Refused."""
    laid = merge(msgspec.to_builtins(parameters), wishes)
    try:
        changed = msgspec.convert(laid, Parameters)
    except msgspec.ValidationError as error:
        fix = f"known are {', '.join(Parameters.__struct_fields__)}; see docs/simulation.md"
        raise Refused([Problem("simulation.bad_parameter", str(error), path, fix)]) from None
    if problems := list(_check(changed, path)):
        raise Refused(problems)
    return changed


def read_setting(text: str) -> dict[str, Any]:
    """`channels.email.opens=0.3` as a wish. Raises Refused."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise Refused(
            [Problem("simulation.bad_parameter", f"{text!r} sets nothing", "--set", "channels.email.opens=0.3")]
        )
    try:
        wish: Any = msgspec.json.decode(value)
    except msgspec.DecodeError:
        wish = value
    for part in reversed(name.split(".")):
        wish = {part: wish}
    assert isinstance(wish, dict)
    return wish


def merge(under: Any, over: Any) -> Any:
    """Mappings laid over each other, level by level; anything else of `over` wins."""
    if isinstance(under, Mapping) and isinstance(over, Mapping):
        return {**under, **{name: merge(under.get(name), value) for name, value in over.items()}}
    return over


def _check(parameters: Parameters, path: str) -> Iterable[Problem]:
    """Chances lie between 0 and 1, times and rates are not negative, channels are ours."""
    known = {channel.word for channel in Channel}
    for word, manner in parameters.channels.items():
        place = f"{path}.channels.{word}"
        if word not in known:
            yield Problem("simulation.unknown_channel", f"{word!r} is no channel", place, ", ".join(sorted(known)))
        for name in ("opens", "clicks", "leaves", "complains", "bounces"):
            yield from _between(getattr(manner, name), f"{place}.{name}", 1.0)
        for name in ("look_after", "click_after", "buy_after"):
            yield from _between(getattr(manner, name), f"{place}.{name}", 366 * 86_400.0)
    for event, rate in parameters.events.items():
        yield from _between(rate.per_month, f"{path}.events.{event}.per_month", 300.0)
        yield from _between(rate.after_click, f"{path}.events.{event}.after_click", 1.0)
    yield from _between(parameters.buys, f"{path}.buys", 1.0)
    yield from _between(parameters.buys_with_basket, f"{path}.buys_with_basket", 1.0)
    yield from _between(parameters.answers, f"{path}.answers", 1.0)
    yield from _between(parameters.spread, f"{path}.spread", 1.0)


def _between(value: float, path: str, most: float) -> Iterable[Problem]:
    if not 0.0 <= value <= most:
        yield Problem("simulation.bad_parameter", f"{value:g} is not between 0 and {most:g}", path, "choose another")
