"""Whether, when and how to speak: a short list of named rules, read top to bottom.

The first rule that says no decides. A no that speaks of one channel only lets the fallback channel try.
"""

from __future__ import annotations

from collections.abc import Callable

from motet.core.facts import Facts
from motet.core.outcomes import Decision, Drop, Hold, Send
from motet.core.reasons import Reason
from motet.core.words import Channel
from motet.decisions.intent import Intent, Stop
from motet.decisions.rules.address import address, has_address
from motet.decisions.rules.caps import brand_caps, campaign_caps
from motet.decisions.rules.condition import condition
from motet.decisions.rules.consent import consent, has_consent
from motet.decisions.rules.preference import is_wanted, preference
from motet.decisions.rules.provider import provider
from motet.decisions.rules.purchasers import purchasers
from motet.decisions.rules.suppression import is_suppressed, suppression
from motet.decisions.rules.window import window

Rule = Callable[[Intent, Channel, Facts], Stop | None]

RULES: tuple[Rule, ...] = (
    window,
    condition,
    purchasers,
    suppression,
    consent,
    preference,
    address,
    provider,
    campaign_caps,
    brand_caps,
)

ACTION_RULES: tuple[Rule, ...] = (provider,)  # another system is asked something; nothing is said to the customer


def decide(intent: Intent, facts: Facts) -> Decision:
    """Send, hold or drop, with every reason on the way."""
    first = intent.speak.channel
    stop = _ask(intent, first, facts)
    if stop is None:
        return Send(first, facts.now, (Reason.ELIGIBLE,))
    if not stop.this_channel or intent.speak.fallback is None:
        return _refuse(stop, (stop.reason,))
    return decide_fallback(intent, facts, stop.reason)


def decide_fallback(intent: Intent, facts: Facts, why: Reason) -> Decision:
    """The first channel could not serve (`why`): whether the fallback may. The intent names one."""
    fallback = intent.speak.fallback
    assert fallback is not None
    stop = _ask(intent, fallback, facts)
    if stop is None:
        return Send(fallback, facts.now, (why, Reason.FALLBACK_USED))
    return _refuse(stop, (why, Reason.FALLBACK_FAILED, stop.reason))


def recheck(facts: Facts, channel: Channel, *, transactional: bool, action: bool = False) -> Reason | None:
    """The second look, at the moment of sending: what may have changed since the decision. Nothing that matters to an
    action can have."""
    if action:
        return None
    customer = facts.customer
    if is_suppressed(customer, channel):
        return Reason.SUPPRESSED
    if not has_address(customer, channel):
        return Reason.NO_ADDRESS
    if transactional:
        return None
    if not has_consent(customer, channel):
        return Reason.NO_CONSENT
    return None if is_wanted(customer, channel) else Reason.CHANNEL_OFF


def _ask(intent: Intent, channel: Channel, facts: Facts) -> Stop | None:
    for rule in ACTION_RULES if intent.speak.action else RULES:
        stop = rule(intent, channel, facts)
        if stop is not None:
            return stop
    return None


def _refuse(stop: Stop, reasons: tuple[Reason, ...]) -> Decision:
    return Drop(reasons) if stop.until is None else Hold(stop.until, reasons)
