"""A channel that the customer switched off stays silent. Transactional messages pass."""

from __future__ import annotations

from motet.core.customers import Customer
from motet.core.facts import Facts
from motet.core.reasons import Reason
from motet.core.words import Channel
from motet.decisions.intent import Intent, Stop


def preference(intent: Intent, channel: Channel, facts: Facts) -> Stop | None:
    if intent.program.transactional or is_wanted(facts.customer, channel):
        return None
    return Stop(Reason.CHANNEL_OFF, this_channel=True)


def is_wanted(customer: Customer, channel: Channel) -> bool:
    return customer.preferences.get(channel.word, True)
