"""One customer at work: facts that change as events and timers are thought through, and the effects so far."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.core.customers import Customer, Suppression
from motet.core.facts import Enrollment, Facts
from motet.core.ids import derive_enrollment_id, derive_message_id
from motet.core.measures import History
from motet.core.messages import Message
from motet.core.metrics import Metric
from motet.core.outcomes import Decision, Drop, Hold, Send, UpdateProfile
from motet.core.program import Program
from motet.core.reasons import Reason
from motet.core.words import Channel, EnrollmentStatus, MessageStatus, Priority, Verdict
from motet.engine.batch import CustomerChange, DecisionRow, Effects, ProfileChange
from motet.engine.footing import Footing
from motet.engine.world import World
from motet.journeys.runner import Advance, Runnable, enroll

NO_LIMITS: Mapping[UUID, int] = {}


class Desk:
    """Not frozen: it lives for one customer in one batch, and only `think` writes on it."""

    def __init__(
        self,
        customer: Customer,
        messages: list[Message],
        enrollments: list[Enrollment],
        now: datetime,
        world: World,
        footing: Footing | None = None,
        local: datetime | None = None,
        room: Mapping[UUID, int] = NO_LIMITS,
    ) -> None:
        """`room` says how many may still enter the campaigns that have a limit."""
        self.footing = footing
        self.customer = customer if footing is None else footing.place(customer)
        self.messages = {m.id: m for m in messages}
        self.enrollments = {e.id: e for e in enrollments}
        self.loaded = self.enrollments.copy()
        self.now = now
        self.local = local or now.astimezone(world.zone)
        self.world = world
        self.room = room
        self.effects = Effects()
        self._facts: Facts | None = None
        self.at = customer.id  # what is at work, should it break
        self.stirred = False  # who the customer is has changed: journeys that watch look again
        self.depth = 0  # of the deepest event of a journey that was heard

    @property
    def facts(self) -> Facts:
        """As they are now; made anew when something changed."""
        if self._facts is None or self._facts.customer is not self.customer:
            self._facts = self._gather()
        return self._facts

    def _gather(self) -> Facts:
        return Facts(
            customer=self.customer,
            now=self.now,
            messages=tuple(self.messages.values()),
            enrollments=tuple(self.enrollments.values()),
            channels=self.world.channels,
            history=self.history,
            local=self.local,
        )

    @property
    def history(self) -> History | None:
        """What is counted of the customer's past; None when nothing is."""
        return None if self.footing is None else self.footing.counts

    def finish(self) -> Effects:
        """Everything that came of the customer's part."""
        if self.footing is not None:
            self.effects.moves = self.footing.finish(self.customer)
            if self.footing.stage is not None:
                self.change().lifecycle_stage = self.footing.stage
        if self.effects.profiles:
            self.effects.moves.noted.append(self.customer.id)
        return self.effects

    def has_room(self, program: Program) -> bool:
        """Whether a campaign lets in one more."""
        left = self.room.get(program.id)
        return left is None or left > self.effects.entries.get(program.id, 0)

    def enter(self, runnable: Runnable, cause: UUID, ms: int, context: dict[str, Any]) -> Enrollment | None:
        """Starts an enrollment; None when this very cause has started it before."""
        program = runnable.program
        id = derive_enrollment_id(self.customer.id, program.id, cause, ms)
        if id in self.enrollments:
            return None
        if program.id in self.room:
            self.effects.entries[program.id] = self.effects.entries.get(program.id, 0) + 1
        enrollment = enroll(runnable, self.facts, id, context)
        self.enrollments[id] = enrollment
        self._facts = None
        self.effects.born[id] = enrollment
        counts = self.effects.counts
        counts.add(program.id, 0, Metric.ENROLLED)
        counts.entered[(program.revision_id, 0)] += 1
        return enrollment

    def move(self, advance: Advance) -> Enrollment:
        """Takes over what the runner said."""
        enrollment = advance.enrollment
        left = self.enrollments[enrollment.id].revision_id  # another one when it moved between revisions
        self.keep(enrollment)
        counts = self.effects.counts
        for move in advance.moves:
            if move.departed is not None:
                counts.departed[(left, move.departed)] += 1
            if move.entered is not None:
                counts.entered[(enrollment.revision_id, move.entered)] += 1
        if enrollment.status is not EnrollmentStatus.ACTIVE:
            counts.add(enrollment.program_id, 0, Metric.FINISHED)
        return enrollment

    def keep(self, enrollment: Enrollment) -> None:
        """Takes over an enrollment that did not leave its step."""
        id, effects = enrollment.id, self.effects
        self.enrollments[id] = enrollment
        self._facts = None
        if id in effects.born:
            effects.born[id] = enrollment
            return
        effects.moved[id] = enrollment
        before = self.loaded[id]
        if (enrollment.revision_id, enrollment.context, enrollment.state, enrollment.reached_at) != (
            before.revision_id, before.context, before.state, before.reached_at
        ):  # fmt: skip
            effects.rewritten.add(id)

    def reach(self, enrollment: Enrollment) -> Enrollment:
        """The first of the program's goals was reached."""
        enrollment = msgspec.structs.replace(enrollment, reached_at=self.now)
        self.keep(enrollment)
        self.effects.counts.add(enrollment.program_id, 0, Metric.REACHED)
        return enrollment

    def write(self, update: UpdateProfile, customer: Customer) -> None:
        """A journey writes the profile, which is `customer` from here on; segments hear of it at once."""
        self.customer = customer
        self.effects.profiles.setdefault(customer.id, ProfileChange()).add(update)
        if self.footing is not None:
            self.customer = self.footing.evaluate(customer, self.world.book.everything)
        self.stirred = True

    def refuse_entry(self, program: Program, reason: Reason) -> None:
        self._record(program.id, None, None, None, Verdict.DROP, (reason,), None)

    def carry_out(
        self, decision: Decision, program: Program, enrollment_id: UUID, step: int, visit: int, wanted: Channel,
        priority: Priority,
    ) -> None:  # fmt: skip
        """Writes a decision down: a send becomes an approved message, the rest a record of why not."""
        match decision:
            case Send(channel, at, reasons):
                self._approve(program, enrollment_id, step, visit, channel, priority, at, reasons)
            case Hold(until, reasons):
                self.effects.counts.add(program.id, wanted, Metric.HELD)
                self._record(program.id, enrollment_id, step, wanted, Verdict.HOLD, reasons, until)
            case Drop(reasons):
                self.effects.counts.add(program.id, wanted, Metric.DROPPED)
                self._record(program.id, enrollment_id, step, wanted, Verdict.DROP, reasons, None)

    def touch(self, message: Message) -> None:
        """Something came back about a message."""
        self.messages[message.id] = message
        self._facts = None
        self.effects.touched[message.id] = message

    def change(self) -> CustomerChange:
        return self.effects.customers.setdefault(self.customer.id, CustomerChange())

    def saw(self, at: datetime) -> None:
        """The customer did something."""
        last = self.customer.last_interaction_at
        if last is None or at > last:
            self.customer = msgspec.structs.replace(self.customer, last_interaction_at=at)
            self.change().last_interaction_at = at

    def bought(self, at: datetime) -> None:
        last = self.customer.last_purchase_at
        if last is None or at > last:
            self.customer = msgspec.structs.replace(self.customer, last_purchase_at=at)
            self.change().last_purchase_at = at

    def withdraw(self, channel: Channel) -> None:
        """The customer unsubscribed from a channel."""
        consents = {**self.customer.consents, channel.word: False}
        self.customer = msgspec.structs.replace(self.customer, consents=consents)
        change = self.change()
        change.consents = {**change.consents, channel.word: False}

    def suppress(self, channel: Channel, reason: str, at: datetime) -> None:
        """The address on this channel must not be used again."""
        address = {Channel.EMAIL: self.customer.email, Channel.SMS: self.customer.phone}.get(channel) or ""
        entry = {channel.word: Suppression(address, reason, at)}
        self.customer = msgspec.structs.replace(self.customer, suppressions={**self.customer.suppressions, **entry})
        change = self.change()
        change.suppressions = {**change.suppressions, **entry}

    def prune(self, tokens: list[str]) -> None:
        """Device tokens that the provider called dead."""
        devices = tuple(d for d in self.customer.devices if d.token not in tokens)
        self.customer = msgspec.structs.replace(self.customer, devices=devices)
        change = self.change()
        change.dead_tokens = [*change.dead_tokens, *tokens]

    def _approve(
        self, program: Program, enrollment_id: UUID, step: int, visit: int, channel: Channel, priority: Priority,
        at: datetime, reasons: tuple[Reason, ...],
    ) -> None:  # fmt: skip
        id = derive_message_id(enrollment_id, visit, channel)
        if id in self.messages:
            return
        message = Message(
            id=id,
            customer_id=self.customer.id,
            campaign_id=program.id,
            revision_id=program.revision_id,
            step=step,
            channel=channel,
            priority=priority,
            status=MessageStatus.APPROVED,
            approved_at=self.now,
            reasons=reasons,
            transactional=program.transactional,
        )
        self.messages[id] = message
        self._facts = None
        self.effects.approved[id] = (message, at)
        self.effects.counts.add(program.id, channel, Metric.APPROVED)
        for reason in reasons:
            self.effects.counts.reasons[(program.id, channel, Verdict.SEND, reason)] += 1

    def _record(
        self, campaign: UUID, enrollment: UUID | None, step: int | None, channel: Channel | None, verdict: Verdict,
        reasons: tuple[Reason, ...], until: datetime | None,
    ) -> None:  # fmt: skip
        row = DecisionRow(self.customer.id, campaign, enrollment, step, channel, verdict, reasons, until)
        self.effects.decisions.append(row)
        for reason in reasons:
            self.effects.counts.reasons[(campaign, channel or 0, verdict, reason)] += 1
