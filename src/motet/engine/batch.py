"""What one turn of a lane works on, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.core.customers import Customer, Suppression
from motet.core.events import Event
from motet.core.facts import Enrollment
from motet.core.messages import Message
from motet.core.outcomes import UpdateProfile
from motet.core.reasons import Reason
from motet.core.words import Channel, Verdict
from motet.engine.segments import Ground, Moves
from motet.storage.stats import Counts

MOVE = "move"  # the kind of a launch that takes people from older revisions to a new one


class Cursor(msgspec.Struct, frozen=True):
    """Where a lane stands in the event log (see the `lane` table)."""

    done: str
    target: str | None
    at_xid: str
    at_id: UUID


class Budget(msgspec.Struct, frozen=True):
    """Of a campaign that lets in a limited number of customers."""

    limit: int
    entered: int  # so far, over all lanes

    @property
    def left(self) -> int:
        return self.limit - self.entered


class LaunchSlice(msgspec.Struct, frozen=True):
    """The next customers of one launch in one lane."""

    launch_id: UUID
    campaign_id: UUID
    revision_id: UUID
    kind: str  # audience | customers | state | move
    customers: tuple[UUID, ...]
    last: bool  # nobody comes after these


class Batch(msgspec.Struct, frozen=True):
    """Everything loaded for one turn. Maps are keyed by the customer's id."""

    lane: int
    fence: int  # that it was loaded under, and must be committed under
    now: datetime
    cursor: Cursor
    events: dict[UUID, list[Event]]
    due: frozenset[UUID]  # customers with a timer that has come
    launches: tuple[LaunchSlice, ...]
    customers: dict[UUID, Customer]
    enrollments: dict[UUID, list[Enrollment]]
    messages: dict[UUID, list[Message]]
    full: bool  # a limit was reached: there is more
    heard: bool = True  # whether the cursor moves over any row of the log
    strangers: tuple[Event, ...] = ()  # of customers who are not in this lane: merged into another, or nobody
    ground: Ground | None = None  # None: nothing is evaluated
    merging: bool = False  # a merge waits for its next step
    stirred: frozenset[UUID] = frozenset()  # who they are may have changed, and a journey watches that
    budgets: dict[UUID, Budget] = {}  # by campaign, of those with a limit

    @property
    def empty(self) -> bool:
        """Whether there is nothing to think about and nothing to commit."""
        ground = self.ground
        moved = ground is not None and (ground.busy or ground.flipped)
        return not (self.heard or self.due or self.launches or self.full or moved)


class DecisionRow(msgspec.Struct, frozen=True):
    """A hold, a drop, or a refused entry, for the record."""

    customer_id: UUID
    campaign_id: UUID
    enrollment_id: UUID | None
    step: int | None
    channel: Channel | None
    verdict: Verdict
    reasons: tuple[Reason, ...]
    until: datetime | None


class ProfileChange(msgspec.Struct):
    """What journeys write of a customer: laid over the row as it is at that moment."""

    set: dict[str, Any] = {}
    unset: dict[str, None] = {}
    add_tags: dict[str, None] = {}
    remove_tags: dict[str, None] = {}
    topics: dict[str, bool] = {}

    def add(self, update: UpdateProfile) -> None:
        """One more update, after those before it."""
        for name in update.unset:
            self.set.pop(name, None)
            self.unset[name] = None
        self.set |= update.set
        for tag in update.add_tags:
            self.remove_tags.pop(tag, None)
            self.add_tags[tag] = None
        for tag in update.remove_tags:
            self.add_tags.pop(tag, None)
            self.remove_tags[tag] = None
        self.topics |= update.topics


class CustomerChange(msgspec.Struct):
    """The engine's own fields of a customer, as far as they changed."""

    last_interaction_at: datetime | None = None
    last_purchase_at: datetime | None = None
    consents: dict[str, bool] = {}
    suppressions: dict[str, Suppression] = {}
    dead_tokens: list[str] = []
    lifecycle_stage: str | None = None


class Effects:
    """What should happen, gathered; `commit` makes it so."""

    def __init__(self) -> None:
        self.born: dict[UUID, Enrollment] = {}
        self.moved: dict[UUID, Enrollment] = {}
        self.rewritten: set[UUID] = set()  # of `moved`: those whose revision, context or state changed as well
        self.approved: dict[UUID, tuple[Message, datetime]] = {}  # with the moment to send
        self.touched: dict[UUID, Message] = {}
        self.decisions: list[DecisionRow] = []
        self.customers: dict[UUID, CustomerChange] = {}
        self.profiles: dict[UUID, ProfileChange] = {}
        self.emitted: list[Event] = []
        self.entries: dict[UUID, int] = {}  # campaign with a limit -> how many entered
        self.launched: dict[UUID, list[int]] = {}  # launch -> [enrolled, refused]
        self.counts = Counts()
        self.moves = Moves()

    @property
    def said(self) -> Iterator[str]:
        """Names of the events that the commit appends to the lane's log."""
        yield from (event.name for event in self.emitted)
        yield from (name for _, name, _ in self.moves.facts)

    def merge(self, other: Effects) -> None:
        self.born.update(other.born)
        self.moved.update(other.moved)
        self.rewritten |= other.rewritten
        self.approved.update(other.approved)
        self.touched.update(other.touched)
        self.decisions.extend(other.decisions)
        self.customers.update(other.customers)
        self.profiles.update(other.profiles)
        self.emitted += other.emitted
        for campaign, more in other.entries.items():
            self.entries[campaign] = self.entries.get(campaign, 0) + more
        for launch, (enrolled, refused) in other.launched.items():
            mine = self.launched.setdefault(launch, [0, 0])
            mine[0] += enrolled
            mine[1] += refused
        self.counts.merge(other.counts)
        self.moves.merge(other.moves)
