"""`digest`: collects events for a while, so that one message can speak of all of them."""

from __future__ import annotations

from motet.authoring.steps.base import Draft, Form, drop_none
from motet.core.program import Step
from motet.core.sheet import Sheet


def read(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    sheet.need("event", "such as comment_posted")
    args = {
        "event": sheet.text("event") or "",
        "where": sheet.filter("where"),
        "window": draft.span(sheet, "window"),
        "most": sheet.count("most", 1_000),
    }
    return [Step(name, "digest", drop_none(args))]


FORM = Form(
    kind="digest", words=("digest",), fields=("event", "where", "window", "most"), read=read, waits=lambda args: True
)
