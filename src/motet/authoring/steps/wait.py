"""`wait`: for a time, counted from when the step is reached."""

from __future__ import annotations

from motet.authoring.steps.base import Draft, Form
from motet.core.program import Step
from motet.core.sheet import Sheet


def read(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    seconds = draft.span(sheet, "for", "seconds", "delay", "delay_seconds")
    return [Step(name, "delay", {"seconds": seconds, "since": "now"})]


FORM = Form(
    kind="delay",
    words=("wait", "delay"),
    fields=("for", "seconds"),
    read=read,
    waits=lambda args: True,
    own_delay=True,
)
