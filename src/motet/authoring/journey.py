"""A journey's document, read and compiled to a Program. `steps/` has a file for each kind of step.

A step of the document becomes one or several of the program: `X:delay` before it, `X:conditions` that passes it over,
X itself (`X:email` and so on for several channels), `X:decision` and `X:next` behind it. Names in documents have no
colon, so these never meet. Whoever jumps to X comes to the first of them.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from motet.authoring.decisions import read_decisions
from motet.authoring.ends import read_exits, read_goals
from motet.authoring.graph import check_graph
from motet.authoring.head import DAY, FIELDS, SHORTEST_LOOK, read_head, read_scale
from motet.authoring.message import EXIT, ContentCheck
from motet.authoring.steps.base import Draft, Form
from motet.authoring.steps.registry import BY_KIND, BY_WORD
from motet.core.errors import Problem
from motet.core.program import Exits, Program, Step, Trigger
from motet.core.sheet import Sheet, join_filters
from motet.core.spelling import show, suggest
from motet.core.words import Channel

MAX_STEPS = 100
MAX_ENTRIES = 1_000_000_000
_NOBODY = UUID(int=0)
_OWN = (
    "start_conditions",
    "steps",
    "decision_points",
    "success",
    "success_criteria",
    "exit",
    "exit_conditions",
    "max_entries",
    "existing",
    "moves",
)
_OF_EVERY_STEP = ("name", "type", "conditions", "delay", "delay_seconds", "next")


class Part(msgspec.Struct):
    """What one step of the document becomes. Targets are names of the document's steps until `_join` settles them."""

    name: str
    before: list[Step]
    condition: dict[str, Any]  # {}: always
    main: list[Step]
    behind: list[Step]

    @property
    def entry(self) -> str:
        """Where whoever comes to the step arrives."""
        if self.before:
            return self.before[0].name
        if self.condition:
            return f"{self.name}:conditions"
        return next((step.name for step in (*self.main, *self.behind)), self.name)


def read_journey(document: dict[str, Any], problems: list[Problem], check: ContentCheck | None) -> Program:
    """The program of a document; it may be run only when nothing was added to `problems`."""
    sheet = Sheet(document, "", problems, (*FIELDS, *_OWN))
    scale = read_scale(sheet)
    head = read_head(sheet, scale)
    head["trigger"] = _read_start(sheet, head["trigger"], scale)
    before = len(problems)
    draft = Draft(problems, check, scale, set())
    parts = _read_parts(sheet, draft)
    steps = _join(parts)
    exits = read_exits(sheet, draft, _channels(steps))
    if parts and len(problems) == before:
        check_graph(steps, [part.name for part in parts], problems, ends=exits != Exits())
    return Program(
        id=_NOBODY,
        revision_id=_NOBODY,
        kind="journey",
        steps=steps,
        exits=exits,
        goals=read_goals(sheet),
        max_entries=sheet.count("max_entries", MAX_ENTRIES),
        existing=sheet.choice("existing", ("stay", "move"), "stay"),
        moves=_read_moves(sheet, draft, {part.name: part.entry for part in parts}),
        **head,
    )


def _read_start(sheet: Sheet, trigger: Trigger, scale: float) -> Trigger:
    """Conditions on who may start: beside a trigger one more filter, without one a state that is watched."""
    conditions = sheet.filter("start_conditions")
    if not conditions:
        return trigger
    if trigger.event is not None:
        return msgspec.structs.replace(trigger, where=_both(trigger.where, conditions))
    if trigger.state is not None:
        return msgspec.structs.replace(trigger, state=_both(trigger.state, conditions))
    return Trigger(state=conditions, every=max(SHORTEST_LOOK, DAY / scale))


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return join_filters([one, other]) if one else other


def _read_parts(sheet: Sheet, draft: Draft) -> list[Part]:
    raw = sheet.raw.get("steps")
    if not isinstance(raw, list) or not raw:
        fix = "such as [{name: hello, type: message, channel: sms, content: {text: Hello}}]"
        sheet.note("journey.no_steps", "must be a list of at least one step", "steps", fix)
        return []
    if len(raw) > MAX_STEPS:
        sheet.note("journey.too_many_steps", f"has more than {MAX_STEPS}", "steps", "let one journey enter another")
        return []
    draft.order = tuple(_name(spec, index) for index, spec in enumerate(raw))
    decisions = read_decisions(sheet, draft)
    parts: list[Part] = []
    for index, spec in enumerate(raw):
        if not isinstance(spec, dict):
            fix = "such as {type: wait, for: 2d}"
            sheet.note("document.not_a_mapping", "must be a mapping of fields", f"steps[{index}]", fix)
        elif part := _read_part(spec, index, draft):
            part.behind[:0] = decisions.get(part.name, [])
            parts.append(part)
    return parts


