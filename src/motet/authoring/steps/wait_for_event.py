"""`wait_for_event`: until an event of the customer comes, or the time is out."""

from __future__ import annotations

from motet.authoring.steps.base import Draft, Form, drop_none
from motet.core.program import Step
from motet.core.sheet import Sheet


def read(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    sheet.need("event", "such as purchase")
    args = {
        "event": sheet.text("event") or "",
        "where": sheet.filter("where"),
        "timeout": draft.span(sheet, "timeout", "timeout_seconds"),
        "arrived": draft.target(sheet, "arrived"),
        "timed_out": draft.target(sheet, "timed_out"),
    }
    return [Step(name, "wait_for_event", drop_none(args))]


FORM = Form(
    kind="wait_for_event",
    words=("wait_for_event",),
    fields=("event", "where", "timeout", "timeout_seconds", "arrived", "timed_out"),
    read=read,
    targets=("arrived", "timed_out"),
    waits=lambda args: True,
)
