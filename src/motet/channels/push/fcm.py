"""Push through Firebase Cloud Messaging, HTTP v1 (https://firebase.google.com/docs/reference/fcm/rest).

`fcm://fcm.googleapis.com?credentials=/path/service-account.json`. Options:
  credentials   the key file of a service account that may send
  scheme        http for a local server in Google's shape; https unless set
A message goes to each device of a customer by a call of its own. FCM has no idempotency key; every message carries
its id as the tag under which a device shows it, so one that arrives twice is shown once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from motet.channels.base import Settings, refuse_callback, refuse_settings, retry_after, send_each
from motet.channels.egress import Egress, Forbidden, Lost, NotSent, Response
from motet.channels.push.google_token import GoogleToken, NoToken, ServiceAccount, read_account
from motet.core.errors import Problem, Refused
from motet.core.messages import Accepted, Answer, Outgoing, Push, Receipt, Rejected, Retry, Unknown
from motet.core.words import Channel

_OPTIONS = ("credentials", "scheme")
_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"

# https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
_DEAD_TOKEN = frozenset({"UNREGISTERED", "SENDER_ID_MISMATCH"})
_RESERVED_KEYS = frozenset({"from", "notification", "message_type"})


class FcmProvider:
    name = "fcm"
    channel = Channel.PUSH
    idempotent = False
    batch = 32
    concurrency = 4

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        scheme = settings.options.get("scheme", "https")
        port = f":{settings.port}" if settings.port else ""
        self._root = f"{scheme}://{settings.host or 'fcm.googleapis.com'}{port}"
        self._token: GoogleToken | None = None
        self._url = ""

    def check(self) -> list[Problem]:
        settings = self._settings
        problems = [*settings.problems, *settings.unknown_options(_OPTIONS)]
        if settings.options.get("scheme", "https") not in ("http", "https"):
            problems.append(settings.problem("bad_option", "scheme is neither http nor https"))
        if settings.context.egress is None:
            problems.append(settings.problem("no_egress", "there is no HTTP client to send with"))
        try:
            self._read_account()
        except Refused as refused:
            problems.extend(refused.problems)
        return problems

    def _read_account(self) -> ServiceAccount:
        return read_account(self._settings.options.get("credentials", ""), self._settings)

    async def open(self) -> None:
        refuse_settings(self.check())
        account = self._read_account()
        egress = self._settings.context.egress
        assert isinstance(egress, Egress)
        self._token = GoogleToken(account, _SCOPE, egress)
        self._url = f"{self._root}/v1/projects/{account.project_id}/messages:send"

    async def close(self) -> None:
        """Forgets the token; the egress client belongs to the house."""
        self._token = None

    async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        return await send_each(batch, self._send_one)

    async def _send_one(self, outgoing: Outgoing) -> Answer:
        push = outgoing.payload
        if not isinstance(push, Push):
            return Rejected("provider.wrong_payload", "this is not a push message")
        if not push.tokens:
            return Rejected("fcm.no_device", "the customer has no device")
        id = str(outgoing.message_id)
        answers = await asyncio.gather(*(self._send_token(push, token, id) for token in push.tokens))
        return _combine(answers)

    async def _send_token(self, push: Push, token: str, id: str) -> Answer:
        body = msgspec.json.encode({"message": write_message(push, token, id)})
        answer = await self._post(body, token)
        if isinstance(answer, Retry) and answer.code == "fcm.UNAUTHENTICATED" and self._token is not None:
            self._token.forget()  # it was withdrawn before its time: once more with a new one
            answer = await self._post(body, token)
        return answer

    async def _post(self, body: bytes, token: str) -> Answer:
        egress = self._settings.context.egress
        if self._token is None or egress is None:
            return Retry("fcm.closed", "the provider is not open")
        try:
            access = await self._token.fetch()
            response = await egress.request(
                "POST",
                self._url,
                headers={"Authorization": f"Bearer {access}", "Content-Type": "application/json"},
                data=body,
                trusted=True,
            )
        except NoToken as error:
            return Retry("fcm.no_token", str(error), error.after, down=True)
        except (Forbidden, NotSent) as error:
            return Retry("fcm.connect", str(error), down=True)
        except Lost as error:
            return Unknown(str(error))
        return _read_answer(response, token)

    def read_callback(self, headers: Mapping[str, str], body: bytes, url: str) -> list[Receipt]:
        raise refuse_callback("unsupported", "FCM has no callbacks")


def write_message(push: Push, token: str, id: str) -> dict[str, Any]:
    """A Message resource. The link travels as data, for the app, and where a platform has a field for it."""
    data = {key: value for key, value in push.data.items() if key not in _RESERVED_KEYS}
    data["message_id"] = id
    webpush: dict[str, Any] = {"notification": {"tag": id}}
    if push.url:
        data["url"] = push.url
        if push.url.startswith("https://"):  # FCM refuses any other
            webpush["fcm_options"] = {"link": push.url}
    return {
        "token": token,
        "notification": {"title": push.title, "body": push.body},
        "data": data,
        "android": {"notification": {"tag": id}},
        "apns": {"headers": {"apns-collapse-id": id}},
        "webpush": webpush,
    }


def _read_answer(response: Response, token: str) -> Answer:
    try:
        said: Any = msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        said = {}
    said = said if isinstance(said, dict) else {}
    if response.status == 200:
        return Accepted(str(said.get("name", "")))
    code, detail = _read_error(said.get("error"), response.status)
    word = f"fcm.{code}"
    if code in _DEAD_TOKEN or (code == "INVALID_ARGUMENT" and "registration token" in detail):
        return Rejected(word, detail, dead=(token,))
    if response.status in (429, 503):
        return Retry(word, detail, retry_after(response.headers), down=response.status == 503)
    if response.status >= 500:
        return Unknown(f"FCM answered {response.status} {detail}".strip())
    if response.status in (401, 403, 404):  # the account, the project or the key of APNs; not this message
        return Retry(word, detail)
    return Rejected(word, detail)


def _read_error(error: Any, status: int) -> tuple[str, str]:
    """FCM's own code if the error has one, else Google's canonical status; and the message."""
    if not isinstance(error, dict):
        return str(status), ""
    code, detail = str(error.get("status") or status), str(error.get("message", ""))[:300]
    details = error.get("details")
    for each in details if isinstance(details, list) else ():
        if not isinstance(each, dict):
            continue
        if str(each.get("@type", "")).endswith("google.firebase.fcm.v1.FcmError"):
            code = str(each.get("errorCode", code))
        for violation in each.get("fieldViolations", ()):
            if isinstance(violation, dict) and violation.get("field") == "message.token":
                detail = f"registration token: {detail}"
    return code, detail


def _combine(answers: Sequence[Answer]) -> Answer:
    """One answer for a customer with several devices: sent if one device takes it, since a second try would double."""
    dead = tuple(token for answer in answers if isinstance(answer, Rejected) for token in answer.dead)
    for answer in answers:
        if isinstance(answer, Accepted):
            return Accepted(answer.provider_ref, dead)
    for answer in answers:
        if isinstance(answer, Unknown):
            return answer
    waits = [answer for answer in answers if isinstance(answer, Retry)]
    if waits:
        after = max(each.after or 0.0 for each in waits) or None
        return Retry(waits[0].code, waits[0].detail, after, down=all(each.down for each in waits))
    refusals = [answer for answer in answers if isinstance(answer, Rejected)]
    alive = [refusal for refusal in refusals if not refusal.dead]
    told = (alive or refusals)[0]
    return Rejected(told.code, told.detail, dead=dead)
