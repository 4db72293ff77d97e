"""Where one customer stands, while a turn thinks about them: tallies and memberships that move event by event. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from motet.audience.segments.book import SegmentBook
from motet.audience.segments.evaluate import Changes, evaluate
from motet.audience.segments.tallies import Counts, count_event, take_over, write_tallies
from motet.core.customers import Customer
from motet.core.events import LIFECYCLE_CHANGED, SEGMENT_ENTERED, SEGMENT_LEFT, Event
from motet.core.facts import profile_view
from motet.engine.segments import Ground, Moves, StandingRow, counted_of

_NOWHERE = StandingRow((), None, None)
_SOON = timedelta(seconds=1)


class Footing:
    """Not frozen: it lives for one customer in one batch. `local` is now on the brand's clocks."""

    def __init__(self, book: SegmentBook, ground: Ground, customer: Customer, now: datetime, local: datetime) -> None:
        self.book = book
        self.ground = ground
        self.now = now
        self.local = local
        self.row = ground.standings.get(customer.id, _NOWHERE)
        self.before = self.members = frozenset(self.row.segments) & book.known
        self.flips_at = self.row.flips_at
        self.covered = ground.reach.rules(customer.id)
        self.counts = Counts(book.lookup, self.row.tallies, ground.reach.measures(customer.id))
        self.tallied = False
        self.stage: str | None = None  # moved to
        self.moves = Moves()

    def place(self, customer: Customer) -> Customer:
        """The customer with the names of their segments."""
        if not self.members and not customer.segments:
            return customer
        names = self.book.names
        return msgspec.structs.replace(customer, segments=tuple(names[n] for n in self.members if n in names))

    def begin(self, customer: Customer, *, heard: bool) -> Customer:
        """What does not come of an event: counts of the past, a build's look, a profile that was written, a window
        that turned. Whoever has never been looked at is looked at whole when something is `heard` of them."""
        id, ground, book = customer.id, self.ground, self.book
        taken = counted_of(ground.taken, id) if ground.taken else None
        if taken is not None:
            take_over(self.counts.tallies, taken, book.measures, self.now)
            self.tallied = True
        if ground.looked is not None and id in ground.looked.members:
            rules = 0
            for build in ground.looked.builds:
                rules |= book.builds[build].rules
            customer = self.evaluate(customer, rules, quiet=True)
        touched = 0
        if id in ground.changed or (heard and self.row is _NOWHERE):
            touched = book.everything
        if id in ground.flipped:
            touched |= book.timed
            self.flips_at = None
        return self.evaluate(customer, touched) if touched else customer

    def hear(self, before: Customer, after: Customer, event: Event, *, quiet: bool) -> Customer:
        """One event: it is counted, and the rules that hang on it are asked. `after` is what it made of the profile."""
        touched = 0
        if measures := self.book.by_event.get(event.name):
            counting = self.ground.reach.counting
            if len(counting) < len(self.book.measures):  # a build has not begun in this lane
                measures = tuple(m for m in measures if m.number in counting)
            for number in count_event(self.counts.tallies, measures, event, self.now):
                touched |= self.book.by_measure.get(number, 0)
                self.tallied = True
        if after is not before:
            touched |= self._touched_fields(before, after)
        return self.evaluate(after, touched, quiet=quiet) if touched else after

    def evaluate(self, customer: Customer, touched: int, *, quiet: bool = False) -> Customer:
        """Asks the rules, and takes over what they say. Quietly: without events."""
        view = profile_view(customer, self.local, self.counts)
        changes = evaluate(self.book, view, self.members, touched, self.covered)
        self._plan(changes.flips_at, touched)
        if changes.members == self.members and not changes.stages:
            return customer
        self._tell(customer, changes, quiet=quiet)
        self.members = changes.members
        customer = self.place(customer)
        if changes.stages:
            self.stage = changes.stages[-1]
            customer = msgspec.structs.replace(customer, lifecycle_stage=self.stage)
        return customer

    def finish(self, customer: Customer) -> Moves:
        """What is to be written; a row only when it differs."""
        if self.tallied or self.members != self.before or self.flips_at != self.row.flips_at:
            tallies = self.row.tallies
            if self.tallied:
                wanted = self.book.measures
                tallies = write_tallies({n: tally for n, tally in self.counts.tallies.items() if n in wanted})
            self.moves.standings[customer.id] = StandingRow(tuple(self.members), tallies, self.flips_at)
        return self.moves

    def _touched_fields(self, before: Customer, after: Customer) -> int:
        """The rules that ask about what an event may change of a profile."""
        fields = self.book.by_field
        touched = 0
        if after.last_interaction_at is not before.last_interaction_at:
            touched |= fields.get("last_interaction_at", 0) | fields.get("days_since_last_interaction", 0)
        if after.last_purchase_at is not before.last_purchase_at:
            touched |= fields.get("last_purchase_at", 0)
        if after.consents is not before.consents:
            touched |= fields.get("consents", 0)
        if after.devices is not before.devices:
            touched |= fields.get("devices", 0)
        return touched

    def _plan(self, flips_at: datetime | None, touched: int) -> None:
        """When to ask again; of rules that were not asked the moment planned before stays."""
        timed = self.book.timed & self.covered
        if timed & ~touched == 0:
            self.flips_at = None
        if flips_at is not None:
            flips_at = max(flips_at, self.now + _SOON) if flips_at <= self.now else flips_at
            self.flips_at = flips_at if self.flips_at is None else min(self.flips_at, flips_at)

    def _tell(self, customer: Customer, changes: Changes, *, quiet: bool) -> None:
        moves, id = self.moves, customer.id
        for number in changes.members - self.members:
            moves.members[number] = moves.members.get(number, 0) + 1
        for number in self.members - changes.members:
            moves.members[number] = moves.members.get(number, 0) - 1
        if quiet or not (changes.entered or changes.left or changes.stages):
            moves.noted.append(id)
            return
        moves.facts += [(id, SEGMENT_LEFT, {"segment": name}) for name in changes.left]
        moves.facts += [(id, SEGMENT_ENTERED, {"segment": name}) for name in changes.entered]
        stage = customer.lifecycle_stage
        for later in changes.stages:
            moves.facts.append((id, LIFECYCLE_CHANGED, {"from": stage, "to": later}))
            stage = later
