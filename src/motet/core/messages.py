"""A message: one intent for one channel, from decision to receipt; and what goes on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.core.reasons import Reason
from motet.core.words import Channel, MessageStatus, Priority


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the ledger. Times are UTC; a time that is None has not come."""

    id: UUID
    customer_id: UUID
    campaign_id: UUID
    revision_id: UUID
    step: int
    channel: Channel
    priority: Priority
    status: MessageStatus
    approved_at: datetime
    reasons: tuple[Reason, ...] = ()
    attempts: int = 0
    sent_at: datetime | None = None  # accepted by the provider
    delivered_at: datetime | None = None
    opened_at: datetime | None = None
    clicked_at: datetime | None = None
    converted_at: datetime | None = None
    failed_at: datetime | None = None
    transactional: bool = False  # never waits behind bulk


class Email(msgspec.Struct, frozen=True):
    """A finished email: `raw` is the whole RFC 5322 message with CRLF line ends, not dot-stuffed."""

    mail_from: str
    rcpt_to: str
    raw: bytes


class Sms(msgspec.Struct, frozen=True):
    to: str  # E.164
    text: str
    status_url: str = ""  # where the provider reports delivery


class Push(msgspec.Struct, frozen=True):
    tokens: tuple[str, ...]
    title: str
    body: str
    url: str = ""
    data: dict[str, str] = {}


class InApp(msgspec.Struct, frozen=True):
    title: str
    body: str
    url: str = ""


class Webhook(msgspec.Struct, frozen=True):
    url: str
    body: dict[str, Any]


Payload = Email | Sms | Push | InApp | Webhook


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider is handed: finished content for one customer."""

    message_id: UUID
    customer_id: UUID
    payload: Payload
    idempotency_key: str


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The provider took it. `dead` lists addresses (device tokens) it said are gone; `answer` is what another system
    answered to a webhook: {"status": int, "body": any JSON, or text}."""

    provider_ref: str = ""
    dead: tuple[str, ...] = ()
    answer: dict[str, Any] | None = None


class Rejected(msgspec.Struct, frozen=True, tag="rejected"):
    """The provider will never take this one. `suppress` says the address itself is bad."""

    code: str
    detail: str = ""
    suppress: bool = False
    dead: tuple[str, ...] = ()


class Retry(msgspec.Struct, frozen=True, tag="retry"):
    """It certainly was not sent; try again, not before `after` seconds when that is given.

    `down` says that the trouble is the provider's (no connection, no sign-in, a server's fault) and not this message's.
    """

    code: str
    detail: str = ""
    after: float | None = None
    down: bool = False


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """The answer was lost: it may or may not have been sent."""

    detail: str = ""


Answer = Accepted | Rejected | Retry | Unknown


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider told us later, verified: becomes an event."""

    message_id: UUID | None
    customer_id: UUID | None
    interaction: str  # a word of Interaction
    at: datetime | None = None
    provider_ref: str = ""
    detail: str = ""
    permanent: bool = False  # a bounce that suppresses the address
