"""Facts into the log, in one transaction: identify, dedupe, append, wake the engine.

A handful of statements for any number of facts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from motet.audience.fields import Wrong, clean_email, clean_phone
from motet.audience.guard import USUAL, Guard
from motet.audience.pairs import find_gone
from motet.audience.people import Person, resolve_people
from motet.audience.profiles import find_ids
from motet.core.ids import lane_of
from motet.ingest.facts import RawEvent
from motet.storage.pool import Connection, make_uuid
from motet.storage.sql import sql

WINDOW = timedelta(days=7)  # in which two facts with one key are one
AHEAD = timedelta(days=1)  # a fact from further ahead has a wrong clock: it happened now
_MIDNIGHT = timedelta(minutes=5)  # near it a key is claimed for both days, since two clocks may differ
_COLUMNS = ("lane", "customer_id", "id", "name", "at", "properties", "message_id", "value", "source")


class Appended(msgspec.Struct, frozen=True):
    """What became of one fact; `id` is None when it was a duplicate, which is not an error.

    Of a duplicate that was known by its `once` nobody asks who the customer is.
    """

    customer_id: UUID | None
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
        self._count = -1

    def take(self, ms: int) -> UUID:
        """The next id, for the moment `ms` or a little after the last one if the clock stood still."""
        return self.take_many(ms, 1)[0]

    def take_many(self, ms: int, many: int) -> list[UUID]:
        """The next ids, as `take` gives one."""
        if ms > self._ms:
            self._ms, self._count = ms, -1
        chance = os.urandom(8 * many)
        ids: list[UUID] = []
        for start in range(0, 8 * many, 8):
            if self._count == 0xFFF:
                self._ms, self._count = self._ms + 1, 0
            else:
                self._count += 1
            head = self._ms << 16 | 0x7000 | self._count
            variant = chance[start] & 0x3F | 0x80
            ids.append(make_uuid(b"%b%c%b" % (head.to_bytes(8, "big"), variant, chance[start + 1 : start + 8])))
        return ids


async def append_events(
    connection: Connection,
    facts: Sequence[RawEvent],
    ids: Sequence[UUID],
    *,
    lanes: int,
    now: datetime,
    guard: Guard = USUAL,
    claimed: Callable[[], None] | None = None,
) -> list[Appended]:
    """Appends the facts under the ids given, inside the caller's transaction. Results are in their order.

    A reference that names nobody makes a customer, so that no fact is lost. What was known before is told as a
    duplicate, and changes nobody's profile a second time. Call it once in one transaction.

    `claimed` is called when only the rows are left to be written: the transaction waits for nobody any more, and has
    its place in the order of transactions. It is not called when no fact has a key.
    """
    fresh = await _dedupe(connection, [f.once for f in facts], [None] * len(facts), lanes, now)
    new = facts if all(fresh) else [f for f, is_new in zip(facts, fresh, strict=True) if is_new]
    found = iter(await _identify(connection, new, lanes, now, guard))
    customers = [next(found) if is_new else None for is_new in fresh]
    once = fresh
    if any(f.key is not None for f in new):
        keys = [_digest(c, f.key) if c and f.key is not None else None for f, c in zip(facts, customers, strict=True)]
        once = await _dedupe(connection, keys, customers, lanes, now)
    if claimed is not None and any(f.once is not None or f.key is not None for f in new):
        claimed()
    rows: list[tuple[Any, ...]] = []
    done: list[Appended] = []
    latest = now + AHEAD
    for fact, id, customer, is_new, is_first in zip(facts, ids, customers, fresh, once, strict=True):
        if customer is None or not (is_new and is_first):
            done.append(Appended(customer))
            continue
        done.append(Appended(customer, id))
        at = now if fact.at is None or fact.at > latest else fact.at
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


async def _identify(
    connection: Connection, facts: Sequence[RawEvent], lanes: int, now: datetime, guard: Guard
) -> list[UUID]:
    """The customer of each fact. Who is gone is who they are now; who is unknown is made."""
    people = [f.customer for f in facts if isinstance(f.customer, Person)]
    others = {f.customer for f in facts if not isinstance(f.customer, Person)} if len(people) < len(facts) else set()
    references = [who for who in others if isinstance(who, str)]
    named = await find_ids(connection, references, lanes) if references else {}
    strangers = [r for r in references if r not in named]
    ids = [who for who in others if isinstance(who, UUID)]
    gone = await find_gone(connection, ids, lanes) if ids else {}
    # Who somebody was before comes last, so that it meets them as they are now.
    before = [
        Person(user_id=f.customer.user_id, previous=f.previous)
        for f in facts
        if f.previous is not None and isinstance(f.customer, Person)
    ]
    asked = [*people, *map(_stranger, strangers), *before]
    found = await resolve_people(connection, asked, lanes=lanes, now=now, guard=guard) if asked else []
    named.update(zip(strangers, found[len(people) :], strict=False))
    rest = iter(found)
    customers: list[UUID] = []
    for fact in facts:
        who = fact.customer
        if isinstance(who, Person):
            customers.append(next(rest))
        else:
            customers.append(named[who] if isinstance(who, str) else gone.get(who, who))
    return customers


def _stranger(reference: str) -> Person:
    """An unknown reference as a person: an address when it is spelled as one, else an external id."""
    try:
        if "@" in reference:
            return Person(email=clean_email(reference))
        if reference.startswith("+"):
            return Person(phone=clean_phone(reference))
    except Wrong:
        pass
    return Person(user_id=reference)


async def _dedupe(
    connection: Connection,
    keys: Sequence[UUID | None],
    customers: Sequence[UUID | None],
    lanes: int,
    now: datetime,
) -> list[bool]:
    """Which facts are new. Their keys are claimed: whoever else brings one waits, and then sees ours."""
    first: dict[UUID, int] = {}
    for index, key in enumerate(keys):
        if key is not None:
            first.setdefault(key, index)
    if not first:
        return [True] * len(keys)
    claimed = sorted(first)  # in one order, so that two batches with the same keys never wait in a circle
    lanes_of = [lane_of(customers[first[key]] or key, lanes) for key in claimed]
    days = sorted({(now - _MIDNIGHT).date(), (now + _MIDNIGHT).date()})
    rows = await connection.fetch(sql("ingest.claim_keys"), lanes_of, claimed, days, (now - WINDOW).date())
    if not rows and len(first) == len(keys):
        return [True] * len(keys)
    seen = {key for (key,) in rows}
    return [key is None or (key not in seen and first[key] == index) for index, key in enumerate(keys)]


def _digest(customer: UUID, key: str) -> UUID:
    return make_uuid(blake2b(customer.bytes + key.encode(), digest_size=16).digest())
