"""A channel can serve only who can be reached on it."""

from __future__ import annotations

from motet.core.customers import Customer
from motet.core.facts import Facts
from motet.core.reasons import Reason
from motet.core.words import Channel
from motet.decisions.intent import Intent, Stop


def address(intent: Intent, channel: Channel, facts: Facts) -> Stop | None:
    return None if has_address(facts.customer, channel) else Stop(Reason.NO_ADDRESS, this_channel=True)


def has_address(customer: Customer, channel: Channel) -> bool:
    """In-app and webhook messages need no address of the customer's."""
    match channel:
        case Channel.EMAIL:
            return bool(customer.email)
        case Channel.SMS:
            return bool(customer.phone)
        case Channel.PUSH:
            return bool(customer.devices)
        case Channel.SOCIAL:
            return bool(customer.handles)
        case _:
            return True
