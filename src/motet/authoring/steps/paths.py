"""The `paths` of a branch or a split, read alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from motet.authoring.steps.base import Draft
from motet.core.sheet import Sheet

MAX_PATHS = 50

ReadPath = Callable[[Sheet], dict[str, Any]]


def read_paths(sheet: Sheet, least: int, fields: tuple[str, ...], draft: Draft, read: ReadPath) -> list[dict[str, Any]]:
    """Each with its name, its own fields by `read`, and the step where it goes."""
    raw = sheet.raw.get("paths")
    if not isinstance(raw, list) or not least <= len(raw) <= MAX_PATHS:
        message = f"must be a list of {least} to {MAX_PATHS} paths"
        sheet.note("journey.no_paths", message, "paths", "each with its `go`: the name of a step, or exit")
        return []
    found: list[dict[str, Any]] = []
    names: set[str] = set()
    for index, part in enumerate(raw):
        if not isinstance(part, dict):
            sheet.note("document.not_a_mapping", "must be a mapping of fields", f"paths[{index}]")
            continue
        inner = Sheet(part, sheet.at(f"paths[{index}]"), sheet.problems, ("name", "go", *fields))
        go = draft.target(inner, "go")
        name = inner.text("name") or _make_name(go, index, names)
        if name in names:
            inner.note("journey.name_taken", f"another path is called {name!r}", "name", "give each its own name")
        names.add(name)
        found.append({"name": name, **read(inner), **({"go": go} if go else {})})
    return found


def _make_name(go: str | None, index: int, names: set[str]) -> str:
    return go if go and go not in names else f"path-{index + 1}"
