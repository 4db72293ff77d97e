"""Template tags taken out of HTML and put back, so that the HTML between them can be read as HTML."""

from __future__ import annotations

import re

import msgspec

from motet.content.lexer import Kind, normalise, raw_tokens

_OPEN, _CLOSE = "\x02", "\x03"  # not allowed in HTML, so nobody misses them
MARK = re.compile(_OPEN + r"(\d+)" + _CLOSE)
_FORBIDDEN = str.maketrans("", "", "\x00" + _OPEN + _CLOSE)


class Masked(msgspec.Struct, frozen=True):
    """`text` has a mark for each tag; `tags` are the tags as written, `kinds` what they are."""

    text: str
    tags: tuple[str, ...]
    kinds: tuple[Kind, ...]

    def restore(self, text: str) -> str:
        """Puts the tags back into a text that was made from this one."""
        return MARK.sub(lambda match: self.tags[int(match.group(1))], text)


def mask(source: str) -> Masked:
    """Raises TemplateFault when the tags cannot be told apart."""
    source = normalise(source).translate(_FORBIDDEN)
    parts: list[str] = []
    tags: list[str] = []
    kinds: list[Kind] = []
    for token in raw_tokens(source):
        written = source[token.start : token.end]
        if token.kind is Kind.TEXT:
            parts.append(written)
            continue
        parts.append(f"{_OPEN}{len(tags)}{_CLOSE}")
        tags.append(written)
        kinds.append(token.kind)
    return Masked("".join(parts), tuple(tags), tuple(kinds))


def is_dynamic(text: str) -> bool:
    """Whether a masked text begins with a tag."""
    return text.startswith(_OPEN)
