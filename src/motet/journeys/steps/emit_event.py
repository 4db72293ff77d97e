"""Write an event of the customer, which segments, triggers and other journeys hear."""

from __future__ import annotations

from motet.core.outcomes import Do, EmitEvent, Outcome
from motet.core.steps import EmitEventArgs
from motet.journeys.steps.base import Field, Moment, StepType
from motet.journeys.steps.words import say_word


def run(args: EmitEventArgs, moment: Moment) -> Outcome:
    return Do(EmitEvent(args.event, args.properties))


def summary(args: EmitEventArgs) -> str:
    return f"Emit {say_word(args.event)}"


TYPE = StepType(
    kind="emit_event",
    args=EmitEventArgs,
    run=run,
    summary=summary,
    form=(Field("event", "Event", "event"), Field("properties", "Properties", "properties")),
)
