"""Who unsubscribed from a channel is not written to on it. Transactional messages pass."""

from __future__ import annotations

from motet.core.customers import Customer
from motet.core.facts import Facts
from motet.core.reasons import Reason
from motet.core.words import Channel
from motet.decisions.intent import Intent, Stop


def consent(intent: Intent, channel: Channel, facts: Facts) -> Stop | None:
    if intent.program.transactional or has_consent(facts.customer, channel):
        return None
    return Stop(Reason.NO_CONSENT, this_channel=True)


def has_consent(customer: Customer, channel: Channel) -> bool:
    return customer.consents.get(channel.word, True)
