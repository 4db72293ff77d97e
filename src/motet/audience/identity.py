"""Who an input is about: identifiers resolved and claimed, for a whole batch at once.

The first owner keeps an identifier. Two transactions that claim the same one never make two customers: the second
waits for the first and then sees its claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from motet.audience.inputs import CustomerInput
from motet.core.clock import to_ms
from motet.core.errors import Unavailable
from motet.core.ids import lane_of, lane_of_text, uuid7
from motet.storage.pool import Connection
from motet.storage.sql import sql

EXTERNAL_ID, EMAIL, PHONE = 1, 2, 3  # the kinds of `identifier`
FIELD_OF = {EXTERNAL_ID: "external_id", EMAIL: "email", PHONE: "phone"}

# A claim that is lost is tried again with the winner in view; each loss means that somebody else went on.
_ATTEMPTS = 50

Key = tuple[int, int, str]  # lane of the identifier, kind, value


class AddressTaken(msgspec.Struct, frozen=True):
    """An input's email or phone belongs to another customer, so it was not written; the rest was."""

    index: int  # of the input
    field: str


class Resolution(msgspec.Struct):
    """`ids` has the customer of each input; `born` those that did not exist; `claims` what is to be claimed."""

    ids: list[UUID] = []
    born: set[UUID] = set()
    claims: dict[Key, UUID] = {}
    taken: list[AddressTaken] = []


def keys_of(given: CustomerInput, lanes: int) -> list[Key]:
    """The identifiers of an input, the strongest first. Addresses are one whatever their capitals."""
    keys = []
    if given.external_id is not None:
        keys.append((lane_of_text(given.external_id, lanes), EXTERNAL_ID, given.external_id))
    if given.email is not None:
        email = given.email.lower()
        keys.append((lane_of_text(email, lanes), EMAIL, email))
    if given.phone is not None:
        keys.append((lane_of_text(given.phone, lanes), PHONE, given.phone))
    return keys


async def claim(connection: Connection, inputs: Sequence[CustomerInput], lanes: int, now: datetime) -> Resolution:
    """Resolves the inputs and claims their identifiers, inside the caller's transaction.

    Raises Unavailable when others keep claiming the same identifiers first.
    """
    keyed = [keys_of(given, lanes) for given in inputs]
    for _ in range(_ATTEMPTS):
        owners = await find_owners(connection, {key for keys in keyed for key in keys})
        nameless = await _find_nameless(connection, keyed, owners, lanes)
        resolution = resolve(keyed, owners, nameless, to_ms(now), lanes)
        if not resolution.claims:
            return resolution
        savepoint = connection.transaction()
        await savepoint.start()
        if await _insert(connection, resolution.claims):
            await savepoint.commit()
            return resolution
        # What was claimed is let go too: claims are always taken in one order, from the first.
        await savepoint.rollback()
    raise Unavailable("others keep claiming the same identifiers; try again")


def resolve(
    keyed: Sequence[Sequence[Key]], owners: dict[Key, UUID], nameless: set[UUID], ms: int, lanes: int
) -> Resolution:
    """Pure: which customer each input (its keys) is about, given who owns what. Changes `owners` and `nameless`.

    The external id decides. Without one, or when nobody has it, the address does: its owner, unless the owner goes
    by another external id.
    """
    done = Resolution()
    for index, keys in enumerate(keyed):
        id = _owner(keys, owners, nameless)
        if id is None:
            id = uuid7(ms)
            done.born.add(id)
            nameless.add(id)
        for key in keys:
            owner = owners.get(key)
            if owner is None:
                owners[key] = done.claims[key] = id
            elif owner != id:
                done.taken.append(AddressTaken(index, FIELD_OF[key[1]]))
        if keys[0][1] == EXTERNAL_ID:
            nameless.discard(id)
        done.ids.append(id)
    for id in done.born & nameless:
        done.claims[lane_of_text(str(id), lanes), EXTERNAL_ID, str(id)] = id
    return done


def _owner(keys: Sequence[Key], owners: dict[Key, UUID], nameless: set[UUID]) -> UUID | None:
    named = keys[0][1] == EXTERNAL_ID
    if named and (owner := owners.get(keys[0])) is not None:
        return owner
    for key in keys[1:] if named else keys:
        owner = owners.get(key)
        if owner is not None and (not named or owner in nameless):
            return owner
    return None


async def find_owners(connection: Connection, keys: Iterable[Key]) -> dict[Key, UUID]:
    """Which of these identifiers somebody has, and who."""
    listed = list(keys)
    rows = await connection.fetch(
        sql("audience.find_owners"),
        _literal(k[0] for k in listed),
        _literal(k[1] for k in listed),
        [k[2] for k in listed],
    )
    return {listed[place - 1]: id for place, id in rows}


async def _find_nameless(
    connection: Connection, keyed: Sequence[Sequence[Key]], owners: dict[Key, UUID], lanes: int
) -> set[UUID]:
    """Of the owners that an input with a new external id may be: those who have no external id of their own."""
    asked: set[UUID] = set()
    for keys in keyed:
        if keys[0][1] == EXTERNAL_ID and keys[0] not in owners:
            asked.update(owners[k] for k in keys if k in owners)
    if not asked:
        return set()
    ids = list(asked)
    rows = await connection.fetch(sql("audience.list_nameless"), [lane_of(i, lanes) for i in ids], ids)
    return {r["id"] for r in rows}


async def _insert(connection: Connection, claims: dict[Key, UUID]) -> bool:
    """Whether every claim was ours."""
    keys = sorted(claims)
    status = await connection.execute(
        sql("audience.claim_identifiers"),
        _literal(k[0] for k in keys),
        _literal(k[1] for k in keys),
        [k[2] for k in keys],
        [claims[k] for k in keys],
    )
    return int(status.rpartition(" ")[2]) == len(keys)


def _literal(numbers: Iterable[int]) -> str:
    """An array as PostgreSQL writes one: asyncpg takes five times as long over a list of numbers."""
    return "{" + ",".join(map(str, numbers)) + "}"
