"""Reads what stands between the braces: paths, literals, helper calls, subexpressions, named and block parameters."""

from __future__ import annotations

import re

import msgspec

from motet.content.failure import TemplateFault, fault
from motet.content.nodes import Call, Expression, Literal, Path

MAX_NESTING = 16  # subexpressions inside one another
_PIECE = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<number>-?\d+(?:\.\d+)?(?=[\s)]|$))
    |(?P<params>as\s*\|\s*(?P<names>[^|]*?)\s*\|)
    |(?P<key>[A-Za-z_][\w-]*)=
    |(?P<path>(?:\[[^\]]*\]|[^\s()|=\[\]"'!#%&*+,;<>^`~{}])+))""",
    re.VERBOSE | re.DOTALL,
)
_SEGMENT = re.compile(r"\[([^\]]*)\]|([^./\[\]]+)")
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "undefined": None}
_NAME = re.compile(r"[A-Za-z_][\w-]*\Z")


class Head(msgspec.Struct, frozen=True):
    """A tag's whole inside: its first word and what follows it."""

    first: Expression
    args: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...]
    params: tuple[str, ...]


def read_head(body: str, source: str, at: int) -> Head:
    """Reads a tag's inside that begins at `at` of `source`. Raises TemplateFault."""
    return _Reader(body, source, at).head()


class _Reader:
    def __init__(self, body: str, source: str, at: int) -> None:
        self.source, self.at = source, at
        self.pieces = self._cut(body)
        self.index = 0

    def _cut(self, body: str) -> list[tuple[str, str, int]]:
        """(kind, text, offset) of every piece."""
        pieces: list[tuple[str, str, int]] = []
        position = 0
        end = len(body.rstrip())
        while position < end:
            match = _PIECE.match(body, position)
            if match is None:
                offset = position + len(body[position:]) - len(body[position:].lstrip())
                raise self._fault("template.syntax", f"{body[offset : offset + 20]!r} was not expected here", offset)
            kind = match.lastgroup or ""
            kind = "params" if match.group("params") else kind
            text = match.group("names") if kind == "params" else match.group(kind)
            pieces.append((kind, text, match.start(kind)))
            position = match.end()
        return pieces

    def _fault(self, code: str, message: str, offset: int, fix: str = "") -> TemplateFault:
        return fault(code, message, self.source, self.at + offset, fix)

    def head(self) -> Head:
        if not self.pieces:
            raise self._fault("template.empty_tag", "this tag is empty", 0, "name a value, or remove it")
        first = self._expression(0)
        args, named, params = self._arguments(0, closing=False)
        return Head(first, args, named, params)

    def _expression(self, depth: int) -> Expression:
        kind, text, offset = self.pieces[self.index]
        self.index += 1
        if kind == "open":
            return self._call(depth + 1, offset)
        if kind == "string":
            return Literal(re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL))
        if kind == "number":
            return Literal(float(text) if "." in text else int(text))
        if kind == "path":
            return Literal(_CONSTANTS[text]) if text in _CONSTANTS else self._path(text, offset)
        raise self._fault("template.syntax", f"{text!r} was not expected here", offset)

    def _call(self, depth: int, offset: int) -> Call:
        if depth > MAX_NESTING:
            raise self._fault("template.too_deep", f"more than {MAX_NESTING} nested subexpressions", offset)
        if self.index >= len(self.pieces) or self.pieces[self.index][0] != "path":
            raise self._fault("template.syntax", "a helper's name was expected after '('", offset)
        name = self.pieces[self.index][1]
        self.index += 1
        args, named, _ = self._arguments(depth, closing=True)
        return Call(name, args, named, self.at + offset)

    def _arguments(
        self, depth: int, *, closing: bool
    ) -> tuple[tuple[Expression, ...], tuple[tuple[str, Expression], ...], tuple[str, ...]]:
        args: list[Expression] = []
        named: list[tuple[str, Expression]] = []
        while self.index < len(self.pieces):
            kind, text, offset = self.pieces[self.index]
            if kind == "close":
                if not closing:
                    raise self._fault("template.syntax", "')' without '('", offset)
                self.index += 1
                return tuple(args), tuple(named), ()
            if kind == "params":
                return tuple(args), tuple(named), self._params(text, offset, closing)
            if kind == "key":
                self.index += 1
                if self.index >= len(self.pieces):
                    raise self._fault("template.syntax", f"'{text}=' has no value", offset)
                named.append((text, self._expression(depth)))
            elif named:
                raise self._fault("template.syntax", "a plain argument stands after a named one", offset)
            else:
                args.append(self._expression(depth))
        if closing:
            raise self._fault("template.syntax", "a '(' is not closed", self.pieces[-1][2], "add ')'")
        return tuple(args), tuple(named), ()

    def _params(self, text: str, offset: int, closing: bool) -> tuple[str, ...]:
        self.index += 1
        names = tuple(text.split())
        if closing or self.index < len(self.pieces) or not names or not all(map(_NAME.match, names)):
            raise self._fault("template.syntax", "block parameters must be names, at the end", offset, "as |item i|")
        return names

    def _path(self, text: str, offset: int) -> Path:
        data = text.startswith("@")
        rest = text[1:] if data else text
        up = 0
        while rest.startswith("../"):
            rest, up = rest[3:], up + 1
        if rest == "..":
            rest, up = "", up + 1
        this = up > 0
        for word in ("./", "this/", "this."):
            if rest.startswith(word):
                rest, this = rest[len(word) :], True
                break
        if rest in (".", "this"):
            rest, this = "", True
        parts = self._segments(rest, text, offset)
        if data and not parts:
            raise self._fault("template.syntax", f"{text!r} is not a path", offset)
        return Path(parts, self.at + offset, up, data, this)

    def _segments(self, rest: str, text: str, offset: int) -> tuple[str, ...]:
        parts: list[str] = []
        position = 0
        while position < len(rest):
            if parts:
                if rest[position] not in "./":
                    raise self._fault("template.syntax", f"{text!r} is not a path", offset)
                position += 1
            match = _SEGMENT.match(rest, position)
            if match is None:
                raise self._fault("template.syntax", f"{text!r} is not a path", offset)
            parts.append(match.group(1) if match.group(1) is not None else match.group(2))
            position = match.end()
        return tuple(parts)
