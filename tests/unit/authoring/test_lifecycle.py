"""Every status against everything that can be done to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from motet.authoring.lifecycle import after_cancel, after_launch, after_pause, after_resume
from motet.core.errors import Conflict
from motet.core.program import Program
from motet.core.words import CampaignStatus

NOW = datetime(2026, 11, 24, tzinfo=UTC)
DRAFT, SCHEDULED, RUNNING, PAUSED, COMPLETED, CANCELLED = CampaignStatus


def program(starts_at: datetime | None = None, ends_at: datetime | None = None) -> Program:
    return Program(id=UUID(int=1), revision_id=UUID(int=2), name="sale", starts_at=starts_at, ends_at=ends_at)


Act = Callable[[CampaignStatus], CampaignStatus]
ACTS: dict[str, Act] = {
    "launch": lambda s: after_launch(program(), s, NOW, asked=False),
    "launch for some": lambda s: after_launch(program(), s, NOW, asked=True),
    "pause": lambda s: after_pause(program(), s),
    "resume": lambda s: after_resume(program(), s, NOW),
    "cancel": lambda s: after_cancel(program(), s),
}
ALLOWED = {
    ("launch", DRAFT): RUNNING,
    ("launch", COMPLETED): RUNNING,
    ("launch for some", DRAFT): RUNNING,
    ("launch for some", SCHEDULED): RUNNING,
    ("launch for some", RUNNING): RUNNING,
    ("launch for some", COMPLETED): RUNNING,
    ("pause", SCHEDULED): PAUSED,
    ("pause", RUNNING): PAUSED,
    ("resume", PAUSED): RUNNING,
    ("cancel", DRAFT): CANCELLED,
    ("cancel", SCHEDULED): CANCELLED,
    ("cancel", RUNNING): CANCELLED,
    ("cancel", PAUSED): CANCELLED,
}


@pytest.mark.parametrize("status", list(CampaignStatus))
@pytest.mark.parametrize("act", ACTS)
def test_only_what_is_legal_happens(act: str, status: CampaignStatus) -> None:
    if (act, status) in ALLOWED:
        assert ACTS[act](status) is ALLOWED[act, status]
    else:
        with pytest.raises(Conflict, match=r"^sale (is|was) "):
            ACTS[act](status)


def test_a_start_ahead_schedules() -> None:
    ahead = program(starts_at=NOW + timedelta(hours=1))
    assert after_launch(ahead, DRAFT, NOW, asked=False) is SCHEDULED
    assert after_resume(ahead, PAUSED, NOW) is SCHEDULED
    assert after_launch(ahead, SCHEDULED, NOW, asked=True) is SCHEDULED


def test_what_has_ended_is_not_launched() -> None:
    with pytest.raises(Conflict, match="ended on 2026-11-24"):
        after_launch(program(ends_at=NOW), DRAFT, NOW, asked=False)
