"""What the form of a step in a document is. Adding one: a file beside this one, and a line in `registry.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from motet.authoring.message import EXIT, Reading
from motet.core.errors import Problem, Refused
from motet.core.filters import compile_filter
from motet.core.program import Step
from motet.core.sheet import Sheet, join_filters
from motet.core.spelling import show, suggest
from motet.core.steps import LONGEST_WAIT
from motet.core.words import Channel

_HOOK = "https://example.com/"  # stands in for an address where only the templates are checked


class Draft(Reading):
    """A journey while it is read. `order` has the names of its steps, as they stand in the document."""

    order: tuple[str, ...] = ()
    conditions: dict[str, Any] = {}  # those of the step that is read just now

    def target(self, sheet: Sheet, field: str) -> str | None:
        """The step that a field names, or `exit`; None when it names none."""
        if not sheet.has(field):
            return None
        value = sheet.raw[field]
        if isinstance(value, str) and value.strip() in (*self.order, EXIT):
            return value.strip()
        fix = suggest(str(value), (*self.order, EXIT))
        sheet.note("journey.unknown_step", f"there is no step {show(value)}", field, fix)
        return None

    def seconds(self, sheet: Sheet, *fields: str) -> float | None:
        """The duration in the first of the fields that is there, on the document's clock; the others say the same."""
        given = [field for field in fields if sheet.has(field)]
        for second in given[1:]:
            sheet.exclude(given[0], second)
        if not given:
            return None
        seconds = sheet.duration(given[0])
        if seconds is not None and seconds / self.scale > LONGEST_WAIT:
            sheet.note("journey.waits_too_long", "is longer than a year on one step", given[0], "wait in two steps")
        return None if seconds is None else seconds / self.scale

    def span(self, sheet: Sheet, *fields: str, default: float | None = None) -> float:
        """As `seconds`, of a wait that must take time. Without a default it is needed."""
        seconds = self.seconds(sheet, *fields)
        if seconds is None:
            given = any(sheet.has(field) for field in fields)
            if default is None and not given:
                sheet.need(fields[0], "such as 2d")
            return 1.0 if default is None else default / self.scale
        if seconds <= 0:
            given_field = next(field for field in fields if sheet.has(field))
            sheet.note("journey.no_time", "takes no time", given_field, "such as 1h")
        return seconds

    def templates(self, values: dict[str, Any], path: str) -> None:
        """Notes what is wrong with the templates among the texts in `values`, which stand at `path`."""
        if self.check is None:
            return
        for problem in self.check(Channel.WEBHOOK, {"url": _HOOK, "body": values}):
            below = problem.path.removeprefix("body").removeprefix(".")
            self.problems.append(msgspec.structs.replace(problem, path=f"{path}.{below}" if below else path))


Read = Callable[[Sheet, str, Draft], list[Step]]


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """`read` gives the steps of one step of the document; the targets in their args are names of the document's steps.

    The rest says how steps of this kind go on, for those who look at the whole.
    """

    kind: str  # of the step that it compiles to
    words: tuple[str, ...]  # of `type` in documents
    fields: tuple[str, ...]
    read: Read
    targets: tuple[str, ...] = ()  # args that name a step; absent: the following one. `paths` have theirs in `go`
    waits: Callable[[dict[str, Any]], bool] = lambda args: False  # whoever goes on has spent time here, for certain
    slow: tuple[str, ...] = ()  # of the targets, those where that is so
    goes_on: bool = False  # to the following step too, beside its targets
    ends: bool = False
    own_delay: bool = False  # `delay` is what it does
    own_conditions: Callable[[Sheet], bool] = lambda sheet: False  # the step looks at them itself


def read_where(spec: Any, path: str, problems: list[Problem]) -> dict[str, Any]:
    """A condition that stands at `path`, checked; a list of them means that all hold."""
    try:
        compile_filter(spec, path)
    except Refused as refused:
        problems.extend(refused.problems)
        return {}
    return join_filters(spec)


def drop_none(args: dict[str, Any]) -> dict[str, Any]:
    """Without what is absent."""
    return {name: value for name, value in args.items() if value is not None and value != {}}
