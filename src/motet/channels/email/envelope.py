"""An email as the wire wants it: addresses that cannot break out of their command, and a body that cannot end early."""

from __future__ import annotations

import re

import msgspec
from email_validator import EmailNotValidError, validate_email

from motet.core.messages import Email, Rejected

# No control, no space, no angle bracket: such an address cannot end its command or add a parameter. Quoted local
# parts that hold any of these are valid and unheard of; they are refused.
_ADDRESS = re.compile(r"[^\x00-\x20\x7f<>@]{1,64}@[^\x00-\x20\x7f<>@]{1,255}")
_LONE_END = re.compile(rb"\r\n|\r|\n")


class Features(msgspec.Struct, frozen=True):
    """What a server offers in its answer to EHLO."""

    pipelining: bool = False
    size: int = 0  # bytes a message may have; 0 is no limit, -1 means that SIZE is not offered
    eight_bit: bool = False
    utf8: bool = False
    starttls: bool = False
    auth: frozenset[str] = frozenset()


def read_features(lines: list[str]) -> Features:
    """Reads the lines of an EHLO reply, without their codes, the first being the greeting (RFC 5321, 4.1.1.1)."""
    words = [line.upper().replace("AUTH=", "AUTH ").split() for line in lines[1:]]
    offers = {word[0]: word[1:] for word in reversed(words) if word}
    size = offers.get("SIZE")
    return Features(
        pipelining="PIPELINING" in offers,
        size=-1 if size is None else int(size[0]) if size and size[0].isdecimal() else 0,
        eight_bit="8BITMIME" in offers,
        utf8="SMTPUTF8" in offers,
        starttls="STARTTLS" in offers,
        auth=frozenset(word for line in words if line and line[0] == "AUTH" for word in line[1:]),
    )


def write_commands(email: Email, features: Features) -> tuple[bytes, bytes] | Rejected:
    """The MAIL and RCPT commands of an email, or why this server can never take it."""
    sender, receiver = email.mail_from, email.rcpt_to
    if not (_ADDRESS.fullmatch(receiver) and _ADDRESS.fullmatch(sender)):
        bad = sender if _ADDRESS.fullmatch(receiver) else receiver
        return Rejected("smtp.bad_address", f"{bad[:100]!r} is no email address", suppress=bad is receiver)
    parameters = ""
    if not (sender.isascii() and receiver.isascii()):
        sender, receiver = _ascii_domain(sender), _ascii_domain(receiver)
        if not (sender.isascii() and receiver.isascii()):
            if not features.utf8:
                return Rejected("smtp.needs_smtputf8", "the mail server takes no address outside ASCII")
            parameters = " SMTPUTF8"
    if not email.raw.isascii():
        if not features.eight_bit:
            return Rejected("smtp.needs_8bitmime", "the mail server takes no text outside ASCII")
        parameters += " BODY=8BITMIME"
    if features.size >= 0:
        if 0 < features.size < len(email.raw):
            return Rejected("smtp.too_big", f"{len(email.raw)} bytes; the mail server takes {features.size}")
        parameters += f" SIZE={len(email.raw)}"
    return f"MAIL FROM:<{sender}>{parameters}\r\n".encode(), f"RCPT TO:<{receiver}>\r\n".encode()


def write_body(raw: bytes) -> bytes:
    """The message with dots doubled at the start of lines, CRLF at every line's end, without the closing dot.

    A bare CR or LF never leaves: a server that takes one for a line's end could be made to read a second message.
    """
    if not raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r"):
        raw = _LONE_END.sub(b"\r\n", raw)
    if raw.startswith(b"."):
        raw = b"." + raw
    if b"\r\n." in raw:
        raw = raw.replace(b"\r\n.", b"\r\n..")
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


def _ascii_domain(address: str) -> str:
    """The address with its domain in ASCII (IDNA 2008), where it has one."""
    try:
        found = validate_email(address, check_deliverability=False, allow_smtputf8=True, test_environment=True)
    except EmailNotValidError:
        return address
    return found.ascii_email or f"{found.local_part}@{found.ascii_domain}"
