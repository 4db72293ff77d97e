"""A campaign that leaves recent buyers alone falls silent when the customer buys on the way."""

from __future__ import annotations

from datetime import timedelta

from motet.core.facts import Facts
from motet.core.program import Program
from motet.core.reasons import Reason
from motet.core.words import Channel
from motet.decisions.intent import Intent, Stop


def purchasers(intent: Intent, channel: Channel, facts: Facts) -> Stop | None:
    return Stop(Reason.RECENT_PURCHASE) if bought_recently(intent.program, facts) else None


def bought_recently(program: Program, facts: Facts) -> bool:
    span, last = program.rules.exclude_purchasers, facts.customer.last_purchase_at
    return span is not None and last is not None and facts.now - last < timedelta(seconds=span)
