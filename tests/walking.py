"""A customer walked through a program without an engine: facts that change, a clock that is set, an arbiter that says
yes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from making import ALL, NOW, a_customer, a_program, an_enrollment, an_event
from motet.core.events import Event
from motet.core.facts import Enrollment, Facts
from motet.core.ids import derive_message_id
from motet.core.messages import Message
from motet.core.outcomes import Decision, Effect, Send, Speak
from motet.core.program import Program, Step
from motet.core.reasons import Reason
from motet.core.words import Channel, EnrollmentStatus, MessageStatus
from motet.journeys.runner import MAX_STEPS, Runnable, advance, hear, make_runnable, quarantine, settle

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
END = Step("exit", "exit")


def a_step(kind: str, name: str = "it", **args: Any) -> Step:
    return Step(name, kind, args)


class Walk:
    """`way` is the names of the steps visited, in order; `effects` what was done, `spoken` what was said."""

    def __init__(self, *steps: Step, program: Program | None = None, attributes: Any = None, **fields: Any) -> None:
        self.program = program or a_program(*steps)
        self.runnable: Runnable = make_runnable(self.program)
        self.customer = a_customer(attributes=attributes or {})
        self.now = NOW
        self.messages: tuple[Message, ...] = ()
        self.revisions: dict[Any, Runnable] = {self.program.revision_id: self.runnable}
        self.enrollment: Enrollment = an_enrollment(self.customer, self.program, **fields)
        self.effects: list[Effect] = []
        self.spoken: list[Speak] = []
        self.way = [self.program.steps[self.enrollment.step].name]
        self.answers: list[Decision] = []  # of the arbiter, one after another; then yes

    @property
    def facts(self) -> Facts:
        return Facts(customer=self.customer, now=self.now, messages=self.messages, channels=ALL)

    @property
    def ended(self) -> bool:
        return self.enrollment.status is not EnrollmentStatus.ACTIVE

    @property
    def due(self) -> timedelta | None:
        """How long after NOW it is due."""
        return None if self.enrollment.due_at is None else self.enrollment.due_at - NOW

    def set(self, **attributes: Any) -> None:
        self.customer = msgspec.structs.replace(self.customer, attributes=self.customer.attributes | attributes)

    def run(self, after: timedelta | None = None) -> Walk:
        """Runs it, `after` NOW."""
        if after is not None:
            self.now = NOW + after
        for _ in range(MAX_STEPS):
            told = advance(self.runnable, self.enrollment, self.facts, self.revisions)
            self._take(told.enrollment, [m.entered for m in told.moves])
            if told.intent is None:
                return self
            if not isinstance(told.intent, Speak):
                self.effects.append(told.intent.effect)
                continue
            speak = told.intent
            decision = self.answers.pop(0) if self.answers else Send(speak.channel, self.now, (Reason.ELIGIBLE,))
            self._say(speak, decision)
            settled = settle(self.runnable, self.enrollment, speak, decision, self.now)
            self._take(settled.enrollment, [m.entered for m in settled.moves])
            if not settled.moves:
                return self
        self.enrollment = quarantine(self.enrollment, "goes round", self.now).enrollment
        return self

    def to_end(self, most: int = 1000) -> Walk:
        """Runs it whenever it is due, until it has ended."""
        for _ in range(most):
            if self.ended:
                return self
            assert self.enrollment.due_at is not None
            self.now = max(self.now, self.enrollment.due_at)
            self.run()
        raise AssertionError("never ends")

    def hear(self, name: str, after: timedelta, **fields: Any) -> bool:
        """An event that happened `after` NOW is heard now. Returns whether the step took it."""
        event: Event = an_event(self.customer.id, name, NOW + after, **fields)
        heard = hear(self.runnable, self.enrollment, event, self.facts, self.revisions)
        if heard is not None:
            self.enrollment = heard
        return heard is not None

    def _say(self, speak: Speak, decision: Decision) -> None:
        self.spoken.append(speak)
        if isinstance(decision, Send):
            self.messages += (self.message(speak.step, self.enrollment.visit, decision.channel),)

    def message(self, step: int, visit: int, channel: Channel = Channel.EMAIL, **fields: Any) -> Message:
        plain: dict[str, Any] = {
            "id": derive_message_id(self.enrollment.id, visit, channel),
            "customer_id": self.customer.id,
            "campaign_id": self.program.id,
            "revision_id": self.enrollment.revision_id,
            "step": step,
            "channel": channel,
            "priority": self.program.priority,
            "status": MessageStatus.ACCEPTED,
            "approved_at": self.now,
        }
        return Message(**plain | fields)

    def touch(self, index: int = -1, **fields: datetime) -> None:
        """Something came of a message."""
        messages = [*self.messages]
        messages[index] = msgspec.structs.replace(messages[index], **fields)
        self.messages = tuple(messages)

    def _take(self, enrollment: Enrollment, entered: list[int | None]) -> None:
        self.enrollment = enrollment
        steps = self.program.steps
        self.way += [steps[place].name for place in entered if place is not None and place < len(steps)]
