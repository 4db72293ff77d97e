"""What the answer of a filter hangs on, read off its tree."""

from __future__ import annotations

from collections.abc import Iterator

from motet.core.filters.tree import All, Any, Clock, Did, Near, Needs, Node, Not, Op, Operand, Percent, Relative, Test

# A value of the view that grows by itself: days, as a number.
DAYS_SINCE = "days_since_last_interaction"


def find_needs(tree: Node) -> Needs:
    leaves = list(find_leaves(tree))
    named = [leaf for leaf in leaves if isinstance(leaf, (Test, Near))]
    measures = {m.digest: m for leaf in leaves if isinstance(leaf, Did) for m in leaf.measures}
    segments = {
        operand
        for leaf in named
        if isinstance(leaf, Test) and leaf.path == ("segments",) and leaf.op is not Op.EXISTS
        for operand in (leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,))
        if isinstance(operand, str)
    }
    return Needs(
        frozenset(leaf.path[0] for leaf in named),
        tuple(measures.values()),
        frozenset(segments),
        any(is_timed(leaf) for leaf in leaves),
    )


def find_leaves(node: Node) -> Iterator[Test | Did | Near | Percent | Clock]:
    match node:
        case All(parts) | Any(parts):
            for part in parts:
                yield from find_leaves(part)
        case Not(part):
            yield from find_leaves(part)
        case _:
            yield node


def is_timed(node: Node) -> bool:
    """Whether its truth may change with time alone."""
    match node:
        case All(parts) | Any(parts):
            return any(is_timed(part) for part in parts)
        case Not(part):
            return is_timed(part)
        case Test(path, _, operand):
            return path == (DAYS_SINCE,) or is_relative(operand)
        case Did(window=window, operand=operand):
            return window is not None or is_relative(operand)
        case Clock():
            return True
        case _:
            return False


def is_relative(operand: Operand) -> bool:
    return any(isinstance(o, Relative) for o in (operand if isinstance(operand, tuple) else (operand,)))
