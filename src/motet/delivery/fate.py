"""What becomes of a message after the provider's answer: pure."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import msgspec

from motet.core.clock import to_ms
from motet.core.events import ACTION_ANSWERED, DEVICES_GONE, Event
from motet.core.ids import uuid7
from motet.core.messages import Accepted, Answer, Rejected, Retry, Unknown
from motet.core.words import Interaction, MessageStatus
from motet.delivery.queue import Fate, Waiting

MAX_ATTEMPTS = 12
BACKOFF = 5.0  # seconds before the second attempt, at most; doubles, up to BACKOFF_MOST
BACKOFF_MOST = 3600.0
RESEND_UNKNOWN = timedelta(minutes=5)  # a transactional message whose answer was lost, with the same Message-ID
RESENDS = 3  # attempts that such a message has in all
LOST_AFTER = timedelta(days=1)  # a message whose answer was lost is dropped when no receipt came until then


def settle(
    waiting: Waiting, answer: Answer, now: datetime, *, idempotent: bool, transactional: bool, action: bool = False
) -> Fate:
    """The fate that an answer means.

    An answer that was lost leaves the message `unknown`. It is sent again only where that cannot send twice (the
    provider honours the key) or where saying it twice is better than not at all (transactional); else it waits for a
    receipt, until it is taken for lost.
    """
    match answer:
        case Accepted(provider_ref, dead, told):
            event = _event(waiting, now, {"dead": list(dead)}, DEVICES_GONE) if dead else None
            if action:
                event = _event(waiting, now, told or {}, ACTION_ANSWERED)
            return Fate(
                waiting, MessageStatus.ACCEPTED, sent_at=now, provider_ref=_clean(provider_ref) or None, event=event
            )
        case Rejected(code, detail, suppress, dead):
            properties = {"code": _clean(code), "detail": _clean(detail), "suppress": suppress, "dead": list(dead)}
            event = _event(waiting, now, properties)
            return Fate(waiting, MessageStatus.REJECTED, failed_at=now, error=_words(code, detail), event=event)
        case Retry(code, detail, after):
            if waiting.attempts + 1 >= MAX_ATTEMPTS:
                event = _event(waiting, now, {"code": "retries_exhausted", "detail": _clean(detail), "suppress": False})
                return Fate(waiting, MessageStatus.REJECTED, failed_at=now, error=_words(code, detail), event=event)
            seconds = backoff(waiting.attempts) if after is None else spread(after)
            later = now + timedelta(seconds=seconds)
            return Fate(waiting, MessageStatus.APPROVED, send_at=later, error=_words(code, detail))
        case Unknown(detail):
            again = may_resend(waiting.attempts + 1, idempotent=idempotent, transactional=transactional)
            if not again:
                later = now + LOST_AFTER
            else:
                later = now + (timedelta(seconds=backoff(waiting.attempts)) if idempotent else RESEND_UNKNOWN)
            error = _words("answer_lost", detail)
            return Fate(waiting, MessageStatus.UNKNOWN, send_at=later, error=error, again=again)


def may_resend(attempts: int, *, idempotent: bool, transactional: bool) -> bool:
    """Whether a message whose answer was lost is sent again, having had so many attempts."""
    return (idempotent and attempts < MAX_ATTEMPTS) or (transactional and attempts < RESENDS)


def is_lost(waiting: Waiting, *, idempotent: bool, transactional: bool) -> bool:
    """Whether a message that is due is one that no receipt settled and that may not be sent again."""
    return waiting.status == MessageStatus.UNKNOWN and not may_resend(
        waiting.attempts, idempotent=idempotent, transactional=transactional
    )


def backoff(attempts: int) -> float:
    """Seconds until the next attempt: exponential, with jitter over the whole range so that a crowd spreads out."""
    most = min(BACKOFF_MOST, BACKOFF * 2.0**attempts)
    return most * random.random()  # noqa: S311


def spread(after: float) -> float:
    """Not before a provider asked for it, and not all at the same moment."""
    return after + min(after, 60.0) * random.random() / 4  # noqa: S311


def strip(fate: Fate) -> Fate:
    """The fate without the provider's words and without the event that would carry them; of an action's answer the
    status stays."""
    event = fate.event
    if event is not None:
        status = event.properties.get("status")
        answered = event.name == ACTION_ANSWERED
        event = msgspec.structs.replace(event, properties={"status": status, "body": None}) if answered else None
    return msgspec.structs.replace(fate, provider_ref=None, error=None, event=event)


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
