"""From the tree to a function over a view. Compiled once, asked millions of times: so closures, not a walk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any as Anything

import msgspec

from motet.core.errors import Refused
from motet.core.filters.flips import compile_probe
from motet.core.filters.needs import find_needs
from motet.core.filters.parser import Parser
from motet.core.filters.questions import Question, ask
from motet.core.filters.tree import Needs, Node


class Filter(msgspec.Struct, frozen=True):
    """A compiled condition.

    `tree` is its meaning; `matches(view)` asks it. It raises NotCounted when it needs a count that nobody has made yet.
    `probe(view)` gives the answer and the earliest moment after the view's `$now` at which it may change with time
    alone, None when it cannot: never late, and exact for counts in windows. `needs` is what the answer hangs on.
    """

    tree: Node
    matches: Question
    probe: Callable[[Mapping[str, Anything]], tuple[bool, datetime | None]]
    needs: Needs

    def flips(self, view: Mapping[str, Anything]) -> datetime | None:
        """The moment of `probe` alone."""
        return self.probe(view)[1]


def compile_filter(
    spec: Mapping[str, Anything] | Sequence[Anything],
    path: str = "conditions",
    *,
    traits: Mapping[str, Mapping[str, Anything]] | None = None,
) -> Filter:
    """Compiles a spec; keep the result, it is meant to be asked often.

    `path` is where the spec stands, for messages. `traits` are the documents of the computed traits by name; without
    them `traits.x` is looked up in the view. Raises Refused with every problem in it.
    """
    parser = Parser(traits)
    tree = parser.parse(spec, path)
    if parser.problems:
        raise Refused(parser.problems)
    return make_filter(tree)


def make_filter(tree: Node) -> Filter:
    """A filter of a tree that was made otherwise."""
    return Filter(tree, ask(tree), compile_probe(tree), find_needs(tree))
