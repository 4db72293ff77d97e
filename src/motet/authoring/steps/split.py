"""`split`: by chance, in percent or weights."""

from __future__ import annotations

from typing import Any

from motet.authoring.steps.base import Draft, Form, drop_none
from motet.authoring.steps.paths import read_paths
from motet.core.program import Step
from motet.core.sheet import Sheet


def read(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    before = len(sheet.problems)
    paths = read_paths(sheet, 2, ("percent", "weight"), draft, _read_weight)
    if len(sheet.problems) == before:
        _check_weights(sheet)
    return [Step(name, "split", {"paths": paths, **drop_none({"experiment": sheet.text("experiment")})})]


def _read_weight(sheet: Sheet) -> dict[str, Any]:
    sheet.exclude("percent", "weight")
    if not sheet.has("percent") and not sheet.has("weight"):
        sheet.need("percent", "such as 50; all of them make 100")
    percent, weight = sheet.number("percent", 0, 100), sheet.number("weight", 0, 1_000_000)
    return {"weight": (percent if percent is not None else weight) or 0.0}


def _check_weights(sheet: Sheet) -> None:
    paths = sheet.raw["paths"]
    percents = [path["percent"] for path in paths if path.get("percent") is not None]
    if percents and len(percents) < len(paths):
        sheet.note("journey.bad_shares", "mixes percents and weights", "paths", "use one of the two")
    elif percents and abs(sum(percents) - 100) > 0.001:
        sheet.note("journey.bad_shares", f"makes {sum(percents):g} percent", "paths", "make them 100 together")
    elif not percents and not any(path["weight"] for path in paths):
        sheet.note("journey.bad_shares", "has no weight at all", "paths", "give one of them a weight")


FORM = Form(kind="split", words=("split",), fields=("paths", "experiment"), read=read)
