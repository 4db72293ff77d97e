"""What the outbox received: one message as it came over the wire, and as a screen shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from motet.core.words import Channel
from motet.outbox.letters import read_letter

_OVERHEAD = 1024  # bytes that the structs around a message take, roughly
_PREVIEW = 160


class ReceivedEmail(msgspec.Struct, frozen=True):
    """`raw` is the message as it was transferred, kept whole; it is parsed when somebody looks."""

    raw: bytes


class ReceivedSms(msgspec.Struct, frozen=True):
    text: str
    sid: str


class ReceivedPush(msgspec.Struct, frozen=True):
    title: str
    body: str
    url: str
    tokens: tuple[str, ...]
    data: dict[str, str]


class ReceivedWebhook(msgspec.Struct, frozen=True):
    """`verified` says whether the Standard Webhooks signature is that of our own key; None: unsigned."""

    url: str
    headers: dict[str, str]
    body: str
    verified: bool | None


Body = ReceivedEmail | ReceivedSms | ReceivedPush | ReceivedWebhook


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One message that arrived. `id` grows with time; `size` is what it costs in memory, in bytes."""

    id: str
    channel: Channel
    at: datetime
    to: str
    sender: str
    title: str  # the subject, the title, or the first words
    body: Body
    size: int


def size_of(body: Body) -> int:
    """The memory that keeping `body` costs, in bytes, rounded up generously."""
    match body:
        case ReceivedEmail(raw=raw):
            return _OVERHEAD + len(raw)
        case ReceivedSms(text=text):
            return _OVERHEAD + 4 * len(text)
        case ReceivedPush():
            words = (body.title, body.body, body.url, *body.tokens, *body.data, *body.data.values())
            return _OVERHEAD + 4 * sum(map(len, words))
        case ReceivedWebhook():
            words = (body.url, body.body, *body.headers, *body.headers.values())
            return _OVERHEAD + 4 * sum(map(len, words))


def words_of(message: Received) -> str:
    """The text in which a search looks: addresses, title, and the words of short messages; not email bodies."""
    parts = [message.to, message.sender, message.title]
    match message.body:
        case ReceivedSms(text=text):
            parts.append(text)
        case ReceivedPush(body=body):
            parts.append(body)
        case ReceivedWebhook(url=url):
            parts.append(url)
        case ReceivedEmail():
            pass
    return "\n".join(parts).casefold()


def summary(message: Received) -> dict[str, Any]:
    """A row of the list."""
    match message.body:
        case ReceivedEmail(raw=raw):
            preview = read_letter(raw).text
        case ReceivedSms(text=text):
            preview = text
        case ReceivedPush(body=body):
            preview = body
        case ReceivedWebhook(body=body):
            preview = body
    return {
        "id": message.id,
        "channel": message.channel.word,
        "at": message.at,
        "to": message.to,
        "from": message.sender,
        "title": message.title,
        "preview": shorten(preview, _PREVIEW),
    }


def whole(message: Received) -> dict[str, Any]:
    """The message as its receiver would see it: the row, and what its channel has besides."""
    row = summary(message)
    match message.body:
        case ReceivedEmail(raw=raw):
            letter = read_letter(raw)
            row.update(subject=letter.subject, headers=letter.headers, html=letter.html, text=letter.text)
        case ReceivedSms(text=text, sid=sid):
            row.update(text=text, sid=sid)
        case ReceivedPush() as push:
            row.update(body=push.body, url=push.url, tokens=push.tokens, data=push.data)
        case ReceivedWebhook() as hook:
            row.update(url=hook.url, headers=hook.headers, body=hook.body, verified=hook.verified)
    return row


def shorten(text: str, limit: int) -> str:
    """The text on one line, cut at `limit` characters with an ellipsis."""
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
