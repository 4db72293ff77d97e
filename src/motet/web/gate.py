"""What every API request must pass before anybody reads it: who asks, from where, and a body that is safe to read.

- Without an API key only this machine may ask, under a name of this machine: a page that rebinds its DNS to us is
  turned away. Names come from the configuration; the Host header is believed when it is one of them.
- With a key: `Authorization: Bearer`, compared in constant time.
- Methods that change something are refused when a foreign page makes the browser send them.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from motet.config import Config
from motet.web.asgi import BODY_LIMIT, Door, Receive, Scope, Send, header, read_body
from motet.web.problems import Rejection

BULK_LIMIT = 20 * 1024 * 1024  # bytes
MAX_DEPTH = 64  # of nested JSON

_BULK = frozenset({"/api/customers/bulk", "/api/events"})
_FILES = frozenset({"/api/imports", "/api/imports/preview"})  # bodies that go to the disk as they come: uploads.py
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_SQUARE = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(n for n in range(256) if n not in b"[]{}")


class Gate:
    """Stands before an ASGI app. Raises Rejection; the front door answers with it."""

    def __init__(self, app: Door, config: Config) -> None:
        self._app = app
        self._key = config.api_key.encode() if config.api_key else None
        public = urlsplit(config.public_url)
        self._hosts = _LOOPBACK | {config.host.lower(), (public.hostname or "").lower()}
        self._public_origin = f"{public.scheme}://{public.netloc}".lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.admit(scope)
        if scope["method"] in _SAFE:
            return await self._app(scope, receive, send)
        if header(scope, b"content-encoding") not in ("", "identity"):
            raise Rejection(415, "body.encoded", "the body is compressed", "send it as it is")
        if scope["path"] in _FILES:
            return await self._app(scope, receive, send)
        limit = BULK_LIMIT if scope["path"] in _BULK else BODY_LIMIT
        body = await read_body(scope, receive, limit)
        check_body(body, is_json=_says_json(header(scope, b"content-type")))
        await self._app(scope, _replay(body, receive), send)

    def admit(self, scope: Scope) -> None:
        """Who and from where. Raises Rejection."""
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            raise Rejection(400, "request.nul", "the address has a NUL character in it", "remove it")
        if self._key is not None:
            self._check_key(header(scope, b"authorization"))
        elif _host_name(header(scope, b"host")) not in self._hosts:
            raise Rejection(
                421,
                "request.unknown_host",
                "this is not a name of this server",
                "use the address that it printed, or set MOTET_PUBLIC_URL",
            )
        if scope["method"] not in _SAFE and not self._is_own(scope):
            raise Rejection(403, "request.foreign_origin", "another site may not change anything here")

    def _check_key(self, authorization: str) -> None:
        scheme, _, given = authorization.partition(" ")
        assert self._key is not None
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._key):
            raise Rejection(401, "auth.required", "the API key is missing or wrong", "send Authorization: Bearer <key>")

    def _is_own(self, scope: Scope) -> bool:
        """Whether no browser sent it, or our own page did."""
        if header(scope, b"sec-fetch-site") == "cross-site":
            return False
        origin = header(scope, b"origin").lower()
        if not origin or origin == self._public_origin:
            return True
        host = header(scope, b"host").lower()
        return _host_name(host) in self._hosts and origin in (f"http://{host}", f"https://{host}")


def check_body(body: bytes, *, is_json: bool) -> None:
    """Raises Rejection for what the database cannot keep or a decoder should not be fed."""
    if b"\x00" in body or (b"\\u0000" in body and _NUL.search(body)):
        raise Rejection(400, "body.nul", "the body has a NUL character in it", "remove it")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Rejection(
            400, "body.not_utf8", f"the body is not UTF-8 text (byte {error.start})", "send UTF-8"
        ) from None
    if is_json and _is_deep(body):
        raise Rejection(400, "body.too_deep", f"the JSON is nested deeper than {MAX_DEPTH}", "make it flatter")


def _is_deep(body: bytes) -> bool:
    """A quick look that takes brackets inside texts for real ones, then a careful one if that found anything.

    A body built to fool the quick look ends at the decoder, whose own bound is about a thousand.
    """
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH or not _stays_after_peeling(body):
        return False
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return _stays_after_peeling(b"".join(plain.split(b'"')[::2]))


def _stays_after_peeling(text: bytes) -> bool:
    """Whether brackets are left after taking the innermost pairs away MAX_DEPTH times."""
    brackets = text.translate(_SQUARE, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return b"[]" in brackets or len(brackets) > MAX_DEPTH


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once more, whole; then whatever comes after."""
    given = False

    async def again() -> MutableMapping[str, Any]:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _says_json(content_type: str) -> bool:
    return "yaml" not in content_type.lower()


def _host_name(host: str) -> str:
    """The name in a Host header, without the port and the brackets of IPv6."""
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.rpartition(":")[0] if ":" in name else name
