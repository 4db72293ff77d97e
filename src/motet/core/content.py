"""The shapes of content in documents, per channel, and of a message step. Strings are Handlebars templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from motet.core.words import Channel


class EmailContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`html` is a body fragment or a whole page; `text` is derived from it when absent."""

    subject: str
    html: str
    text: str | None = None
    preheader: str = ""


class SmsContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    text: str


class PushContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    title: str
    body: str
    url: str = ""
    data: dict[str, str] = {}


class InAppContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    title: str
    body: str
    url: str = ""


class WebhookContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`body` is any JSON; the strings in it are templates."""

    url: str
    body: dict[str, Any] = {}


Content = EmailContent | SmsContent | PushContent | InAppContent | WebhookContent

CONTENT: dict[Channel, type[Content]] = {
    Channel.EMAIL: EmailContent,
    Channel.SMS: SmsContent,
    Channel.PUSH: PushContent,
    Channel.IN_APP: InAppContent,
    Channel.WEBHOOK: WebhookContent,
}


class MessageArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The args of a step of kind `message`. `content` is keyed by channel: the first choice and the fallback.

    `conditions` is a filter over `core.facts.enrollment_view`; `priority` is a word of Priority.
    """

    channel: str
    content: dict[str, dict[str, Any]]
    fallback: str | None = None
    priority: str | None = None  # absent: the program's
    conditions: dict[str, Any] = {}


class DelayArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The args of a step of kind `delay`: wait until `seconds` after the enrollment began (or after now)."""

    seconds: float
    since: str = "entry"  # entry | now


class WaitUntilArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The args of a step of kind `wait_until`: a moment, or a wall-clock time in the customer's timezone."""

    at: datetime | None = None
    local_time: str | None = None  # HH:MM; with weekdays and without a time: as soon as it is such a day
    weekdays: tuple[str, ...] = ()  # mon, tue, ... sun: only on these; none means any day


class ExitArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    reason: str = "completed"
