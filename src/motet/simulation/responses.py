"""How people answer a message: a seeded model by channel, hour and person. Pure: dice and moments come in.

Figures over many people: an email is opened by four in ten, and one opener in ten follows its link; a text's link is
followed by one in eleven, a push is tapped by one in fourteen. Who left a basket behind clicks and buys more often.
"""

from __future__ import annotations

from math import log
from random import Random

import msgspec

from motet.core.words import Channel

_LONGEST = 150.0  # seconds until the slowest opens


class Habit(msgspec.Struct, frozen=True):
    """What the average person does on one channel at an average hour."""

    opens: float  # probability, where an opening can be seen; 1: it cannot, so everybody may click
    clicks: float  # probability, of those who opened
    median: float  # seconds until the average one looks
    leaves: float  # probability, of those who opened


HABITS: dict[Channel, Habit] = {
    Channel.EMAIL: Habit(opens=0.41, clicks=0.10, median=12.0, leaves=0.006),
    Channel.SMS: Habit(opens=1.0, clicks=0.09, median=6.0, leaves=0.0),
    Channel.PUSH: Habit(opens=1.0, clicks=0.07, median=8.0, leaves=0.0),
    Channel.IN_APP: Habit(opens=0.55, clicks=0.12, median=20.0, leaves=0.0),
}

# How an hour of the receiver's own day compares with the average hour.
HOURS = (
    (0.90,) * 7 + (1.0, 1.06, 1.06, 1.04, 1.02, 1.04, 1.02, 1.0, 1.0, 1.0, 1.02, 1.05, 1.08, 1.08, 1.04) + (0.95,) * 2
)

BUYS_WITH_BASKET = 0.42  # of those who clicked
BUYS = 0.16
COMPLETES = 0.5  # of the newcomers who clicked: they fill in their profile


class Reaction(msgspec.Struct, frozen=True):
    """What one person will do with one message: seconds after its arrival, None for never."""

    opens: float | None = None
    clicks: float | None = None
    buys: float | None = None
    completes: float | None = None
    leaves: float | None = None


def react(
    channel: Channel, engagement: float, hour: int, dice: Random, *, basket: bool = False, speed: float = 1.0
) -> Reaction:
    """Throws the dice for one message. `hour` is 0 to 23 where the person lives; all delays are divided by `speed`."""
    habit = HABITS.get(channel)
    if habit is None:
        return Reaction()
    warmth = engagement * HOURS[hour]
    at = min(dice.lognormvariate(log(habit.median), 0.8), _LONGEST) / speed
    if habit.opens < 1.0 and dice.random() >= habit.opens * warmth:
        return Reaction()
    opens = at if habit.opens < 1.0 else None
    # Who is keen opens more; of those who opened, the keen do not click more often again.
    if dice.random() >= habit.clicks * (1.0 if opens is not None else warmth) * (1.25 if basket else 1.0):
        leaves = at + dice.uniform(3, 9) / speed if dice.random() < habit.leaves else None
        return Reaction(opens=opens, leaves=leaves)
    clicks = at + dice.uniform(1.5, 9) / speed
    chance = dice.random()
    buys = clicks + dice.uniform(4, 20) / speed if chance < (BUYS_WITH_BASKET if basket else BUYS) else None
    completes = clicks + dice.uniform(3, 8) / speed if dice.random() < COMPLETES else None
    return Reaction(opens=opens, clicks=clicks, buys=buys, completes=completes)
