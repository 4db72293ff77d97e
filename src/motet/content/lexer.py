"""A template's source cut into text and tags, with Handlebars' whitespace rules already applied.

A block tag or comment alone on its line takes the line with it; `~` takes all whitespace on its side.
"""

from __future__ import annotations

import re
from enum import Enum

import msgspec

from motet.content.failure import fault

MAX_SOURCE = 512 * 1024  # characters
# Possessive quantifiers around groups match wrongly before Python 3.11.5 (gh-106052). A look-ahead does not go back
# either: `(?=(...))\2` takes what it saw whole or not at all.
_INSIDE = r"""(?=((?:[^"'{}]+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\}(?!\}))*))\2"""
_COMMENT_START = re.compile(r"\{\{~?!(--)?")
_LONG_COMMENT = re.compile(r"\{\{(~?)!--(.*?)--(~?)\}\}", re.DOTALL)
_COMMENT = re.compile(r"\{\{(~?)!(.*?)(~?)\}\}", re.DOTALL)
_RAW = re.compile(r"\{\{(~?)\{" + _INSIDE + r"\}(~?)\}\}", re.DOTALL)
_TAG = re.compile(r"\{\{(~?)" + _INSIDE + r"\}\}", re.DOTALL)
_ELSE = re.compile(r"else(?=\s|$)")
_LINE_START = re.compile(r"(?:\A|(?<=\n))[ \t]*\Z")
_LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")


class Kind(Enum):
    TEXT = "text"
    VALUE = "value"
    RAW = "raw"
    OPEN = "open"
    INVERSE = "inverse"  # {{^name}}
    ELSE = "else"
    CLOSE = "close"
    COMMENT = "comment"


_STANDALONE = {Kind.OPEN, Kind.INVERSE, Kind.ELSE, Kind.CLOSE, Kind.COMMENT}


class Token(msgspec.Struct):
    """`body` is the text, or what stands between the braces; `at` is where the body starts in the source."""

    kind: Kind
    body: str
    start: int
    end: int
    at: int
    strip_before: bool = False
    strip_after: bool = False


def normalise(source: str) -> str:
    """Line ends become LF, so that an offset means the same everywhere."""
    return source.replace("\r\n", "\n").replace("\r", "\n")


def tokens(source: str) -> list[Token]:
    """Cuts a normalised source. Raises TemplateFault."""
    found = raw_tokens(source)
    _trim(found)
    return found


def raw_tokens(source: str) -> list[Token]:
    """The tokens with the text as it stands: together they cover the source."""
    if len(source) > MAX_SOURCE:
        raise fault("template.too_long", f"a template has at most {MAX_SOURCE:,} characters", source, MAX_SOURCE)
    found: list[Token] = []
    position = 0
    text: list[str] = []
    text_start = 0
    while position < len(source):
        opening = source.find("{{", position)
        if opening < 0:
            text.append(source[position:])
            break
        slashes = _slashes_before(source, opening, position)
        if slashes == 1:  # \{{ is a literal {{
            text.append(source[position : opening - 1] + "{{")
            position = opening + 2
            continue
        text.append(source[position : opening - 1] if slashes else source[position:opening])
        _add_text(found, text, text_start, opening)
        tag = _read_tag(source, opening)
        found.append(tag)
        position = text_start = tag.end
        text = []
    _add_text(found, text, text_start, len(source))
    return found


def _slashes_before(source: str, opening: int, floor: int) -> int:
    """0, 1 (the braces are escaped) or 2 (a literal backslash, then a tag)."""
    if opening - 1 < floor or source[opening - 1] != "\\":
        return 0
    return 2 if opening - 2 >= floor and source[opening - 2] == "\\" else 1


def _add_text(found: list[Token], text: list[str], start: int, end: int) -> None:
    body = "".join(text)
    if body:
        found.append(Token(Kind.TEXT, body, start, end, start))


def _read_tag(source: str, start: int) -> Token:
    if source.startswith("{{{{", start):
        raise fault("template.unsupported", "raw blocks ({{{{...}}}}) are not supported", source, start, "use \\{{")
    if match := _COMMENT_START.match(source, start):
        pattern = _LONG_COMMENT if match.group(1) else _COMMENT
        match = pattern.match(source, start)
        if match is None:
            raise fault("template.unclosed_tag", "this comment is not closed", source, start)
        return _token(Kind.COMMENT, match, match.group(2), match.start(2))
    if match := _RAW.match(source, start):
        return _token(Kind.RAW, match, match.group(2), match.start(2))
    match = _TAG.match(source, start)
    if match is None:
        raise fault("template.unclosed_tag", "this tag is not closed", source, start, "close it with }}")
    body, at = match.group(2), match.start(2)
    after = body.endswith("~")
    body = body.removesuffix("~")
    kind, skip = _kind_of(body, source, start)
    token = Token(kind, body[skip:], start, match.end(), at + skip, bool(match.group(1)), after)
    return token


def _token(kind: Kind, match: re.Match[str], body: str, at: int) -> Token:
    return Token(kind, body, match.start(), match.end(), at, bool(match.group(1)), bool(match.group(3)))


def _kind_of(body: str, source: str, start: int) -> tuple[Kind, int]:
    """The kind of a double-brace tag, and how many characters of its body say so."""
    lead = len(body) - len(body.lstrip())
    rest = body[lead:]
    sign = rest[:1]
    if sign == "#":
        if rest[1:2] in (">", "*"):
            raise fault("template.unsupported", "partial blocks and decorators are not supported", source, start)
        return Kind.OPEN, lead + 1
    if sign == "/":
        return Kind.CLOSE, lead + 1
    if sign == "^":
        return (Kind.INVERSE if rest[1:].strip() else Kind.ELSE), lead + 1
    if sign in (">", "*"):
        what = "partials ({{> ...}})" if sign == ">" else "decorators"
        raise fault("template.unsupported", f"{what} are not supported", source, start, "write the content here")
    if sign == "&":
        return Kind.RAW, lead + 1
    if _ELSE.match(rest):
        return Kind.ELSE, lead + 4
    return Kind.VALUE, 0


def _trim(found: list[Token]) -> None:
    """Applies standalone lines and `~` to the text tokens, judged on the text as it was written."""
    last = len(found) - 1
    cuts: list[tuple[int, bool, bool]] = []  # token, whole side, before or after
    for i, token in enumerate(found):
        if token.kind is Kind.TEXT:
            continue
        if token.kind in _STANDALONE and _starts_line(found, i) and _ends_line(found, i, last):
            cuts += [(i - 1, False, True), (i + 1, False, False)]
        if token.strip_before:
            cuts.append((i - 1, True, True))
        if token.strip_after:
            cuts.append((i + 1, True, False))
    for i, whole, before in cuts:
        if not 0 <= i <= last or found[i].kind is not Kind.TEXT:
            continue
        text = found[i].body
        if whole:
            found[i].body = text.rstrip() if before else text.lstrip()
        elif before:
            found[i].body = text.rstrip(" \t")
        else:
            match = _LINE_END.match(text)
            found[i].body = text[match.end() :] if match else text


def _starts_line(found: list[Token], i: int) -> bool:
    if i == 0:
        return True
    before = found[i - 1]
    if before.kind is not Kind.TEXT:
        return False
    match = _LINE_START.search(before.body)
    return match is not None and (match.start() > 0 or i == 1)


def _ends_line(found: list[Token], i: int, last: int) -> bool:
    if i == last:
        return True
    after = found[i + 1]
    if after.kind is not Kind.TEXT:
        return False
    match = _LINE_END.match(after.body)
    return match is not None and (match.group().endswith("\n") or i + 1 == last)
