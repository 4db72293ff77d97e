"""Questions about a value inside JSON, as DuckDB SQL: down nested maps, and through lists, as `questions.find` goes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from motet.core.filters.columns_values import (
    FEW,
    Check,
    Jsons,
    Params,
    absent,
    any_of,
    is_list,
    is_map,
    is_plain,
    let,
    make_check,
    number_of,
    raw,
    truth,
)
from motet.core.filters.questions import EARTH
from motet.core.filters.tree import Near, Op, Operand
from motet.core.filters.values import read_moment

_NO_JSON = "NULL::JSON"
COLUMNS = ("c.attributes", "e.properties")
# Names that a JSON pointer would take for a place in a list.
_PLACES = re.compile(r"\d+|-|#.*", re.ASCII)


class Asking:
    """A check as it is put to one value and to the elements of a list. `apart`: it holds a subquery, which cannot
    stand in a lambda."""

    def __init__(self, single: Check, element: Check, apart: bool = False) -> None:
        self.single = single
        self.element = element
        self.apart = apart


def ask_json(params: Params, root: str, path: Sequence[str], op: Op, operand: Operand, *, rooted: bool = True) -> str:
    """A question about the value at `path` below the JSON `root`. `rooted`: the root is a map, never a list."""
    if op is Op.EXISTS:
        there = f"(NOT {absent(extract(params, root, path))})"
        if len(path) > 1 or (path and not rooted):
            there = any_of([there, f"(len({_listed(params, root, path)}) > 0)"])
        return there if operand else f"(NOT {there})"
    apart = op is Op.IN and isinstance(operand, tuple) and len(operand) > FEW
    plain, nested = Jsons(params, nested=not apart), Jsons(params, nested=True)
    if op is Op.CONTAINS:
        assert not isinstance(operand, tuple)
        asking = Asking(lambda v: plain.contains(v, operand), lambda v: nested.equals(v, operand))
    else:
        asking = Asking(make_check(plain, op, operand), make_check(nested, op, operand), apart)
    exact = _ask(params, root, path, asking, rooted)
    hints = _hints(params, root, op, operand)
    return f"({any_of(hints)} AND {exact})" if hints else exact


def _hints(params: Params, root: str, op: Op, operand: Operand) -> list[str]:
    """Words of which one stands in the JSON wherever the question is met: looking for them reads no JSON."""
    words = operand if op is Op.IN and isinstance(operand, tuple) else (operand,) if op is Op.EQ else ()
    if root not in COLUMNS or len(words) > FEW:
        return []
    plain = [w for w in words if isinstance(w, str) and w and is_plain(w) and read_moment(w) is None]
    return [truth(f"contains({raw(root)}, {params.add(word)})") for word in plain] if len(plain) == len(words) else []


def ask_near(params: Params, root: str, path: Sequence[str], node: Near, *, rooted: bool = True) -> str:
    """Whether the place at `path` is near."""

    def check(value: str) -> str:
        return _is_near(params, value, node)

    return _ask(params, root, path, Asking(check, check), rooted)


def _ask(params: Params, root: str, path: Sequence[str], asking: Asking, rooted: bool) -> str:
    def single(value: str) -> str:
        in_list = _any(f"TRY_CAST({value} AS JSON[])", asking.element)
        return f"CASE WHEN {is_list(value)} THEN {in_list} ELSE {asking.single(value)} END"

    def through(listed: str) -> str:
        return f"CASE WHEN len({listed}) = 0 THEN {asking.single(_NO_JSON)} ELSE {_any(listed, asking.element)} END"

    def either(value: str) -> str:
        every = _listed(params, root, path)
        listed = through(every) if asking.apart else let("l", every, through)
        return f"CASE WHEN {value} IS NOT NULL THEN {single(value)} ELSE {listed} END"

    value, ask = extract(params, root, path), single if not path or (len(path) == 1 and rooted) else either
    return truth(ask(value) if asking.apart else let("v", value, ask))


def _any(elements: str, check: Check) -> str:
    return f"(len(list_filter({elements}, lambda x: {check('x')})) > 0)"


def extract(params: Params, root: str, path: Sequence[str]) -> str:
    """The JSON at a path of maps; NULL when there is none."""
    if not any(_PLACES.fullmatch(name) for name in path):
        return f"json_extract({root}, {params.add(_pointer(*path))})" if path else root
    value = root
    for name in path:
        value = let("s", value, lambda s, name=name: f"CASE WHEN {is_map(s)} THEN {_step(params, s, name)} END")  # type: ignore[misc]
    return value


def _step(params: Params, value: str, name: str) -> str:
    return f"json_extract({value}, {params.add(_pointer(name))})"


def _pointer(*names: str) -> str:
    return "".join(f"/{name.replace('~', '~0').replace('/', '~1')}" for name in names)


def _listed(params: Params, root: str, path: Sequence[str]) -> str:
    """All values at the path, through lists; the elements of those that are lists themselves; no nulls."""
    nodes = f"[{root}]"
    for name in path:
        step = _step(params, "n", name)
        inside = f"CASE WHEN {is_map('e')} THEN {_step(params, 'e', name)} END"
        below = f"list_transform(TRY_CAST(n AS JSON[]), lambda e: {inside})"
        by_type = f"CASE WHEN {is_map('n')} THEN [{step}] WHEN {is_list('n')} THEN {below} ELSE []::JSON[] END"
        nodes = f"flatten(list_transform({nodes}, lambda n: {by_type}))"
    spread = (
        f"flatten(list_transform({nodes}, lambda n: CASE WHEN {is_list('n')} THEN TRY_CAST(n AS JSON[]) ELSE [n] END))"
    )
    return f"list_filter({spread}, lambda e: NOT {absent('e')})"


def _is_near(params: Params, value: str, node: Near) -> str:
    lat, lon = (_angle(params, value, name) for name in ("lat", "lon"))
    to_lat, to_lon, km = (params.add(v) for v in (node.lat, node.lon, node.km))
    turn = (
        f"power(sin((radians({to_lat}) - radians({lat})) / 2), 2) + cos(radians({lat})) * cos(radians({to_lat}))"
        f" * power(sin((radians({to_lon}) - radians({lon})) / 2), 2)"
    )
    return truth(f"{2 * EARTH!r}::DOUBLE * asin(sqrt(least(1.0::DOUBLE, {turn}))) <= {km}")


def _angle(params: Params, value: str, name: str) -> str:
    found = f"CASE WHEN {is_map(value)} THEN {_step(params, value, name)} END"
    number = number_of(found)
    return f"(CASE WHEN abs({number}) <= 360 THEN {number} END)"
