"""What the engine knows of the brand: programs made ready to run, which campaigns run, the policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, tzinfo
from typing import Any
from uuid import UUID

import msgspec
import structlog

from motet.audience.segments.book import EMPTY, SegmentBook
from motet.core.errors import Refused
from motet.core.measures import Measure
from motet.core.program import Policy, Program
from motet.core.words import CampaignStatus, Channel
from motet.journeys.runner import Runnable, make_runnable

log = structlog.get_logger()

_STANDING = frozenset({CampaignStatus.DRAFT, CampaignStatus.SCHEDULED, CampaignStatus.PAUSED})
_OVER = {CampaignStatus.COMPLETED: "campaign ended", CampaignStatus.CANCELLED: "campaign cancelled"}


class World(msgspec.Struct, frozen=True):
    """One consistent picture, replaced whole when a campaign changes."""

    runnables: dict[UUID, Runnable]  # by revision
    current: dict[UUID, UUID]  # campaign -> its current revision
    status: dict[UUID, CampaignStatus]
    policy: Policy
    channels: frozenset[Channel]
    by_event: dict[str, list[Runnable]]  # running campaigns that the event starts
    goals: dict[str, frozenset[UUID]]  # event -> campaigns for which it is the goal
    book: SegmentBook = EMPTY
    zone: tzinfo = UTC  # of the brand: where its days and weeks begin
    awaited: frozenset[str] = frozenset()  # events that start or end something, are a goal, or are counted

    @property
    def idle(self) -> list[UUID]:
        """Campaigns whose timers wait: paused, or not begun. Those of ended ones come due and leave."""
        return [c for c, s in self.status.items() if s in _STANDING]

    def ended(self, campaign: UUID) -> str | None:
        """Why nobody goes on in a campaign, when it is over."""
        return _OVER.get(self.status[campaign]) if campaign in self.status else "campaign removed"

    @property
    def running(self) -> list[UUID]:
        return [c for c, s in self.status.items() if s is CampaignStatus.RUNNING]


def make_world(
    programs: dict[UUID, Program],
    campaigns: dict[UUID, tuple[CampaignStatus, UUID]],
    policy: Policy,
    channels: frozenset[Channel],
    known: dict[UUID, Runnable],
    book: SegmentBook = EMPTY,
    zone: tzinfo = UTC,
) -> World:
    """`known` are runnables of an earlier world: a revision never changes, so they are kept."""
    runnables = {r: known.get(r) or _make_ready(p, book.traits) for r, p in programs.items()}
    by_event: defaultdict[str, list[Runnable]] = defaultdict(list)
    goals: defaultdict[str, set[UUID]] = defaultdict(set)
    for campaign, (status, revision) in campaigns.items():
        runnable = runnables.get(revision)
        if runnable is None:
            continue
        goals[runnable.program.conversion].add(campaign)
        if status is CampaignStatus.RUNNING and runnable.program.trigger.event:
            by_event[runnable.program.trigger.event].append(runnable)
    return World(
        runnables,
        {c: r for c, (_, r) in campaigns.items()},
        {c: s for c, (s, _) in campaigns.items()},
        policy,
        channels,
        dict(by_event),
        {event: frozenset(ids) for event, ids in goals.items()},
        book,
        zone,
        frozenset((*by_event, *goals, *book.by_event, *(r.program.exit_on or "" for r in runnables.values()))),
    )


def _make_ready(program: Program, traits: Mapping[str, Any]) -> Runnable:
    """A trait that is gone, or is something else now, has no value; it stops neither the campaign nor the engine."""
    try:
        return make_runnable(program, traits)
    except Refused as refused:
        log.error("a campaign asks for a trait that it cannot have", campaign=program.name, error=str(refused))
        return make_runnable(program)


def measures_of(runnables: Iterable[Runnable]) -> list[Measure]:
    """What campaigns ask of the past."""
    return [measure for runnable in runnables for measure in runnable.measures]
