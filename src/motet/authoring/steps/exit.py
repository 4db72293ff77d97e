"""`exit`: the end, with its reason."""

from __future__ import annotations

from motet.authoring.steps.base import Draft, Form, drop_none
from motet.core.program import Step
from motet.core.sheet import Sheet


def read(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    return [Step(name, "exit", drop_none({"reason": sheet.text("reason")}))]


FORM = Form(kind="exit", words=("exit",), fields=("reason",), read=read, ends=True)
