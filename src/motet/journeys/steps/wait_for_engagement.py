"""Wait until a message of this enrollment brought an interaction, or the time is out. What machines open and click
does not count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from motet.core.events import Event
from motet.core.ids import enrollment_of
from motet.core.messages import Message
from motet.core.outcomes import Outcome, Wait
from motet.core.steps import WaitForEngagementArgs
from motet.core.words import Interaction, MessageStatus
from motet.journeys.steps.base import Field, Moment, StepType, Way, go
from motet.journeys.steps.words import say_article, say_duration, say_list, say_word


def run(args: WaitForEngagementArgs, moment: Moment) -> Outcome:
    deadline = moment.deadline(args.timeout)
    if "engaged" in moment.enrollment.state or _was_met(args, moment, deadline):
        return go(args.engaged)
    return go(args.timed_out) if moment.facts.now >= deadline else Wait(deadline)


def hear(args: WaitForEngagementArgs, moment: Moment, event: Event) -> dict[str, Any] | None:
    if "engaged" in moment.enrollment.state or event.properties.get("machine"):
        return None
    deadline = moment.deadline(args.timeout)
    met = _was_met(args, moment, deadline)  # an event that names no message may have been credited to one
    if not met and event.name in args.engagement and event.at <= deadline:
        met = _is_of(args, moment, event)
    return {"engaged": event.name} if met else None


def _is_of(args: WaitForEngagementArgs, moment: Moment, event: Event) -> bool:
    """Whether the event was caused by one of the messages that are waited for."""
    if event.message_id is None or enrollment_of(event.message_id) != moment.enrollment.id:
        return False
    if not args.messages:
        return True
    return any(message.id == event.message_id and name in args.messages for name, message in moment.said())


def _was_met(args: WaitForEngagementArgs, moment: Moment, deadline: datetime) -> bool:
    """What the messages themselves tell."""
    wanted = set(args.engagement)
    return any(
        word in wanted and at <= deadline
        for name, message in moment.said()
        if not args.messages or name in args.messages
        for word, at in _brought(message, moment.program.conversion)
    )


def _brought(message: Message, conversion: str) -> Iterator[tuple[str, datetime]]:
    """What came of a message so far, and when."""
    failure = Interaction.BOUNCED if message.status is MessageStatus.BOUNCED else Interaction.FAILED
    for word, at in (
        (Interaction.DELIVERED.word, message.delivered_at),
        (Interaction.VIEW.word, message.opened_at),
        (Interaction.CLICK.word, message.clicked_at),
        (conversion, message.converted_at),
        (failure.word, message.failed_at),
    ):
        if at is not None:
            yield word, at


def summary(args: WaitForEngagementArgs) -> str:
    what = say_list((say_word(word) for word in args.engagement), "or")
    of = f" of {say_list(args.messages, 'or')}" if args.messages else ""
    return f"Wait for {say_article(what)}{of}, at most {say_duration(args.timeout)}"


def ways(args: WaitForEngagementArgs) -> tuple[Way, ...]:
    met = say_list((say_word(word) for word in args.engagement), "or")
    return Way(met, args.engaged), Way(f"not within {say_duration(args.timeout)}", args.timed_out)


TYPE = StepType(
    kind="wait_for_engagement",
    args=WaitForEngagementArgs,
    run=run,
    summary=summary,
    form=(
        Field("engagement", "Engagement", "choices", tuple(word.word for word in Interaction)),
        Field("messages", "Of these messages", "steps"),
        Field("timeout", "At most", "duration"),
        Field("engaged", "When it came", "step"),
        Field("timed_out", "When it did not", "step"),
    ),
    hear=hear,
    ways=ways,
)
