"""How text leaves a template: what is done once to its fixed text, and each time to a value.

HTML values are escaped as Handlebars escapes them. For email bodies both are quoted-printable (RFC 2045, 6.7) as well:
every piece is encoded for itself and ends in a soft line break, which may stand anywhere and decodes to nothing. So
pieces can be joined in any order and no line grows too long.
"""

from __future__ import annotations

import binascii
import html
import re
from collections.abc import Callable
from functools import lru_cache

import msgspec

_HTML_SPECIAL = re.compile(r"[&<>\"'`=]").search
_HTML = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;", "`": "&#x60;", "=": "&#x3D;"}
)
_QP_PLAIN = re.compile(r"[ !-<>-~]{0,72}\Z").match  # needs no encoding, and leaves room for the soft break
_BOTH_PLAIN = re.compile(r"[ !#-%(-;?-_a-~]{1,72}\Z").match  # and no escaping in HTML either
_SOFT_BREAK = "=\r\n"
_QP_LINE = 75  # characters before the '=' of a soft break


class Output(msgspec.Struct, frozen=True):
    """`fixed` is applied once; `value` to `{{x}}`, `raw` to `{{{x}}}`, `address` to a link, at each render."""

    fixed: Callable[[str], str]
    value: Callable[[str], str]
    raw: Callable[[str], str]
    address: Callable[[str], str]


def escape_html(text: str) -> str:
    """Safe as text, and inside a quoted attribute."""
    return text.translate(_HTML) if _HTML_SPECIAL(text) else text


def escape_attribute(text: str) -> str:
    """Safe inside a quoted attribute, and an address stays readable."""
    return html.escape(text) if _HTML_SPECIAL(text) else text


def quoted_printable(text: str) -> str:
    """A piece of a body, at most 76 characters a line; ends where a new line begins, or is empty."""
    if _QP_PLAIN(text):
        return text + _SOFT_BREAK if text else ""
    broken = "\n" in text or "\r" in text
    if broken:
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    encoded = binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True).decode("ascii")
    if not broken:  # it took a text without line ends for one with bare LF
        encoded = encoded.replace("\n", "\r\n")
    if encoded.endswith("\n"):
        return encoded
    if len(encoded) - (encoded.rfind("\n") + 1) > _QP_LINE:
        cut = -3 if encoded[-3] == "=" else -1
        encoded = encoded[:cut] + _SOFT_BREAK + encoded[cut:]
    return encoded + _SOFT_BREAK


def _same(text: str) -> str:
    return text


def _escaped_qp(text: str) -> str:
    if _BOTH_PLAIN(text):
        return text + _SOFT_BREAK
    return quoted_printable(text.translate(_HTML) if _HTML_SPECIAL(text) else text)


# A message has most of its addresses in both parts, so the second part finds them encoded.
_address_qp = lru_cache(maxsize=512)(quoted_printable)


def _attribute_qp(text: str) -> str:
    return _address_qp(escape_attribute(text))


PLAIN = Output(_same, _same, _same, _same)
HTML = Output(_same, escape_html, _same, escape_attribute)
MIME_TEXT = Output(quoted_printable, quoted_printable, quoted_printable, _address_qp)
MIME_HTML = Output(quoted_printable, _escaped_qp, quoted_printable, _attribute_qp)
