"""What a campaign's status allows. Pure: a status and a moment in, the next status out, or a Conflict in a sentence."""

from __future__ import annotations

from datetime import datetime

from motet.core.errors import Conflict
from motet.core.program import Program
from motet.core.words import CampaignStatus

_LIVE = frozenset({CampaignStatus.SCHEDULED, CampaignStatus.RUNNING})


def after_launch(program: Program, status: CampaignStatus, now: datetime, *, asked: bool) -> CampaignStatus:
    """`asked`: the launch says whom to enrol, so it may be called again while the campaign runs."""
    name = program.name
    check_open(program, status)
    if status is CampaignStatus.PAUSED:
        raise Conflict(f"{name} is paused; resume it first")
    if program.ends_at is not None and program.ends_at <= now:
        raise Conflict(f"{name} ended on {program.ends_at:%Y-%m-%d %H:%M %Z}; move ends_at and apply it first")
    if status in _LIVE and not asked:
        raise Conflict(f"{name} is {status.word} already; say whom to enrol to launch it once more")
    return status if status is CampaignStatus.RUNNING else _begin(program, now)


def check_open(program: Program, status: CampaignStatus) -> None:
    """Raises Conflict for a campaign that was cancelled: its name is spent."""
    if status is CampaignStatus.CANCELLED:
        raise Conflict(f"{program.name} was cancelled; apply the document under a new name")


def after_pause(program: Program, status: CampaignStatus) -> CampaignStatus:
    if status not in _LIVE:
        raise Conflict(f"{program.name} is {status.word}; only what is scheduled or running can be paused")
    return CampaignStatus.PAUSED


def after_resume(program: Program, status: CampaignStatus, now: datetime) -> CampaignStatus:
    if status is not CampaignStatus.PAUSED:
        raise Conflict(f"{program.name} is {status.word}; only what is paused can be resumed")
    return _begin(program, now)


def after_cancel(program: Program, status: CampaignStatus) -> CampaignStatus:
    if status in (CampaignStatus.COMPLETED, CampaignStatus.CANCELLED):
        raise Conflict(f"{program.name} is {status.word} already")
    return CampaignStatus.CANCELLED


def _begin(program: Program, now: datetime) -> CampaignStatus:
    ahead = program.starts_at is not None and program.starts_at > now
    return CampaignStatus.SCHEDULED if ahead else CampaignStatus.RUNNING
