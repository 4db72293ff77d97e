"""One customer from the start to the end, alone: a heap of what will happen, and the engine's own `think` at each.

At every moment at which something happens to this customer (an event, a timer, a look of a program, a message that goes
out) one turn is taken, as a lane of the engine would take it. What came of it is laid over the customer, and answers to
what was sent are put into the heap.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from heapq import heappop, heappush
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from motet.core.clock import to_ms
from motet.core.customers import Customer
from motet.core.events import Event
from motet.core.facts import Enrollment, Facts
from motet.core.messages import Message
from motet.core.timezones import infer_timezone
from motet.core.words import CampaignStatus, MessageStatus
from motet.decisions.pipeline import recheck
from motet.engine.batch import Batch, Budget, Cursor, Effects, LaunchSlice
from motet.engine.segments import Ground, Page, StandingRow
from motet.engine.think import think_apart
from motet.engine.world import World
from motet.simulation.forecast.answers import DELIVERED, Act
from motet.simulation.forecast.changes import lay_changes
from motet.simulation.forecast.people import Someone
from motet.simulation.forecast.scene import FIRST_LOOK, Look, Scene

MOST_TURNS = 20_000  # of one customer: more means that something goes round
_MEMORY = timedelta(days=92)  # how long messages are facts, as in the engine
_CURSOR = Cursor("0", None, "0", UUID(int=0))
_NOBODY: frozenset[UUID] = frozenset()

Respond = Callable[["Life", Message, datetime], list[Act]]
Watch = Callable[["Life", datetime, list[Event], Effects], None]


class Life:
    """Not frozen: it lives as long as its customer is simulated."""

    def __init__(self, scene: Scene, someone: Someone, dice: Random, respond: Respond, watch: Watch) -> None:
        self.scene = scene
        self.someone = someone
        self.customer: Customer = someone.customer
        self.dice = dice
        self.respond = respond
        self.watch = watch
        self.enrollments: dict[UUID, Enrollment] = {e.id: e for e in someone.enrollments}
        self.messages: dict[UUID, Message] = {m.id: m for m in someone.messages}
        self.standing: StandingRow | None = someone.standing
        self.heap: list[tuple[datetime, int, Event | Look | UUID | None]] = []
        self.number = 0  # of the next thing in the heap
        self.turns = 0
        self.stirred = False  # the profile, or who is in which segment, was written in the turn before
        self.zone = read_zone(someone.customer)

    def happen(self, at: datetime, name: str, properties: dict[str, Any], value: float = 0.0) -> None:
        """The customer will do that, of themselves."""
        self.plan(at, Event(id=self._id(at), customer_id=self.customer.id, name=name, at=at, properties=properties,
                            value=value, source="simulation"))  # fmt: skip

    def plan(self, at: datetime, what: Event | Look | UUID | None) -> None:
        """An event that will be heard, a look of a program, a message (its id) that will go out, or just a turn."""
        heappush(self.heap, (at, self.number, what))
        self.number += 1

    def live(self) -> None:
        """Everything up to the end of the simulation."""
        scene = self.scene
        for look in scene.looks:
            self.plan(look.at, look)
        if scene.worlds[0][1].book.builds and self.standing is None:
            self._turn(scene.start, [], (), first=True)
        while self.turns < MOST_TURNS:
            due = self._due()
            at = self._next(due)
            if at is None or at >= scene.end:
                return
            self._take(at, due)

    @property
    def lost(self) -> bool:
        """Whether it went round until it was stopped."""
        return self.turns >= MOST_TURNS

    def local(self, at: datetime) -> datetime:
        """The moment on the customer's own clock."""
        return at.astimezone(self.zone)

    def _next(self, due: datetime | None) -> datetime | None:
        """When something happens next; None when nothing does."""
        nearest = self.heap[0][0] if self.heap else None
        if due is not None and (nearest is None or due < nearest):
            nearest = due
        if self.standing is not None and (flips := self.standing.flips_at) is not None:
            nearest = flips if nearest is None or flips < nearest else nearest
        return nearest

    def _due(self) -> datetime | None:
        """The next timer of whoever can move: not of the paused, nor of what begins later."""
        found: datetime | None = None
        for enrollment in self.enrollments.values():
            due = enrollment.due_at
            if due is not None and (found is None or due < found) and self._moves(enrollment):
                found = due
        return found

    def _moves(self, enrollment: Enrollment) -> bool:
        world = self.scene.world(enrollment.due_at or self.scene.start)
        if world.ended(enrollment.program_id):
            return True
        running = world.status[enrollment.program_id] is CampaignStatus.RUNNING
        return running and enrollment.revision_id in world.runnables

    def _take(self, at: datetime, due: datetime | None) -> None:
        """Everything of one moment: messages go out first, then the customer's turn is taken."""
        heap = self.heap
        events: list[Event] = []
        launches: list[LaunchSlice] = []
        while heap and heap[0][0] <= at:
            what = heappop(heap)[2]
            if isinstance(what, Event):
                events.append(what)
            elif isinstance(what, UUID):
                self._dispatch(what, at)
            elif what is not None and self._is_looked_at(what):
                launches.append(_slice(what, self.customer.id))
        now = max(at, self.scene.start)
        flips = self.standing.flips_at if self.standing is not None else None
        if events or launches or self.stirred or (due is not None and due <= now) or (flips and flips <= now):
            self._turn(now, events, launches)

    def _is_looked_at(self, look: Look) -> bool:
        """Whom a launch means; and a state does not let in again who may enter once only."""
        program = look.program
        if look.kind == "audience" and program.segments:
            customer = self.customer
            return not set(program.segments).isdisjoint((*customer.tags, *self._segments()))
        return program.reentry != "once" or all(e.program_id != program.id for e in self.enrollments.values())

    def _segments(self) -> list[str]:
        names = self.scene.worlds[0][1].book.names
        return [names[n] for n in self.standing.segments if n in names] if self.standing is not None else []

    def _turn(self, now: datetime, events: list[Event], launches: Any, *, first: bool = False) -> None:
        self.turns += 1
        id, world = self.customer.id, self.scene.world(now)
        self._forget(now)
        ground = None if world.book.quiet else self._ground(now, first=first)
        stirred = self.stirred or (ground is not None and bool(ground.flipped))
        batch = Batch(
            lane=0,
            fence=0,
            now=now,
            cursor=_CURSOR,
            events={id: events} if events else {},
            due=_NOBODY,
            launches=tuple(launches),
            customers={id: self.customer},
            enrollments={id: list(self.enrollments.values())},
            messages={id: list(self.messages.values())},
            full=False,
            ground=ground,
            stirred=frozenset((id,)) if stirred else _NOBODY,
            budgets=self._budgets(now, world) if world.limits else {},
        )
        self.stirred = False
        for _, effects in think_apart(batch, world):
            self._absorb(now, effects)
            self.watch(self, now, events, effects)

    def _budgets(self, now: datetime, world: World) -> dict[UUID, Budget]:
        """A limit over all customers is found out by a first run: `until` is when it was reached."""
        program, until = self.scene.program, self.scene.until
        spent = until is not None and now >= until
        return {c: Budget(limit, limit if spent and c == program.id else 0) for c, limit in world.limits.items()}

    def _ground(self, now: datetime, *, first: bool) -> Ground:
        id, standing = self.customer.id, self.standing
        flipped = standing is not None and standing.flips_at is not None and standing.flips_at <= now
        page = Page((FIRST_LOOK,), id, id, (id,), members=frozenset((id,))) if first else None
        return Ground(
            {} if standing is None else {id: standing},
            frozenset((id,)) if self.stirred else _NOBODY,
            frozenset((id,)) if flipped else _NOBODY,
            (),
            page,
            None,
            self.scene.reach,
        )

    def _absorb(self, now: datetime, effects: Effects) -> None:
        """What commit and delivery would do."""
        id = self.customer.id
        self.customer = lay_changes(self.customer, effects)
        self.enrollments.update(effects.born)
        self.enrollments.update(effects.moved)
        self.messages.update(effects.touched)
        if (standing := effects.moves.standings.get(id)) is not None:
            self.standing = standing
        elif self.standing is None and not self.scene.worlds[0][1].book.quiet:
            self.standing = StandingRow((), None, None)
        for message, at in effects.approved.values():
            self.messages[message.id] = message
            if at <= now:
                self._dispatch(message.id, now)
            else:
                self.plan(at, message.id)
        for _, name, properties in effects.moves.facts:
            self.plan(now, Event(id=self._id(now), customer_id=id, name=name, at=now, properties=properties,
                                 source="segment"))  # fmt: skip
        for event in effects.emitted:
            self.plan(now, msgspec.structs.replace(event, id=self._id(now)))
        if id in effects.moves.noted and self._is_watched(now):
            self.stirred = True
            self.plan(now, None)

    def _is_watched(self, now: datetime) -> bool:
        """Whether anybody listens when a profile was written."""
        world = self.scene.world(now)
        return bool(world.book.everything or world.watchers)

    def _dispatch(self, id: UUID, now: datetime) -> None:
        """The second look, then the message is with its provider, and answers will come."""
        message = self.messages[id]
        runnable = self.scene.world(now).runnables.get(message.revision_id)
        facts = Facts(customer=self.customer, now=now)
        transactional = runnable is not None and runnable.program.transactional
        if recheck(facts, message.channel, transactional=transactional) is not None:
            self.messages[id] = msgspec.structs.replace(message, status=MessageStatus.DROPPED)
            return
        message = msgspec.structs.replace(message, status=MessageStatus.ACCEPTED, sent_at=now)
        self.messages[id] = message
        for act in self.respond(self, message, now):
            at = now + timedelta(milliseconds=round(act.after * 1000))
            if act.name == DELIVERED and not self.scene.hears_delivery:
                self.messages[id] = msgspec.structs.replace(message, status=MessageStatus.DELIVERED, delivered_at=at)
                continue
            self.plan(at, Event(id=self._id(at), customer_id=self.customer.id, name=act.name, at=at,
                                properties=act.properties, message_id=None if act.own else id,
                                source="simulation" if act.own else "provider"))  # fmt: skip

    def _forget(self, now: datetime) -> None:
        if len(self.messages) > 50:
            self.messages = {i: m for i, m in self.messages.items() if m.approved_at >= now - _MEMORY}

    def _id(self, at: datetime) -> UUID:
        """The id of an event: its time, its place in this life, whose it is."""
        high = (to_ms(at) & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76 | 0x2 << 62
        return UUID(int=high | (self.number & 0x3FFFFFFF) << 32 | self.customer.id.int & 0xFFFFFFFF)


def _slice(look: Look, customer: UUID) -> LaunchSlice:
    return LaunchSlice(look.id, look.program.id, look.program.revision_id, look.kind, (customer,), True)


def read_zone(customer: Customer) -> ZoneInfo:
    """The customer's clock; UTC when nothing tells it."""
    return _zone(customer.timezone or infer_timezone(customer) or "UTC")


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
