"""How many SMS a text takes: GSM-7 when its alphabet has every character (3GPP TS 23.038), else UCS-2.

One alone holds 160 or 70 units; parts of a longer one hold 153 or 67, since each carries a header of 6 bytes.
"""

from __future__ import annotations

import msgspec

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")  # two units each: an escape before them
_GSM = _BASIC | _EXTENDED


class Segments(msgspec.Struct, frozen=True):
    """`units` are septets for gsm7, 16-bit units for ucs2."""

    encoding: str  # gsm7 | ucs2
    units: int
    count: int


def count_segments(text: str) -> Segments:
    """The segments that `text` takes. A character of two units is never split between two segments."""
    if _GSM.issuperset(text):
        return _count("gsm7", [2 if c in _EXTENDED else 1 for c in text], 160, 153)
    return _count("ucs2", [2 if ord(c) > 0xFFFF else 1 for c in text], 70, 67)


def _count(encoding: str, widths: list[int], alone: int, part: int) -> Segments:
    units = sum(widths)
    if units <= alone:
        return Segments(encoding, units, 1 if units else 0)
    count, used = 1, 0
    for width in widths:
        if used + width > part:
            count, used = count + 1, 0
        used += width
    return Segments(encoding, units, count)
