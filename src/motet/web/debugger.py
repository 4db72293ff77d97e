"""The event debugger: what this process's doors saw a moment ago, as it comes, for any number of watching screens.

It reads the tap of the event log and never the log itself, so it also has what was refused. Of many events at once the
newest are shown and the others counted: a screen that nobody can read is not worth a slow house.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog

from motet.analytics.people import name_customers
from motet.ingest.tap import Seen, Tap
from motet.storage.pool import Pool
from motet.web.problems import DATABASE_TROUBLE, builtin_problems

log = structlog.get_logger("motet.web")

GATHER = 0.25  # seconds between two frames
MOST = 60  # events in a frame
MOST_BYTES = 512 * 1024  # of a frame; one event alone may be larger
_BEAT = 1.0  # seconds between two looks at whether the house closes
_STILL_HERE = 15.0  # seconds between two comments where nothing comes

_encode = msgspec.json.Encoder(enc_hook=str).encode


class SeenCustomer(msgspec.Struct, frozen=True):
    """`id` is ours, null while nobody looked; `external_id` is then the reference as it was sent."""

    id: UUID | None
    external_id: str


class SeenEvent(msgspec.Struct, frozen=True):
    """One event as it came. `customer` is null when it names nobody; `at` when it names no moment.

    `status` is accepted, duplicate or rejected. Problems of an accepted one are what was taken otherwise than meant.
    """

    id: UUID
    received_at: datetime
    at: datetime | None
    name: str
    customer: SeenCustomer | None
    source: str
    status: str
    properties: Any
    value: float
    message_id: UUID | None
    problems: list[dict[str, str]]


class DebuggerFeed:
    """`latest` for a first look, `frames` for what comes after."""

    def __init__(self, tap: Tap, pool: Pool, lanes: int) -> None:
        self._tap = tap
        self._pool = pool
        self._lanes = lanes
        self._closed = False

    async def latest(self, limit: int) -> list[SeenEvent]:
        """The newest first."""
        return await self._tell(self._tap.latest(limit))

    async def frames(self) -> AsyncIterator[bytes]:
        """Server-sent events, the oldest first, from now on until the reader leaves or the house closes.

        `data:` is an event; `event: skipped` says how many more came at the same time.
        """
        number = self._tap.number
        idle = 0.0
        yield b"retry: 2000\n\n"
        while not self._closed:
            if self._tap.number == number:
                await self._tap.wait(_BEAT)
                idle += _BEAT
            if self._tap.number != number:
                await asyncio.sleep(GATHER)
                came = self._tap.number - number
                number = self._tap.number
                yield await self._frame(came)
                idle = 0.0
            elif idle >= _STILL_HERE:
                yield b": still here\n\n"
                idle = 0.0

    def close(self) -> None:
        """Ends every stream within a second."""
        self._closed = True

    async def _frame(self, came: int) -> bytes:
        """The newest of the `came` events that were told last."""
        told = await self._tell(self._tap.latest(min(came, MOST)))
        lines: list[bytes] = []
        size = 0
        for event in told:
            line = b"data: %b\n\n" % _encode(event)
            if lines and size + len(line) > MOST_BYTES:
                break
            lines.append(line)
            size += len(line)
        if came > len(lines):
            lines.append(b"event: skipped\ndata: %d\n\n" % (came - len(lines)))
        return b"".join(reversed(lines))

    async def _tell(self, seen: Sequence[Seen]) -> list[SeenEvent]:
        names: dict[UUID, str] = {}
        try:
            names = await name_customers(self._pool, (s.customer_id for s in seen if s.customer_id), self._lanes)
        except DATABASE_TROUBLE as error:  # what came can be shown all the same
            log.warning("the debugger shows ids for names", error=repr(error))
        return [_shape(event, names) for event in seen]


def _shape(seen: Seen, names: dict[UUID, str]) -> SeenEvent:
    reference = seen.customer or (str(seen.customer_id) if seen.customer_id else "")
    name = names.get(seen.customer_id, reference) if seen.customer_id else reference
    return SeenEvent(
        id=seen.id,
        received_at=seen.received_at,
        at=seen.at,
        name=seen.name,
        customer=SeenCustomer(seen.customer_id, name) if name else None,
        source=seen.source,
        status=seen.status,
        properties=seen.properties,
        value=seen.value,
        message_id=seen.message_id,
        problems=builtin_problems(list(seen.problems)),
    )
