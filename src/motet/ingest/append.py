"""Facts into the log, in one transaction: identify, dedupe, append, wake the engine.

A handful of statements for any number of facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from motet.audience.inputs import CustomerInput, check_customer
from motet.audience.profiles import find_ids
from motet.audience.upsert import upsert_customers
from motet.core.ids import lane_of, uuid7
from motet.ingest.facts import RawEvent
from motet.storage.pool import Connection
from motet.storage.sql import sql

WINDOW = timedelta(days=7)  # in which two facts with one key are one
AHEAD = timedelta(days=1)  # a fact from further ahead has a wrong clock: it happened now
_MIDNIGHT = timedelta(minutes=5)  # near it a key is claimed for both days, since two clocks may differ
_COUNTER = 0xFFF << 64
_COLUMNS = ("lane", "customer_id", "id", "name", "at", "properties", "message_id", "value", "source")


class Appended(msgspec.Struct, frozen=True):
    """What became of one fact; `id` is None when it was a duplicate, which is not an error."""

    customer_id: UUID
    id: UUID | None = None

    @property
    def duplicate(self) -> bool:
        return self.id is None


class EventIds:
    """UUIDv7s that rise, so that the facts of one customer keep the order in which they came.

    RFC 9562, 6.2, method 1: the twelve bits after the milliseconds count.
    """

    def __init__(self) -> None:
        self._ms = 0
        self._count = 0

    def take(self, ms: int) -> UUID:
        """The next id, for the moment `ms` or a little after the last one if the clock stood still."""
        if ms > self._ms:
            self._ms, self._count = ms, 0
        elif self._count == 0xFFF:
            self._ms, self._count = self._ms + 1, 0
        else:
            self._count += 1
        return UUID(int=uuid7(self._ms).int & ~_COUNTER | self._count << 64)


async def append_events(
    connection: Connection, facts: Sequence[RawEvent], ids: Sequence[UUID], *, lanes: int, now: datetime
) -> list[Appended]:
    """Appends the facts under the ids given, inside the caller's transaction. Results are in their order.

    A reference that names nobody makes a customer, so that no fact is lost.
    """
    customers = await _identify(connection, facts, lanes, now)
    fresh = await _dedupe(connection, facts, customers, lanes, now)
    rows: list[tuple[Any, ...]] = []
    done: list[Appended] = []
    for fact, id, customer, new in zip(facts, ids, customers, fresh, strict=True):
        done.append(Appended(customer, id if new else None))
        if new:
            at = now if fact.at is None or fact.at > now + AHEAD else fact.at
            rows.append(
                (lane_of(customer, lanes), customer, id, fact.name, at, fact.properties or None, fact.message_id,
                 fact.value, fact.source)
            )  # fmt: skip
    if rows:
        await connection.copy_records_to_table("event", records=rows, columns=_COLUMNS)
        woken = sorted({row[0] for row in rows})
        await connection.execute(sql("ingest.wake"), "lanes:" + ",".join(map(str, woken)))
    return done


async def is_appended(connection: Connection, customer: UUID, id: UUID, lanes: int) -> bool:
    """Whether the log has this event: what became of a commit whose answer was lost."""
    return bool(await connection.fetchval(sql("ingest.find_event"), lane_of(customer, lanes), customer, id))


async def _identify(connection: Connection, facts: Sequence[RawEvent], lanes: int, now: datetime) -> list[UUID]:
    references = list({f.customer: None for f in facts if isinstance(f.customer, str)})
    known: dict[str, UUID] = {}
    if references:
        known = await find_ids(connection, references, lanes)
        if strangers := [r for r in references if r not in known]:
            made = await upsert_customers(connection, [_stranger(r) for r in strangers], lanes=lanes, now=now)
            known.update(zip(strangers, made.ids, strict=True))
    return [known[f.customer] if isinstance(f.customer, str) else f.customer for f in facts]


def _stranger(reference: str) -> CustomerInput:
    """An unknown reference as a customer: an address when it is spelled as one, else an external id."""
    if "@" in reference or reference.startswith("+"):
        given = check_customer({"email" if "@" in reference else "phone": reference})
        if isinstance(given, CustomerInput):
            return given
    return CustomerInput(external_id=reference)


async def _dedupe(
    connection: Connection, facts: Sequence[RawEvent], customers: Sequence[UUID], lanes: int, now: datetime
) -> list[bool]:
    """Which facts are new. Their keys are claimed: whoever else brings one waits, and then sees ours."""
    keys = [None if f.key is None else _digest(c, f.key) for f, c in zip(facts, customers, strict=True)]
    first: dict[UUID, int] = {}
    for index, key in enumerate(keys):
        if key is not None:
            first.setdefault(key, index)
    if not first:
        return [True] * len(facts)
    lane_by_key = {key: lane_of(customers[index], lanes) for key, index in first.items()}
    days = sorted({(now - _MIDNIGHT).date(), (now + _MIDNIGHT).date()})
    seen = await _claim_keys(connection, lane_by_key, days, (now - WINDOW).date())
    return [key is None or (key not in seen and first[key] == index) for index, key in enumerate(keys)]


async def _claim_keys(connection: Connection, lane_by_key: dict[UUID, int], days: list[date], since: date) -> set[UUID]:
    """Claims the keys for the days, in one order; returns those that somebody has claimed before."""
    claims = sorted((lane, key, day) for key, lane in lane_by_key.items() for day in days)
    lanes, keys, on = [c[0] for c in claims], [c[1] for c in claims], [c[2] for c in claims]
    rows = await connection.fetch(sql("ingest.claim_keys"), lanes, keys, on)
    won = {(r["key"], r["day"]) for r in rows}
    lost = {key for _, key, day in claims if (key, day) not in won}
    earlier = await connection.fetch(sql("ingest.find_keys"), lanes, keys, since, days[0])
    return lost | {r["key"] for r in earlier}


def _digest(customer: UUID, key: str) -> UUID:
    return UUID(bytes=blake2b(customer.bytes + key.encode(), digest_size=16).digest())
