"""A program: what a campaign or a journey compiles to. Immutable; stored as JSON with its revision.

The runtime knows programs only. `Step.args` is decoded by the step type named in `Step.kind`
(`journeys/steps/`, a file each).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.core.words import Priority


class Trigger(msgspec.Struct, frozen=True, omit_defaults=True):
    """What starts an enrollment: an event by name, a state that holds, or (neither) a launch."""

    event: str | None = None
    where: dict[str, Any] = {}  # filter over the event's properties and the customer
    state: dict[str, Any] | None = None  # filter over the customer
    every: float = 86400.0  # seconds between two looks for a state trigger


class Cap(msgspec.Struct, frozen=True, omit_defaults=True):
    """At most `count` messages in any window of `seconds`; `channel` is a channel's word, None means all."""

    count: int
    seconds: float
    channel: str | None = None


class EntryCap(msgspec.Struct, frozen=True):
    """One customer enters at most `count` times in any window of `seconds`."""

    count: int
    seconds: float


class FrequencyRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """A campaign's own limits; its caps count the messages of this campaign only."""

    caps: tuple[Cap, ...] = ()
    entries: tuple[EntryCap, ...] = ()
    cooldown: float | None = None  # seconds between two entries of one customer
    exclude_purchasers: float | None = None  # seconds since a purchase in which nobody enters or is written to


class Policy(msgspec.Struct, frozen=True, omit_defaults=True):
    """The brand's limits over all campaigns (the setting `policy`). A customer's own cap wins over the default."""

    caps: tuple[Cap, ...] = ()
    daily_per_channel: int = 10


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    kind: str
    args: dict[str, Any] = {}


class EventTest(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event by name, of which a filter over its properties and the customer holds."""

    event: str
    where: dict[str, Any] = {}


class Goal(msgspec.Struct, frozen=True, omit_defaults=True):
    """What success is: an event (since entry), or a state of the customer. One of the two."""

    name: str
    event: EventTest | None = None
    state: dict[str, Any] | None = None  # filter over the customer


class Exits(msgspec.Struct, frozen=True, omit_defaults=True):
    """What ends an enrollment wherever it stands; each for itself."""

    after: float | None = None  # seconds since entry
    events: tuple[EventTest, ...] = ()
    state: dict[str, Any] | None = None  # filter over the customer
    unsubscribed: tuple[str, ...] = ()  # channels' words; the customer withdrew consent for one of them since entry
    goal: bool = False  # as soon as one goal is reached


class Program(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A compiled campaign or journey. Steps are numbered by their place in `steps`."""

    id: UUID  # of the campaign, the same over its revisions
    revision_id: UUID
    name: str
    kind: str = "campaign"  # campaign | journey
    trigger: Trigger = Trigger()
    segments: tuple[str, ...] = ()  # target segments (tags): any of them; none means everybody
    rules: FrequencyRules = FrequencyRules()
    steps: tuple[Step, ...] = ()
    priority: Priority = Priority.MEDIUM
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    reentry: str = "once"  # once | after_exit | always
    variables: dict[str, Any] = {}  # defaults for templates, the brand's words
    conversion: str = "purchase"  # the event that counts as the goal
    exit_on: str | None = None  # an event that ends the enrollment
    transactional: bool = False
    exits: Exits = Exits()
    goals: tuple[Goal, ...] = ()
    max_entries: int | None = None  # enrollments over all customers
    existing: str = "stay"  # stay | move: what a new revision does with those who stand in an older one
    moves: dict[str, str] = {}  # a step's name in older revisions -> its name here, `exit` among them
