"""HTML cut into tags and text, in one pass that only ever goes forward.

(The standard library's parser takes minutes over a large page of unclosed tags, and a page may come over the API.)
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import msgspec

from motet.content.failure import TemplateFault, fault
from motet.content.masking import Masked

# As in `lexer`: a look-ahead where a possessive group would do from Python 3.11.5 on.
_ATTRIBUTES = r"(?=((?:[^>=]+|=\s*(?:\"[^\"]*\"|'[^']*'|))*))\3"
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>\x02]*+)" + _ATTRIBUTES + r">")
_MAYBE_TAG = re.compile(r"<(?:/?[a-zA-Z]|[!?])")
_ATTRIBUTE = re.compile(
    r"([^\s=>\"'/\x02\x03]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>\"']*+)))?",
)
_RAW_END = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style", "title", "textarea")
}


class Tag(msgspec.Struct, frozen=True):
    """`name` is lower case; `start` and `end` are offsets in the masked text, `attributes` what stands between."""

    name: str
    closing: bool
    attributes: str
    start: int
    end: int

    def values(self) -> dict[str, str]:
        """The attributes with their values, entities resolved; the first of two of a name wins."""
        found: dict[str, str] = {}
        for name, double, single, bare in _ATTRIBUTE.findall(self.attributes):
            found.setdefault(name.lower(), html.unescape(double or single or bare))
        return found


def pieces(masked: Masked) -> Iterator[Tag | str]:
    """Tags, and the text between them as it is written. Comments are left out, and what scripts and styles hold.

    Raises TemplateFault for a tag or comment that is not closed.
    """
    text = masked.text
    position = 0
    while match := _MAYBE_TAG.search(text, position):
        start = match.start()
        if start > position:
            yield text[position:start]
        if text[start + 1] in "!?":
            position = _after_comment(masked, start)
            continue
        found = _TAG.match(text, start)
        if found is None:
            raise _unclosed(masked, start, "tag")
        name = found.group(2).lower()
        tag = Tag(name, bool(found.group(1)), found.group(3), start, found.end())
        yield tag
        position = found.end()
        if name in _RAW_END and not tag.closing:
            end = _RAW_END[name].search(text, position)
            if end is None:
                raise _unclosed(masked, start, f"<{name}>")
            position = end.start()
    if position < len(text):
        yield text[position:]


def tags(masked: Masked) -> Iterator[Tag]:
    """The tags alone. Raises TemplateFault."""
    return (piece for piece in pieces(masked) if isinstance(piece, Tag))


def _after_comment(masked: Masked, start: int) -> int:
    text = masked.text
    close = "-->" if text.startswith("<!--", start) else ">"
    end = text.find(close, start + (2 if close == "-->" else 1))
    if end < 0:
        raise _unclosed(masked, start, "comment")
    return end + len(close)


def _unclosed(masked: Masked, start: int, what: str) -> TemplateFault:
    source = masked.restore(masked.text)
    offset = len(masked.restore(masked.text[:start]))
    return fault("content.bad_html", f"this {what} is not closed", source, offset, "close it, or write '<' as &lt;")
