"""Documents of campaigns and journeys: validated whole, compiled to a Program. Both kinds come in here.

`validate` names every problem at once; `compile_campaign` gives the program that the runtime knows. Both are pure.
The templates inside are checked by `check`, which whoever wires the house passes in. What journeys have of their own is
in `journey.py`, what both have in `head.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import msgspec

from motet.authoring.head import FIELDS, read_head, read_scale
from motet.authoring.journey import read_journey
from motet.authoring.message import EXIT, ContentCheck, Reading, read_message
from motet.authoring.reading import check_values
from motet.core.errors import Problem, Refused
from motet.core.filters import compile_filter
from motet.core.program import Program, Step
from motet.core.sheet import Sheet
from motet.core.spelling import show, suggest
from motet.core.words import Channel

MAX_MESSAGES = 100
KINDS = ("campaign", "journey")
_NOBODY = UUID(int=0)


def validate(document: object, check: ContentCheck | None = None) -> list[Problem]:
    """Everything that is wrong with the document; empty when it can be applied."""
    return _read(document, check)[1]


def compile_campaign(
    document: object, *, campaign_id: UUID, revision_id: UUID, check: ContentCheck | None = None
) -> Program:
    """The program of a document of either kind. Raises Refused with every problem in it."""
    program, problems = _read(document, check)
    if program is None:
        raise Refused(problems)
    return msgspec.structs.replace(program, id=campaign_id, revision_id=revision_id)


def title_of(document: dict[str, Any]) -> str:
    """The title given, else the name as words."""
    title = document.get("title")
    name = str(document["name"]).strip()
    return title.strip() if isinstance(title, str) else name.replace("-", " ").replace("_", " ").capitalize()


def check_traits(program: Program, traits: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    """What is wrong with the computed traits that a program's conditions name; only a database knows them."""
    problems: list[Problem] = []
    for path, spec in _filters(program):
        try:
            compile_filter(spec or {}, path, traits=traits)
        except Refused as refused:
            problems.extend(refused.problems)
    return problems


def _filters(program: Program) -> Iterator[tuple[str, Any]]:
    """Every condition in a program, with its place."""
    yield "trigger.where", program.trigger.where
    yield "trigger.state", program.trigger.state
    steps = "messages" if program.kind == "campaign" else "steps"
    for step in program.steps:
        for word in ("conditions", "condition", "where"):
            yield f"{steps}[{step.name}].{word}", step.args.get(word)
        for index, path in enumerate(step.args.get("paths", ())):
            yield f"{steps}[{step.name}].paths[{index}].when", path.get("condition")
    yield "exit.when", program.exits.state
    for test in program.exits.events:
        yield f"exit.events[{test.event}].where", test.where
    for goal in program.goals:
        yield f"success.{goal.name}", goal.event.where if goal.event else goal.state


def channels_of(program: Program) -> set[Channel]:
    """The channels that a program may speak on, fallbacks among them; actions need the webhook."""
    words = [w for s in program.steps if s.kind == "message" for w in (s.args["channel"], s.args.get("fallback"))]
    asks = {Channel.WEBHOOK} if any(s.kind == "action" for s in program.steps) else set()
    return {Channel.of(word) for word in words if word} | asks


def _read(document: object, check: ContentCheck | None) -> tuple[Program | None, list[Problem]]:
    problems = check_values(document)
    if problems:
        return None, problems
    assert isinstance(document, dict)
    kind = document.get("kind") or "campaign"
    if kind not in KINDS:
        return None, [Problem("document.unknown_kind", f"{show(kind)} is no kind", "kind", suggest(str(kind), KINDS))]
    if kind == "journey":
        program = read_journey(document, problems, check)
    else:
        program = _read_campaign(document, problems, check)
    return (None if problems else program), problems


def _read_campaign(document: dict[str, Any], problems: list[Problem], check: ContentCheck | None) -> Program:
    sheet = Sheet(document, "", problems, (*FIELDS, "exit_on", "messages"))
    scale = read_scale(sheet)
    head = read_head(sheet, scale)
    steps = _read_steps(sheet, check, scale)
    return Program(id=_NOBODY, revision_id=_NOBODY, steps=steps, exit_on=sheet.text("exit_on"), **head)


def _read_steps(sheet: Sheet, check: ContentCheck | None, scale: float) -> tuple[Step, ...]:
    messages = sheet.raw.get("messages")
    if not isinstance(messages, list) or not messages:
        fix = "such as [{channel: sms, content: {text: Hello}}]"
        sheet.note("campaign.no_messages", "must be a list of at least one message", "messages", fix)
        return ()
    if len(messages) > MAX_MESSAGES:
        sheet.note("campaign.too_many_messages", f"has more than {MAX_MESSAGES}", "messages", "split the campaign")
        return ()
    reading = Reading(sheet.problems, check, scale, set())
    steps = [step for index, raw in enumerate(messages) for step in read_message(raw, index, reading)]
    return (*steps, Step(EXIT, "exit"))
