from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import LOOSE, NOW, a_customer, a_message, a_program, an_enrollment, say, some_facts
from motet.core.customers import Customer, Device, Suppression
from motet.core.facts import Facts, enrollment_view
from motet.core.filters import compile_filter
from motet.core.outcomes import Drop, Hold, Send, Speak
from motet.core.program import Cap, FrequencyRules, Policy, Program
from motet.core.reasons import Reason
from motet.core.words import Channel, MessageStatus, Priority
from motet.decisions.intent import Intent
from motet.decisions.pipeline import decide, recheck
from motet.decisions.rules.caps import free_at


def an_intent(
    facts: Facts, program: Program | None = None, channel: Channel = Channel.EMAIL, fallback: Channel | None = None,
    conditions: dict[str, Any] | None = None, policy: Policy = LOOSE,
) -> Intent:  # fmt: skip
    program = program or a_program(say())
    enrollment = an_enrollment(facts.customer, program)
    speak = Speak(step=0, channel=channel, priority=Priority.MEDIUM, fallback=fallback)
    condition = compile_filter(conditions) if conditions else None
    return Intent(speak, program, enrollment, condition, enrollment_view(facts, enrollment), policy)


def test_nothing_in_the_way_sends_now() -> None:
    facts = some_facts()
    assert decide(an_intent(facts), facts) == Send(Channel.EMAIL, NOW, (Reason.ELIGIBLE,))


@pytest.mark.parametrize(
    ("customer", "reason"),
    [
        (a_customer(suppressions={"email": Suppression("ada@example.com", "bounced")}), Reason.SUPPRESSED),
        (a_customer(consents={"email": False}), Reason.NO_CONSENT),
        (a_customer(preferences={"email": False}), Reason.CHANNEL_OFF),
        (a_customer(email=None), Reason.NO_ADDRESS),
    ],
)
def test_what_the_customer_refused_is_dropped_with_its_reason(customer: Customer, reason: Reason) -> None:
    facts = some_facts(customer)
    assert decide(an_intent(facts), facts) == Drop((reason,))
    served = decide(an_intent(facts, fallback=Channel.SMS), facts)
    assert served == Send(Channel.SMS, NOW, (reason, Reason.FALLBACK_USED))


def test_a_fallback_that_cannot_serve_says_both_reasons() -> None:
    facts = some_facts(a_customer(phone=None, email=None))
    assert decide(an_intent(facts, channel=Channel.SMS, fallback=Channel.EMAIL), facts) == Drop(
        (Reason.NO_ADDRESS, Reason.FALLBACK_FAILED, Reason.NO_ADDRESS)
    )


def test_transactional_passes_consent_but_never_suppression() -> None:
    program = a_program(say(), transactional=True)
    refused = some_facts(a_customer(consents={"email": False}, preferences={"email": False}))
    assert isinstance(decide(an_intent(refused, program), refused), Send)
    suppressed = some_facts(a_customer(suppressions={"email": Suppression("ada@example.com", "complaint")}))
    assert decide(an_intent(suppressed, program), suppressed) == Drop((Reason.SUPPRESSED,))


def test_a_suppression_speaks_of_an_address_not_of_a_person() -> None:
    moved_on = a_customer(email="new@example.com", suppressions={"email": Suppression("old@example.com", "bounced")})
    facts = some_facts(moved_on)
    assert isinstance(decide(an_intent(facts), facts), Send)


def test_a_condition_that_is_not_met_drops_without_asking_the_fallback() -> None:
    facts = some_facts(a_customer(attributes={"cart_value": 20}))
    intent = an_intent(facts, fallback=Channel.SMS, conditions={"cart_value": {"$gt": 50}})
    assert decide(intent, facts) == Drop((Reason.CONDITION_FALSE,))


def test_a_condition_sees_what_the_enrollments_messages_brought() -> None:
    program, customer = a_program(say()), a_customer()
    opened = a_message(customer, program, opened_at=NOW)
    for messages, wanted in (((), True), ((opened,), False)):
        facts = some_facts(customer, messages=messages)
        decision = decide(an_intent(facts, program, conditions={"email_opened": False}), facts)
        assert isinstance(decision, Send) is wanted


def test_a_campaign_cap_holds_until_it_frees() -> None:
    program = a_program(say(), rules=FrequencyRules(caps=(Cap(1, 86400, "email"),)))
    customer = a_customer()
    facts = some_facts(customer, messages=(a_message(customer, program, ago=timedelta(hours=20)),))
    assert decide(an_intent(facts, program), facts) == Hold(NOW + timedelta(hours=4), (Reason.CHANNEL_CAP,))
    assert isinstance(decide(an_intent(facts, program, Channel.SMS), facts), Send)


