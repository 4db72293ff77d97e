"""Say something on a channel. The step only says what it wants; the arbiter decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from motet.core.content import MessageArgs
from motet.core.outcomes import Outcome, Speak
from motet.core.words import Channel, Priority
from motet.journeys.steps.base import Field, Moment, StepType
from motet.journeys.steps.words import say_word


def run(args: MessageArgs, moment: Moment) -> Outcome:
    return Speak(
        step=moment.step,
        channel=Channel.of(args.channel),
        priority=Priority.of(args.priority) if args.priority else moment.program.priority,
        fallback=Channel.of(args.fallback) if args.fallback else None,
    )


def filters(args: MessageArgs) -> Mapping[str, Mapping[str, Any]]:
    return {"conditions": args.conditions} if args.conditions else {}


def summary(args: MessageArgs) -> str:
    instead = f", or {say_word(args.fallback)} when that cannot serve" if args.fallback else ""
    return f"Send by {say_word(args.channel)}{instead}"


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
    filters=filters,
)
