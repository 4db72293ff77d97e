"""What a compiled template works on: frames of data, a budget, and how values become text.

Only the data that is handed in can be reached: dicts by key, lists by number. No attribute of any object is ever looked
up, so nothing of the program's own leaks into a template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from motet.content.failure import RenderFailed
from motet.core.errors import Problem

MAX_OPERATIONS = 100_000  # nodes rendered, loop turns, and each further 64 characters of a value
MAX_OUTPUT = 2 * 1024 * 1024  # characters of one rendered template
_CHEAP = 64  # characters that an operation pays for
_MAX_LIST_DEPTH = 8


def same_target(target: str) -> str:
    """Links stay as they are."""
    return target


class Run:
    """One render: the budget left, the values behind `@name`, and what becomes of links."""

    __slots__ = ("data", "left", "link", "unsubscribed")

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        link: Callable[[str], str] = same_target,
        operations: int = MAX_OPERATIONS,
    ) -> None:
        self.data: Mapping[str, Any] = data or {}
        self.link = link
        self.left = operations
        self.unsubscribed = False  # whether an unsubscribe link was written

    def spend(self, count: int) -> None:
        """Raises RenderFailed when the budget is used up."""
        self.left -= count
        if self.left < 0:
            raise failed("content.too_much_work", f"the template does more than {MAX_OPERATIONS:,} operations")


class Frame:
    """One level of context: what `this` is, and the loop's place when it is in one."""

    __slots__ = ("first", "index", "key", "last", "names", "parent", "root", "run", "this")

    def __init__(self, this: Any, parent: Frame | None, run: Run) -> None:
        self.this = this
        self.parent = parent
        self.run = run
        self.root: Any = this if parent is None else parent.root
        self.names: dict[str, Any] | None = None
        self.index: int | None = None
        self.key: Any = None
        self.first = self.last = False


def failed(code: str, message: str, fix: str = "") -> RenderFailed:
    """A RenderFailed with a Problem of these words."""
    return RenderFailed(Problem(code, message, "", fix))


def step_into(value: Any, key: str) -> Any:
    """One step of a path; None when there is nothing."""
    if isinstance(value, dict):
        return dict.get(value, key)
    if isinstance(value, list | tuple):
        if key == "length":
            return len(value)
        return value[int(key)] if key.isdecimal() and len(key) < 10 and int(key) < len(value) else None
    if key == "length" and isinstance(value, str):
        return len(value)
    return None


def is_truthy(value: Any) -> bool:
    """As Handlebars' `if` sees it: false, null, 0, "", NaN and [] are not; an empty map is."""
    if isinstance(value, dict):
        return True
    return bool(value) and value == value


def to_text(value: Any, run: Run, depth: int = 0) -> str:
    """A value as a reader sees it. Raises RenderFailed for a map, which nobody means to print."""
    if type(value) is str:
        text = value
    elif value is None:
        return ""
    elif isinstance(value, bool):
        return "true" if value else "false"
    elif isinstance(value, int):
        text = str(value) if -(10**40) < value < 10**40 else f"{Decimal(value):e}"
    elif isinstance(value, float):
        text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    elif isinstance(value, datetime | date):
        text = value.isoformat()
    elif isinstance(value, list | tuple) and depth < _MAX_LIST_DEPTH:
        run.spend(len(value))
        text = ",".join([to_text(item, run, depth + 1) for item in value])
    elif isinstance(value, str | UUID | Decimal):
        text = str(value)
    else:
        raise failed("content.not_text", "a map or other object cannot be printed", "name one of its fields")
    if len(text) > _CHEAP:
        run.spend(len(text) // _CHEAP)
    return text
