"""The little of ASGI that our doors speak: read a body, answer, and stream.

Doors are coroutines `(scope, receive, send)`. An answer to HEAD has the headers of GET and no body.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from contextlib import aclosing
from typing import Any

import msgspec

from motet.web.problems import TooLarge, TooSlow

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Door = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

BODY_LIMIT = 5 * 1024 * 1024  # bytes
BODY_PATIENCE = 60.0  # seconds for a whole body to arrive

NO_STORE: Header = (b"cache-control", b"no-store")
_NOSNIFF: Header = (b"x-content-type-options", b"nosniff")

encode_json = msgspec.json.Encoder().encode


class Gone(Exception):
    """The caller left before the request was whole: there is nobody to answer."""


async def respond(
    scope: Scope, send: Send, status: int, body: bytes, content_type: bytes, headers: Iterable[Header] = ()
) -> None:
    """Answers at once and whole."""
    fixed = (
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        _NOSNIFF,
        *headers,
    )
    await send({"type": "http.response.start", "status": status, "headers": fixed})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def respond_json(scope: Scope, send: Send, value: Any, status: int = 200, headers: Iterable[Header] = ()) -> None:
    await respond(scope, send, status, encode_json(value), b"application/json", (NO_STORE, *headers))


async def respond_empty(send: Send, status: int, headers: Iterable[Header] = ()) -> None:
    """An answer without a body: a redirect, or 204."""
    fixed: tuple[Header, ...] = () if status == 204 else ((b"content-length", b"0"),)
    await send({"type": "http.response.start", "status": status, "headers": (*fixed, *headers)})
    await send({"type": "http.response.body", "body": b""})


def header(scope: Scope, name: bytes) -> str:
    """The first header called `name` (lower case), or an empty text."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return ""


def headers_of(scope: Scope) -> dict[str, str]:
    """All headers, with names in lower case; a name that stands twice has its values joined by commas."""
    found: dict[str, str] = {}
    for key, value in scope["headers"]:
        name, text = key.decode("latin-1").lower(), value.decode("latin-1")
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


async def read_body(scope: Scope, receive: Receive, limit: int = BODY_LIMIT) -> bytes:
    """The whole body. Raises TooLarge before more than `limit` bytes are held, and TooSlow after BODY_PATIENCE."""
    declared = header(scope, b"content-length")
    if declared.isdecimal() and int(declared) > limit:
        raise TooLarge(limit)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_PATIENCE):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                part = message.get("body", b"")
                size += len(part)
                if size > limit:
                    raise TooLarge(limit)
                parts.append(part)
                if not message.get("more_body", False):
                    return parts[0] if len(parts) == 1 else b"".join(parts)
    except TimeoutError:
        raise TooSlow from None


async def stream_events(
    receive: Receive, send: Send, frames: AsyncIterator[bytes], headers: Iterable[Header] = ()
) -> None:
    """Server-sent events until the frames end or the reader leaves."""
    fixed = ((b"content-type", b"text/event-stream"), NO_STORE, (b"x-accel-buffering", b"no"), *headers)
    await send({"type": "http.response.start", "status": 200, "headers": fixed})

    async def write() -> None:
        async with aclosing(frames) as open_frames:  # type: ignore[type-var]
            async for frame in open_frames:
                await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    writing = asyncio.ensure_future(write())
    leaving = asyncio.ensure_future(_wait_for_disconnect(receive))
    try:
        await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        if not writing.done():
            writing.cancel()
        await asyncio.gather(writing, leaving, return_exceptions=True)


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
