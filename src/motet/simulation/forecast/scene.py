"""Everything that is the same for all people of one simulation: the world over time, the parameters, the calendar."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from motet.audience.segments.book import EMPTY, Build, Draft, SegmentBook, make_book
from motet.audience.segments.tallies import Numbered
from motet.core.clock import to_ms
from motet.core.events import ACTION_ANSWERED, LIFECYCLE_CHANGED, SEGMENT_ENTERED, SEGMENT_LEFT
from motet.core.filters.history import make_counter
from motet.core.program import Policy, Program
from motet.core.words import CampaignStatus, Channel
from motet.engine.segments import Reach
from motet.engine.world import World, make_world, measures_of
from motet.journeys.runner import Runnable
from motet.simulation.forecast.answers import BOUNCED, CLICK, COMPLAINS, DELIVERED, LEAVES, VIEW
from motet.simulation.forecast.arrivals import find_wanted
from motet.simulation.forecast.parameters import Parameters

_DELIVERED = DELIVERED.encode()
# What nobody does of themselves: it comes of segments, of messages, or of what people make of them.
OURS = frozenset({SEGMENT_ENTERED, SEGMENT_LEFT, LIFECYCLE_CHANGED, ACTION_ANSWERED, DELIVERED, VIEW, CLICK, BOUNCED,
                  LEAVES, COMPLAINS})  # fmt: skip
MOST_LOOKS = 1000  # of one program; one that looks more often, as on a fast clock, looks at longer distances here
FIRST_LOOK = UUID(int=1)  # the build under which everybody's segments are found at the start
ALL_CHANNELS = frozenset(Channel)
LAST_MS = (1 << 48) - 1  # of an id: later than anything


class Surroundings(msgspec.Struct, frozen=True):
    """What runs beside the program that is simulated; nothing, without a database."""

    programs: Mapping[UUID, Program] = {}
    campaigns: Mapping[UUID, tuple[CampaignStatus, UUID]] = {}
    policy: Policy = Policy()
    draft: Draft = Draft()  # of the segments
    zone: str = "UTC"


class Look(msgspec.Struct, frozen=True):
    """A moment at which a program looks at everybody, or at its audience."""

    at: datetime
    id: UUID  # of the launch
    program: Program
    kind: str  # audience | state


class Scene(msgspec.Struct, frozen=True):
    """`worlds` are pictures of the brand, each from a moment on: programs begin and end on the way."""

    program: Program
    worlds: tuple[tuple[datetime, World], ...]
    looks: tuple[Look, ...]
    wanted: dict[str, dict[str, Any]]  # what made-up events tell, by name
    given: dict[str, bool]  # what made-up people are, since the program asks for it at its start
    parameters: Parameters
    reach: Reach
    seed: int
    days: int
    start: datetime
    end: datetime
    zone: tzinfo
    hears_delivery: bool  # whether anything asks what arrived: if not, no turn is taken for it
    until: datetime | None = None  # nobody enters from here on: the program's limit is reached

    def world(self, at: datetime) -> World:
        """The brand at that moment."""
        if len(self.worlds) == 1:
            return self.worlds[0][1]
        return self.worlds[max(bisect_right(self.worlds, at, key=_when) - 1, 0)][1]

    @property
    def runnable(self) -> Runnable:
        return self.worlds[0][1].runnables[self.program.revision_id]


def make_scene(
    program: Program, around: Surroundings, parameters: Parameters, *, seed: int, days: int, start: datetime
) -> Scene:
    """The scene of one program, which runs from `start` on or from its own beginning. Raises Refused when the program
    cannot be run."""
    end = start + timedelta(days=days)
    programs, campaigns = place(program, around)
    zone = ZoneInfo(around.zone)
    traits = around.draft.traits
    first = make_world(programs, campaigns, around.policy, ALL_CHANNELS, {}, zone=zone, book=make_book(_still(around)))
    book = _with_measures(around, first)
    worlds = tuple(_worlds(programs, campaigns, around.policy, first, book, zone, start, end))
    wanted = _wanted(program, programs.values(), traits)
    asked = find_wanted(program.trigger.where, traits) if program.trigger.event else {}
    given = {name: value for name, value in asked.items() if isinstance(value, bool)}
    running = {r for _, (s, r) in campaigns.items() if s in (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED)}
    looks = sorted(
        (look for r in running if r in programs for look in _looks(programs[r], program, start, end)),
        key=lambda look: (look.at, look.id),
    )
    every = frozenset(book.measures)
    reach = Reach(book.everything, every, every, ())
    hears = DELIVERED in book.by_event or any(_DELIVERED in msgspec.json.encode(p) for p in programs.values())
    return Scene(program, worlds, tuple(looks), wanted, given, parameters, reach, seed, days, start, end, zone, hears)


def awaited_events(program: Program) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Events that a program waits for, that end it or are its goal, each with its filter."""
    yield from ((test.event, test.where) for test in program.exits.events)
    yield from ((goal.event.event, goal.event.where) for goal in program.goals if goal.event)
    for step in program.steps:
        if step.kind in ("wait_for_event", "digest"):
            yield str(step.args["event"]), step.args.get("where", {})


