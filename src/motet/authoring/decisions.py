"""Decision points: behind a step, conditions that jump to another step or end the journey."""

from __future__ import annotations

from typing import Any

from motet.authoring.message import EXIT
from motet.authoring.steps.base import Draft, read_where
from motet.core.program import Step
from motet.core.sheet import Sheet
from motet.core.spelling import suggest

_DEED = ("action", "target_step", "go")
_ACTIONS = ("skip_to_step", "exit_journey")


def read_decisions(outer: Sheet, draft: Draft) -> dict[str, list[Step]]:
    """For each step with decision points the branch that stands behind it, with targets as the document names them."""
    raw = outer.raw.get("decision_points")
    if raw is None:
        return {}
    if not isinstance(raw, list):
        fix = "such as [{after: hello, when: {tags: vip}, go: exit}]"
        outer.note("document.not_a_list", "must be a list of decisions", "decision_points", fix)
        return {}
    paths: dict[str, list[dict[str, Any]]] = {}
    for index, spec in enumerate(raw):
        place = f"decision_points[{index}]"
        if not isinstance(spec, dict):
            outer.note("document.not_a_mapping", "must be a mapping of fields", place)
            continue
        step, found = _read_decision(spec, place, outer, draft)
        paths.setdefault(step, []).extend(found)
    for found in paths.values():
        for index, path in enumerate(found):
            path["name"] = f"{path['go']}-{index + 1}"
    return {
        step: [Step(f"{step}:decision", "branch", {"paths": found})] for step, found in paths.items() if found and step
    }


def _read_decision(spec: dict[str, Any], place: str, outer: Sheet, draft: Draft) -> tuple[str, list[dict[str, Any]]]:
    """The step behind which it stands, and its paths: one for each condition that says what to do, else one for all."""
    sheet = Sheet(spec, place, outer.problems, ("after", "step_name", "when", "conditions", *_DEED))
    sheet.exclude("after", "step_name")
    sheet.exclude("when", "conditions")
    field = "step_name" if sheet.has("step_name") else "after"
    step = draft.target(sheet, field) if sheet.need(field, "the step behind which it is asked") else None
    if step == EXIT:
        sheet.note("journey.nothing_follows", "nothing comes after the exit", field, "name a step")
    where = "conditions" if sheet.has("conditions") else "when"
    given = sheet.raw.get(where)
    if not given:
        sheet.note("journey.no_condition", "says nothing", where, "such as {profile_completed: true}")
        return step or "", []
    parts = given if isinstance(given, list) else [given]
    if any(isinstance(part, dict) and set(part) & {"action", "target_step"} for part in parts):
        found = [_read_own(part, f"{place}.{where}[{i}]", sheet, draft) for i, part in enumerate(parts)]
    else:
        found = [(read_where(given, sheet.at(where), sheet.problems), _read_deed(sheet, draft))]
    return step or "", [{"condition": condition, "go": go} for condition, go in found if condition and go]


def _read_own(part: Any, place: str, outer: Sheet, draft: Draft) -> tuple[dict[str, Any], str | None]:
    """A condition that carries what to do."""
    if not isinstance(part, dict):
        return read_where(part, place, outer.problems), None
    deed = {word: part[word] for word in _DEED if word in part}
    condition = {word: value for word, value in part.items() if word not in _DEED}
    sheet = Sheet(deed, place, outer.problems, _DEED)
    return read_where(condition, place, outer.problems), _read_deed(sheet, draft)


def _read_deed(sheet: Sheet, draft: Draft) -> str | None:
    """`go: STEP`, `action: skip_to_step` with its `target_step`, or `action: exit_journey`."""
    sheet.exclude("go", "action")
    sheet.exclude("go", "target_step")
    if sheet.has("go"):
        return draft.target(sheet, "go")
    action = sheet.choice("action", _ACTIONS, "skip_to_step")
    if action == "exit_journey":
        if sheet.has("target_step"):
            sheet.note("document.two_fields", "does not go with 'exit_journey'", "target_step", "leave it out")
        return EXIT
    field = "target_step" if sheet.has("target_step") or sheet.has("action") else "go"
    fix = suggest("", (*draft.order, EXIT))
    return draft.target(sheet, field) if sheet.need(field, fix) else None
