"""SMS through Twilio's Messages resource (https://www.twilio.com/docs/messaging/api/message-resource).

`twilio://SID:TOKEN@api.twilio.com?from=+15550100`. Options:
  from      the number, short code or sender id that texts come from
  service   a Messaging Service (MG...) in place of `from`
  scheme    http for a local server in Twilio's shape; https unless set
Twilio has no idempotency key: an answer that is lost leaves the message Unknown, and its status callback settles it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import msgspec

from motet.channels.base import Settings, refuse_callback, refuse_settings, retry_after, send_each
from motet.channels.egress import Egress, Forbidden, Lost, NotSent, Response
from motet.core.errors import Problem
from motet.core.messages import Accepted, Answer, Outgoing, Receipt, Rejected, Retry, Sms, Unknown
from motet.core.words import Channel, Interaction

_OPTIONS = ("from", "service", "scheme")

# https://www.twilio.com/docs/api/errors
_BAD_NUMBER = frozenset({21211, 21217, 21614})  # no phone number, or none that can take texts
_STOPPED = frozenset({21610})  # the receiver replied STOP
_ABOUT_US = frozenset({20003, 20404, 21212, 21603, 21606, 21659, 21660, 21661, 21703, 21704, 21705})  # our account

# What became of a text, by the ErrorCode of its status callback: nobody has this number, or it takes no texts.
_DEAD_NUMBER = frozenset({30005, 30006, 21211, 21614})


class TwilioProvider:
    name = "twilio"
    channel = Channel.SMS
    idempotent = False
    batch = 32
    concurrency = 4

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        options = settings.options
        scheme = options.get("scheme", "https")
        port = f":{settings.port}" if settings.port else ""
        self._base = f"{scheme}://{settings.host}{port}"
        self._url = f"{self._base}/2010-04-01/Accounts/{settings.user}/Messages.json"
        pair = f"{settings.user}:{settings.password}".encode()
        self._headers = {
            "Authorization": "Basic " + base64.b64encode(pair).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._sender = (
            {"MessagingServiceSid": options["service"]} if "service" in options else {"From": options.get("from", "")}
        )

    def check(self) -> list[Problem]:
        settings, options = self._settings, self._settings.options
        problems = [*settings.problems, *settings.unknown_options(_OPTIONS)]
        if not settings.user or not settings.password:
            problems.append(
                settings.problem("missing_credentials", "has no account SID and token", "twilio://SID:TOKEN@host")
            )
        if not settings.host and not settings.problems:
            problems.append(settings.problem("missing_host", "names no host", "use api.twilio.com"))
        if not options.get("from") and not options.get("service"):
            problems.append(settings.problem("missing_sender", "has neither from nor service", "add ?from=+15550100"))
        if options.get("scheme", "https") not in ("http", "https"):
            problems.append(settings.problem("bad_option", "scheme is neither http nor https"))
        if settings.context.egress is None:
            problems.append(settings.problem("no_egress", "there is no HTTP client to send with"))
        return problems

    async def open(self) -> None:
        refuse_settings(self.check())

    async def close(self) -> None:
        """Nothing is held: the egress client belongs to the house."""

    async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        return await send_each(batch, self._send_one)

    async def _send_one(self, outgoing: Outgoing) -> Answer:
        sms = outgoing.payload
        if not isinstance(sms, Sms):
            return Rejected("provider.wrong_payload", "this is not a text message")
        form = {"To": sms.to, "Body": sms.text, **self._sender}
        if callback := sms.status_url or self._callback_url(outgoing):
            form["StatusCallback"] = callback
        egress = self._settings.context.egress
        assert isinstance(egress, Egress)
        try:
            response = await egress.request(
                "POST", self._url, headers=self._headers, data=urlencode(form).encode(), trusted=True
            )
        except Forbidden as error:
            return Retry("twilio.bad_url", str(error), down=True)
        except NotSent as error:
            return Retry("twilio.connect", str(error), down=True)
        except Lost as error:
            return Unknown(str(error))
        return _read_answer(response)

    def _callback_url(self, outgoing: Outgoing) -> str:
        """Where the fate of a text is to be told. Twilio refuses a URL that only this machine can reach."""
        public = self._settings.context.public_url
        host = urlsplit(public).hostname or ""
        if not public or (host in ("localhost", "127.0.0.1", "::1") and not self._settings.local):
            return ""
        return f"{public}/hooks/{self.name}?c={outgoing.customer_id}&m={outgoing.message_id}"

    def read_callback(self, headers: Mapping[str, str], body: bytes, url: str) -> list[Receipt]:
        """A status callback (https://www.twilio.com/docs/messaging/guides/track-outbound-message-status).

        Its signature covers the URL, so the ids in it are ours.
        """
        try:
            form = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200)
        except ValueError as error:
            raise refuse_callback("malformed", "the body is not a form") from error
        given = next((value for name, value in headers.items() if name.lower() == "x-twilio-signature"), "")
        known = [sign(self._settings.password, each, form) for each in self._asked_urls(url)]
        if not any(hmac.compare_digest(given.encode(), each.encode()) for each in known):
            raise refuse_callback("bad_signature", "X-Twilio-Signature does not fit the request")
        ids = dict(parse_qsl(urlsplit(url).query))
        try:
            customer_id, message_id = UUID(ids.get("c", "")), UUID(ids.get("m", ""))
        except ValueError as error:
            raise refuse_callback("malformed", "the URL names no customer and message") from error
        return _read_receipt(dict(form), customer_id, message_id)

    def _asked_urls(self, url: str) -> list[str]:
        """The URL as Twilio may have spelt it: behind a proxy ours has another host; ports are written or not."""
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        roots = {f"{parts.scheme}://{parts.netloc}"}
        if public := self._settings.context.public_url:
            roots.add(f"{urlsplit(public).scheme}://{urlsplit(public).netloc}")
        spelt = set()
        for root in roots:
            port = ":443" if root.startswith("https") else ":80"
            spelt |= {root, root.removesuffix(port), root.removesuffix(port) + port}
        return [root + path for root in sorted(spelt)]


def sign(token: str, url: str, form: Sequence[tuple[str, str]]) -> str:
    """Twilio's signature of a form request (https://www.twilio.com/docs/usage/security#validating-requests)."""
    text = url + "".join(name + value for name, value in sorted(set(form)))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _read_answer(response: Response) -> Answer:
    try:
        said: Any = msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        said = {}
    said = said if isinstance(said, dict) else {}
    if response.status in (200, 201):
        return Accepted(str(said.get("sid", "")))
    code, detail = said.get("code"), str(said.get("message", ""))[:300]
    word = f"twilio.{code or response.status}"
    if response.status in (429, 503):  # not taken up; every other 5xx may have come after the text went out
        return Retry(word, detail, retry_after(response.headers), down=response.status == 503)
    if response.status >= 500:
        return Unknown(f"Twilio answered {response.status} {detail}".strip())
    if response.status in (401, 403, 404) or code in _ABOUT_US:
        return Retry(word, detail, down=response.status == 401)
    return Rejected(word, detail, suppress=code in _BAD_NUMBER or code in _STOPPED)


def _read_receipt(form: Mapping[str, str], customer_id: UUID, message_id: UUID) -> list[Receipt]:
    status = form.get("MessageStatus") or form.get("SmsStatus") or ""
    code = form.get("ErrorCode", "")
    dead = code.isdecimal() and int(code) in _DEAD_NUMBER
    if status == "delivered":
        interaction = Interaction.DELIVERED
    elif status in ("undelivered", "failed"):
        interaction = Interaction.BOUNCED if dead else Interaction.FAILED
    else:  # accepted, queued, sending, sent, read, canceled: nothing that the ledger does not know
        return []
    return [
        Receipt(
            message_id=message_id,
            customer_id=customer_id,
            interaction=interaction.word,
            provider_ref=form.get("MessageSid", ""),
            detail=f"twilio.{code}" if code else status,
            permanent=dead,
        )
    ]