def test_a_cap_that_frees_too_late_drops() -> None:
    program = a_program(say(), rules=FrequencyRules(caps=(Cap(1, 7 * 86400, "email"),)))
    customer = a_customer()
    facts = some_facts(customer, messages=(a_message(customer, program, ago=timedelta(days=2)),))
    assert decide(an_intent(facts, program), facts) == Drop((Reason.CHANNEL_CAP,))


def test_the_cap_over_all_channels_counts_every_campaign() -> None:
    customer, policy = a_customer(), Policy(caps=(Cap(2, 86400),))
    other = a_program(say(), id=an_enrollment(customer, a_program()).id)
    messages = (
        a_message(customer, other, Channel.SMS, ago=timedelta(hours=5)),
        a_message(customer, other, Channel.PUSH, ago=timedelta(hours=2), visit=2),
    )
    facts = some_facts(customer, messages=messages)
    assert decide(an_intent(facts, policy=policy), facts) == Hold(NOW + timedelta(hours=19), (Reason.GLOBAL_CAP,))


def test_a_customers_own_cap_wins_and_zero_means_never() -> None:
    facts = some_facts(a_customer(caps={"email": 0}))
    assert decide(an_intent(facts), facts) == Drop((Reason.CHANNEL_CAP,))


def test_rejected_messages_take_no_room_under_a_cap() -> None:
    program = a_program(say(), rules=FrequencyRules(caps=(Cap(1, 86400, "email"),)))
    customer = a_customer()
    facts = some_facts(customer, messages=(a_message(customer, program, status=MessageStatus.REJECTED),))
    assert isinstance(decide(an_intent(facts, program), facts), Send)


def test_recent_buyers_are_left_alone() -> None:
    program = a_program(say(), rules=FrequencyRules(exclude_purchasers=86400.0))
    facts = some_facts(a_customer(last_purchase_at=NOW - timedelta(hours=1)))
    assert decide(an_intent(facts, program), facts) == Drop((Reason.RECENT_PURCHASE,))


def test_the_second_look_sees_what_changed_since() -> None:
    assert recheck(some_facts(), Channel.EMAIL, transactional=False) is None
    left = some_facts(a_customer(consents={"email": False}))
    assert recheck(left, Channel.EMAIL, transactional=False) is Reason.NO_CONSENT
    assert recheck(left, Channel.EMAIL, transactional=True) is None
    assert recheck(left, Channel.SMS, transactional=False) is None


ages = st.lists(st.integers(0, 20 * 86400), max_size=30)


@given(ages, st.integers(1, 5), st.integers(60, 14 * 86400))
def test_a_cap_is_never_exceeded_by_sending_when_it_says_free(seconds: list[int], count: int, window: int) -> None:
    customer, program = a_customer(), a_program(say())
    messages = [a_message(customer, program, ago=timedelta(seconds=s), visit=i + 1) for i, s in enumerate(seconds)]
    cap = Cap(count, window, "email")
    free = free_at(cap, messages, Channel.EMAIL, NOW)
    at = free or NOW
    within = [m for m in messages if at - timedelta(seconds=window) < m.approved_at <= at]
    assert len(within) < count
    if free is not None:
        assert free > NOW
        just_before = free - timedelta(microseconds=1)
        crowded = [m for m in messages if just_before - timedelta(seconds=window) < m.approved_at <= just_before]
        assert len(crowded) >= count


customers = st.builds(
    a_customer,
    email=st.sampled_from([None, "ada@example.com"]),
    phone=st.sampled_from([None, "+12025550123"]),
    devices=st.sampled_from([(), (Device("t"),)]),
    consents=st.dictionaries(st.sampled_from(["email", "sms", "push"]), st.booleans()),
    preferences=st.dictionaries(st.sampled_from(["email", "sms", "push"]), st.booleans()),
)


@given(customers, st.sampled_from([Channel.EMAIL, Channel.SMS, Channel.PUSH]), st.sampled_from([None, *Channel]))
def test_whatever_is_sent_passes_the_second_look(
    customer: Customer, channel: Channel, fallback: Channel | None
) -> None:
    facts = some_facts(customer)
    decision = decide(an_intent(facts, channel=channel, fallback=fallback), facts)
    if isinstance(decision, Send):
        assert recheck(facts, decision.channel, transactional=False) is None
        assert decision.channel in (channel, fallback)
    else:
        assert decision.reasons
