"""Say something on a channel. The step only says what it wants; the arbiter decides."""

from __future__ import annotations

from motet.core.content import MessageArgs
from motet.core.outcomes import Outcome, Speak
from motet.core.words import Channel, Priority
from motet.journeys.steps.base import Field, Moment, StepType


def run(args: MessageArgs, moment: Moment) -> Outcome:
    return Speak(
        step=moment.step,
        channel=Channel.of(args.channel),
        priority=Priority.of(args.priority) if args.priority else moment.program.priority,
        fallback=Channel.of(args.fallback) if args.fallback else None,
        conditions=args.conditions,
    )


def summary(args: MessageArgs) -> str:
    instead = f", or {args.fallback} when that cannot serve" if args.fallback else ""
    return f"Send by {args.channel}{instead}"


TYPE = StepType(
    kind="message",
    args=MessageArgs,
    run=run,
    summary=summary,
    form=(
        Field("channel", "Channel", "channel"),
        Field("content", "Content", "content"),
        Field("conditions", "Only when", "filter"),
        Field("fallback", "Fallback", "channel"),
        Field("priority", "Priority", "choice", tuple(p.word for p in Priority)),
    ),
)
