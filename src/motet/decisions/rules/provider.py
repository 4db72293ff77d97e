"""A channel without a provider cannot serve."""

from __future__ import annotations

from motet.core.facts import Facts
from motet.core.reasons import Reason
from motet.core.words import Channel
from motet.decisions.intent import Intent, Stop


def provider(intent: Intent, channel: Channel, facts: Facts) -> Stop | None:
    return None if channel in facts.channels else Stop(Reason.NO_PROVIDER, this_channel=True)
