"""Twilio's door: `POST /2010-04-01/Accounts/{sid}/Messages.json`, its errors, and its signed status callbacks.

The numbers that misbehave are Twilio's own test numbers (`+15005550001` is invalid, `...0002` cannot be routed,
`...0003` has no permission, `...0004` has opted out, `...0009` takes no SMS), and every number that ends in 0199,
which Twilio takes and then reports as undelivered (30003).
Source: www.twilio.com/docs/iam/test-credentials, .../docs/messaging/api/message-resource, .../docs/usage/security.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

from aiohttp import encode_basic_auth, web

from motet.core.words import Channel
from motet.outbox.callbacks import Callbacks, StatusCallback
from motet.outbox.credentials import Credentials
from motet.outbox.received import ReceivedSms, shorten
from motet.outbox.store import Store

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SENDER = re.compile(r"\+[1-9]\d{6,14}|[A-Za-z0-9 ]{1,11}|\d{3,8}")
_BODY_LIMIT = 1600
_UNDELIVERED_ENDING = "0199"
_FORM_LIMIT = 64 * 1024

_TEST_NUMBERS = {
    "+15005550001": (21211, "Invalid 'To' Phone Number: +15005550001"),
    "+15005550002": (21612, "The 'To' phone number: +15005550002, is not currently reachable"),
    "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region of the 'To' number"),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient"),
    "+15005550009": (21614, "'To' number: +15005550009, is not a valid mobile number"),
}


class TwilioDoor:
    """Takes SMS for one account and reports their delivery to the StatusCallback that came with each."""

    def __init__(self, store: Store, credentials: Credentials, callbacks: Callbacks) -> None:
        self._store = store
        self._account = credentials.account_sid
        self._token = credentials.auth_token
        self._callbacks = callbacks

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/2010-04-01/Accounts/{sid}/Messages.json", self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """Creates a message, the way Twilio answers: 201, or an error with Twilio's code."""
        if not self._knows(request):
            return _error(401, 20003, "Authenticate")
        if (request.content_length or 0) > _FORM_LIMIT:
            return _error(413, 20001, "The request is too large")
        form = {name: str(value) for name, value in (await request.post()).items()}
        if refusal := _refusal(form):
            return _error(400, *refusal)
        sid = f"SM{secrets.token_hex(16)}"
        sender = form.get("From") or form["MessagingServiceSid"]
        text = form["Body"]
        self._store.add(
            Channel.SMS, to=form["To"], sender=sender, title=shorten(text, 60), body=ReceivedSms(text=text, sid=sid)
        )
        if url := form.get("StatusCallback"):
            self._report(url, sid, form["To"], sender)
        return web.json_response(self._resource(sid, form["To"], sender, text), status=201)

    def _knows(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "")
        right = encode_basic_auth(self._account, self._token)
        return hmac.compare_digest(given.encode(), right.encode()) and request.match_info["sid"] == self._account

    def _report(self, url: str, sid: str, to: str, sender: str) -> None:
        lost = to.endswith(_UNDELIVERED_ENDING)
        for status in ("sent", "undelivered" if lost else "delivered"):
            form = {
                "AccountSid": self._account,
                "ApiVersion": "2010-04-01",
                "From": sender,
                "MessageSid": sid,
                "MessageStatus": status,
                "SmsSid": sid,
                "SmsStatus": status,
                "To": to,
            }
            if status == "undelivered":
                form["ErrorCode"] = "30003"
            self._callbacks.post(StatusCallback(url=url, form=form, token=self._token))

    def _resource(self, sid: str, to: str, sender: str, text: str) -> dict[str, object]:
        now = format_datetime(datetime.now(UTC))
        return {
            "account_sid": self._account,
            "api_version": "2010-04-01",
            "body": text,
            "date_created": now,
            "date_sent": None,
            "date_updated": now,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": sender,
            "num_media": "0",
            "price": None,
            "price_unit": "USD",
            "sid": sid,
            "status": "queued",
            "to": to,
            "uri": f"/2010-04-01/Accounts/{self._account}/Messages/{sid}.json",
        }


def _refusal(form: Mapping[str, str]) -> tuple[int, str] | None:
    """Twilio's code and sentence for a form that it would not take."""
    to, sender, text = form.get("To", ""), form.get("From", ""), form.get("Body", "")
    if not to:
        return 21604, "A 'To' phone number is required."
    if to in _TEST_NUMBERS:
        return _TEST_NUMBERS[to]
    if not _E164.fullmatch(to):
        return 21211, f"Invalid 'To' Phone Number: {to}"
    if not sender and not form.get("MessagingServiceSid"):
        return 21603, "A 'From' phone number is required."
    if sender and not _SENDER.fullmatch(sender):
        return 21212, f"Invalid 'From' Phone Number: {sender}"
    if not text:
        return 21602, "Message body is required."
    if len(text) > _BODY_LIMIT:
        return 21617, "The concatenated message body exceeds the 1600 character limit."
    return None


def _error(status: int, code: int, message: str) -> web.Response:
    return web.json_response(
        {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        },
        status=status,
    )
