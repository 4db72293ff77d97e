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
from motet.core.words import CampaignStatus, Channel, Priority
from motet.journeys.runner import Runnable, make_runnable

log = structlog.get_logger()

NOTHING: Mapping[UUID, str] = {}

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
    attentive: bool = False  # some step, exit or goal of a journey listens: any event may be awaited
    by_name: dict[str, Runnable] = {}  # running ones, as they are now
    watchers: frozenset[UUID] = frozenset()  # running campaigns that look at who a customer is at any moment
    urgent: frozenset[UUID] = frozenset()  # running campaigns whose timers go before those of others
    limits: dict[UUID, int] = {}  # campaign -> how many may enter
    broken: dict[UUID, str] = {}  # revision that cannot be run -> why

    @property
    def idle(self) -> list[UUID]:
        """Campaigns whose timers wait: paused, or not begun. Those of ended ones come due and leave."""
        return [c for c, s in self.status.items() if s in _STANDING]

    def ended(self, campaign: UUID) -> str | None:
        """Why nobody goes on in a campaign, when it is over."""
        return _OVER.get(self.status[campaign]) if campaign in self.status else "campaign removed"

    def awaits(self, event: str) -> bool:
        """Whether something may come of an event of that name."""
        return self.attentive or event in self.awaited

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
    broken: Mapping[UUID, str] = NOTHING,
) -> World:
    """`known` are runnables of an earlier world: a revision never changes, so they are kept. `broken` are revisions
    that could not even be read; those that cannot be run join them, and the others are none the worse for it."""
    faults = dict(broken)
    runnables = {r: known.get(r) or _make_ready(p, book.traits, faults) for r, p in programs.items()}
    ready = {r: runnable for r, runnable in runnables.items() if runnable is not None}
    current = {c: ready[revision] for c, (_, revision) in campaigns.items() if revision in ready}
    running = {c: r for c, r in current.items() if campaigns[c][0] is CampaignStatus.RUNNING}
    by_event: defaultdict[str, list[Runnable]] = defaultdict(list)
    goals: defaultdict[str, set[UUID]] = defaultdict(set)
    for campaign, runnable in current.items():
        goals[runnable.program.conversion].add(campaign)
    for runnable in running.values():
        if runnable.program.trigger.event:
            by_event[runnable.program.trigger.event].append(runnable)
    return World(
        ready,
        {c: r for c, (_, r) in campaigns.items()},
        {c: s for c, (s, _) in campaigns.items()},
        policy,
        channels,
        dict(by_event),
        {event: frozenset(ids) for event, ids in goals.items()},
        book,
        zone,
        frozenset((*by_event, *goals, *book.by_event, *(r.program.exit_on or "" for r in ready.values()))),
        attentive=any(_listens(r) for r in ready.values()),
        by_name={r.program.name: r for r in running.values()},
        watchers=frozenset(r.program.id for r in ready.values() if r.program.id in running and r.watches),
        urgent=frozenset(c for c, r in running.items() if r.program.priority is Priority.URGENT and _waits(r)),
        limits={c: r.program.max_entries for c, r in running.items() if r.program.max_entries is not None},
        broken=faults,
    )


def _waits(runnable: Runnable) -> bool:
    """Whether it has timers at all, beyond those of what was held."""
    return any(step.kind not in ("message", "exit") for step in runnable.steps)


def _listens(runnable: Runnable) -> bool:
    program = runnable.program
    return bool(program.exits.events or program.goals or runnable.watches) or any(s.type.hear for s in runnable.steps)


def _make_ready(program: Program, traits: Mapping[str, Any], broken: dict[UUID, str]) -> Runnable | None:
    """A trait that is gone, or is something else now, has no value, and a step that is wrong stops only those who come
    to it; neither stops the campaign or the engine. What cannot be run at all is set down in `broken`."""
    try:
        return make_runnable(program, traits)
    except Refused as refused:
        log.error("a campaign asks for what it cannot have", campaign=program.name, error=str(refused))
    except Exception:
        log.exception("a campaign cannot be run", campaign=program.name)
    try:
        return make_runnable(program, strict=False)
    except Exception as error:
        log.exception("a campaign cannot be run", campaign=program.name)
        broken[program.revision_id] = str(error)
        return None


def measures_of(runnables: Iterable[Runnable]) -> list[Measure]:
    """What campaigns ask of the past."""
    return [measure for runnable in runnables for measure in runnable.measures]
