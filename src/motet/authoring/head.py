"""What campaigns and journeys have in common: the fields at the top of their documents, and what starts them."""

from __future__ import annotations

from typing import Any

from motet.authoring.frequency import read_frequency
from motet.core.events import SEGMENT_ENTERED, SEGMENT_LEFT
from motet.core.program import Trigger
from motet.core.sheet import Sheet
from motet.core.words import Priority

FIELDS = (
    "kind",
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
    "simulation",
    "conversion",
    "transactional",
    "time_scale",
)
SHORTEST_LOOK = 5.0  # seconds between two looks over a state, however the clock is scaled
DAY = 86_400.0
_REENTRY = ("once", "after_exit", "always")


def read_scale(sheet: Sheet) -> float:
    """What every duration is divided by."""
    return sheet.number("time_scale", 1, 1_000_000) or 1.0


def read_head(sheet: Sheet, scale: float) -> dict[str, Any]:
    """The fields of Program that both kinds fill alike; what is wrong goes to the sheet's problems."""
    sheet.need("name", "such as spring-sale")
    name = sheet.slug("name")
    sheet.text("title")
    sheet.text("description", 5_000)
    sheet.texts("success_metrics")
    sheet.mapping("simulation", "such as {buys: 0.1}")  # read by `motet simulate` only
    rules = read_frequency(sheet, scale)
    starts_at, ends_at = sheet.moment("starts_at"), sheet.moment("ends_at")
    if starts_at and ends_at and ends_at <= starts_at:
        sheet.note("campaign.ends_before_start", "is not after starts_at", "ends_at", "move one of the two")
    return {
        "name": name or "",
        "trigger": _read_trigger(sheet, scale),
        "segments": sheet.texts("segments"),
        "rules": rules,
        "priority": sheet.priority("priority") or Priority.MEDIUM,
        "starts_at": starts_at,
        "ends_at": ends_at,
        # Rules on how often one enters say that one may enter again.
        "reentry": sheet.choice("reentry", _REENTRY, "after_exit" if rules.entries or rules.cooldown else "once"),
        "variables": _read_variables(sheet),
        "conversion": sheet.text("conversion") or "purchase",
        "transactional": sheet.flag("transactional"),
    }


# What may start an enrollment, each by its own field of `trigger`.
_MOVES = {"enters": SEGMENT_ENTERED, "leaves": SEGMENT_LEFT}
_STARTS = ("event", "state", *_MOVES)


def _read_trigger(outer: Sheet, scale: float) -> Trigger:
    """An event, a state, or nothing: then it is a broadcast that starts when it is launched."""
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
        every=max(SHORTEST_LOOK, (every or DAY) / scale),
    )


def _read_move(sheet: Sheet, word: str) -> Trigger:
    """`{enters: vip}` and `{leaves: vip}`: the event that the engine writes when a customer changes segments."""
    for field in ("where", "every"):
        if sheet.has(field):
            sheet.note("campaign.trigger_mismatch", f"does not go with {word!r}", field, "use the message's conditions")
    return Trigger(event=_MOVES[word], where={"segment": sheet.text(word) or ""})


def _read_variables(sheet: Sheet) -> dict[str, Any]:
    """The brand's words for templates; a name is what a template can write."""
    variables = sheet.mapping("variables", "such as {shop_url: https://example.com}")
    for name in variables:
        if not name.isidentifier():
            fix = "use letters, digits and _, not beginning with a digit"
            sheet.note("campaign.bad_variable", f"{name!r} cannot be written in a template", f"variables.{name}", fix)
    return variables
