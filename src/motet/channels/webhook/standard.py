"""Webhooks signed by the Standard Webhooks specification (https://www.standardwebhooks.com).

`standard://whsec_...`: the secret that receivers verify with, base64. While one is replaced by another, both:
`standard://whsec_NEW,whsec_OLD`. `webhook-id` is the message's id, so a receiver that keeps the ids it has seen
takes each message once, whatever is sent again: this provider is idempotent.

The URL is written by users, so it reaches public addresses only (`egress.py`).
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import msgspec
from standardwebhooks import Webhook as Signer

from motet.channels.base import Settings, refuse_callback, refuse_settings, retry_after, send_each
from motet.channels.egress import Egress, Forbidden, Lost, NotSent, Response
from motet.core.errors import Problem
from motet.core.messages import Accepted, Answer, Outgoing, Receipt, Rejected, Retry, Unknown, Webhook
from motet.core.words import Channel

_TIMEOUT = 20.0  # seconds; the specification asks for 15 to 30
_LONGEST_ANSWER = 16_384  # bytes that are kept of an answer
_LATER = frozenset({408, 425, 429})
_SHORTEST_SECRET = 24  # bytes, as the specification asks


class StandardWebhookProvider:
    name = "standard"
    channel = Channel.WEBHOOK
    idempotent = True
    batch = 32
    concurrency = 4

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._settings, self._clock = settings, clock
        self._signers: list[Signer] = []
        self._problems = settings.unknown_options(())
        secrets = [secret for secret in unquote(settings.rest).strip("/").split(",") if secret]
        if not secrets:
            self._problems.append(settings.problem("missing_secret", "has no secret", "standard://whsec_..."))
        for secret in secrets:
            try:
                raw = binascii.a2b_base64(secret.removeprefix("whsec_"), strict_mode=True)
                self._signers.append(Signer(secret))
            except (ValueError, RuntimeError):
                raw = b""
            if len(raw) < _SHORTEST_SECRET:
                self._problems.append(
                    settings.problem("bad_secret", "is no base64 of 24 bytes or more", "openssl rand -base64 32")
                )
        if settings.context.egress is None:
            self._problems.append(settings.problem("no_egress", "there is no HTTP client to send with"))

    def check(self) -> list[Problem]:
        return list(self._problems)

    async def open(self) -> None:
        refuse_settings(self._problems)

    async def close(self) -> None:
        """Nothing is held: the egress client belongs to the house."""

    async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        return await send_each(batch, self._send_one)

    async def _send_one(self, outgoing: Outgoing) -> Answer:
        hook = outgoing.payload
        if not isinstance(hook, Webhook):
            return Rejected("provider.wrong_payload", "this is not a webhook")
        body = msgspec.json.encode(hook.body)
        egress = self._settings.context.egress
        assert isinstance(egress, Egress)
        try:
            response = await egress.request(
                "POST",
                hook.url,
                headers=self._sign(str(outgoing.message_id), body),
                data=body,
                timeout=_TIMEOUT,
                limit=_LONGEST_ANSWER + 1,
                cut=True,
            )
        except Forbidden as error:
            return Rejected("webhook.forbidden_url", str(error))
        except NotSent as error:
            return Retry("webhook.connect", str(error), down=True)
        except Lost as error:
            return Unknown(str(error))
        return _read_answer(response)

    def _sign(self, id: str, body: bytes) -> dict[str, str]:
        now = self._clock()
        return {
            "Content-Type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signer.sign(id, now, body.decode()) for signer in self._signers),
        }

    def read_callback(self, headers: Mapping[str, str], body: bytes, url: str) -> list[Receipt]:
        raise refuse_callback("unsupported", "a webhook's answer is all that its receiver says")


def _read_answer(response: Response) -> Answer:
    """2xx is success and nothing else; a failure of the server is tried again, a redirect is not followed."""
    status = response.status
    word, detail = f"webhook.{status}", response.body[:200].decode("utf-8", "replace")
    if 200 <= status < 300:
        return Accepted(answer={"status": status, "body": _read_body(response.body)})
    if status in _LATER or status >= 500:
        # A server that failed may have taken it up. The same webhook-id goes out again, so nothing is doubled.
        return Retry(word, detail, retry_after(response.headers), down=status >= 500)
    if 300 <= status < 400:
        return Rejected(word, "the receiver redirects, which is not followed")
    return Rejected(word, detail)


def _read_body(body: bytes) -> Any:
    """The JSON of an answer; as text what is none, is cut, or holds what the database cannot keep. None when empty."""
    if not body:
        return None
    if len(body) <= _LONGEST_ANSWER and b"\\u0000" not in body:
        try:
            said = msgspec.json.decode(body)
            msgspec.json.encode(said)  # a lone surrogate may be read and not written
            return said
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            pass
    return body[:_LONGEST_ANSWER].decode("utf-8", "replace").replace("\x00", "")