def _type(spec: dict[str, Any]) -> Any:
    return spec.get("type") or "message"


def _name(spec: Any, index: int) -> str:
    """The name given, else one of the type and the place."""
    if isinstance(spec, dict) and isinstance(spec.get("name"), str) and spec["name"].strip():
        return str(spec["name"]).strip()
    kind = _type(spec) if isinstance(spec, dict) else "step"
    return f"{kind if kind in BY_WORD else 'step'}-{index + 1}"


def _read_part(spec: dict[str, Any], index: int, draft: Draft) -> Part | None:
    path, word = f"steps[{index}]", _type(spec)
    form = BY_WORD.get(word) if isinstance(word, str) else None
    if form is None:
        message = f"{show(word)} is no type of step"
        draft.problems.append(Problem("step.unknown_kind", message, f"{path}.type", suggest(str(word), BY_WORD)))
        return None
    sheet = Sheet(spec, path, draft.problems, (*_OF_EVERY_STEP, *form.fields))
    name = _check_name(sheet, draft.order[index], draft)
    before: list[Step] = []
    if not form.own_delay and (seconds := draft.seconds(sheet, "delay", "delay_seconds")):
        before.append(Step(f"{name}:delay", "delay", {"seconds": seconds, "since": "now"}))
    draft.conditions = {} if form.own_conditions(sheet) else sheet.filter("conditions")
    main = form.read(sheet, name, draft)
    return Part(name, before, draft.conditions, main, _read_next(sheet, name, form, draft))


def _check_name(sheet: Sheet, name: str, draft: Draft) -> str:
    if sheet.has("name"):
        sheet.slug("name")
    if name in draft.names or name == EXIT:
        what = "is the end of every journey" if name == EXIT else "is another step's name"
        sheet.note("journey.name_taken", f"{name!r} {what}", "name", "give each its own name")
    draft.names.add(name)
    return name


def _read_next(sheet: Sheet, name: str, form: Form, draft: Draft) -> list[Step]:
    target = draft.target(sheet, "next")
    if target is None:
        return []
    if form.ends:
        sheet.note("journey.nothing_follows", "nothing comes after an exit", "next", "leave it out")
        return []
    return [Step(f"{name}:next", "branch", {"paths": [], "otherwise": target})]


def _join(parts: list[Part]) -> tuple[Step, ...]:
    """All steps in their order, with the targets settled, and the end."""
    entries = {part.name: part.entry for part in parts} | {EXIT: EXIT}
    said = {part.name: [s.name for s in part.main if s.kind == "message"] for part in parts}
    steps: list[Step] = []
    for index, part in enumerate(parts):
        following = parts[index + 1].entry if index + 1 < len(parts) else EXIT
        steps += part.before
        if part.condition:
            paths = [{"name": "met", "condition": part.condition}]
            behind = part.behind[0].name if part.behind else following
            steps.append(Step(f"{part.name}:conditions", "branch", {"paths": paths, "otherwise": behind}))
        steps += [_settle(step, entries, said) for step in (*part.main, *part.behind)]
    return (*steps, Step(EXIT, "exit"))


def _settle(step: Step, entries: dict[str, str], said: dict[str, list[str]]) -> Step:
    args = dict(step.args)
    for word in BY_KIND[step.kind].targets:
        if word in args:
            args[word] = entries.get(args[word], args[word])
    if paths := args.get("paths"):
        args["paths"] = [path | ({"go": entries.get(path["go"], path["go"])} if "go" in path else {}) for path in paths]
    if names := args.get("messages"):
        args["messages"] = [one for name in names for one in said.get(name) or [name]]
    return Step(step.name, step.kind, args)


def _channels(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """The channels on which people are spoken to."""
    words = [w for s in steps if s.kind == "message" for w in (s.args["channel"], s.args.get("fallback"))]
    return tuple(dict.fromkeys(w for w in words if w and w != Channel.WEBHOOK.word))


def _read_moves(sheet: Sheet, draft: Draft, entries: dict[str, str]) -> dict[str, str]:
    """Steps of older revisions, and where those who stand there go on."""
    raw = sheet.mapping("moves", "such as {old-step: new-step}, or {old-step: exit}")
    inner = Sheet(raw, "moves", sheet.problems, raw)
    found = {old: draft.target(inner, old) for old in raw}
    return {old: entries.get(new, new) for old, new in found.items() if new is not None}
