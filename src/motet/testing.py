"""A harness for tests of campaigns and journeys: one customer, a clock of its own, and what would be said to them.

    journey = simulate_one(document, customer={"timezone": "Asia/Tokyo"}, events=[("2026-11-27T23:30", "user_signup")],
                           start="2026-11-27T00:00", days=10)
    assert [(m.when, m.channel) for m in journey.sent] == [("Sat 28 Nov 09:00", "email")]

The engine's own code runs. Nothing is written, nothing is sent, and chance plays no part that a test does not ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from motet.core.clock import to_ms
from motet.core.customers import Customer
from motet.core.durations import read_duration
from motet.core.errors import Problem, Refused
from motet.core.events import Event
from motet.core.facts import Enrollment
from motet.core.messages import Message
from motet.core.program import Policy
from motet.core.words import CampaignStatus, EnrollmentStatus, Verdict
from motet.engine.batch import Effects
from motet.simulation.forecast.answers import Act
from motet.simulation.forecast.forecast import read_program
from motet.simulation.forecast.life import Life, read_zone
from motet.simulation.forecast.parameters import Parameters
from motet.simulation.forecast.people import Someone, customer_id
from motet.simulation.forecast.report import Line
from motet.simulation.forecast.scene import Surroundings, make_scene
from motet.simulation.forecast.story import Story, tell_local

__all__ = ["Journey", "Told", "simulate_one"]

Moment = str | datetime
Happening = tuple[Moment, str] | tuple[Moment, str, Mapping[str, Any]]
Responses = Mapping[str, Mapping[str, Any]]


class Told(msgspec.Struct, frozen=True):
    """A message that was sent, held or dropped. `at` is on the customer's clock; `when` the same in words."""

    at: datetime
    when: str  # such as `Sat 28 Nov 09:00`
    program: str
    step: str
    channel: str
    reasons: tuple[str, ...]  # words of core.reasons.Reason
    until: datetime | None = None  # of a hold


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that came of one customer's way."""

    sent: tuple[Told, ...]
    held: tuple[Told, ...]
    dropped: tuple[Told, ...]
    refused: tuple[str, ...]  # why the customer was not let in, each time
    entered: tuple[datetime, ...]  # on the customer's clock
    exits: tuple[str, ...]  # why enrollments of the program ended, the earliest first
    waits_at: str | None  # the step on which the customer stands at the end
    reached: bool  # a goal
    customer: Customer  # as the customer is at the end
    enrollments: tuple[Enrollment, ...]
    lines: tuple[Line, ...]  # all of it in words


def simulate_one(
    document: dict[str, Any],
    *,
    customer: Mapping[str, Any] | None = None,
    events: Sequence[Happening] = (),
    start: Moment | None = None,
    days: int = 10,
    responses: Responses | None = None,
    policy: Policy | None = None,
    beside: Iterable[dict[str, Any]] = (),
    timezone: str = "UTC",
    seed: int = 1,
) -> Journey:
    """Lets one customer live through a document. Raises Refused when something in it is wrong.

    `customer` are fields of `core.customers.Customer`; without any it has an email and a phone. `events` are
    `(moment, name, properties)`: a moment is a datetime, an ISO text (on the customer's clock when it names no zone),
    or how long after the start, such as "2h". `responses` say what follows a message, by the name of its step, else by
    its channel: `{"hello": {"view": "1h", "click": "61m"}}`; a mapping gives properties,
    `{"ask": {"action_answered": {"after": "2s", "status": 200, "body": {}}}}`. `beside` are documents that run along.
    `timezone` is the brand's.
    """
    someone = _make_customer(customer or {}, seed)
    zone = read_zone(someone.customer)
    begins = _first(start, events, zone)
    around = _surround(policy or Policy(), timezone, beside)
    program = read_program(document, around)
    scene = make_scene(program, around, Parameters(), seed=seed, days=days, start=begins)
    listener = _Listener()
    life = Life(scene, someone, Random(seed), _answerer(responses or {}), listener.watch)  # noqa: S311 - no secret
    listener.story = Story(life)
    for moment, name, *rest in events:
        properties = dict(rest[0]) if rest else {}
        life.happen(_read_moment(moment, zone, begins), str(name), properties, float(properties.get("value", 0) or 0))
    life.live()
    return listener.finish(life)


def _surround(policy: Policy, timezone: str, beside: Iterable[dict[str, Any]]) -> Surroundings:
    around = Surroundings(policy=policy, zone=timezone)
    programs = [read_program(other, around) for other in beside]
    return Surroundings(
        programs={p.revision_id: p for p in programs},
        campaigns={p.id: (CampaignStatus.RUNNING, p.revision_id) for p in programs},
        policy=policy,
        zone=timezone,
    )