def _wanted(program: Program, programs: Iterable[Program], traits: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What made-up events tell, so that they are not all in vain: what starts the program comes first. What is true or
    false is left out: it is said of people more often than of events."""
    asked = [(program.trigger.event, program.trigger.where), *awaited_events(program)]
    asked += [(p.trigger.event, p.trigger.where) for p in programs]
    found: dict[str, dict[str, Any]] = {}
    for event, where in asked:
        if event:
            told = {name: value for name, value in find_wanted(where, traits).items() if not isinstance(value, bool)}
            found[event] = told | found.get(event, {})
    return found


def name_id(*parts: str, ms: int | None = None) -> UUID:
    """An id that hangs on names only, in the form of our ids; with `ms` it is of that moment."""
    digest = hashlib.blake2b("/".join(parts).encode(), digest_size=16).digest()
    number = int.from_bytes(digest, "big") & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return UUID(int=number if ms is None else number & (1 << 80) - 1 | (ms & LAST_MS) << 80)


def place(
    program: Program, around: Surroundings
) -> tuple[dict[UUID, Program], dict[UUID, tuple[CampaignStatus, UUID]]]:
    """All programs by revision and each campaign's status, with this one running. What is over or paused is left out:
    nobody moves in it."""
    kept = {
        c: (status, revision)
        for c, (status, revision) in around.campaigns.items()
        if status in (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED) or c == program.id
    }
    programs = {r: p for r, p in around.programs.items() if p.id in kept}
    return {**programs, program.revision_id: program}, {
        **kept, program.id: (CampaignStatus.RUNNING, program.revision_id)
    }  # fmt: skip


def _worlds(
    programs: dict[UUID, Program],
    campaigns: dict[UUID, tuple[CampaignStatus, UUID]],
    policy: Policy,
    first: World,
    book: SegmentBook,
    zone: tzinfo,
    start: datetime,
    end: datetime,
) -> list[tuple[datetime, World]]:
    """As the engine's calendar would have it: a program is running from its beginning to its end."""
    current = {c: programs[r] for c, (_, r) in campaigns.items() if r in programs}
    moments = {m for p in current.values() for m in (p.starts_at, p.ends_at) if m is not None and start < m < end}
    made: list[tuple[datetime, World]] = []
    for at in (start, *sorted(moments)):
        now = {c: (_status(current.get(c), status, at), r) for c, (status, r) in campaigns.items()}
        known = first.runnables if book is first.book else made[0][1].runnables if made else {}
        made.append((at, make_world(programs, now, policy, ALL_CHANNELS, dict(known), book, zone)))
    return made


def _status(program: Program | None, status: CampaignStatus, at: datetime) -> CampaignStatus:
    if program is None:
        return status
    if program.ends_at is not None and program.ends_at <= at:
        return CampaignStatus.COMPLETED
    if program.starts_at is not None and program.starts_at > at:
        return CampaignStatus.SCHEDULED
    return CampaignStatus.RUNNING


def _looks(program: Program, subject: Program, start: datetime, end: datetime) -> list[Look]:
    """A state trigger looks again and again; a broadcast goes out once, and another's has gone out already."""
    begins = max(start, program.starts_at or start)
    last = min(end, program.ends_at or end)
    trigger = program.trigger
    if trigger.state is not None:
        every = max(timedelta(seconds=trigger.every), (last - begins) / MOST_LOOKS)
        count = max(0, -(-(last - begins) // every))
        return [_look(program, begins + every * n, "state") for n in range(count)]
    if trigger.event is None and program.id == subject.id and begins < last:
        return [_look(program, begins, "audience")]
    return []


def _look(program: Program, at: datetime, kind: str) -> Look:
    return Look(at, name_id(str(program.id), at.isoformat(), ms=to_ms(at)), program, kind)


def _still(around: Surroundings) -> Draft:
    """What is live; what is being built is not known yet."""
    draft = around.draft
    return Draft(draft.version, tuple(r for r in draft.rules if r.build is None), draft.stages, draft.measures, (),
                 draft.traits)  # fmt: skip


def _with_measures(around: Surroundings, world: World) -> SegmentBook:
    """The book that counts what the programs ask of the past, too. Everybody is looked over in it at the start."""
    book = world.book
    missing = {m.digest: m for m in measures_of(world.runnables.values()) if not book.lookup.find(m)}
    if missing:
        after = max(book.measures, default=0) + 1
        more = tuple(Numbered(after + n, make_counter(m), FIRST_LOOK, True) for n, m in enumerate(missing.values()))
        draft = _still(around)
        book = make_book(msgspec.structs.replace(draft, measures=(*draft.measures, *more)))
    if book.quiet:
        return book if world.book is not EMPTY else world.book
    return msgspec.structs.replace(book, builds={FIRST_LOOK: Build(FIRST_LOOK, book.everything)})


def _when(entry: tuple[datetime, World]) -> datetime:
    return entry[0]
