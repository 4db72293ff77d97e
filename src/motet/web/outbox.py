"""The window on the local outbox: its HTTP API passed on, with the in-app messages, which we keep ourselves, merged in.

Rows are merged by time. `before` is the id of the last row shown, of either kind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp
import msgspec

from motet.analytics.profile import name_of
from motet.core.errors import NotFound
from motet.core.ids import lane_of
from motet.core.words import Channel
from motet.storage.pool import Record
from motet.storage.sql import sql
from motet.web.asgi import encode_json
from motet.web.notices import Notices
from motet.web.problems import DATABASE_TROUBLE, Rejection
from motet.web.services import Services

_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=2)
_STREAM_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=2, sock_read=60)
_MOST = 500  # rows that the outbox gives at once
_PREVIEW = 160  # characters
_SETTLE = timedelta(seconds=5)  # how far back a new inbox message is looked for
_BEAT = 15.0  # seconds
_OPEN_END = datetime(9999, 1, 1, tzinfo=UTC)


class OutboxWindow:
    """Open it within the loop that serves; `close` lets its connections go."""

    def __init__(self, services: Services) -> None:
        self._url = services.config.outbox_url.rstrip("/") if services.config.outbox_url else None
        self._pool = services.pool
        self._lanes = services.lanes
        self._notices: Notices = services.notices
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def list_messages(self, *, channel: str, q: str, limit: int, before: str | None) -> dict[str, Any]:
        """Newest first, over all channels or one. Raises Rejection when there is no outbox."""
        self.require()
        rows: list[dict[str, Any]] = []
        counts: dict[str, int] = {}
        anchor, moment = await self._place(before)
        if channel != Channel.IN_APP.word:
            answer = await self._page(channel, q, limit, anchor, moment)
            rows, counts = answer["messages"], answer["counts"]
        if channel in ("", Channel.IN_APP.word):
            found = await self._pool.fetch(sql("web.list_newest_inbox"), moment or _OPEN_END, limit, q.strip().lower())
            rows = rows + [_row(item) for item in found]
        if items := await self._pool.fetchval(sql("web.count_inbox")):
            counts[Channel.IN_APP.word] = items
        rows.sort(key=lambda row: _moment(row["at"]), reverse=True)
        page = rows[:limit]
        return {"messages": page, "counts": counts, "next": page[-1]["id"] if len(page) == limit else None}

    async def show(self, id: str) -> dict[str, Any]:
        """One message, whole. Raises NotFound when neither has it."""
        self.require()
        if (message_id := _as_message_id(id)) is not None:
            item = await self._find_item(message_id)
            if item is None:
                raise NotFound("message", id)
            return {**_row(item), "body": item["body"], "url": item["url"], "read_at": item["read_at"]}
        answer = await self._ask(f"/messages/{id}") if id.isalnum() else None
        if answer is None:
            raise NotFound("message", id)
        return answer

    async def frames(self) -> AsyncIterator[bytes]:
        """What arrives from now on, a `data:` line each."""
        news: asyncio.Queue[bytes] = asyncio.Queue(maxsize=1000)
        tasks = [asyncio.create_task(self._hear_outbox(news)), asyncio.create_task(self._hear_inbox(news))]
        try:
            yield b"retry: 3000\n\n"
            while not self._notices.closed:
                try:
                    async with asyncio.timeout(1.0):
                        yield await news.get()
                except TimeoutError:
                    continue
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear_outbox(self, news: asyncio.Queue[bytes]) -> None:
        while True:
            try:
                async with self._open_session().get(f"{self.require()}/stream", timeout=_STREAM_TIMEOUT) as answer:
                    async for line in answer.content:
                        if line.startswith(b"data:"):
                            await news.put(line.rstrip(b"\n") + b"\n\n")
                        elif line.startswith(b":"):
                            await news.put(b": still here\n\n")
            except (aiohttp.ClientError, TimeoutError, ValueError):
                await news.put(b": the outbox is away\n\n")
            await asyncio.sleep(1.0)

    async def _hear_inbox(self, news: asyncio.Queue[bytes]) -> None:
        watch = self._notices.watch(None)
        told: dict[UUID, None] = {}  # the ids told lately, oldest first
        try:
            while not watch.closed:
                for customer_id in await watch.wait(_BEAT):
                    for item in await self._arrived(customer_id):
                        if item["id"] not in told:
                            told[item["id"]] = None
                            await news.put(b"data: %b\n\n" % encode_json(_row(item)))
                while len(told) > 1000:
                    del told[next(iter(told))]
        finally:
            watch.close()

    async def _arrived(self, customer_id: UUID) -> list[Record]:
        since = datetime.now(UTC) - _SETTLE
        try:
            lane = lane_of(customer_id, self._lanes)
            return await self._pool.fetch(sql("web.list_customer_inbox"), lane, customer_id, since)
        except DATABASE_TROUBLE:
            return []

    async def _page(
        self, channel: str, q: str, limit: int, anchor: str | None, moment: datetime | None
    ) -> dict[str, Any]:
        """A page of the outbox before an id of its own, or else before a moment."""
        parameters = {"limit": str(_MOST if moment and anchor is None else limit), "q": q}
        if channel:
            parameters["channel"] = channel
        while True:
            answer = await self._ask("/messages", {**parameters, **({"before": anchor} if anchor else {})})
            if answer is None:
                raise Rejection(502, "outbox.away", "the local outbox gave no list")
            page = answer["messages"]
            rows = [row for row in page if moment is None or _moment(row["at"]) < moment]
            if rows or len(page) < int(parameters["limit"]):
                return {"messages": rows, "counts": dict(answer["counts"])}
            anchor = page[-1]["id"]

    async def _place(self, before: str | None) -> tuple[str | None, datetime | None]:
        """Where to go on: the outbox's own id if `before` is one, and the moment of that row."""
        if before is None:
            return None, None
        if (message_id := _as_message_id(before)) is not None:
            item = await self._find_item(message_id)
            return None, item["created_at"] if item else None
        row = await self._ask(f"/messages/{before}") if before.isalnum() else None
        if row is None:  # it made room for newer ones; its id still says where to go on
            return before if before.isalnum() else None, None
        return before, _moment(row["at"])

    async def _find_item(self, message_id: UUID) -> Record | None:
        lane = lane_of(message_id, self._lanes)
        found = await self._pool.fetchrow(sql("web.find_inbox_item"), lane, message_id)
        return found or await self._pool.fetchrow(sql("web.find_moved_item"), message_id)

    async def _ask(self, path: str, parameters: dict[str, str] | None = None) -> dict[str, Any] | None:
        """JSON from the outbox; None for its 404. Raises Rejection when it does not answer."""
        try:
            async with self._open_session().get(f"{self.require()}{path}", params=parameters) as answer:
                body = await answer.read()
                if answer.status == 404:
                    return None
                told = msgspec.json.decode(body, type=dict[str, Any])
        except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as error:
            raise Rejection(502, "outbox.away", "the local outbox does not answer", "is it still running?") from error
        if answer.status >= 400:
            raise Rejection(400, str(told.get("code", "outbox.refused")), str(told.get("detail", "refused")))
        return told

    def require(self) -> str:
        """The outbox's address. Raises Rejection when there is none."""
        if self._url is None:
            raise Rejection(
                404, "outbox.absent", "no local outbox runs beside this server", "start it with motet up --outbox"
            )
        return self._url

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT, auto_decompress=False)
        return self._session


def _row(item: Record) -> dict[str, Any]:
    """An inbox message as the outbox lists its own."""
    name = name_of(item["attributes"] or {})
    body = " ".join(item["body"].split())
    return {
        "id": str(item["id"]),
        "channel": Channel.IN_APP.word,
        "at": item["created_at"],
        "to": f"{name} ({item['external_id']})" if name else str(item["external_id"] or item["customer_id"]),
        "from": "inbox",
        "title": item["title"],
        "preview": body if len(body) <= _PREVIEW else body[: _PREVIEW - 1] + "…",
    }


def _moment(at: Any) -> datetime:
    return at if isinstance(at, datetime) else datetime.fromisoformat(str(at))


def _as_message_id(text: str) -> UUID | None:
    """Ids of our messages are UUIDs with dashes; the outbox's own are not."""
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None
