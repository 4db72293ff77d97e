"""`wait_for_condition`: until something holds of the customer, or the time is out."""

from __future__ import annotations

from motet.authoring.steps.base import Draft, Form, drop_none
from motet.core.program import Step
from motet.core.sheet import Sheet


def read(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    before = len(sheet.problems)
    condition = sheet.filter("until")
    if not condition and len(sheet.problems) == before:
        sheet.note("journey.no_condition", "says nothing to wait for", "until", "such as {profile_completed: true}")
    args = {
        "timeout": draft.span(sheet, "timeout", "timeout_seconds"),
        "holds": draft.target(sheet, "holds"),
        "timed_out": draft.target(sheet, "timed_out"),
    }
    return [Step(name, "wait_for_condition", {"condition": condition, **drop_none(args)})]


FORM = Form(
    kind="wait_for_condition",
    words=("wait_for_condition",),
    fields=("until", "timeout", "timeout_seconds", "holds", "timed_out"),
    read=read,
    targets=("holds", "timed_out"),
    slow=("timed_out",),
)
