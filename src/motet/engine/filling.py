"""The texts in what a step does are templates: filled in here for one customer, as plain text.

A text that is nothing but one `{{name}}` keeps the kind of its value, so that a number stays a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from motet.content.handlebars import compile_template
from motet.content.nodes import Value
from motet.content.parser import parse
from motet.content.paths import compile_expression
from motet.content.runtime import Frame, Run
from motet.core.facts import Enrollment, Facts, spoken_view

_KINDS = (bool, int, float, str, list, tuple, dict)  # what JSON has; None stands for nothing

View = dict[str, Any]
Fill = Callable[[View, Run], Any]


def view_for(facts: Facts, enrollment: Enrollment, variables: Mapping[str, Any]) -> View:
    """What these templates see: as messages do, and `now` (`current_timestamp`) beside it."""
    view = spoken_view(facts, enrollment.context)
    now = facts.local or facts.now
    for name, value in {**variables, "now": now, "current_timestamp": now}.items():
        if view.get(name) is None:
            view[name] = value
    return view


def fill(value: Any, view: View) -> Any:
    """The value with every text in it filled in. Raises RenderFailed, and TemplateFault when a template is wrong."""
    return _fill(value, view, Run({"now": view.get("now")}))


def _fill(value: Any, view: View, run: Run) -> Any:
    if isinstance(value, str):
        return _compile(value)(view, run) if "{{" in value else value
    if isinstance(value, dict):
        return {key: _fill(inner, view, run) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_fill(inner, view, run) for inner in value]
    return value


@lru_cache(maxsize=4096)
def _compile(source: str) -> Fill:
    nodes = parse(source)
    if len(nodes) == 1 and isinstance(nodes[0], Value):
        get = compile_expression(nodes[0].expression, frozenset(), source)
        return lambda view, run: _plain(get(Frame(view, None, run)))
    template = compile_template(source)
    return lambda view, run: template.render(view, run).replace("\0", "")


def _plain(value: Any) -> Any:
    """The value as JSON can hold it."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if value is None or isinstance(value, _KINDS):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else str(value) if isinstance(value, UUID) else None
