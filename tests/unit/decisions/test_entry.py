from __future__ import annotations

from datetime import timedelta

import pytest

from making import NOW, a_customer, a_program, an_enrollment, some_facts
from motet.core.program import EntryCap, FrequencyRules
from motet.core.reasons import Reason
from motet.core.words import EnrollmentStatus
from motet.decisions.entry import admit

DAY = 86400.0


def test_everybody_enters_a_campaign_without_segments() -> None:
    assert admit(a_program(), some_facts()) is None


def test_only_the_target_segments_enter_unless_named() -> None:
    program = a_program(segments=("vip", "new"))
    assert admit(program, some_facts(a_customer(tags=("old",)))) is Reason.NOT_TARGETED
    assert admit(program, some_facts(a_customer(tags=("new",)))) is None
    assert admit(program, some_facts(a_customer()), named=True) is None


@pytest.mark.parametrize(
    ("reentry", "status", "wanted"),
    [
        ("once", EnrollmentStatus.COMPLETED, Reason.ALREADY_ENROLLED),
        ("after_exit", EnrollmentStatus.ACTIVE, Reason.ALREADY_ENROLLED),
        ("after_exit", EnrollmentStatus.COMPLETED, None),
        ("always", EnrollmentStatus.ACTIVE, None),
    ],
)
def test_reentry(reentry: str, status: EnrollmentStatus, wanted: Reason | None) -> None:
    program, customer = a_program(reentry=reentry), a_customer()
    before = an_enrollment(customer, program, entered_at=NOW - timedelta(days=50), status=status)
    assert admit(program, some_facts(customer, enrollments=(before,))) is wanted


def test_entry_caps_and_cooldown_look_back_over_their_windows() -> None:
    rules = FrequencyRules(entries=(EntryCap(2, 30 * DAY),), cooldown=7 * DAY)
    program, customer = a_program(reentry="always", rules=rules), a_customer()

    def entered(*days: float) -> Reason | None:
        past = tuple(an_enrollment(customer, program, entered_at=NOW - timedelta(days=d)) for d in days)
        return admit(program, some_facts(customer, enrollments=past))

    assert entered(8) is None
    assert entered(6) is Reason.COOLDOWN
    assert entered(8, 20) is Reason.CAMPAIGN_CAP
    assert entered(8, 31) is None


def test_recent_buyers_and_ended_campaigns_are_refused() -> None:
    buyer = some_facts(a_customer(last_purchase_at=NOW - timedelta(days=3)))
    assert admit(a_program(rules=FrequencyRules(exclude_purchasers=30 * DAY)), buyer) is Reason.RECENT_PURCHASE
    assert admit(a_program(ends_at=NOW), some_facts()) is Reason.OUTSIDE_WINDOW
