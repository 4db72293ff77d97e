"""Handlebars compiled: source to tree to functions that append text to a list. Compiled once, rendered often.

`{{x}}` is escaped by the output, `{{{x}}}` is not. Blocks: if, unless, each, with, and bare sections. What a template
may do is bounded: nesting when it is compiled, work and length when it is rendered.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from motet.content.blocks import Body, Put, each, footer, link, section, when, with_
from motet.content.failure import fault
from motet.content.nodes import Block, Literal, Node, Nodes, Path, Text, Value
from motet.content.outputs import PLAIN, Output
from motet.content.parser import parse
from motet.content.paths import Getter, closest, compile_expression
from motet.content.runtime import MAX_OUTPUT, Frame, Run, failed, to_text

UNSUBSCRIBE = "unsubscribe_url"
HREF, URL, KEEP, FOOTER = "motet-href", "motet-url", "motet-keep", "motet-footer"  # ours, see compile_nodes
_BLOCKS = ["if", "unless", "each", "with"]
_CHEAP = 64  # characters that an operation pays for


class Template:
    """A compiled template. Immutable; may be rendered from many threads at once."""

    __slots__ = ("_body",)

    def __init__(self, body: Body) -> None:
        self._body = body

    def render(self, view: dict[str, Any], run: Run | None = None) -> str:
        """The text for one view. Raises RenderFailed when the budget is used up or a value cannot be printed."""
        run = run or Run()
        out: list[str] = []
        self._body(Frame(view, None, run), out.append)
        text = "".join(out)
        if len(text) > MAX_OUTPUT:
            raise failed("content.too_long", f"the result has more than {MAX_OUTPUT:,} characters")
        return text


def compile_template(source: str, output: Output = PLAIN) -> Template:
    """Compiles what an author wrote. Raises TemplateFault."""
    return compile_nodes(parse(source), output, source, ours=False)


def compile_nodes(nodes: Nodes, output: Output = PLAIN, source: str = "", *, ours: bool = True) -> Template:
    """Compiles a tree. `ours` allows the blocks that Motet itself writes into a tree:

    `motet-href` (its body is the value of an HTML attribute: becomes a tracked link), `motet-url` (a plain address:
    likewise), `motet-keep` (left as it is), `motet-footer` (only when no unsubscribe link was written before it).
    """
    return Template(_Compiler(output, source, ours).body(nodes, frozenset()))


class _Compiler:
    def __init__(self, output: Output, source: str, ours: bool) -> None:
        self.output, self.source, self.ours = output, source, ours

    def body(self, nodes: Nodes, params: frozenset[str]) -> Body:
        parts: list[Body | str] = []
        cost = 0
        for node in nodes:
            part, weight = self._node(node, params)
            parts.append(part)
            cost += weight
        return _sequence(parts, cost)

    def _node(self, node: Node, params: frozenset[str]) -> tuple[Body | str, int]:
        if isinstance(node, Text):
            return self.output.fixed(node.text), 1 + len(node.text) // _CHEAP
        if isinstance(node, Value):
            return self._value(node, params), 1
        return self._block(node, params), 1

    def _value(self, node: Value, params: frozenset[str]) -> Body:
        get = compile_expression(node.expression, params, self.source)
        encode = self.output.raw if node.raw else self.output.value
        leaves = isinstance(node.expression, Path) and node.expression.parts[-1:] == (UNSUBSCRIBE,)
        return _shown(get, encode, leaves)

    def _block(self, node: Block, params: frozenset[str]) -> Body:
        if self.ours and node.name in (HREF, URL, KEEP, FOOTER):
            return self._own_block(node, params)
        name = node.name
        if node.section and name not in _BLOCKS:
            name = "section"
        elif name not in _BLOCKS:
            fix = closest(name, _BLOCKS) or f"the blocks are {', '.join(_BLOCKS)}"
            raise fault("template.unknown_block", f"there is no block called '{name}'", self.source, node.start, fix)
        self._check(node, name)
        get = compile_expression(node.args[0], params, self.source)
        inner = params | set(node.params)
        body, inverse = self.body(node.body, inner), self.body(node.inverse, params)
        if name in ("if", "unless"):
            zero = any(key == "includeZero" and isinstance(v, Literal) and v.value is True for key, v in node.named)
            return when(get, body, inverse, zero) if name == "if" else when(get, inverse, body, zero)
        if name == "each":
            return each(get, body, inverse, node.params)
        return with_(get, body, inverse, node.params) if name == "with" else section(get, body, inverse, node.params)

    def _check(self, node: Block, name: str) -> None:
        if len(node.args) != 1 or (node.section and name != "section"):
            raise fault("template.arguments", f"'{name}' takes one argument", self.source, node.start)
        allowed = {"includeZero"} if name in ("if", "unless") else set()
        for key, _ in node.named:
            if key not in allowed:
                raise fault("template.arguments", f"'{name}' knows no '{key}='", self.source, node.start)
        most = {"each": 2, "with": 1, "section": 2}.get(name, 0)
        if len(node.params) > most:
            raise fault(
                "template.arguments", f"'{name}' gives at most {most} block parameters", self.source, node.start
            )

    def _own_block(self, node: Block, params: frozenset[str]) -> Body:
        if node.name == KEEP:
            return self.body(node.body, params)
        if node.name == FOOTER:
            return footer(self.body(node.body, params))
        in_html = node.name == HREF
        plain = msgspec.structs.replace(PLAIN, fixed=html.unescape) if in_html else PLAIN
        address = _Compiler(plain, self.source, self.ours).body(node.body, params)
        return link(address, self.output.address)


def _shown(get: Getter, encode: Callable[[str], str], leaves: bool) -> Body:
    """`leaves` says that the value is the unsubscribe link: the render must know that it was written."""

    def show(frame: Frame, put: Put) -> None:
        value = get(frame)
        if value is None:
            return
        if type(value) is not str:
            value = to_text(value, frame.run)
        elif len(value) > _CHEAP:
            frame.run.spend(len(value) // _CHEAP)
        if leaves and value:
            frame.run.unsubscribed = True
        put(encode(value))

    return show


def _sequence(parts: Iterable[Body | str], cost: int) -> Body:
    """One after the other; a str is fixed text. What they cost is known beforehand, so it is paid in one go."""
    steps = tuple(parts)

    def run_all(frame: Frame, put: Put) -> None:
        run = frame.run
        run.left -= cost
        if run.left < 0:
            run.spend(0)
        for step in steps:
            if isinstance(step, str):
                put(step)
            else:
                step(frame, put)

    return run_all
