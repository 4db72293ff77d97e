"""What one turn of a lane works on, and what comes of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from motet.core.customers import Customer, Suppression
from motet.core.events import Event
from motet.core.facts import Enrollment
from motet.core.messages import Message
from motet.core.reasons import Reason
from motet.core.words import Channel, Verdict
from motet.engine.segments import Ground, Moves
from motet.storage.stats import Counts


class Cursor(msgspec.Struct, frozen=True):
    """Where a lane stands in the event log (see the `lane` table)."""

    done: str
    target: str | None
    at_xid: str
    at_id: UUID


class LaunchSlice(msgspec.Struct, frozen=True):
    """The next customers of one launch in one lane."""

    launch_id: UUID
    campaign_id: UUID
    revision_id: UUID
    kind: str  # audience | customers | state
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
        self.approved: dict[UUID, tuple[Message, datetime]] = {}  # with the moment to send
        self.touched: dict[UUID, Message] = {}
        self.decisions: list[DecisionRow] = []
        self.customers: dict[UUID, CustomerChange] = {}
        self.launched: dict[UUID, list[int]] = {}  # launch -> [enrolled, refused]
        self.counts = Counts()
        self.moves = Moves()

    def merge(self, other: Effects) -> None:
        self.born.update(other.born)
        self.moved.update(other.moved)
        self.approved.update(other.approved)
        self.touched.update(other.touched)
        self.decisions.extend(other.decisions)
        self.customers.update(other.customers)
        for launch, (enrolled, refused) in other.launched.items():
            mine = self.launched.setdefault(launch, [0, 0])
            mine[0] += enrolled
            mine[1] += refused
        self.counts.merge(other.counts)
        self.moves.merge(other.moves)
