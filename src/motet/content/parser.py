"""A template's source in, its tree out. Every fault names line and column."""

from __future__ import annotations

from motet.content.expressions import Head, read_head
from motet.content.failure import TemplateFault, fault
from motet.content.lexer import Kind, Token, normalise, tokens
from motet.content.nodes import Block, Call, Expression, Node, Nodes, Path, Text, Value

MAX_DEPTH = 32  # blocks inside one another


def parse(source: str) -> Nodes:
    """The tree of `source`. Raises TemplateFault."""
    text = normalise(source)
    reader = _Parser(text, tokens(text))
    nodes, end = reader.nodes(0)
    if end is not None:
        what = "{{else}}" if end.kind is Kind.ELSE else "{{/" + end.body.strip() + "}}"
        raise fault("template.unbalanced", f"{what} stands outside of a block", text, end.start)
    return nodes


class _Parser:
    def __init__(self, source: str, found: list[Token]) -> None:
        self.source, self.tokens = source, found
        self.index = 0

    def nodes(self, depth: int) -> tuple[Nodes, Token | None]:
        """The nodes up to an else, a close, or the end of the source (None)."""
        result: list[Node] = []
        while self.index < len(self.tokens):
            token = self.tokens[self.index]
            self.index += 1
            if token.kind is Kind.TEXT:
                if token.body:
                    result.append(Text(token.body, token.start, token.end))
            elif token.kind in (Kind.VALUE, Kind.RAW):
                result.append(self._value(token))
            elif token.kind in (Kind.OPEN, Kind.INVERSE):
                result.append(self._block(token, depth + 1))
            elif token.kind in (Kind.ELSE, Kind.CLOSE):
                return tuple(result), token
        return tuple(result), None

    def _value(self, token: Token) -> Value:
        head = read_head(token.body, self.source, token.at)
        if head.params:
            raise fault("template.syntax", "block parameters belong to blocks", self.source, token.start)
        expression: Expression = head.first
        if head.args or head.named:
            expression = Call(self._name(head.first, token), head.args, head.named, token.start)
        return Value(expression, token.kind is Kind.RAW, token.start, token.end)

    def _block(self, token: Token, depth: int) -> Block:
        head = read_head(token.body, self.source, token.at)
        name = self._name(head.first, token, section=True)
        body, inverse, close = self._branches(name, token, depth)
        if close is None:
            raise fault(
                "template.unclosed_block",
                f"the block '{name}' is not closed",
                self.source,
                token.start,
                "add {{/" + name + "}}",
            )
        if token.kind is Kind.INVERSE:
            body, inverse = inverse, body
        return self._made(name, head, body, inverse, token.start, close.end)

    def _made(self, name: str, head: Head, body: Nodes, inverse: Nodes, start: int, end: int) -> Block:
        section = isinstance(head.first, Path) and not head.args and not head.named
        args = (head.first,) if section else head.args
        return Block(name, args, head.named, head.params, body, inverse, section, start, end)

    def _branches(self, name: str, opening: Token, depth: int) -> tuple[Nodes, Nodes, Token | None]:
        if depth > MAX_DEPTH:
            raise fault(
                "template.too_deep", f"more than {MAX_DEPTH} blocks inside one another", self.source, opening.start
            )
        body, end = self.nodes(depth)
        if end is None or end.kind is Kind.CLOSE:
            self._check_close(name, end)
            return body, (), end
        if end.body.strip():
            chained, close = self._chain(name, end, depth + 1)
            return body, (chained,), close
        inverse, close = self.nodes(depth)
        if close is not None and close.kind is Kind.ELSE:
            raise fault("template.unbalanced", f"a second else in the block '{name}'", self.source, close.start)
        self._check_close(name, close)
        return body, inverse, close

    def _chain(self, name: str, token: Token, depth: int) -> tuple[Block, Token | None]:
        """`{{else if ...}}`: a block of its own that ends where the outer one ends."""
        head = read_head(token.body, self.source, token.at)
        inner = self._name(head.first, token, section=True)
        body, inverse, close = self._branches(name, token, depth)
        end = close.start if close else len(self.source)
        return self._made(inner, head, body, inverse, token.start, end), close

    def _check_close(self, name: str, close: Token | None) -> None:
        if close is not None and close.body.strip() != name:
            raise fault(
                "template.unbalanced",
                "'{{/" + close.body.strip() + "}}' closes the block '" + name + "'",
                self.source,
                close.start,
                "write {{/" + name + "}}",
            )

    def _name(self, expression: Expression, token: Token, *, section: bool = False) -> str:
        """The word that a call or a block is known by: as it is written, which is what its close repeats."""
        if isinstance(expression, Path) and (section or self._is_plain(expression)):
            return self.source[expression.at : expression.at + _path_length(self.source, expression.at)]
        raise self._not_a_name(token)

    @staticmethod
    def _is_plain(path: Path) -> bool:
        return len(path.parts) == 1 and not path.up and not path.data and not path.this

    def _not_a_name(self, token: Token) -> TemplateFault:
        return fault("template.syntax", "a helper's name was expected", self.source, token.at)


def _path_length(source: str, at: int) -> int:
    end = at
    while end < len(source) and not source[end].isspace() and source[end] not in "~}(|=":
        end += 1
    return end - at
