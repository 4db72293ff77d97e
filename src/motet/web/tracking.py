"""Segment's tracking API: where the libraries of Segment and RudderStack, and browsers, send what happened.

POST /v1/identify track page screen group alias   one call
POST /v1/batch import                             many; each call says its type
The single letters of analytics.js are the same. Answered after the commit. Of a batch the good calls are taken and the
bad ones told in the answer, which is 200: libraries drop or repeat a batch as a whole, and would lose the good ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec

from motet.audience.fields import Wrong
from motet.core.errors import NotFound, Problem, Refused, Unavailable
from motet.ingest.events import EventBuffer, RawEvent
from motet.ingest.tap import Tap
from motet.ingest.tracking.bodies import (
    MAX_BODY,
    MAX_CALL,
    BadBody,
    find_key,
    inflate,
    open_batch,
    open_call,
    too_large,
)
from motet.ingest.tracking.calls import SOURCE, CallReader, Unfit, problem_of
from motet.web.asgi import (
    NO_STORE,
    Gone,
    Header,
    Receive,
    Scope,
    Send,
    header,
    read_body,
    respond,
    respond_empty,
    respond_json,
)
from motet.web.problems import (
    CONTENT_TYPE,
    Rejection,
    TooLarge,
    builtin_problems,
    describe,
    encode_problem,
    problem_headers,
)
from motet.web.write_keys import WriteKeys

_BATCH = "batch"
_KINDS = {
    **{kind: kind for kind in ("identify", "track", "page", "screen", "group", "alias", _BATCH)},
    **{kind[0]: kind for kind in ("identify", "track", "page", "screen", "group", "alias", _BATCH)},
    "import": _BATCH,
}
_METRICS = "m"  # what analytics.js measures of itself: nobody here wants it
_SUCCESS = b'{"success":true}'
_AT_ONCE = 250  # calls that are read before others are served
_TOLD = 20  # problems of a batch in which nothing is good
ROOM = 64 * 1024 * 1024  # bytes of bodies in memory at the same time

_CORS: tuple[Header, ...] = ((b"access-control-allow-origin", b"*"),)
_ANSWER: tuple[Header, ...] = (NO_STORE, *_CORS)
_CLOSE: tuple[Header, ...] = ((b"connection", b"close"),)  # the rest of the body is not read
_PREFLIGHT: tuple[Header, ...] = (
    *_CORS,
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (b"access-control-allow-headers", b"authorization, content-type, content-encoding, anonymousid"),
    (b"access-control-max-age", b"86400"),
)


class TrackingDoor:
    """`/v1/`. A write key admits; any origin may ask, since no cookie is looked at."""

    def __init__(self, events: EventBuffer, keys: WriteKeys, tap: Tap) -> None:
        self._events = events
        self._keys = keys
        self._tap = tap
        self._reader = CallReader()
        self.held = 0  # bytes of bodies in memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._serve(scope, receive, send)
        except Gone:
            raise
        except Exception as error:  # answered here, so that a browser may read it
            told = describe(_rephrase(error))
            extra = (*problem_headers(told), *_CORS, *(_CLOSE if isinstance(error, TooLarge) else ()))
            await respond(scope, send, told.status, encode_problem(told), CONTENT_TYPE, extra)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = datetime.now(UTC)
        self._reader.guard = self._events.guard
        if scope["method"] == "OPTIONS":
            return await respond_empty(send, 204, _PREFLIGHT)
        name = scope["path"].removeprefix("/v1/").rstrip("/")
        kind = _KINDS.get(name)
        if kind is None and name != _METRICS:
            raise NotFound("address", scope["path"][:200])
        if scope["method"] != "POST":
            raise Rejection(405, "route.method_not_allowed", "tracking calls are sent by POST")
        share = _Share(self)
        try:
            body = await read_body(scope, share.count(receive), MAX_BODY)
            if kind is None:
                rejected: list[Refusal] = []
            elif kind == _BATCH:
                rejected = await self._take_batch(scope, share.inflate(scope, body), received)
            else:
                rejected = await self._take_one(scope, share.inflate(scope, body), kind, received)
        finally:
            share.release()
        if rejected:
            return await respond_json(scope, send, {"success": True, "rejected": rejected}, headers=_CORS)
        await respond(scope, send, 200, _SUCCESS, b"application/json", _ANSWER)

    async def _take_one(self, scope: Scope, body: bytes, kind: str, received: datetime) -> list[Refusal]:
        """One call; a bad one is refused with 400."""
        try:
            call = open_call(body)
        except Wrong as wrong:
            self._admit(scope, find_key(body))
            raise self._refuse(body, Unfit(problem_of(wrong, "")), received) from None
        self._admit(scope, call.write_key)
        try:
            fact = self._reader.read(call, kind, received, None)
        except Unfit as unfit:
            raise self._refuse(body, unfit, received) from None
        await self._append([fact])
        return []

    async def _take_batch(self, scope: Scope, body: bytes, received: datetime) -> list[Refusal]:
        """The good calls of a batch; what is wrong with the others. A batch without a good one is refused with 400."""
        batch = open_batch(body)
        self._admit(scope, batch.key)
        facts: list[RawEvent] = []
        rejected: list[Refusal] = []
        for index, raw in enumerate(batch.calls):
            if index % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            try:
                if isinstance(raw, Wrong):
                    raise Unfit(problem_of(raw, f"batch[{index}]"))
                facts.append(self._reader.read_bytes(raw, received, batch.sent_at, f"batch[{index}]"))
            except Unfit as unfit:
                self._tell(None if isinstance(raw, Wrong) else raw, unfit.problem, received)
                rejected.append(Refusal(index, builtin_problems([unfit.problem])))
        if rejected and not facts:
            raise Refused([Problem(**problem) for refusal in rejected[:_TOLD] for problem in refusal.problems])
        if facts:
            await self._append(facts)
        return rejected

    async def _append(self, facts: list[RawEvent]) -> None:
        try:
            await self._events.add(facts)
        except BaseException:
            self._reader.told.forget()  # what was read here may not have been written
            raise

    def _admit(self, scope: Scope, given: Any) -> None:
        """Raises Rejection without a good write key: the user of HTTP Basic, `writeKey` of the body or of the query."""
        for name, value in scope["headers"]:
            if name == b"authorization" and self._keys.find_basic(value) is not None:
                return
        if isinstance(given, str) and self._keys.find(given) is not None:
            return
        query = scope["query_string"]
        if b"writeKey=" in query:
            for key in parse_qs(query.decode("latin-1")).get("writeKey", ())[:1]:
                if self._keys.find(key) is not None:
                    return
        raise Rejection(
            401,
            "auth.bad_write_key",
            "the write key is missing, unknown or revoked",
            "send it as the user of HTTP Basic; `motet keys add NAME` makes one",
        )

    def _refuse(self, body: bytes, unfit: Unfit, received: datetime) -> Refused:
        self._tell(body, unfit.problem, received)
        return Refused([unfit.problem])

    def _tell(self, raw: bytes | msgspec.Raw | None, problem: Problem, received: datetime) -> None:
        """Shows what was refused to whoever watches the debugger; of a large or broken call only what is wrong."""
        shown: Any = None
        if raw is not None and memoryview(raw).nbytes <= MAX_CALL:
            with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                shown = msgspec.json.decode(raw)
        self._tap.refuse(shown, [problem], source=SOURCE, now=received)


class Refusal(msgspec.Struct, frozen=True):
    """A call of a batch that was not taken."""

    index: int
    problems: list[dict[str, str]]


class _Share:
    """The bytes that one request holds of the room that all of them have."""

    def __init__(self, door: TrackingDoor) -> None:
        self._door = door
        self._size = 0

    def count(self, receive: Receive) -> Receive:
        """`receive`, counting. Raises Unavailable when there is no room."""

        async def counted() -> MutableMapping[str, Any]:
            message = await receive()
            self._take(len(message.get("body", b"")))
            return message

        return counted

    def inflate(self, scope: Scope, body: bytes) -> bytes:
        """The body as it was before its compression. Raises BadBody, Rejection or Unavailable."""
        encoding = header(scope, b"content-encoding").strip().lower()
        if encoding in ("", "identity"):
            return body
        if encoding not in ("gzip", "x-gzip"):
            raise Rejection(415, "body.encoded", f"the body is compressed by {encoding[:20]!r}", "send gzip, or plain")
        plain = inflate(body)
        self._take(len(plain))
        return plain

    def release(self) -> None:
        self._door.held -= self._size
        self._size = 0

    def _take(self, size: int) -> None:
        self._size += size
        self._door.held += size
        if self._door.held > ROOM:
            raise Unavailable("too much arrives at once; try again")


def _rephrase(error: Exception) -> Exception:
    """What this door's limits are, in the words and with the status of this API: 400, as Segment answers."""
    if isinstance(error, TooLarge):
        error = too_large()
    if isinstance(error, BadBody):
        return Rejection(400, error.code, str(error), error.fix)
    return error
