"""An action asks another system something; nothing is said to the customer."""

from __future__ import annotations

from datetime import timedelta

from making import NOW, a_customer, a_message, a_program, an_enrollment, some_facts
from motet.core.facts import Facts
from motet.core.filters import compile_filter
from motet.core.outcomes import Decision, Drop, Send, Speak
from motet.core.program import Cap, FrequencyRules, Policy
from motet.core.reasons import Reason
from motet.core.words import Channel, Priority
from motet.decisions.intent import Intent
from motet.decisions.pipeline import decide, recheck

SILENT = a_customer(
    consents={"webhook": False}, preferences={"webhook": False}, caps={"webhook": 0}, last_purchase_at=NOW
)


def ask(facts: Facts, *, action: bool) -> Decision:
    rules = FrequencyRules(caps=(Cap(0, 86400),), exclude_purchasers=86400.0)
    program = a_program(rules=rules, ends_at=NOW - timedelta(days=1))
    speak = Speak(step=0, channel=Channel.WEBHOOK, priority=Priority.LOW, action=action)
    enrollment = an_enrollment(facts.customer, program)
    return decide(Intent(speak, program, enrollment, compile_filter({"a": 1}), {}, Policy()), facts)


def test_no_rule_for_messages_stops_an_action() -> None:
    facts = some_facts(SILENT, messages=(a_message(SILENT, a_program(), Channel.WEBHOOK),))
    assert ask(facts, action=True) == Send(Channel.WEBHOOK, NOW, (Reason.ELIGIBLE,))
    assert isinstance(ask(facts, action=False), Drop)


def test_without_a_provider_an_action_is_dropped() -> None:
    assert ask(some_facts(SILENT, channels=frozenset()), action=True) == Drop((Reason.NO_PROVIDER,))


def test_the_second_look_lets_an_action_pass() -> None:
    facts = some_facts(SILENT)
    assert recheck(facts, Channel.WEBHOOK, transactional=False, action=True) is None
    assert recheck(facts, Channel.WEBHOOK, transactional=False) is Reason.NO_CONSENT
