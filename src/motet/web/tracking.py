"""Segment's tracking API: where the libraries of Segment and RudderStack, and browsers, send what happened.

POST /v1/identify track page screen group alias   one call
POST /v1/batch import                             many; each call says its type
The single letters of analytics.js are the same. Answered after the commit. Of a batch the good calls are taken and the
bad ones told in the answer, which is 200: libraries drop or repeat a batch as a whole, and would lose the good ones.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec

from motet.audience.fields import Wrong
from motet.core.errors import NotFound, Problem, Refused
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
from motet.web.room import Room, Share
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
        self._room = Room()

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
        share = Share(self._room)
        try:
            body = await read_body(scope, share.count(receive), MAX_BODY)
            if kind is None:
                rejected: list[Refusal] = []
            elif kind == _BATCH:
                rejected = await self._take_batch(scope, _inflate(scope, body, share), received)
            else:
                rejected = await self._take_one(scope, _inflate(scope, body, share), kind, received)
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
        page = self._admit(scope, call.write_key)
        try:
            fact = self._reader.read(call, kind, received, None, page=page)
        except Unfit as unfit:
            raise self._refuse(body, unfit, received) from None
        await self._append([fact])
        return []

    async def _take_batch(self, scope: Scope, body: bytes, received: datetime) -> list[Refusal]:
        """The good calls of a batch; what is wrong with the others. A batch without a good one is refused with 400."""
        batch = open_batch(body)
        page = self._admit(scope, batch.key)
        facts: list[RawEvent] = []
        rejected: list[Refusal] = []
        for index, raw in enumerate(batch.calls):
            if index % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            try:
                if isinstance(raw, Wrong):
                    raise Unfit(problem_of(raw, f"batch[{index}]"))
                facts.append(self._reader.read_bytes(raw, received, batch.sent_at, f"batch[{index}]", page=page))
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

    def _admit(self, scope: Scope, given: Any) -> bool:
        """Whether the write key stands in a page. It is the user of HTTP Basic, `writeKey` of the body or of the query.
        Raises Rejection without a good one."""
        for name, value in scope["headers"]:
            if name == b"authorization" and (page := self._keys.find_basic(value)) is not None:
                return page
        if isinstance(given, str) and (page := self._keys.find(given)) is not None:
            return page
        query = scope["query_string"]
        if b"writeKey=" in query:
            for key in parse_qs(query.decode("latin-1")).get("writeKey", ())[:1]:
                if (page := self._keys.find(key)) is not None:
                    return page
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


def _inflate(scope: Scope, body: bytes, share: Share) -> bytes:
    """The body as it was before its compression. Raises BadBody, Rejection or Unavailable."""
    encoding = header(scope, b"content-encoding").strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise Rejection(415, "body.encoded", f"the body is compressed by {encoding[:20]!r}", "send gzip, or plain")
    plain = inflate(body)
    share.take(len(plain))
    return plain


def _rephrase(error: Exception) -> Exception:
    """What this door's limits are, in the words and with the status of this API: 400, as Segment answers."""
    if isinstance(error, TooLarge):
        error = too_large()
    if isinstance(error, BadBody):
        return Rejection(400, error.code, str(error), error.fix)
    return error
