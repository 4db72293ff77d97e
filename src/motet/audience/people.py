"""Who the events of a batch are about: people who name themselves by user id, anonymous id, email, phone, or ids of
your own. Also who a customer is now, after merges, and all that one customer goes by.

When everybody is known by what they say, one query answers. Else identifiers are claimed, customers made, and
customers who turn out to be one are merged (`merges.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from motet.audience.claims import claim, find_owners
from motet.audience.guard import USUAL, Guard
from motet.audience.identity import ANONYMOUS_ID, CUSTOM, EMAIL, EXTERNAL_ID, PHONE, Key, Resolution, key_of
from motet.audience.inputs import CustomerInput
from motet.audience.upsert import write_profiles
from motet.storage.pool import Connection, Pool
from motet.storage.sql import sql

KINDS = {EXTERNAL_ID: "user id", EMAIL: "email", PHONE: "phone", ANONYMOUS_ID: "anonymous id", CUSTOM: "id"}
_NOTHING = CustomerInput()


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one message says of who it is about. Values are clean (`audience.fields`); at least one is there.

    `given` is what is to be written into the profile beside: its own external id, email and phone are not looked at.
    """

    user_id: str | None = None
    anonymous_id: str | None = None
    email: str | None = None
    phone: str | None = None  # E.164
    custom: dict[str, str] = {}  # name -> value, such as {"loyalty": "123"}
    previous: str | None = None  # what they were called before, user id or anonymous id: both are one from now on
    given: CustomerInput | None = None


async def resolve_people(
    connection: Connection, people: Sequence[Person], *, lanes: int, now: datetime, guard: Guard = USUAL
) -> list[UUID]:
    """The customer of each person, made where there was none, inside the caller's transaction.

    Identifiers that name nobody are for `clear_person` to take away before. Raises Unavailable as `claim` does, and
    passes on asyncpg's DeadlockDetectedError: run the transaction again. Call it once in one transaction.
    """
    if not people:
        return []
    keyed = [_keys(person, lanes) for person in people]
    owners = await find_owners(connection, {key for keys in keyed for key in keys})
    ids = _known(keyed, owners)
    if ids is not None and not any(person.given for person in people):
        return ids
    if ids is None:
        resolution = await claim(connection, keyed, lanes=lanes, now=now, guard=guard, owners=owners)
    else:
        resolution = Resolution(ids=ids)
    inputs = _inputs(people, keyed, resolution)
    return list((await write_profiles(connection, inputs, resolution, lanes=lanes, now=now)).ids)


def clear_person(person: Person, guard: Guard) -> Person | None:
    """The person without identifiers that name nobody; None when nothing is left."""
    changes: dict[str, object] = {}
    for field in ("user_id", "anonymous_id", "email", "phone", "previous"):
        value = getattr(person, field)
        if value is not None and guard.blocks(value):
            changes[field] = None
    if any(guard.blocks(value) for value in person.custom.values()):
        changes["custom"] = {name: value for name, value in person.custom.items() if not guard.blocks(value)}
    if changes:
        person = msgspec.structs.replace(person, **changes)
    named = person.user_id or person.anonymous_id or person.email or person.phone or person.custom or person.previous
    return person if named else None


async def list_gone(source: Connection | Pool, customer: UUID) -> list[UUID]:
    """The ids that have become this customer, all of a chain: their events are this customer's."""
    return [r["id"] for r in await source.fetch(sql("merges.list_gone"), customer)]


async def list_identifiers(source: Connection | Pool, customer: UUID) -> list[tuple[int, str]]:
    """All that a customer goes by, as (kind, value) in that order. A nameless customer's own id is not told."""
    rows = await source.fetch(sql("merges.list_identifiers"), customer)
    return [(r["kind"], r["value"]) for r in rows]


def _keys(person: Person, lanes: int) -> list[Key]:
    """The strongest first."""
    keys = []
    if person.user_id is not None:
        keys.append(key_of(EXTERNAL_ID, person.user_id, lanes))
    if person.email is not None:
        keys.append(key_of(EMAIL, person.email, lanes))
    if person.phone is not None:
        keys.append(key_of(PHONE, person.phone, lanes))
    if person.custom:
        keys.extend(key_of(CUSTOM, f"{name}:{value}", lanes) for name, value in sorted(person.custom.items()))
    if person.anonymous_id is not None:
        keys.append(key_of(ANONYMOUS_ID, person.anonymous_id, lanes))
    if person.previous is not None:
        if keys and keys[0][1] == EXTERNAL_ID:
            keys.append(key_of(EXTERNAL_ID, person.previous, lanes))
        keys.append(key_of(ANONYMOUS_ID, person.previous, lanes))
    return keys


def _known(keyed: Sequence[Sequence[Key]], owners: dict[Key, UUID]) -> list[UUID] | None:
    """The owner of each person's keys; None when something is new, or speaks of two customers."""
    ids: list[UUID] = []
    get = owners.get
    for keys in keyed:
        id = get(keys[0])
        if id is None:
            return None
        for key in keys[1:]:
            if get(key) != id:
                return None
        ids.append(id)
    return ids


def _inputs(
    people: Sequence[Person], keyed: Sequence[Sequence[Key]], resolution: Resolution
) -> list[CustomerInput | None]:
    """What is to be written for each: what was given, and the identifiers where any of them is new."""
    new = resolution.claims
    inputs: list[CustomerInput | None] = []
    for person, keys, id in zip(people, keyed, resolution.ids, strict=True):
        given = person.given
        if given is None and id not in resolution.born and not any(key in new for key in keys):
            inputs.append(None)
            continue
        inputs.append(
            msgspec.structs.replace(
                given or _NOTHING, external_id=person.user_id, email=person.email, phone=person.phone
            )
        )
    return inputs
