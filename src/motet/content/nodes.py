"""What a template is made of. `at` is an offset in the source, for errors."""

from __future__ import annotations

import msgspec


class Path(msgspec.Struct, frozen=True):
    """Where a value lies. `up` counts `../`; `data` says that it began with `@`."""

    parts: tuple[str, ...]
    at: int
    up: int = 0
    data: bool = False
    this: bool = False  # began with `this` or `.`: never a block parameter


class Literal(msgspec.Struct, frozen=True):
    value: str | int | float | bool | None


class Call(msgspec.Struct, frozen=True):
    """A helper with its arguments; `named` are the `key=value` ones."""

    name: str
    args: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...]
    at: int


Expression = Path | Literal | Call


class Text(msgspec.Struct, frozen=True):
    text: str
    start: int
    end: int


class Value(msgspec.Struct, frozen=True):
    """`{{x}}`, or `{{{x}}}` when `raw`."""

    expression: Expression
    raw: bool
    start: int
    end: int


class Block(msgspec.Struct, frozen=True):
    """`{{#name args}} body {{else}} inverse {{/name}}`. `section` says it was a bare `{{#path}}`."""

    name: str
    args: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...]
    params: tuple[str, ...]
    body: tuple[Node, ...]
    inverse: tuple[Node, ...]
    section: bool
    start: int
    end: int


Node = Text | Value | Block
Nodes = tuple[Node, ...]
