"""A campaign's document: validated whole, compiled to a Program.

`validate` names every problem at once; `compile_campaign` gives the program that the runtime knows. Both are pure.
The templates inside are checked by `check`, which whoever wires the house passes in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from motet.authoring.frequency import read_frequency
from motet.authoring.message import EXIT, ContentCheck, Reading, read_message
from motet.authoring.reading import check_values
from motet.core.errors import Problem, Refused
from motet.core.events import SEGMENT_ENTERED, SEGMENT_LEFT
from motet.core.filters import compile_filter
from motet.core.program import Program, Step, Trigger
from motet.core.sheet import Sheet
from motet.core.words import Channel, Priority

MAX_MESSAGES = 100
_NOBODY = UUID(int=0)
_SHORTEST_LOOK = 5.0  # seconds between two looks over a state, however the clock is scaled
_DAY = 86_400.0
_REENTRY = ("once", "after_exit", "always")
_FIELDS = (
    "name",
    "title",
    "description",
    "segments",
    "trigger",
    "starts_at",
    "ends_at",
    "reentry",
    "priority",
    "variables",
    "frequency",
    "success_metrics",
    "conversion",
    "exit_on",
    "transactional",
    "time_scale",
    "messages",
)


def validate(document: object, check: ContentCheck | None = None) -> list[Problem]:
    """Everything that is wrong with the document; empty when it can be applied."""
    return _read(document, check)[1]


def compile_campaign(
    document: object, *, campaign_id: UUID, revision_id: UUID, check: ContentCheck | None = None
) -> Program:
    """The program of a document. Raises Refused with every problem in it."""
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
    specs = [("trigger.where", program.trigger.where), ("trigger.state", program.trigger.state)]
    specs += [(f"messages[{s.name}].conditions", s.args.get("conditions")) for s in program.steps]
    for path, spec in specs:
        try:
            compile_filter(spec or {}, path, traits=traits)
        except Refused as refused:
            problems.extend(refused.problems)
    return problems


def channels_of(program: Program) -> set[Channel]:
    """The channels that a program may speak on, fallbacks among them."""
    words = [w for s in program.steps if s.kind == "message" for w in (s.args["channel"], s.args.get("fallback"))]
    return {Channel.of(word) for word in words if word}


def _read(document: object, check: ContentCheck | None) -> tuple[Program | None, list[Problem]]:
    problems = check_values(document)
    if problems:
        return None, problems
    assert isinstance(document, dict)
    sheet = Sheet(document, "", problems, _FIELDS)
    sheet.need("name", "such as spring-sale")
    name = sheet.slug("name")
    sheet.text("title")
    sheet.text("description", 5_000)
    sheet.texts("success_metrics")
    scale = sheet.number("time_scale", 1, 1_000_000) or 1.0
    rules = read_frequency(sheet, scale)
    starts_at, ends_at = sheet.moment("starts_at"), sheet.moment("ends_at")
    if starts_at and ends_at and ends_at <= starts_at:
        sheet.note("campaign.ends_before_start", "is not after starts_at", "ends_at", "move one of the two")
    program = Program(
        id=_NOBODY,
        revision_id=_NOBODY,
        name=name or "",
        trigger=_read_trigger(sheet, scale),
        segments=sheet.texts("segments"),
        rules=rules,
        steps=_read_steps(sheet, check, scale),
        priority=sheet.priority("priority") or Priority.MEDIUM,
        starts_at=starts_at,
        ends_at=ends_at,
        # Rules on how often one enters say that one may enter again.
        reentry=sheet.choice("reentry", _REENTRY, "after_exit" if rules.entries or rules.cooldown else "once"),
        variables=_read_variables(sheet),
        conversion=sheet.text("conversion") or "purchase",
        exit_on=sheet.text("exit_on"),
        transactional=sheet.flag("transactional"),
    )
    return (None if problems else program), problems


# What may start an enrollment, each by its own field of `trigger`.
_MOVES = {"enters": SEGMENT_ENTERED, "leaves": SEGMENT_LEFT}
_STARTS = ("event", "state", *_MOVES)


def _read_trigger(outer: Sheet, scale: float) -> Trigger:
    """An event, a state, or nothing: then the campaign is a broadcast that starts when it is launched."""
    if not outer.has("trigger"):
        return Trigger()
    raw = outer.mapping("trigger", "such as {event: user_signup}")
    sheet = Sheet(raw, "trigger", outer.problems, (*_STARTS, "where", "every"))
    starts = [word for word in _STARTS if sheet.has(word)]
    if not starts and isinstance(outer.raw["trigger"], dict):
        fix = "name an event, a segment or a state; without a trigger the campaign is a broadcast"
        sheet.note("campaign.empty_trigger", "starts nothing", "", fix)
    for second in starts[1:]:
        sheet.exclude(starts[0], second)
    moved = next((word for word in _MOVES if sheet.has(word)), None)
    if moved:
        return _read_move(sheet, moved)
    for needed, field in (("event", "where"), ("state", "every")):
        if sheet.has(field) and not sheet.has(needed):
            sheet.note("campaign.trigger_mismatch", f"belongs to a trigger by {needed}", field, f"add {needed!r}")
    every = sheet.duration("every")
    if every is not None and every < 60:
        sheet.note("campaign.too_often", "is shorter than a minute", "every", "such as 1d")
    state = sheet.filter("state") if sheet.has("state") else None
    if state == {} and sheet.raw["state"] in ({}, []):
        sheet.note("campaign.empty_trigger", "holds for everybody", "state", "say which customers it means")
    return Trigger(
        event=sheet.text("event"),
        where=sheet.filter("where"),
        state=state,
        every=max(_SHORTEST_LOOK, (every or _DAY) / scale),
    )


def _read_move(sheet: Sheet, word: str) -> Trigger:
    """`{enters: vip}` and `{leaves: vip}`: the event that the engine writes when a customer changes segments."""
    for field in ("where", "every"):
        if sheet.has(field):
            sheet.note("campaign.trigger_mismatch", f"does not go with {word!r}", field, "use the message's conditions")
    return Trigger(event=_MOVES[word], where={"segment": sheet.text(word) or ""})


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


def _read_variables(sheet: Sheet) -> dict[str, Any]:
    """The brand's words for templates; a name is what a template can write."""
    variables = sheet.mapping("variables", "such as {shop_url: https://example.com}")
    for name in variables:
        if not name.isidentifier():
            fix = "use letters, digits and _, not beginning with a digit"
            sheet.note("campaign.bad_variable", f"{name!r} cannot be written in a template", f"variables.{name}", fix)
    return variables
