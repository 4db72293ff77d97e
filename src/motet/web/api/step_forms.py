"""The forms of steps in the words of documents: what the editor of a journey draws and writes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from motet.authoring.steps.registry import BY_KIND
from motet.journeys.registry import STEP_TYPES
from motet.journeys.steps.base import Field

# Fields that documents call otherwise than programs do; None: documents have none.
_CALLED: dict[tuple[str, str], str | None] = {
    ("delay", "seconds"): "for",
    ("delay", "since"): None,
    ("wait_until", "at"): "moment",
    ("wait_until", "local_time"): "time",
    ("wait_for_condition", "condition"): "until",
}


class StepKind(msgspec.Struct, frozen=True):
    """A kind of step: the word that documents have for it at `type`, and the fields of its form."""

    kind: str
    word: str
    words: list[str]
    label: str
    form: list[Field]


def list_step_kinds() -> list[StepKind]:
    """All kinds that a document may have, in their order there."""
    return [
        StepKind(kind, form.words[0], list(form.words), _label(form.words[0]), list(_fields(kind)))
        for kind, form in BY_KIND.items()
        if kind in STEP_TYPES
    ]


def _label(word: str) -> str:
    return word.replace("_", " ").capitalize()


def _fields(kind: str) -> Iterator[Field]:
    form = BY_KIND[kind]
    if kind == "action":  # the content of its webhook stands in the step itself
        yield Field("url", "Address", "text")
        yield Field("body", "Body", "properties")
    for field in STEP_TYPES[kind].form:
        name = _CALLED.get((kind, field.name), field.name)
        if name is not None and (kind, name) != ("action", "content") and name != "conditions":
            yield msgspec.structs.replace(field, name=name)
    if not form.own_delay and not form.ends:
        yield Field("delay", "After a delay of", "duration")
    yield Field("conditions", "Only when", "filter")
    if (form.goes_on or not form.targets) and kind not in ("branch", "split") and not form.ends:
        yield Field("next", "Then", "step")
