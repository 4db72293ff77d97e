"""Header fields of email (RFC 5322), with encoded words where the text asks for them (RFC 2047).

No value can start a new line or a new field: every kind of white space and control character becomes a space first.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parseaddr
from functools import lru_cache

import msgspec

from motet.content.failure import RenderFailed
from motet.content.runtime import failed

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LINE = 76  # characters
_WORD = 45  # bytes of UTF-8 that fit an encoded word of 75 characters in base64
_EASY = re.compile(r"[ -~]*\Z").match
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+\Z").match
_LOCAL = r"[^\s\x00-\x20\x7f-\x9f()<>\[\]:;@\\,\"\u2028\u2029]+"
_ADDRESS = re.compile(rf"({_LOCAL})@({_LOCAL})\Z").match
_MAX_NAME = 64  # characters of a display name
_MAX_ADDRESS = 254  # RFC 5321, 4.5.3.1.3


class Sender(msgspec.Struct, frozen=True):
    """Who an email is from. `domain` is where the address lives, in ASCII."""

    name: str
    address: str
    domain: str
    header: str  # the value of From


def read_sender(sender: str) -> Sender:
    """Reads `Name <address>`. Raises RenderFailed when there is no address in it."""
    name, address = parseaddr(one_line(sender))
    address = clean_address(address)
    return Sender(name or address, address, address.rpartition("@")[2], mailbox(name, address))


def one_line(text: str) -> str:
    """White space of any kind becomes one space; other control characters go."""
    return _CONTROL.sub("", " ".join(text.split()))


def clean_address(address: str) -> str:
    """An address that is safe on the wire, its domain in ASCII (RFC 5891). Raises RenderFailed."""
    match = _ADDRESS(address)
    if match is None or len(address) > _MAX_ADDRESS:
        raise _bad_address()
    local, domain = match.groups()
    return f"{local}@{domain if domain.isascii() else _ascii_domain(domain)}"


@lru_cache(maxsize=1_024)
def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise _bad_address() from None


def _bad_address() -> RenderFailed:
    return failed("content.bad_address", "this is not an email address", "mend the customer's email")


def mailbox(name: str, address: str) -> str:
    """`Name <address>` as a header takes it; the bare address when there is no name."""
    name = one_line(name)[:_MAX_NAME].strip() if name else ""
    if not name:
        return address
    if not _EASY(name) or "=?" in name:
        return f"{_encoded(name, 0)}\r\n <{address}>"
    if not _ATOMS(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"


def text_header(field: str, text: str) -> str:
    """A whole field with free text, folded, with its line end."""
    text = one_line(text)
    used = len(field) + 2
    if _EASY(text) and "=?" not in text:
        if used + len(text) <= _LINE:
            return f"{field}: {text}\r\n"
        words = text.split(" ")
        if all(len(word) < _LINE - used for word in words):
            return f"{field}: {_folded(words, used)}\r\n"
    return f"{field}: {_encoded(text, used)}\r\n"


@lru_cache(maxsize=64)
def date_value(now: datetime) -> str:
    """The value of Date. Pass `now` without its microseconds, so that it is made once a second."""
    return format_datetime(now.astimezone(UTC))


def _folded(words: list[str], used: int) -> str:
    lines = [words[0]]
    used += len(words[0])
    for word in words[1:]:
        if used + 1 + len(word) > _LINE:
            lines.append(f"\r\n {word}")
            used = 1 + len(word)
        else:
            lines.append(f" {word}")
            used += 1 + len(word)
    return "".join(lines)


def _encoded(text: str, used: int) -> str:
    """Encoded words, each of whole characters; the first one is shorter by what the line has `used`."""
    words: list[str] = []
    piece: list[str] = []
    size = 0
    room = max((_LINE - used - 12) // 4 * 3, 3)
    for character in text:
        width = len(character.encode())
        if size + width > room:
            words.append(_word("".join(piece)))
            piece, size, room = [], 0, _WORD
        piece.append(character)
        size += width
    words.append(_word("".join(piece)))
    return "\r\n ".join(words)


def _word(text: str) -> str:
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="
