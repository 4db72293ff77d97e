"""What the outbox tells: the list, one message, and a live stream of what arrives. JSON, read only."""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache
from typing import Any

import msgspec
from aiohttp import web

from motet.core.words import Channel
from motet.outbox.received import Received, summary, whole
from motet.outbox.store import Store

_LIMIT = 50
_MOST = 500
_BEAT = 15.0  # seconds between two comments on a stream where nothing happens
_GATHER = 0.05  # seconds in which arrivals are gathered into one write
_PAGE = 200  # messages a write
_ROWS = 2_000  # rows kept encoded

_ID = re.compile("[0-9a-f]{16}")

_encode = msgspec.json.Encoder().encode


class OutboxApi:
    """`GET /messages`, `GET /messages/{id}`, `DELETE /messages`, `GET /stream`, `GET /healthz`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._row = lru_cache(maxsize=_ROWS)(self._encode_row)  # several readers cost one parse

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", self.health),
            web.get("/messages", self.list),
            web.delete("/messages", self.clear),
            web.get("/messages/{id}", self.show),
            web.get("/stream", self.stream),
        ]

    async def health(self, request: web.Request) -> web.Response:
        return _json({"status": "ok", "kept": len(self._store), "bytes": self._store.bytes})

    async def list(self, request: web.Request) -> web.Response:
        """Newest first. `q` looks in addresses, titles and short texts; `before` is the id to go on from."""
        word, limit = request.query.get("channel", ""), request.query.get("limit", str(_LIMIT))
        if word and word.upper() not in Channel.__members__:
            words = ", ".join(channel.word for channel in Channel)
            return _problem(400, "outbox.unknown_channel", f"there is no channel {word!r}", f"use one of {words}")
        if not (limit.isascii() and limit.isdecimal()) or not 1 <= int(limit) <= _MOST:
            return _problem(400, "outbox.bad_limit", f"limit is {limit!r}", f"give a number from 1 to {_MOST}")
        page = self._store.page(
            channel=Channel[word.upper()] if word else None,
            q=request.query.get("q", ""),
            limit=int(limit),
            before=request.query.get("before") or None,
        )
        return _json(
            {
                "messages": [msgspec.Raw(self._row(message.id)) for message in page],
                "counts": self._store.counts(),
                "received": self._store.received,
            }
        )

    async def show(self, request: web.Request) -> web.Response:
        message = self._store.get(request.match_info["id"])
        if message is None:
            return _problem(404, "outbox.no_message", "there is no such message here; older ones make room for newer")
        return _json(whole(message))

    async def clear(self, request: web.Request) -> web.Response:
        self._store.clear()
        return web.Response(status=204)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events, one `data:` line a message, from now on or from `Last-Event-ID`.

        A reader is a place in the store, not a queue: a slow one costs nothing, and misses only what the store
        has let go.
        """
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        last = request.headers.get("Last-Event-ID", "")
        place = last if _ID.fullmatch(last) else self._store.newest_id()
        await response.write(b": listening\n\n")
        try:
            while not self._store.closed:
                if page := self._store.after(place, _PAGE):
                    place = page[-1].id
                    await response.write(b"".join(map(self._event, page)))
                elif await self._store.arrival(_BEAT):
                    await asyncio.sleep(_GATHER)
                elif not self._store.closed:
                    await response.write(b": still here\n\n")
        except ConnectionResetError:  # the reader left
            pass
        return response

    def _event(self, message: Received) -> bytes:
        return b"id: %b\ndata: %b\n\n" % (message.id.encode(), self._row(message.id))

    def _encode_row(self, id: str) -> bytes:
        message = self._store.get(id)
        assert message is not None  # it was taken from the store just now
        return _encode(summary(message))


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=_encode(value), status=status, content_type="application/json")


def _problem(status: int, code: str, message: str, fix: str = "") -> web.Response:
    body = {
        "type": "about:blank",
        "title": message,
        "status": status,
        "code": code,
        "detail": message,
        "problems": [{"code": code, "message": message, "path": "", "fix": fix}],
    }
    return web.Response(body=_encode(body), status=status, content_type="application/problem+json")
