"""One customer's way in words, on their own clock: what a marketer reads to believe the figures."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from motet.core.events import Event
from motet.core.program import Program
from motet.core.reasons import TEXT, Reason
from motet.core.words import Channel, EnrollmentStatus, Verdict
from motet.engine.batch import DecisionRow, Effects
from motet.simulation.forecast.life import Life
from motet.simulation.forecast.report import Example, Line

_DID = {
    "view": "opens the message",
    "click": "clicks in the message",
    "purchase": "buys",
    "unsubscribe": "unsubscribes",
    "complaint": "complains about the message",
    "bounced": "the message comes back: the address does not exist",
    "failed": "the message is refused",
    "action_answered": "the other system answers",
}
_QUIET = frozenset({"delivered", "segment_entered", "segment_left", "lifecycle_changed"})
MOST_LINES = 200


class Story:
    """Gathers lines while one life is lived. Not frozen."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.lines: list[Line] = []

    def watch(self, life: Life, now: datetime, events: list[Event], effects: Effects) -> None:
        """One turn of the life."""
        if len(self.lines) >= MOST_LINES:
            return
        for event in events:
            if event.name not in _QUIET:
                self._tell(event.at, "did", _DID.get(event.name, f"does: {event.name}"), channel=self._channel(event))
        for row in effects.decisions:
            if row.step is None:
                self._tell(now, "refused", f"is not let into {self._name(row.campaign_id)}: {_why(row.reasons)}")
        for enrollment in effects.born.values():
            self._tell(enrollment.entered_at, "entered", f"enters {self._name(enrollment.program_id)}")
        for row in effects.decisions:
            if row.step is not None:
                self._decide(now, row)
        for message, at in effects.approved.values():
            program = self._program(message.campaign_id)
            step = program.steps[message.step].name if program else ""
            reasons = [r for r in message.reasons if r is not Reason.ELIGIBLE]
            because = f" ({_why(tuple(reasons))})" if reasons else ""
            self._tell(at, "sent", f"is sent {message.channel.word}{because}", step, message.channel)
        for enrollment in (*effects.born.values(), *effects.moved.values()):
            if enrollment.status is not EnrollmentStatus.ACTIVE:
                name = self._name(enrollment.program_id)
                done = enrollment.status is EnrollmentStatus.COMPLETED
                self._tell(now, "left", f"has come to the end of {name}" if done else
                           f"leaves {name}: {enrollment.exit_reason}")  # fmt: skip

    def finish(self, like: int) -> Example:
        """The example, told as far as it came."""
        life = self.life
        mine = [e for e in life.enrollments.values() if e.revision_id == life.scene.program.revision_id]
        outcome = "never entered"
        if mine:
            last = mine[-1]
            program = life.scene.program
            waits = last.status is EnrollmentStatus.ACTIVE
            outcome = f"waits at {program.steps[last.step].name}" if waits else (last.exit_reason or "left")
            if waits:
                until = f" until {tell_local(life.local(last.due_at))}" if last.due_at else ""
                self._tell(life.scene.end, "waits", f"waits{until}", program.steps[last.step].name)
        customer = life.customer
        return Example(customer.external_id, str(life.zone), outcome, like, tuple(self.lines))

    def _decide(self, now: datetime, row: DecisionRow) -> None:
        program = self._program(row.campaign_id)
        step = program.steps[row.step].name if program and row.step is not None else ""
        word = row.channel.word if row.channel else "the message"
        if row.verdict is Verdict.HOLD:
            until = f" until {tell_local(self.life.local(row.until))}" if row.until else ""
            self._tell(now, "held", f"{word} waits{until}: {_why(row.reasons)}", step, row.channel)
        else:
            self._tell(now, "dropped", f"{word} is not sent: {_why(row.reasons)}", step, row.channel)

    def _tell(self, at: datetime, kind: str, text: str, step: str = "", channel: Channel | None = None) -> None:
        word = channel.word if channel else ""
        self.lines.append(Line(at, tell_local(self.life.local(at)), kind, text, step, word))

    def _channel(self, event: Event) -> Channel | None:
        message = self.life.messages.get(event.message_id) if event.message_id else None
        return message.channel if message else None

    def _program(self, id: UUID) -> Program | None:
        world = self.life.scene.worlds[0][1]
        runnable = world.runnables.get(world.current.get(id, id))
        return runnable.program if runnable else None

    def _name(self, id: UUID) -> str:
        program = self._program(id)
        return program.name if program else "a campaign"


def _why(reasons: tuple[Reason, ...]) -> str:
    return "; ".join(TEXT.get(reason, reason.word) for reason in reasons)


def tell_local(moment: datetime) -> str:
    """A moment as people say it: `Fri 27 Nov 23:30`."""
    return f"{moment:%a %d %b %H:%M}"