class _Listener:
    """Gathers what a test asks about."""

    def __init__(self) -> None:
        self.told: dict[str, list[Told]] = {"sent": [], "held": [], "dropped": []}
        self.refused: list[str] = []
        self.entered: list[datetime] = []
        self.story: Story | None = None

    def watch(self, life: Life, now: datetime, events: list[Event], effects: Effects) -> None:
        revision = life.scene.program.revision_id
        for row in effects.decisions:
            reasons = tuple(reason.word for reason in row.reasons)
            if row.step is None:
                if row.campaign_id == life.scene.program.id:
                    self.refused.append(reasons[-1])
                continue
            channel = row.channel.word if row.channel else ""
            until = life.local(row.until) if row.until else None
            kind = "held" if row.verdict is Verdict.HOLD else "dropped"
            self._tell(kind, life, now, row.campaign_id, row.step, channel, reasons, until)
        for message, at in effects.approved.values():
            reasons = tuple(reason.word for reason in message.reasons)
            self._tell("sent", life, at, message.campaign_id, message.step, message.channel.word, reasons, None)
        self.entered += [life.local(e.entered_at) for e in effects.born.values() if e.revision_id == revision]
        if self.story is not None:
            self.story.watch(life, now, events, effects)

    def _tell(
        self, kind: str, life: Life, at: datetime, campaign: UUID, step: int, channel: str, reasons: tuple[str, ...],
        until: datetime | None,
    ) -> None:  # fmt: skip
        world = life.scene.worlds[0][1]
        program = world.runnables[world.current[campaign]].program
        local = life.local(at)
        name = program.steps[step].name
        self.told[kind].append(Told(local, tell_local(local), program.name, name, channel, reasons, until))

    def finish(self, life: Life) -> Journey:
        program = life.scene.program
        mine = [e for e in life.enrollments.values() if e.revision_id == program.revision_id]
        ended = sorted((e for e in mine if e.ended_at is not None), key=lambda e: e.ended_at or life.scene.end)
        standing = [e for e in mine if e.status is EnrollmentStatus.ACTIVE]
        lines = self.story.finish(1).lines if self.story is not None else ()
        return Journey(
            sent=tuple(self.told["sent"]),
            held=tuple(self.told["held"]),
            dropped=tuple(self.told["dropped"]),
            refused=tuple(self.refused),
            entered=tuple(self.entered),
            exits=tuple(e.exit_reason or "" for e in ended),
            waits_at=program.steps[standing[-1].step].name if standing else None,
            reached=any(e.reached_at is not None for e in mine),
            customer=life.customer,
            enrollments=tuple(life.enrollments.values()),
            lines=lines,
        )


_PLAIN = {"external_id": "customer", "email": "customer@example.com", "phone": "+12025550123"}
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def _make_customer(fields: Mapping[str, Any], seed: int) -> Someone:
    id = customer_id(0, _EPOCH, seed)
    try:
        customer = msgspec.convert({"id": id, "created_at": _EPOCH, **_PLAIN, **fields}, Customer, strict=False)
    except msgspec.ValidationError as error:
        raise Refused([Problem("simulation.bad_customer", str(error), "customer", "see core/customers.py")]) from None
    return Someone(0, customer)


def _answerer(responses: Responses) -> Any:
    """What a test said follows a message. Nothing is said: nothing follows."""

    def respond(life: Life, message: Message, now: datetime) -> list[Act]:
        world = life.scene.world(now)
        step = world.runnables[message.revision_id].program.steps[message.step].name
        wished = responses.get(step, responses.get(message.channel.word, {}))
        return [_act(name, what) for name, what in wished.items()]

    return respond


def _act(name: str, what: Any) -> Act:
    """`{"click": "2h"}`, or with properties `{"click": {"after": "2h", "machine": True}}`."""
    if isinstance(what, Mapping):
        properties = {key: value for key, value in what.items() if key != "after"}
        return Act(read_duration(what.get("after", 0)), name, properties=properties)
    return Act(read_duration(what), name)


def _first(start: Moment | None, events: Sequence[Happening], zone: tzinfo) -> datetime:
    """When to begin: when the test says, else at the first event that names a moment."""
    if start is not None:
        return _read_moment(start, zone, _EPOCH)
    named = [_read_moment(moment, zone, _EPOCH) for moment, *_ in events]
    return min(named) if named else _EPOCH


def _read_moment(moment: Moment, zone: tzinfo, start: datetime) -> datetime:
    """A moment in UTC, cut to milliseconds, as the log keeps them."""
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            moment = start + timedelta(seconds=read_duration(moment))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=to_ms(moment.astimezone(UTC)))
