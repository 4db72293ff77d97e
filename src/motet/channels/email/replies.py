"""What an SMTP reply means for a message (RFC 5321, 4.2; enhanced codes RFC 3463)."""

from __future__ import annotations

import re
from enum import IntEnum

import msgspec

from motet.core.messages import Accepted, Answer, Rejected, Retry

_ENHANCED = re.compile(r"^([245])\.(\d{1,3})\.(\d{1,3})\b")
_QUEUE_ID = re.compile(r"queued (?:mail for delivery )?as (\S+)", re.IGNORECASE)
_NOBODY = re.compile(
    r"unknown|no such|(?:does|do) ?(?:n.t|not) exist|invalid (?:recipient|mailbox)|mailbox (?:not found|unavailable)",
    re.IGNORECASE,
)

# Replies about us (sign-in, encryption), not about the message: mending the settings will let it through.
_ABOUT_US = frozenset({530, 534, 535, 538})

# Subjects of enhanced code 5.1.x that say that the receiver's address is bad; 5.1.7 and 5.1.8 are the sender's.
_BAD_ADDRESS = frozenset({"0", "1", "2", "3", "6", "10"})


class Stage(IntEnum):
    """Which command a reply answers."""

    RSET = 0
    MAIL = 1
    RCPT = 2
    DATA = 3
    BODY = 4
    DOT = 5  # the empty body that closes a DATA which should not have been opened


class Reply(msgspec.Struct, frozen=True):
    code: int
    text: str  # the lines joined by spaces

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


def read_answer(stage: Stage, reply: Reply) -> Answer:
    """The answer that a reply gives: to a body 2xx takes it, 4xx puts it off, 5xx refuses it."""
    kind = reply.code // 100
    if kind == 2 and stage is Stage.BODY:
        return Accepted(_provider_ref(reply.text))
    if kind == 5 and reply.code not in _ABOUT_US:
        return Rejected(f"smtp.{reply.code}", reply.text[:300], suppress=_is_bad_address(stage, reply))
    return Retry(f"smtp.{reply.code}", reply.text[:300], down=reply.code in _ABOUT_US)


def _is_bad_address(stage: Stage, reply: Reply) -> bool:
    """Whether a refusal says that nobody has this address. When in doubt, no: blocks by policy are 550 as well."""
    if stage not in (Stage.RCPT, Stage.BODY):
        return False
    found = _ENHANCED.match(reply.text)
    if found:
        return found[2] == "1" and found[3] in _BAD_ADDRESS
    return stage is Stage.RCPT and reply.code in (550, 551, 553) and bool(_NOBODY.search(reply.text))


def _provider_ref(text: str) -> str:
    found = _QUEUE_ID.search(text)
    return (found[1] if found else text)[:100]
