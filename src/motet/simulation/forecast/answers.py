"""How one person answers one message: which events follow it, and when. Pure; the dice come in."""

from __future__ import annotations

from math import log
from random import Random
from typing import Any

import msgspec

from motet.core.words import Channel, Interaction
from motet.simulation.forecast.parameters import Manner, Parameters
from motet.simulation.responses import HOURS

_SLOWEST = 12.0  # times the median: nobody looks later
_DELIVERED_AFTER = 2.0  # seconds
_RECEIPTS = frozenset({Channel.EMAIL, Channel.SMS, Channel.PUSH})  # whose providers tell of arrivals

DELIVERED, BOUNCED, VIEW, CLICK, LEAVES, COMPLAINS, PURCHASE = (
    Interaction.DELIVERED.word, Interaction.BOUNCED.word, Interaction.VIEW.word, Interaction.CLICK.word,
    Interaction.UNSUBSCRIBE.word, Interaction.COMPLAINT.word, Interaction.PURCHASE.word,
)  # fmt: skip


class Act(msgspec.Struct, frozen=True):
    """Something that a person, or a provider, will do so many seconds from now. `own`: the shop tells of it, and does
    not know of the message."""

    after: float
    name: str
    own: bool = False
    properties: dict[str, Any] = {}


def answer(
    channel: Channel,
    parameters: Parameters,
    engagement: float,
    hour: int,
    dice: Random,
    *,
    basket: bool = False,
    dead: bool = False,
) -> list[Act]:
    """Throws the dice for one message that was just sent; `hour` is on the person's own clock, `dead` says that the
    address does not exist."""
    manner = parameters.channels.get(channel.word)
    if manner is None:
        return []
    if dead or (manner.bounces and dice.random() < manner.bounces):
        return [Act(_DELIVERED_AFTER, BOUNCED, properties={"permanent": True})]
    acts = [Act(_DELIVERED_AFTER, DELIVERED)] if channel in _RECEIPTS else []
    seen = manner.opens < 1.0
    warmth = engagement * HOURS[hour]
    if seen and dice.random() >= manner.opens * warmth:
        return acts
    look = _DELIVERED_AFTER + _delay(manner.look_after, dice, 0.8)
    if seen:
        acts.append(Act(look, VIEW))
    # Who is keen opens more; of those who opened, the keen do not click more often again.
    if dice.random() >= manner.clicks * (1.0 if seen else warmth) * (1.25 if basket else 1.0):
        acts += _turn_away(manner, look, dice)
        return acts
    click = look + _delay(manner.click_after, dice, 0.6)
    acts.append(Act(click, CLICK))
    if dice.random() < (parameters.buys_with_basket if basket else parameters.buys):
        acts.append(Act(click + _delay(manner.buy_after, dice, 0.7), PURCHASE, own=True))
    for name, rate in parameters.events.items():
        if rate.after_click and dice.random() < rate.after_click:
            acts.append(Act(click + _delay(manner.buy_after, dice, 0.7), name, own=True))
    return acts


def _turn_away(manner: Manner, look: float, dice: Random) -> list[Act]:
    chance = dice.random()
    if chance < manner.leaves:
        return [Act(look + _delay(manner.click_after, dice, 0.6), LEAVES)]
    if chance < manner.leaves + manner.complains:
        return [Act(look + _delay(manner.click_after, dice, 0.6), COMPLAINS)]
    return []


def _delay(median: float, dice: Random, spread: float) -> float:
    """Seconds, lognormal around the median: a few are quick, some take long."""
    return min(dice.lognormvariate(log(median), spread), _SLOWEST * median) if median > 0 else 0.0
