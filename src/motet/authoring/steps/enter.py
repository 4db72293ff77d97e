"""`enter`: the customer enters another journey or campaign, and goes on here."""

from __future__ import annotations

from motet.authoring.steps.base import Draft, Form, drop_none
from motet.core.program import Step
from motet.core.sheet import Sheet

_NAMES = ("program", "journey", "campaign")


def read(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    given = [field for field in _NAMES if sheet.has(field)]
    for second in given[1:]:
        sheet.exclude(given[0], second)
    if not given:
        sheet.need("program", "the name of a journey or a campaign")
    context = sheet.mapping("context", "such as {reason: '{{plan}}'}")
    draft.templates(context, sheet.at("context"))
    program = sheet.slug(given[0]) if given else None
    return [Step(name, "enter", drop_none({"program": program or "", "context": context}))]


FORM = Form(kind="enter", words=("enter",), fields=(*_NAMES, "context"), read=read)
