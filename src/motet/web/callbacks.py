"""`POST /hooks/{provider}`: what a provider tells us later, verified on the raw bytes, becomes events.

The answer comes after the commit, so that a provider tries again when we could not keep it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from motet.channels.base import Provider
from motet.core.errors import NotFound
from motet.core.messages import Receipt
from motet.ingest.events import EventBuffer, RawEvent
from motet.web.asgi import Receive, Scope, Send, headers_of, read_body, respond_empty
from motet.web.problems import Rejection
from motet.web.room import Room, Share

log = structlog.get_logger("motet.web")

_LIMIT = 1024 * 1024  # bytes


class CallbackDoor:
    """`public_url` is the address that providers were given: the Host header is not asked."""

    def __init__(self, providers: Mapping[Any, Provider], events: EventBuffer, public_url: str) -> None:
        self._providers = {provider.name: provider for provider in providers.values()}
        self._events = events
        self._public_url = public_url
        self._room = Room()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].removeprefix("/hooks/")
        provider = self._providers.get(name)
        if provider is None:
            raise NotFound("provider with callbacks", name)
        if scope["method"] != "POST":
            raise Rejection(405, "route.method_not_allowed", "callbacks are sent by POST")
        share = Share(self._room)
        try:
            body = await read_body(scope, share.count(receive), _LIMIT)
            receipts = provider.read_callback(headers_of(scope), body, self._asked_for(scope))
        finally:
            share.release()
        events = [_event(name, receipt) for receipt in receipts if receipt.customer_id is not None]
        if len(events) < len(receipts):
            log.warning("receipts of nobody we know", provider=name, count=len(receipts) - len(events))
        if events:
            await self._events.add(events)
        await respond_empty(send, 204)

    def _asked_for(self, scope: Scope) -> str:
        raw = scope.get("raw_path") or scope["path"].encode()
        query = scope["query_string"]
        path = bytes(raw).split(b"?")[0].decode("latin-1")
        return f"{self._public_url}{path}{'?' if query else ''}{query.decode('latin-1')}"


def _event(provider: str, receipt: Receipt) -> RawEvent:
    """The same receipt twice is one event."""
    assert receipt.customer_id is not None
    properties: dict[str, Any] = {"provider": provider}
    if receipt.detail:
        properties["detail"] = receipt.detail
    if receipt.permanent:
        properties["permanent"] = True
    key = (
        f"{provider}:{receipt.message_id}:{receipt.interaction}:{receipt.provider_ref}" if receipt.message_id else None
    )
    return RawEvent(
        customer=receipt.customer_id,
        name=receipt.interaction,
        at=receipt.at or datetime.now(UTC),
        properties=properties,
        message_id=receipt.message_id,
        source="provider",
        key=key,
    )
