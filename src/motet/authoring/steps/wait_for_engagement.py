"""`wait_for_engagement`: until a message of this journey was opened, clicked ... A word that is no interaction means an
event of that name."""

from __future__ import annotations

from motet.authoring.steps.base import Draft, Form, drop_none
from motet.core.durations import DAY
from motet.core.filters.leaves import DEEDS, ENGAGEMENT
from motet.core.program import Step
from motet.core.sheet import Sheet
from motet.core.spelling import show, suggest
from motet.core.words import Interaction

ANY = "any"
_WORDS = {
    **{word.word: (word.word,) for word in Interaction},
    **{deed: (word.word,) for deed, word in DEEDS.items()},
    "purchased": (Interaction.PURCHASE.word,),
    ANY: tuple(word.word for word in ENGAGEMENT),
}


def read(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    sheet.exclude("engagement", "engagement_type")
    words = sheet.texts("engagement_type" if sheet.has("engagement_type") else "engagement") or (ANY,)
    ways = {"engaged": draft.target(sheet, "engaged"), "timed_out": draft.target(sheet, "timed_out")}
    timeout = draft.span(sheet, "timeout", "timeout_seconds", default=DAY)
    strange = [word for word in words if word not in _WORDS]
    if len(words) == 1 and strange:
        if sheet.has("messages"):
            fix = f"use one of: {', '.join(_WORDS)}; or leave out `messages` to wait for the event"
            sheet.note(
                "journey.unknown_engagement", f"{show(words[0])} is nothing that a message brings", "messages", fix
            )
        args = {"event": words[0], "timeout": timeout, "arrived": ways["engaged"], "timed_out": ways["timed_out"]}
        return [Step(name, "wait_for_event", drop_none(args))]
    for word in strange:
        fix = suggest(word, _WORDS)
        sheet.note("journey.unknown_engagement", f"{word!r} cannot stand among others", "engagement", fix)
    engagement = list(dict.fromkeys(event for word in words for event in _WORDS.get(word, ())))
    args = {"engagement": engagement, "messages": _read_messages(sheet, draft), "timeout": timeout, **ways}
    return [Step(name, "wait_for_engagement", drop_none(args))]


def _read_messages(sheet: Sheet, draft: Draft) -> list[str] | None:
    """Names of the document's steps; `journey.py` puts those of their messages in their place."""
    names = sheet.texts("messages")
    for name in names:
        if name not in draft.order:
            fix = suggest(name, draft.order)
            sheet.note("journey.unknown_step", f"there is no step {name!r}", "messages", fix)
    return list(names) or None


FORM = Form(
    kind="wait_for_engagement",
    words=("wait_for_engagement",),
    fields=("engagement", "engagement_type", "messages", "timeout", "timeout_seconds", "engaged", "timed_out"),
    read=read,
    targets=("engaged", "timed_out"),
    slow=("timed_out",),
)
