"""Whether a customer enters a program: the campaign's own rules on entries."""

from __future__ import annotations

from datetime import timedelta

from motet.core.facts import Enrollment, Facts
from motet.core.program import Program
from motet.core.reasons import Reason
from motet.core.words import EnrollmentStatus
from motet.decisions.rules.purchasers import bought_recently


def admit(program: Program, facts: Facts, *, named: bool = False) -> Reason | None:
    """None lets the customer in; else the reason that stands against it.

    `named` says that a person launched the program for this very customer: its target segments do not matter then.
    """
    own = [e for e in facts.enrollments if e.program_id == program.id]
    if not named and program.segments:
        customer = facts.customer
        if not set(program.segments).intersection((*customer.tags, *customer.segments)):
            return Reason.NOT_TARGETED
    if program.ends_at is not None and facts.now >= program.ends_at:
        return Reason.OUTSIDE_WINDOW
    return (
        _reentry(program, own)
        or _entry_caps(program, own, facts)
        or _cooldown(program, own, facts)
        or (Reason.RECENT_PURCHASE if bought_recently(program, facts) else None)
    )


def _reentry(program: Program, own: list[Enrollment]) -> Reason | None:
    if program.reentry == "always" or not own:
        return None
    if program.reentry == "once" or any(e.status is EnrollmentStatus.ACTIVE for e in own):
        return Reason.ALREADY_ENROLLED
    return None


def _entry_caps(program: Program, own: list[Enrollment], facts: Facts) -> Reason | None:
    for cap in program.rules.entries:
        since = facts.now - timedelta(seconds=cap.seconds)
        if sum(e.entered_at > since for e in own) >= cap.count:
            return Reason.CAMPAIGN_CAP
    return None


def _cooldown(program: Program, own: list[Enrollment], facts: Facts) -> Reason | None:
    if program.rules.cooldown is None:
        return None
    since = facts.now - timedelta(seconds=program.rules.cooldown)
    return Reason.COOLDOWN if any(e.entered_at > since for e in own) else None
