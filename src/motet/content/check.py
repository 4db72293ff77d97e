"""Whether content is fit to launch: its shape, every template in it, and the names it uses. Nothing is rendered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from motet.content.failure import TemplateFault
from motet.content.handlebars import UNSUBSCRIBE, compile_nodes, compile_template
from motet.content.masking import is_dynamic, mask
from motet.content.nodes import Block, Call, Expression, Nodes, Path, Value
from motet.content.parser import parse
from motet.content.paths import closest
from motet.content.plain import derive_text
from motet.core.content import CONTENT, Content, EmailContent, WebhookContent
from motet.core.errors import Problem
from motet.core.words import Channel

_MAX_BODY_DEPTH = 16
_MAY_BE_EMPTY = {"preheader", "url"}


def check_content(channel: Channel, content: Mapping[str, Any], known: Collection[str] | None = None) -> list[Problem]:
    """Everything that is wrong, each with the field as its path. `known` names the values a template may use.

    With `known` None the names are not checked: a customer's attributes may be called anything.
    """
    shape, problems = read_content(channel, content)
    if shape is None:
        return problems
    for path, source in fields(shape):
        problems += _check_template(path, source, known)
    if not problems and isinstance(shape, EmailContent):
        problems += _check_html(shape)
    if isinstance(shape, WebhookContent):
        problems += _check_url(shape.url)
    return problems


def read_content(channel: Channel, content: Mapping[str, Any]) -> tuple[Content | None, list[Problem]]:
    """The content in its struct, or what is wrong with its shape."""
    kind = CONTENT.get(channel)
    if kind is None:
        message = f"Motet cannot make content for the channel '{channel.word}' yet"
        return None, [Problem("content.channel", message, "", f"use {', '.join(c.word for c in CONTENT)}")]
    try:
        return msgspec.convert(dict(content), kind), []
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `")
        path = place.rstrip("`").removeprefix("$").lstrip(".")
        fix = f"{channel.word} content has the fields {', '.join(kind.__struct_fields__)}"
        return None, [Problem("content.shape", message, path, fix)]


def fields(content: Content) -> Iterator[tuple[str, str]]:
    """The path and source of every template, those inside a body included."""
    for name in content.__struct_fields__:
        yield from _inside(name, getattr(content, name), 0)


def _inside(path: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif depth < _MAX_BODY_DEPTH and isinstance(value, dict):
        for key, item in value.items():
            yield from _inside(f"{path}.{key}", item, depth + 1)
    elif depth < _MAX_BODY_DEPTH and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _inside(f"{path}[{index}]", item, depth + 1)


def _check_template(path: str, source: str, known: Collection[str] | None) -> list[Problem]:
    if not source.strip():
        empty = Problem("content.empty", "this is empty", path, "write the text that the customer will read")
        return [] if path in _MAY_BE_EMPTY or path.startswith(("body.", "data.")) else [empty]
    try:
        compile_template(source)
        return [] if known is None else _unknown_names(path, source, known)
    except TemplateFault as error:
        return [_placed(error.problem, path)]


def _placed(problem: Problem, path: str) -> Problem:
    return msgspec.structs.replace(problem, path=path)


def _check_html(content: EmailContent) -> list[Problem]:
    """Block tags that stand halfway inside of an HTML tag leave a text part that does not hold together."""
    try:
        text = derive_text(mask(content.html))
        if content.text is None:
            compile_nodes(parse(text))
    except TemplateFault as error:
        if error.problem.code == "content.bad_html":
            return [_placed(error.problem, "html")]
        fix = "move the block tags out of the HTML tags, or write 'text' yourself"
        return [Problem("content.text_needed", "no plain text can be derived from this HTML", "html", fix)]
    return []


def _check_url(url: str) -> list[Problem]:
    masked = mask(url.strip()).text
    if is_dynamic(masked) or masked.lower().startswith(("http://", "https://")):
        return []
    return [Problem("content.bad_url", "a webhook's url begins with http:// or https://", "url")]


def _unknown_names(path: str, source: str, known: Collection[str]) -> list[Problem]:
    allowed = {*known, UNSUBSCRIBE}
    unknown = sorted({name for name in names(parse(source)) if name not in allowed})
    return [
        Problem(
            "template.unknown_name",
            f"there is no value called '{name}'",
            path,
            closest(name, sorted(allowed)) or "define it under 'variables', or give the customers this attribute",
        )
        for name in unknown
    ]


def names(nodes: Nodes) -> Iterator[str]:
    """The first words of the paths that are looked up in the whole view: those outside of loops, and @root's."""
    yield from _names(nodes, (frozenset(),))


def _names(nodes: Nodes, scopes: tuple[frozenset[str], ...]) -> Iterator[str]:
    """`scopes` are the block parameters of each context entered; the first one is the whole view."""
    for node in nodes:
        if isinstance(node, Value):
            yield from _used(node.expression, scopes)
        elif isinstance(node, Block):
            for argument in (*node.args, *(e for _, e in node.named)):
                yield from _used(argument, scopes)
            enters = node.section or node.name in ("each", "with")
            yield from _names(node.body, (*scopes, frozenset(node.params)) if enters else scopes)
            yield from _names(node.inverse, scopes)


def _used(expression: Expression, scopes: tuple[frozenset[str], ...]) -> Iterator[str]:
    if isinstance(expression, Path):
        if expression.data:
            if expression.parts[0] == "root" and len(expression.parts) > 1:
                yield expression.parts[1]
        elif expression.parts and expression.up == len(scopes) - 1 and _is_field(expression, scopes):
            yield expression.parts[0]
    elif isinstance(expression, Call):
        for argument in (*expression.args, *(e for _, e in expression.named)):
            yield from _used(argument, scopes)


def _is_field(path: Path, scopes: tuple[frozenset[str], ...]) -> bool:
    """Whether its first word is looked up in a context, not among the block parameters."""
    return path.this or not any(path.parts[0] in scope for scope in scopes)
