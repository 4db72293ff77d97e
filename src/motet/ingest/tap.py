"""What came in a moment ago, taken or not: for the event debugger.

One per process, bounded in events and bytes. While nobody watches, a commit costs a few appends.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import msgspec

from motet.audience.fields import MAX_TEXT
from motet.audience.people import Person
from motet.core.clock import to_ms
from motet.core.errors import Problem
from motet.core.ids import uuid7
from motet.ingest.facts import MAX_PROPERTIES, RawEvent
from motet.storage.pool import Json

KEPT = 1_000  # events
# Where a fact, or a tracking call, says what it is and who it is about.
_NAMES = ("event", "name", "type")
_CUSTOMERS = ("userId", "customer", "anonymousId")
KEPT_BYTES = 8 * 1024 * 1024  # of their properties


class Outcome(Protocol):
    """What became of a fact; of a duplicate the customer may be unknown."""

    @property
    def customer_id(self) -> UUID | None: ...

    @property
    def duplicate(self) -> bool: ...


class Seen(msgspec.Struct, frozen=True):
    """One event as it came. `customer` is the reference as sent, empty when the event names nobody that can be read."""

    id: UUID
    received_at: datetime
    at: datetime | None
    name: str
    source: str
    status: str  # accepted | duplicate | rejected
    customer_id: UUID | None
    customer: str
    properties: Any
    value: float = 0.0
    message_id: UUID | None = None
    problems: tuple[Problem, ...] = ()


class Written(NamedTuple):
    """Facts of one caller that were committed, or known already: what each of the three lists has at one place."""

    facts: Sequence[RawEvent]
    ids: Sequence[UUID]  # given to each, a duplicate too
    outcomes: Sequence[Outcome]
    size: int  # bytes of their properties
    received_at: datetime


class Tap:
    """`tell` from the doors; `latest`, `since` and `wait` for whoever watches."""

    def __init__(self) -> None:
        self.number = 0  # how many were told ever
        self._kept: deque[Seen | Written] = deque()
        self._count = 0  # of events in it
        self._bytes = 0
        self._turn: asyncio.Event | None = None  # None while nobody waits

    def tell(self, event: Seen | Written) -> None:
        """Takes what was just committed or refused."""
        count, size = _weigh(event)
        self.number += count
        self._kept.append(event)
        self._count += count
        self._bytes += size
        while len(self._kept) > 1:
            count, size = _weigh(self._kept[0])
            if self._count - count < KEPT and self._bytes <= KEPT_BYTES:
                break
            self._kept.popleft()
            self._count -= count
            self._bytes -= size
        if self._turn is not None:
            self._turn.set()
            self._turn = None

    def refuse(self, raw: Any, problems: Sequence[Problem], *, source: str, now: datetime) -> None:
        """Takes what was refused; of `raw`, which may be anything, what can be shown."""
        given = raw if isinstance(raw, Mapping) else {}
        name, customer = (_first_text(given, keys) for keys in (_NAMES, _CUSTOMERS))
        properties = given.get("properties") or given.get("traits")
        try:
            kept = Json(msgspec.json.encode(properties)) if properties else None
        except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
            kept = None
        self.tell(
            Seen(
                id=uuid7(to_ms(now)),
                received_at=now,
                at=None,
                name=name,
                source=source,
                status="rejected",
                customer_id=None,
                customer=customer,
                properties=kept if kept is not None and len(kept.json) <= MAX_PROPERTIES else None,
                problems=tuple(problems),
            )
        )

    def latest(self, limit: int) -> list[Seen]:
        """The newest first."""
        return self.since(self.number - limit)[::-1]

    def since(self, number: int) -> list[Seen]:
        """What was told after the first `number`, the oldest first; what is not kept any more is left out."""
        wanted = min(self.number - number, KEPT)
        shown: list[Seen] = []
        for event in reversed(self._kept):
            if len(shown) >= wanted:
                break
            shown.extend(_show(event, wanted - len(shown)))
        return shown[::-1]

    async def wait(self, timeout: float) -> None:
        """Returns when something is told, or after `timeout` seconds."""
        if self._turn is None:
            self._turn = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._turn.wait()


def _show(event: Seen | Written, most: int) -> list[Seen]:
    """The newest first, no more than `most`."""
    if isinstance(event, Seen):
        return [msgspec.structs.replace(event, properties=_decode(event.properties))]
    triples = list(zip(event.facts, event.ids, event.outcomes, strict=True))[-most:]
    return [
        Seen(
            id=id,
            received_at=event.received_at,
            at=fact.at,
            name=fact.name,
            source=fact.source,
            status="duplicate" if outcome.duplicate else "accepted",
            customer_id=outcome.customer_id,
            customer=_refer(fact.customer),
            properties=_decode(fact.properties),
            value=fact.value,
            message_id=fact.message_id,
            problems=fact.notes,
        )
        for fact, id, outcome in reversed(triples)
    ]


def _first_text(given: Mapping[Any, Any], keys: Sequence[str]) -> str:
    """The first of these that is there, so much of it as a line shows, and of it what can be written as UTF-8."""
    found = next((given[key] for key in keys if isinstance(given.get(key), str | int) and given[key] != ""), "")
    return str(found)[:MAX_TEXT].encode(errors="replace").decode()


def _decode(properties: Any) -> Any:
    return msgspec.json.decode(properties.json) if isinstance(properties, Json) else properties


def _refer(customer: UUID | str | Person) -> str:
    if isinstance(customer, Person):
        return customer.user_id or customer.anonymous_id or customer.email or customer.phone or ""
    return customer if isinstance(customer, str) else ""


def _weigh(event: Seen | Written) -> tuple[int, int]:
    """How many events, and bytes of properties, about."""
    if isinstance(event, Written):
        return len(event.facts), event.size
    return 1, len(event.properties.json) if isinstance(event.properties, Json) else 256
