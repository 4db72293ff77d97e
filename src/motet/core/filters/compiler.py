"""From the tree to a function over a view. Compiled once, asked millions of times: so closures, not a walk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any as Anything

import msgspec

from motet.core.errors import Refused
from motet.core.filters.parser import Parser
from motet.core.filters.tree import All, Any, Node, Not, Test
from motet.core.filters.values import Check, make_check

Question = Callable[[Mapping[str, Anything]], bool]


class Filter(msgspec.Struct, frozen=True):
    """A compiled condition. `tree` is its meaning; `matches` asks it of a view."""

    tree: Node
    matches: Question


def compile_filter(spec: Mapping[str, Anything] | Sequence[Anything], path: str = "conditions") -> Filter:
    """Compiles a spec; keep the result, it is meant to be asked often.

    `path` is where the spec stands, for messages. Raises Refused with every problem in it.
    """
    parser = Parser()
    tree = parser.parse(spec, path)
    if parser.problems:
        raise Refused(parser.problems)
    return Filter(tree, _question(tree))


def _question(node: Node) -> Question:
    match node:
        case Test(fields, op, operand):
            return _ask(fields, make_check(op, operand))
        case Not(part):
            inner = _question(part)
            return lambda view: not inner(view)
        case All(parts):
            every = [_question(p) for p in parts]
            return lambda view: all(q(view) for q in every)
        case Any(parts):
            either = [_question(p) for p in parts]
            return lambda view: any(q(view) for q in either)


def _ask(fields: tuple[str, ...], check: Check) -> Question:
    if len(fields) == 1:
        (name,) = fields
        return lambda view: check(view.get(name))
    return lambda view: check(_find(view, fields))


def _find(value: Anything, fields: tuple[str, ...]) -> Anything:
    """Down nested maps; through a list, the values of all its elements that have one. None when there is none."""
    for depth, name in enumerate(fields):
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, (list, tuple)):
            found = [_find(element, fields[depth:]) for element in value]
            flat = [v for f in found for v in (f if isinstance(f, (list, tuple)) else (f,)) if v is not None]
            return flat or None
        else:
            return None
    return value
