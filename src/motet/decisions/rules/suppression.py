"""An address that bounced hard or complained is never used again. Holds for transactional messages too."""

from __future__ import annotations

from motet.core.customers import Customer
from motet.core.facts import Facts
from motet.core.reasons import Reason
from motet.core.words import Channel
from motet.decisions.intent import Intent, Stop


def suppression(intent: Intent, channel: Channel, facts: Facts) -> Stop | None:
    return Stop(Reason.SUPPRESSED, this_channel=True) if is_suppressed(facts.customer, channel) else None


def is_suppressed(customer: Customer, channel: Channel) -> bool:
    """A suppression speaks of an address: a customer who has a new one may be written to again."""
    found = customer.suppressions.get(channel.word)
    if found is None:
        return False
    present = {Channel.EMAIL: customer.email, Channel.SMS: customer.phone}.get(channel)
    return present is None or not found.address or found.address == present
