"""Which addresses become tracked links, found once when content is compiled.

In HTML: the `href` of `<a>` and `<area>` that begins with http(s) or with a tag, unless `data-motet-track="off"` stands
beside it. In plain text: what begins with http(s)://, and values whose name says that they are an address
(`shop_url`, `cart.link`). A value that merely happens to hold an address (a customer's name) never becomes a link.
"""

from __future__ import annotations

import re

from motet.content.handlebars import HREF, KEEP, URL
from motet.content.markup import tags
from motet.content.masking import Masked, is_dynamic
from motet.content.nodes import Block, Node, Nodes, Path, Text, Value

_HREF = re.compile(r"(?<![\w-])href\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+))", re.IGNORECASE)
_OFF = re.compile(r"\s?(?<![\w-])data-motet-track\s*=\s*(?:\"off\"|'off'|off(?=[\s>/]))", re.IGNORECASE)
_WEB = re.compile(r"https?://", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<>\"]*", re.IGNORECASE)
_REST = re.compile(r"[^\s<>\"]*")
_NAMED_ADDRESS = re.compile(r"(?:^|_)(?:url|link|href|uri)$|(?:Url|URL|Link|Href)$")
_INNER = re.compile(r"[\w/@.&=?#%+-]$")  # before a value: it is not the beginning of an address
_TRAILING = ".,;:!?)]}'*"


def is_tracked(address: str) -> bool:
    """Whether a masked address of an `href` is one to track."""
    address = address.lstrip()
    return is_dynamic(address) or _WEB.match(address) is not None


def is_switched_off(tag: str) -> bool:
    """Whether a tag (`<a ...>`) says that its link is not to be tracked."""
    return _OFF.search(tag) is not None


def track_html(masked: Masked) -> str:
    """The masked HTML with the blocks of handlebars.py around each address that is tracked. Raises TemplateFault."""
    parts: list[str] = []
    position = 0
    for tag in tags(masked):
        if tag.name in ("a", "area") and not tag.closing:
            parts += [masked.text[position : tag.start], _track_tag(masked.text[tag.start : tag.end])]
            position = tag.end
    return "".join([*parts, masked.text[position:]])


def _track_tag(tag: str) -> str:
    if is_switched_off(tag):
        return _OFF.sub("", tag)
    return _HREF.sub(_track_href, tag)


def _track_href(match: re.Match[str]) -> str:
    address = match.group(1) or match.group(2) or match.group(3) or ""
    if not is_tracked(address):
        return match.group()
    quote = "'" if match.group(2) is not None else '"'
    return f"href={quote}{{{{#{HREF}}}}}{address}{{{{/{HREF}}}}}{quote}"


def track_text(nodes: Nodes) -> Nodes:
    """A plain text's tree with its addresses wrapped in `motet-url` blocks."""
    return tuple(_Wrapper().wrap(nodes))


class _Wrapper:
    """Goes through siblings; `run` holds the pieces of the address that is being read."""

    def __init__(self) -> None:
        self.done: list[Node] = []
        self.run: list[Node] | None = None

    def wrap(self, nodes: Nodes) -> list[Node]:
        for node in nodes:
            if isinstance(node, Text):
                self._text(node.text)
            elif isinstance(node, Value):
                self._value(node)
            else:
                self._block(node)
        self._close()
        return self.done

    def _text(self, text: str) -> None:
        position = 0
        if self.run is not None:
            match = _REST.match(text)
            position = match.end() if match else 0
            self._add(text[:position])
            if position == len(text):
                return
            self._close()
        while match := _ADDRESS.search(text, position):
            self._add(text[position : match.start()])
            self.run = []
            self._add(match.group())
            position = match.end()
            if position == len(text):
                return
            self._close()
        self._add(text[position:])

    def _value(self, node: Value) -> None:
        if self.run is None and _is_address(node) and not self._is_inner():
            self.run = []
        (self.done if self.run is None else self.run).append(node)

    def _block(self, node: Block) -> None:
        if node.name in (URL, KEEP):
            self._close()
            self.done.append(node)
        elif self.run is not None and not _has_space(node):
            self.run.append(node)
        else:
            self._close()
            self.done.append(_with_branches(node))

    def _add(self, text: str) -> None:
        if text:
            (self.done if self.run is None else self.run).append(Text(text, 0, 0))

    def _is_inner(self) -> bool:
        before = self.done[-1] if self.done else None
        return isinstance(before, Value) or (isinstance(before, Text) and _INNER.search(before.text) is not None)

    def _close(self) -> None:
        if self.run is None:
            return
        run, self.run = self.run, None
        after = ""
        last = run[-1]
        if isinstance(last, Text):
            address = last.text.rstrip(_TRAILING)
            after = last.text[len(address) :]
            run[-1] = Text(address, 0, 0)
        self.done.append(Block(URL, (), (), (), tuple(run), (), False, 0, 0))
        self._add(after)


def _is_address(node: Value) -> bool:
    path = node.expression
    return isinstance(path, Path) and bool(path.parts) and _NAMED_ADDRESS.search(path.parts[-1]) is not None


def _has_space(node: Block) -> bool:
    return any(
        (isinstance(n, Text) and re.search(r"[\s<>\"]", n.text)) or (isinstance(n, Block) and _has_space(n))
        for n in (*node.body, *node.inverse)
    )


def _with_branches(node: Block) -> Block:
    body, inverse = track_text(node.body), track_text(node.inverse)
    return Block(node.name, node.args, node.named, node.params, body, inverse, node.section, node.start, node.end)
