"""`emit_event`: an event of this customer, which others may hear."""

from __future__ import annotations

from motet.authoring.steps.base import Draft, Form, drop_none
from motet.core.events import RESERVED
from motet.core.program import Step
from motet.core.sheet import Sheet
from motet.core.spelling import show
from motet.core.words import Interaction

# What only messages and their receivers bring about.
_CAUSED = frozenset(
    word.word
    for word in (
        Interaction.VIEW, Interaction.CLICK, Interaction.DELIVERED, Interaction.BOUNCED, Interaction.FAILED,
        Interaction.COMPLAINT, Interaction.UNSUBSCRIBE,
    )
)  # fmt: skip


def read(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    sheet.need("event", "such as onboarding_finished")
    event = sheet.text("event") or ""
    if event in RESERVED | _CAUSED:
        sheet.note("journey.reserved_event", f"{show(event)} is not a journey's to tell", "event", "take another name")
    properties = sheet.mapping("properties", "such as {plan: '{{plan}}'}")
    draft.templates(properties, sheet.at("properties"))
    return [Step(name, "emit_event", drop_none({"event": event, "properties": properties}))]


FORM = Form(kind="emit_event", words=("emit_event",), fields=("event", "properties"), read=read)
