"""From a spec, as documents write it, to the tree. Every problem is found in one pass, with its place and its fix."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any as Anything

from motet.core.errors import Problem
from motet.core.filters.leaves import EVENT_WORDS, LEAVES, read_near, read_seed_form, read_trait_test
from motet.core.filters.operands import EXAMPLE, READ, RELATIVE, Wrong, read_scalar
from motet.core.filters.tree import All, Any, Node, Not, Op, Relative, Test
from motet.core.spelling import guess, show, suggest

MAX_DEPTH = 20
MAX_SIZE = 1000  # tests and groups
MAX_NAME = 500  # characters of a dotted name

_NOTHING = All(())
_NEGATED = {"$ne": Op.EQ, "$nin": Op.IN}
_OPERATORS = (*(op.value for op in Op), *_NEGATED, "$not", "$near")
_GROUPS = ("$and", "$or", "$nor", "$not")
_WORDS = (*_GROUPS, *LEAVES)
_MEMBERSHIP = frozenset({Op.EQ, Op.IN, Op.CONTAINS, Op.EXISTS})


class Parser:
    """One pass over one spec; `problems` is empty when the tree may be used.

    `traits` are the computed traits by name, None when they are not known: then `traits.x` is a value of the view.
    """

    def __init__(self, traits: Mapping[str, Mapping[str, Anything]] | None = None) -> None:
        self.problems: list[Problem] = []
        self.size = 0
        self.traits = traits
        self.comparing = False  # what is found must be Tests
        self.inside = False  # inside the `where` of an event, which knows neither other events nor time

    def parse(self, spec: object, path: str, depth: int = 0) -> Node:
        """A mapping: every entry holds. A list: every spec in it holds."""
        if depth > MAX_DEPTH:
            return self.refuse("filter.too_deep", f"is nested more than {MAX_DEPTH} deep", path)
        if not isinstance(spec, (Mapping, list, tuple)):
            fix = 'write a mapping such as {"cart_value": {"$gt": 50}}'
            return self.refuse("filter.not_a_mapping", f"{show(spec)} is no condition", path, fix)
        if not self.has_room(spec, path):
            return _NOTHING
        if not isinstance(spec, Mapping):
            return _join([self.parse(part, f"{path}[{i}]", depth + 1) for i, part in enumerate(spec)])
        if isinstance(spec.get("type"), str) and (form := read_seed_form(self, spec, path)) is not None:
            return form
        return _join([self._entry(key, value, path, depth) for key, value in spec.items()])

    def _entry(self, key: object, value: object, path: str, depth: int) -> Node:
        if not isinstance(key, str):
            return self.refuse("filter.bad_field", f"{show(key)} is no field name", path, "put it in quotes")
        place = f"{path}.{key}"
        if key.startswith("$"):
            return self._group(key, value, place, depth)
        fields = self.read_name(key, path, place)
        if fields is None:
            return _NOTHING
        if isinstance(value, Mapping):
            return self._operators(fields, value, place, depth)
        return self._test(fields, Op.EQ, value, place)

    def read_name(self, name: str, path: str, place: str) -> tuple[str, ...] | None:
        """The parts of a dotted name; None when it was refused. Each is a step that somebody must go: it takes room."""
        fields = tuple(name.split(".", MAX_DEPTH + 1))
        if not all(fields):
            self.refuse("filter.bad_field", f"{show(name)} has an empty part", place, "write names joined by dots")
            return None
        if len(fields) > MAX_DEPTH or len(name) > MAX_NAME or "\0" in name:
            message = f"is longer than {MAX_DEPTH} names or {MAX_NAME} characters, or holds the character NUL"
            self.refuse("filter.bad_field", message, path, "name a value further up")
            return None
        return fields if self.has_room(fields[1:], path) else None

    def _group(self, word: str, value: object, place: str, depth: int) -> Node:
        if word == "$not":
            return Not(self.parse(value, place, depth + 1))
        if word in LEAVES:
            if self.inside and word in EVENT_WORDS:
                return self.refuse_inside(word, place)
            return LEAVES[word](self, value, place, depth)
        if word not in _GROUPS:
            fix = f"write {{field: {{{word}: ...}}}}" if word in _OPERATORS else suggest(word, _WORDS)
            return self.refuse("filter.unknown_operator", f"{word!r} stands where a field is expected", place, fix)
        if not isinstance(value, (list, tuple)) or not value:
            return self.refuse("filter.bad_operand", "takes a list of conditions", place, f"{word}: [{{...}}, {{...}}]")
        if not self.has_room(value, place):
            return _NOTHING
        parts = [self.parse(part, f"{place}[{i}]", depth + 1) for i, part in enumerate(value)]
        if word == "$and":
            return _join(parts)
        either = Any(tuple(parts))
        return Not(either) if word == "$nor" else either

    def refuse_inside(self, word: str, place: str) -> Node:
        message = f"{word!r} cannot stand in the 'where' of an event, which looks at the event alone"
        return self.refuse("filter.not_here", message, place, "put it beside the event, joined by $and")

    def where(self, spec: object, place: str, depth: int) -> bool:
        """Reads the conditions on an event; whether they are good."""
        before, self.inside = len(self.problems), True
        self.parse(spec, place, depth + 1)
        self.inside = False
        return len(self.problems) == before

    def compare(self, fields: tuple[str, ...], value: object, place: str, depth: int) -> Node:
        """Questions about one value, all of them Tests: a mapping of operators, or a value that it equals."""
        if not isinstance(value, Mapping):
            return self._test(fields, Op.EQ, value, place)
        before, self.comparing = self.comparing, True
        tests = self._operators(fields, value, place, depth)
        self.comparing = before
        return tests

    def _operators(self, fields: tuple[str, ...], spec: Mapping[Anything, Anything], place: str, depth: int) -> Node:
        if not spec:
            return self.refuse("filter.bad_operand", "has no operator", place, "such as {$gt: 50}")
        if depth > MAX_DEPTH:
            return self.refuse("filter.too_deep", f"is nested more than {MAX_DEPTH} deep", place)
        if not self.has_room(spec, place):
            return _NOTHING
        return _join([self._operator(fields, word, value, place, depth) for word, value in spec.items()])

    def _operator(self, fields: tuple[str, ...], word: object, value: object, place: str, depth: int) -> Node:
        here = f"{place}.{word}"
        if word == "$not":
            if not isinstance(value, Mapping):
                return self.refuse("filter.bad_operand", "takes operators", here, "such as {$not: {$gt: 50}}")
            return Not(self._operators(fields, value, here, depth + 1))
        if word == "$near" and not self.comparing:
            return read_near(self, fields, value, here)
        if isinstance(word, str) and word in _NEGATED:
            return Not(self._test(fields, _NEGATED[word], value, here))
        try:
            op = Op(word)
        except ValueError:
            return self.refuse("filter.unknown_operator", f"{show(word)} is no operator", here, _mend(fields, word))
        return self._test(fields, op, value, here)

    def _test(self, fields: tuple[str, ...], op: Op, value: object, place: str) -> Node:
        operand = READ.get(op, read_scalar)(value)
        if isinstance(operand, Wrong):
            return self.refuse("filter.bad_operand", operand.why, place, EXAMPLE.get(op, ""))
        if self.inside:
            relative = operand if isinstance(operand, tuple) else (operand,)
            if any(isinstance(o, Relative) for o in relative):
                return self.refuse_inside("$ago", place)
        elif fields[0] == "segments" and op not in _MEMBERSHIP:
            fix = 'such as {"segments": "vip"} or {"segments": {"$in": ["vip", "new"]}}'
            return self.refuse("filter.bad_operand", f"a segment is named whole, not by {op.value}", place, fix)
        elif fields[0] == "traits" and self.traits is not None:
            return read_trait_test(self, Test(fields, op, operand), place)
        return Test(fields, op, operand)

    def has_room(self, spec: Sized, path: str) -> bool:
        """Whether the parts of `spec` still fit. Said once: what follows is not read."""
        before, self.size = self.size, self.size + len(spec)
        if before <= MAX_SIZE < self.size:
            self.refuse("filter.too_large", f"has more than {MAX_SIZE} parts", path, "use $in for long lists")
        return self.size <= MAX_SIZE

    def refuse(self, code: str, message: str, path: str, fix: str = "") -> Node:
        self.problems.append(Problem(code, message, path, fix))
        return _NOTHING


def _mend(fields: tuple[str, ...], word: object) -> str:
    """A moment without a comparison, a field below a field, an operator without its dollar, or a slip of the pen."""
    text = str(word)
    if text in RELATIVE:
        return f'such as {{"$lt": {{"{text}": "7d"}}}}'
    if not text.startswith("$"):
        near = guess(f"${text}", _OPERATORS)
        return f"did you mean {near!r}?" if near else f"for a nested field write {'.'.join((*fields, text))!r}"
    return suggest(text, _OPERATORS)


def _join(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else All(tuple(parts))
