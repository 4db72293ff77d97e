"""`branch`: the first path whose condition holds."""

from __future__ import annotations

from typing import Any

from motet.authoring.steps.base import Draft, Form, drop_none
from motet.authoring.steps.paths import read_paths
from motet.core.program import Step
from motet.core.sheet import Sheet


def read(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    paths = read_paths(sheet, 1, ("when",), draft, _read_when)
    return [Step(name, "branch", {"paths": paths, **drop_none({"otherwise": draft.target(sheet, "otherwise")})})]


def _read_when(sheet: Sheet) -> dict[str, Any]:
    before = len(sheet.problems)
    condition = sheet.filter("when")
    if not condition and len(sheet.problems) == before:
        sheet.note("journey.no_condition", "says nothing", "when", "such as {tags: vip}; for the rest use `otherwise`")
    return {"condition": condition}


FORM = Form(
    kind="branch",
    words=("branch",),
    fields=("paths", "otherwise"),
    read=read,
    targets=("otherwise",),
)
