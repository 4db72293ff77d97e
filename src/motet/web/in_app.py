"""The in-app inbox of one customer, for a brand's own page: list, read, click, and a live stream.

The token in the path is the whole authority, so any origin may ask (CORS `*`, no cookies).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from motet.audience.pairs import find_gone
from motet.content.links import LinkSigner
from motet.core.errors import NotFound
from motet.core.ids import lane_of
from motet.core.words import Interaction
from motet.ingest.events import EventBuffer, RawEvent
from motet.storage.pool import Pool, Record
from motet.storage.sql import sql
from motet.web.asgi import Header, Receive, Scope, Send, encode_json, respond_empty, respond_json, stream_events
from motet.web.notices import Notices
from motet.web.problems import DATABASE_TROUBLE, Rejection

_PAGE = 50
_BEAT = 20.0  # seconds between two looks that no notice asked for
_CORS: tuple[Header, ...] = ((b"access-control-allow-origin", b"*"),)
_PREFLIGHT: tuple[Header, ...] = (
    *_CORS,
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-max-age", b"86400"),
)


class InboxDoor:
    """`/in-app/{token}/inbox`, `/in-app/{token}/stream`, `/in-app/{token}/{message_id}/read|click`."""

    def __init__(self, pool: Pool, lanes: int, signer: LinkSigner, events: EventBuffer, notices: Notices) -> None:
        self._pool = pool
        self._lanes = lanes
        self._signer = signer
        self._events = events
        self._notices = notices

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method == "OPTIONS":
            return await respond_empty(send, 204, _PREFLIGHT)
        token, _, rest = scope["path"].removeprefix("/in-app/").partition("/")
        ref = self._signer.read_inbox(token)
        if ref is None:
            raise NotFound("inbox", token[:64])
        if rest == "inbox" and method in ("GET", "HEAD"):
            items = await self._list(ref.customer_id)
            if not items["items"]:  # a token may be older than a merge, which takes everything along
                items = await self._list(await self._now(ref.customer_id))
            return await respond_json(scope, send, items, headers=_CORS)
        if rest == "stream" and method == "GET":
            return await stream_events(receive, send, self._frames(ref.customer_id), _CORS)
        if method == "POST":
            item, _, verb = rest.partition("/")
            if verb in ("read", "click"):
                await self._touch(await self._now(ref.customer_id), _read_id(item), verb)
                return await respond_empty(send, 204, _CORS)
        raise NotFound("address", scope["path"][:200])

    async def _now(self, customer_id: UUID) -> UUID:
        """Who a customer is now."""
        async with self._pool.acquire() as connection:
            return (await find_gone(connection, [customer_id], self._lanes)).get(customer_id, customer_id)

    async def _list(self, customer_id: UUID) -> dict[str, Any]:
        lane = lane_of(customer_id, self._lanes)
        rows = await self._pool.fetch(sql("web.list_inbox"), lane, customer_id, _PAGE)
        return {"items": [_item(row) for row in rows], "unread": sum(row["read_at"] is None for row in rows)}

    async def _touch(self, customer_id: UUID, message_id: UUID, verb: str) -> None:
        """Marks it read, and tells what the person did; a click is a look as well."""
        lane = lane_of(customer_id, self._lanes)
        now = datetime.now(UTC)
        row = await self._pool.fetchrow(sql("web.read_inbox_item"), lane, customer_id, message_id, now)
        if row is None:
            raise NotFound("in-app message", str(message_id))
        click = verb == "click"
        if click or row["first"]:
            self._events.offer(
                RawEvent(
                    customer=customer_id,
                    name=Interaction.CLICK.word if click else Interaction.VIEW.word,
                    at=now,
                    properties={"url": row["url"]} if click else {"machine": False},
                    message_id=message_id,
                    source="link",
                )
            )

    async def _frames(self, token_id: UUID) -> AsyncIterator[bytes]:
        """The inbox now, and again whenever it changes. While the database is away the stream stays open.

        Who becomes another customer meanwhile, or is one of their own again, gets their inbox after a beat at most.
        """
        watch = self._notices.watch(token_id)
        told = b""
        try:
            yield b"retry: 3000\n\n"
            while not watch.closed:
                try:
                    if (customer_id := await self._now(token_id)) != watch.customer_id:
                        watch.close()
                        watch = self._notices.watch(customer_id)
                    present = encode_json(await self._list(customer_id))
                except DATABASE_TROUBLE:
                    present = told
                yield b": still here\n\n" if present == told else b"event: inbox\ndata: %b\n\n" % present
                told = present
                await watch.wait(_BEAT)
        finally:
            watch.close()


def _read_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Rejection(400, "in_app.bad_id", "the message id is not a UUID", "take it from the inbox") from None


def _item(row: Record) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "title", "body", "url", "created_at", "read_at")}
