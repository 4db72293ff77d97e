"""The plain-text part of an email, derived from its HTML once, with the template's tags kept in their order.

(A library that lays out tables moves a loop's tags away from its rows; this reader only ever goes forward.)
"""

from __future__ import annotations

import html
import re

from motet.content.handlebars import KEEP, URL
from motet.content.lexer import Kind
from motet.content.markup import Tag, pieces
from motet.content.masking import Masked
from motet.content.tracking import is_tracked

_PARAGRAPHS = set("p h1 h2 h3 h4 h5 h6 table ul ol dl blockquote pre figure hr".split())  # noqa: SIM905
_LINES = set("div tr li dt dd section article header footer main nav address center form body html".split())  # noqa: SIM905
_CELLS = {"td", "th"}
_SKIPPED = {"head", "title", "style", "script", "template", "svg", "noscript"}
_VOID = set("br img hr input meta link area base col embed source track wbr".split())  # noqa: SIM905
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\n\r\f\u00a0]+")
_BRACES = re.compile(r"\\?\{\{")
_ONE_MARK = re.compile(r"\s*\x02(\d+)\x03\s*\Z")


def derive_text(masked: Masked, *, links: bool = True) -> str:
    """Template source of the text part. Addresses stand in angle brackets after their label (RFC 3986, appendix C).

    `links` False leaves them out, so that only what an author may write remains.
    """
    reader = _Reader(masked, links)
    for piece in pieces(masked):
        reader.read(piece)
    return masked.restore(reader.text())


class _Reader:
    def __init__(self, masked: Masked, addresses: bool) -> None:
        self.addresses = addresses  # whether to write them
        self.kinds = masked.kinds
        self.parts: list[str] = []
        self.newlines = 0  # asked for before the next text
        self.most = 2  # how many of them are granted
        self.space = False
        self.skipping = ""  # the name of the element that is left out
        self.nested = 0
        self.links: list[tuple[str, int]] = []  # the text to write after the label, and where the label began

    def text(self) -> str:
        return "".join(self.parts).strip() + "\n"

    def read(self, piece: Tag | str) -> None:
        if isinstance(piece, str):
            if not self.skipping:
                self._words(_BRACES.sub(r"\\{{", html.unescape(piece)))
        elif self.skipping:
            self._skip(piece)
        elif piece.closing:
            self._end(piece.name)
        else:
            self._begin(piece)

    def _skip(self, tag: Tag) -> None:
        if tag.name == self.skipping:
            self.nested += -1 if tag.closing else 1
            if self.nested == 0:
                self.skipping = ""

    def _begin(self, tag: Tag) -> None:
        name, values = tag.name, tag.values()
        hidden = name in _SKIPPED or "hidden" in values or _HIDDEN.search(values.get("style", ""))
        if hidden and name not in _VOID:
            self.skipping, self.nested = name, 1
            return
        self._break_around(name)
        if name == "br":
            self._line()
        elif name == "hr":
            self._write("-" * 20)
            self._ask(2)
        elif name == "li":
            self._write("* ")
        elif name == "img":
            self._words(_BRACES.sub(r"\\{{", values.get("alt", "")))
        elif name == "a":
            self.links.append((self._address(values), len(self.parts)))

    def _end(self, name: str) -> None:
        if name == "a" and self.links:
            self._end_link(*self.links.pop())
        self._break_around(name)

    def _break_around(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._ask(2)
        elif tag in _LINES:
            self._ask(1)
        elif tag in _CELLS:
            self.space = True

    def _ask(self, newlines: int) -> None:
        self.newlines = max(self.newlines, min(newlines, self.most))

    def _line(self) -> None:
        self.newlines = min(self.newlines + 1, 2)

    def _words(self, data: str) -> None:
        """Text, or a lone tag: one that opens or closes a block keeps the blank lines on its outer side only."""
        match = _ONE_MARK.match(data)
        kind = self.kinds[int(match.group(1))] if match else Kind.TEXT
        if match and self.newlines and kind in (Kind.CLOSE, Kind.ELSE):
            self.newlines = 1
        text = _SPACE.sub(" ", data)
        if text.startswith(" "):
            self.space = True
        words = text.strip(" ")
        if words:
            self._write(words)
            self.space = text.endswith(" ")
            if match and kind in (Kind.OPEN, Kind.INVERSE, Kind.ELSE):
                self.most = 1

    def _write(self, text: str) -> None:
        if self.newlines:
            if self.parts:
                self.parts.append("\n" * self.newlines)
        elif self.space and self.parts and not self.parts[-1].endswith((" ", "\n")):
            self.parts.append(" ")
        self.parts.append(text)
        self.newlines, self.most, self.space = 0, 2, False

    def _address(self, values: dict[str, str]) -> str:
        href = values.get("href", "").strip()
        if not self.addresses or not href or href.startswith("#"):
            return ""
        off = values.get("data-motet-track", "").lower() == "off" or not is_tracked(href)
        name = KEEP if off else URL
        return f"{{{{#{name}}}}}{href}{{{{/{name}}}}}"

    def _end_link(self, address: str, began: int) -> None:
        label = "".join(self.parts[began:]).strip()
        if not address:
            return
        if not label or (f"}}}}{label}{{{{" in address):
            del self.parts[began:]
            self._write(f"<{address}>")
        else:
            self.space = True
            self._write(f"<{address}>")
