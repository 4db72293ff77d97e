"""A message's own condition, over the customer, the event that started it, and what its messages brought."""

from __future__ import annotations

from motet.core.facts import Facts
from motet.core.reasons import Reason
from motet.core.words import Channel
from motet.decisions.intent import Intent, Stop


def condition(intent: Intent, channel: Channel, facts: Facts) -> Stop | None:
    if intent.condition is None or intent.condition.matches(intent.view):
        return None
    return Stop(Reason.CONDITION_FALSE)
