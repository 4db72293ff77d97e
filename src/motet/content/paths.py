"""Paths and helper calls compiled to functions from a frame to a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from motet.content.failure import fault
from motet.content.helpers import HELPERS, Function
from motet.content.nodes import Call, Expression, Literal, Path
from motet.content.runtime import Frame, step_into
from motet.core.spelling import guess

Getter = Callable[[Frame], Any]
_LOOP = {"index", "key", "first", "last"}
_NOTHING: dict[str, Any] = {}
_CHEAP = 64  # characters of an argument that its operation pays for


def compile_expression(expression: Expression, params: frozenset[str], source: str) -> Getter:
    """`params` are the block parameters in sight. Raises TemplateFault."""
    if isinstance(expression, Literal):
        value = expression.value
        return lambda frame: value
    if isinstance(expression, Path):
        return _path(expression, params)
    return _call(expression, params, source)


def closest(word: str, known: list[str]) -> str:
    """A fix that names the likeliest word meant, or nothing."""
    near = guess(word, known)
    return f"did you mean '{near}'?" if near else ""


def _call(call: Call, params: frozenset[str], source: str) -> Getter:
    helper = HELPERS.get(call.name)
    if helper is None:
        fix = closest(call.name, list(HELPERS)) or f"the helpers are {', '.join(HELPERS)}"
        raise fault("template.unknown_helper", f"there is no helper called '{call.name}'", source, call.at, fix)
    if not helper.least <= len(call.args) <= helper.most:
        span = str(helper.least) if helper.least == helper.most else f"{helper.least} to {helper.most}"
        raise fault("template.arguments", f"'{call.name}' takes {span} arguments", source, call.at)
    unknown = [key for key, _ in call.named if key not in helper.named]
    if unknown:
        raise fault("template.arguments", f"'{call.name}' knows no '{unknown[0]}='", source, call.at)
    args = [compile_expression(argument, params, source) for argument in call.args]
    named = [(key, compile_expression(value, params, source)) for key, value in call.named]
    return _caller(helper.run, args, named)


def _caller(run: Function, args: list[Getter], named: list[tuple[str, Getter]]) -> Getter:
    def call(frame: Frame) -> Any:
        values = [get(frame) for get in args]
        for value in values:
            if type(value) is str and len(value) > _CHEAP:
                frame.run.spend(len(value) // _CHEAP)
        extra = {key: get(frame) for key, get in named} if named else _NOTHING
        return run(values, extra, frame.run)

    return call


def _path(path: Path, params: frozenset[str]) -> Getter:
    if path.data:
        return _data_path(path)
    if not path.up and not path.this and path.parts and path.parts[0] in params:
        return _after(_parameter(path.parts[0]), path.parts[1:])
    if path.up:
        return _after(_climb(path.up), path.parts)
    if len(path.parts) == 1:
        return _field(path.parts[0])
    return _after(lambda frame: frame.this, path.parts)


def _field(name: str) -> Getter:
    """The common case: one field of what `this` is."""

    def field(frame: Frame) -> Any:
        this = frame.this
        return this.get(name) if type(this) is dict else step_into(this, name)

    return field


def _after(start: Getter, parts: tuple[str, ...]) -> Getter:
    if not parts:
        return start

    def walk(frame: Frame) -> Any:
        value = start(frame)
        for part in parts:
            if value is None:
                return None
            value = step_into(value, part)
        return value

    return walk


def _climb(up: int) -> Getter:
    def climb(frame: Frame) -> Any:
        found = _ancestor(frame, up)
        return found.this if found else None

    return climb


def _ancestor(frame: Frame, up: int) -> Frame | None:
    found: Frame | None = frame
    for _ in range(up):
        found = found.parent if found else None
    return found


def _parameter(name: str) -> Getter:
    def parameter(frame: Frame) -> Any:
        found: Frame | None = frame
        while found is not None:
            if found.names is not None and name in found.names:
                return found.names[name]
            found = found.parent
        return None

    return parameter


def _data_path(path: Path) -> Getter:
    head, rest = path.parts[0], path.parts[1:]
    if head == "root":
        return _after(lambda frame: frame.root, rest)
    if head in _LOOP:
        return _after(_loop_value(head, path.up), rest)
    return _after(lambda frame: frame.run.data.get(head), rest)


def _loop_value(name: str, up: int) -> Getter:
    """`@index` and its like belong to the nearest loop: frames that are none (of `with`) are passed over."""
    read: dict[str, Getter] = {
        "index": lambda frame: frame.index,
        "key": lambda frame: frame.key,
        "first": lambda frame: frame.first,
        "last": lambda frame: frame.last,
    }
    get = read[name]

    def value(frame: Frame) -> Any:
        found: Frame | None = frame
        left = up
        while found is not None:
            if found.index is not None:
                if left == 0:
                    return get(found)
                left -= 1
            found = found.parent
        return None

    return value
