"""A receiver of webhooks at `/webhook/...`: it takes what is posted and says whether the signature is good.

`?status=503` makes it answer so, to see what a receiver that is down does to a campaign.
"""

from __future__ import annotations

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from motet.core.words import Channel
from motet.outbox.credentials import Credentials
from motet.outbox.received import ReceivedWebhook
from motet.outbox.store import Store

_KEPT_HEADERS = ("content-type", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature")


class WebhookDoor:
    """Verifies by the Standard Webhooks library, which is not the code that signed."""

    def __init__(self, store: Store, credentials: Credentials) -> None:
        self._store = store
        self._verifier = Webhook(credentials.webhook_secret)

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/webhook", self.take), web.post("/webhook/{tail:.*}", self.take)]

    async def take(self, request: web.Request) -> web.Response:
        raw = await request.read()
        status = request.query.get("status", "204")
        if status.isdecimal() and 400 <= int(status) <= 599:
            return web.Response(status=int(status))
        headers = {name: request.headers[name] for name in _KEPT_HEADERS if name in request.headers}
        body = ReceivedWebhook(
            url=str(request.url),
            headers=headers,
            body=raw.decode("utf-8", "replace"),
            verified=self._verify(raw, headers),
        )
        self._store.add(
            Channel.WEBHOOK,
            to=str(request.url),
            sender=headers.get("user-agent", ""),
            title=f"POST {request.path}",
            body=body,
        )
        return web.Response(status=204)

    def _verify(self, raw: bytes, headers: dict[str, str]) -> bool | None:
        if "webhook-signature" not in headers:
            return None
        try:
            self._verifier.verify(raw, headers, json_parse=False)
        except (WebhookVerificationError, ValueError):  # ValueError: what is no base64, no number, no UTF-8
            return False
        return True
