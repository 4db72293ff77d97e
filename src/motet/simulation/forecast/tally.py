"""Counts what came of many lives. A tally is small, however many they are."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, tzinfo
from uuid import UUID

import msgspec

from motet.core.events import Event
from motet.core.metrics import Metric
from motet.core.reasons import Reason
from motet.core.words import Channel, EnrollmentStatus, Verdict
from motet.engine.batch import Effects
from motet.simulation.forecast.life import Life

WAITS = ""  # how it ended: not yet
MOST_WAYS = 500  # different ways through the program that are told apart

Way = tuple[str, tuple[tuple[int, int], ...]]  # how it ended, and what was sent: (step, channel)


class Tally(msgspec.Struct):
    """Not frozen: it is added to. Everything is of the program that is simulated, but `others`."""

    program_id: UUID
    revision_id: UUID
    zone: tzinfo
    limited: bool = False  # whether it matters who enters first
    moments: list[datetime] = []  # when somebody entered; only of a program with a limit
    customers: int = 0
    touched: int = 0
    turns: int = 0
    lost: int = 0  # customers who went round until they were stopped
    metrics: Counter[tuple[date, int, Metric]] = msgspec.field(default_factory=Counter)  # by day and channel
    entered: Counter[int] = msgspec.field(default_factory=Counter)  # by step
    departed: Counter[int] = msgspec.field(default_factory=Counter)
    waiting: Counter[int] = msgspec.field(default_factory=Counter)
    exits: Counter[tuple[int, str, EnrollmentStatus]] = msgspec.field(default_factory=Counter)
    reached: Counter[date] = msgspec.field(default_factory=Counter)
    sent: Counter[tuple[int, Channel]] = msgspec.field(default_factory=Counter)  # by step
    stops: Counter[tuple[int, int, Verdict, Reason]] = msgspec.field(default_factory=Counter)  # by step and channel
    refused: Counter[Reason] = msgspec.field(default_factory=Counter)
    others: Counter[UUID] = msgspec.field(default_factory=Counter)  # messages of other programs
    ways: dict[Way, list[int]] = {}  # -> [how many, the first who went it]
    revenue: int = 0  # in hundredths, so that sums do not hang on their order

    def watch(self, life: Life, now: datetime, events: list[Event], effects: Effects) -> None:
        """One turn of one life."""
        counts = effects.counts
        if counts.metrics:
            self._count(now.astimezone(self.zone).date(), effects)
        revision = self.revision_id
        for (of, step), count in counts.entered.items():
            if of == revision:
                self.entered[step] += count
        for (of, step), count in counts.departed.items():
            if of == revision:
                self.departed[step] += count
        for row in effects.decisions:
            if row.campaign_id == self.program_id:
                self._stop(row.step, row.channel, row.verdict, row.reasons)

    def _count(self, day: date, effects: Effects) -> None:
        mine, counts = self.program_id, effects.counts
        for (campaign, channel, metric), count in counts.metrics.items():
            if campaign == mine:
                self.metrics[day, channel, metric] += count
            elif metric is Metric.APPROVED:
                self.others[campaign] += count
        for (campaign, _, _), value in counts.values.items():
            if campaign == mine:
                self.revenue += round(value * 100)
        for message, _ in effects.approved.values():
            if message.revision_id == self.revision_id:
                self.sent[message.step, message.channel] += 1
        if self.limited:
            self.moments += [e.entered_at for e in effects.born.values() if e.program_id == mine]

    def _stop(self, step: int | None, channel: Channel | None, verdict: Verdict, reasons: tuple[Reason, ...]) -> None:
        """The last reason is the one that decided; those before led to the fallback."""
        if step is None:
            self.refused[reasons[-1]] += 1
        else:
            self.stops[step, channel or 0, verdict, reasons[-1]] += 1

    def finish(self, life: Life) -> None:
        """A life is over: where its enrollments stand."""
        self.customers += 1
        self.turns += life.turns
        self.lost += life.lost
        ended: list[str] = []
        before = {e.id for e in life.someone.enrollments}
        for enrollment in life.enrollments.values():
            if enrollment.revision_id != self.revision_id:
                continue
            if enrollment.reached_at is not None:
                self.reached[enrollment.reached_at.astimezone(self.zone).date()] += 1
            if enrollment.status is EnrollmentStatus.ACTIVE:
                self.waiting[enrollment.step] += 1
                ended.append(WAITS)
            else:
                reason = enrollment.exit_reason or ""
                self.exits[enrollment.step, reason, enrollment.status] += 1
                ended.append(reason)
        self.touched += any(e.revision_id == self.revision_id and e.id not in before for e in life.enrollments.values())
        if ended:
            sent = [(m.step, int(m.channel)) for m in life.messages.values() if m.revision_id == self.revision_id]
            self._note_way((ended[-1], tuple(sent)), life.someone.index)

    def _note_way(self, way: Way, index: int) -> None:
        known = self.ways.get(way)
        if known is not None:
            known[0] += 1
            known[1] = min(known[1], index)
        elif len(self.ways) < MOST_WAYS:
            self.ways[way] = [1, index]

    def merge(self, other: Tally) -> None:
        """Takes in another; in the order of the people, so that the same ways are told apart."""
        for name in ("customers", "touched", "turns", "lost", "revenue"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("metrics", "entered", "departed", "waiting", "exits", "reached", "sent", "stops", "refused",
                     "others"):  # fmt: skip
            getattr(self, name).update(getattr(other, name))
        self.moments += other.moments
        for way, (count, index) in other.ways.items():
            known = self.ways.get(way)
            if known is not None:
                known[0] += count
                known[1] = min(known[1], index)
            elif len(self.ways) < MOST_WAYS:
                self.ways[way] = [count, index]
