"""What a merge sets aside, and what an undo brings back: rows in, rows out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from motet.core.ids import derive_enrollment_id, derive_message_id, uuid7
from motet.core.words import EnrollmentStatus, MessageStatus
from motet.engine.arriving import quiet
from motet.engine.returning import restore
from motet.storage.stats import Counts

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CAMPAIGN, OTHER, REVISION, LOSER = (uuid7(n) for n in range(1, 5))


def packed(
    campaign: UUID, status: MessageStatus, enrolled: EnrollmentStatus = EnrollmentStatus.ACTIVE
) -> dict[str, Any]:
    enrollment = derive_enrollment_id(LOSER, campaign, LOSER, 9)
    return {
        "enrollments": [
            {"id": str(enrollment), "campaign_id": str(campaign), "revision_id": str(REVISION), "step": 1,
             "status": int(enrolled), "due_at": NOW.isoformat()}
        ],
        "messages": [
            {"id": str(derive_message_id(enrollment, 1, 1)), "campaign_id": str(campaign), "step": 1, "channel": 1,
             "status": int(status), "send_at": NOW.isoformat()}
        ],
        "decisions": [],
        "inbox": [],
    }  # fmt: skip


def test_a_campaign_that_only_the_loser_is_in_goes_on() -> None:
    rows, counts = packed(OTHER, MessageStatus.APPROVED), Counts()
    quieted, arrived = quiet(rows, {str(CAMPAIGN)}, counts, NOW)
    assert arrived == rows
    assert not quieted.ended
    assert not quieted.dropped
    assert not counts.metrics


def test_the_second_enrollment_in_a_campaign_ends_and_is_silent() -> None:
    counts = Counts()
    quieted, arrived = quiet(packed(CAMPAIGN, MessageStatus.APPROVED), {str(CAMPAIGN)}, counts, NOW)
    [enrollment], [message], [decision] = arrived["enrollments"], arrived["messages"], arrived["decisions"]
    assert (enrollment["status"], enrollment["due_at"], enrollment["exit_reason"]) == (3, None, "merged")
    assert (message["status"], message["send_at"]) == (int(MessageStatus.DROPPED), None)
    assert decision["enrollment_id"] == enrollment["id"]
    assert counts.departed == {(REVISION, 1): 1}
    assert (quieted.ended, quieted.dropped) == ([enrollment["id"]], [message["id"]])


def test_what_was_sent_stays_as_it_is() -> None:
    rows = packed(CAMPAIGN, MessageStatus.ACCEPTED)
    _, arrived = quiet(rows, {str(CAMPAIGN)}, Counts(), NOW)
    assert arrived["messages"] == rows["messages"]
    over = packed(CAMPAIGN, MessageStatus.APPROVED, EnrollmentStatus.COMPLETED)
    _, arrived = quiet(over, {str(CAMPAIGN)}, Counts(), NOW)
    assert arrived["messages"] == over["messages"]


def test_an_undo_brings_back_what_was_set_aside_and_its_counts() -> None:
    rows, counts = packed(CAMPAIGN, MessageStatus.APPROVED), Counts()
    quieted, arrived = quiet(rows, {str(CAMPAIGN)}, counts, NOW)
    back = restore(rows, arrived, quieted, counts)
    assert {kind: back[kind] for kind in rows} == rows
    assert not any((*counts.metrics.values(), *counts.departed.values(), *counts.reasons.values()))
