"""The links back: open, click and unsubscribe. They answer without the database.

A token is verified by its signature alone; what happened is handed to the event buffer, which writes it when it can.
A click leads to the target that was signed and nowhere else. `GET /u/` shows a page and changes nothing, since mail
scanners follow links; `POST /u/` unsubscribes (RFC 8058, and the form on that page).
"""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from motet.content.links import LinkRef, LinkSigner
from motet.core.words import Interaction
from motet.ingest.events import EventBuffer, RawEvent
from motet.web.asgi import NO_STORE, Header, Receive, Scope, Send, read_body, respond, respond_empty
from motet.web.machines import is_machine
from motet.web.pages import HTML, PAGE_HEADERS, bad_link_page, busy_page, done_page, unsubscribe_page
from motet.web.problems import DATABASE_TROUBLE
from motet.web.recent import Recent

_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_PIXEL_HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"no-store, private"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
_REDIRECT_HEADERS: tuple[Header, ...] = (NO_STORE, (b"referrer-policy", b"no-referrer"))
_SAFE = "!#$%&'()*+,/:;=?@[]~-._"  # what a Location may hold as it is (RFC 3986)
_FORM_LIMIT = 4096  # bytes
_COMMIT_PATIENCE = 1.0  # seconds that an unsubscribe waits to be committed before it answers anyway


class LinkDoors:
    """`/t/o/{token}.gif`, `/t/c/{token}?u=`, `/u/{token}`."""

    def __init__(self, signer: LinkSigner, events: EventBuffer) -> None:
        self._signer = signer
        self._events = events
        self._recent = Recent()

    async def open(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The pixel. An untrue token gets the picture too: a broken image helps nobody."""
        if scope["method"] not in ("GET", "HEAD"):
            return await _refuse_method(send, b"GET, HEAD")
        ref = self._signer.read_open(scope["path"][5:])
        if ref is not None:
            self._record(ref, Interaction.VIEW.word, is_machine(scope), {})
        await respond(scope, send, 200 if ref is not None else 404, _PIXEL, b"image/gif", _PIXEL_HEADERS)

    async def click(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leads on to the signed target."""
        if scope["method"] not in ("GET", "HEAD"):
            return await _refuse_method(send, b"GET, HEAD")
        target = _read_target(scope["query_string"])
        ref = self._signer.read_click(scope["path"][5:], target) if target else None
        if ref is None:
            return await respond(scope, send, 404, bad_link_page(), HTML, PAGE_HEADERS)
        self._record(ref, Interaction.CLICK.word, is_machine(scope), {"url": target})
        location = (b"location", quote(target, safe=_SAFE).encode())
        await respond_empty(send, 302, (location, *_REDIRECT_HEADERS))

    async def unsubscribe(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page with one button (GET), and what the button and mail programs do (POST)."""
        method = scope["method"]
        if method not in ("GET", "HEAD", "POST"):
            return await _refuse_method(send, b"GET, HEAD, POST")
        ref = self._signer.read_unsubscribe(scope["path"][3:])
        if ref is None or ref.channel is None:
            return await respond(scope, send, 404, bad_link_page(), HTML, PAGE_HEADERS)
        if method != "POST":
            return await respond(scope, send, 200, unsubscribe_page(ref.channel), HTML, PAGE_HEADERS)
        await read_body(scope, receive, _FORM_LIMIT)  # `List-Unsubscribe=One-Click`; the token says everything
        if not await self._withdraw(ref):
            return await respond(scope, send, 503, busy_page(), HTML, (*PAGE_HEADERS, (b"retry-after", b"30")))
        await respond(scope, send, 200, done_page(ref.channel), HTML, PAGE_HEADERS)

    def _record(self, ref: LinkRef, name: str, machine: bool, properties: dict[str, Any]) -> None:
        if self._recent.is_repeated((name, ref.message_id, machine, ref.target)):
            return
        self._events.offer(_event(ref, name, {**properties, "machine": machine}))

    async def _withdraw(self, ref: LinkRef) -> bool:
        """Committed if the database answers soon, else kept by the buffer until it does. False: neither."""
        assert ref.channel is not None
        event = _event(ref, Interaction.UNSUBSCRIBE.word, {"channel": ref.channel.word})
        try:
            async with asyncio.timeout(_COMMIT_PATIENCE):
                await self._events.add([event])
        except DATABASE_TROUBLE:
            return self._events.offer(event)  # an unsubscribe twice is an unsubscribe
        return True


def _event(ref: LinkRef, name: str, properties: dict[str, Any]) -> RawEvent:
    return RawEvent(
        customer=ref.customer_id,
        name=name,
        at=datetime.now(UTC),
        properties=properties,
        message_id=ref.message_id,
        source="link",
    )


def _read_target(query: bytes) -> str:
    """The decoded value of `u`; empty when it is missing, doubled or not UTF-8."""
    found = [part[2:] for part in query.split(b"&") if part.startswith(b"u=")]
    if len(found) != 1:
        return ""
    try:
        return unquote(found[0].replace(b"+", b" ").decode("ascii"), errors="strict")
    except UnicodeDecodeError:
        return ""


async def _refuse_method(send: Send, allowed: bytes) -> None:
    await respond_empty(send, 405, ((b"allow", allowed),))
