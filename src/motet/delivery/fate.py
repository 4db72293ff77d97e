"""What becomes of a message after the provider's answer: pure."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import msgspec

from motet.core.clock import to_ms
from motet.core.events import DEVICES_GONE, Event
from motet.core.ids import uuid7
from motet.core.messages import Accepted, Answer, Rejected, Retry, Unknown
from motet.core.words import Interaction, MessageStatus
from motet.delivery.queue import Fate, Waiting

MAX_ATTEMPTS = 12
BACKOFF = 5.0  # seconds before the second attempt; doubles, up to BACKOFF_MOST
BACKOFF_MOST = 3600.0
RESEND_UNKNOWN = timedelta(minutes=5)  # for transactional messages, with the same Message-ID


def settle(waiting: Waiting, answer: Answer, now: datetime, *, idempotent: bool, transactional: bool) -> Fate:
    """The fate that an answer means.

    An answer that was lost is tried again only where that cannot send twice (the provider honours the key) or where
    saying it twice is better than not at all (transactional); else the message is `unknown`.
    """
    match answer:
        case Accepted(provider_ref, dead):
            gone = _event(waiting, now, {"dead": list(dead)}, DEVICES_GONE) if dead else None
            return Fate(
                waiting, MessageStatus.ACCEPTED, sent_at=now, provider_ref=_clean(provider_ref) or None, event=gone
            )
        case Rejected(code, detail, suppress, dead):
            told = {"code": _clean(code), "detail": _clean(detail), "suppress": suppress, "dead": list(dead)}
            event = _event(waiting, now, told)
            return Fate(waiting, MessageStatus.REJECTED, failed_at=now, error=_words(code, detail), event=event)
        case Retry(code, detail, after):
            if waiting.attempts + 1 >= MAX_ATTEMPTS:
                event = _event(waiting, now, {"code": "retries_exhausted", "detail": _clean(detail), "suppress": False})
                return Fate(waiting, MessageStatus.REJECTED, failed_at=now, error=_words(code, detail), event=event)
            later = now + timedelta(seconds=after if after is not None else backoff(waiting.attempts))
            return Fate(waiting, MessageStatus.APPROVED, send_at=later, error=_words(code, detail))
        case Unknown(detail):
            again = now + timedelta(seconds=backoff(waiting.attempts)) if idempotent else now + RESEND_UNKNOWN
            if (idempotent or transactional) and waiting.attempts + 1 < MAX_ATTEMPTS:
                return Fate(waiting, MessageStatus.APPROVED, send_at=again, error=_words("answer_lost", detail))
            return Fate(waiting, MessageStatus.UNKNOWN, error=_words("answer_lost", detail))


def backoff(attempts: int) -> float:
    """Seconds until the next attempt: exponential, with jitter from half to whole so that a crowd spreads out."""
    most = min(BACKOFF_MOST, BACKOFF * 2.0**attempts)
    return most * random.uniform(0.5, 1.0)  # noqa: S311


def strip(fate: Fate) -> Fate:
    """The fate without the provider's words and without the event that would carry them."""
    return msgspec.structs.replace(fate, provider_ref=None, error=None, event=None)


def _clean(text: str) -> str:
    """A provider's words as the database can keep them: PostgreSQL has no NUL, and UTF-8 no lone surrogate."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _words(code: str, detail: str) -> str:
    return _clean(f"{code}: {detail}"[:500] if detail else code)


def _event(waiting: Waiting, now: datetime, properties: dict[str, Any], name: str = Interaction.FAILED.word) -> Event:
    return Event(
        id=uuid7(to_ms(now)),
        customer_id=waiting.customer_id,
        name=name,
        at=now,
        properties=properties,
        message_id=waiting.id,
        source="delivery",
    )
