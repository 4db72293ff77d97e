"""Identifiers resolved and claimed in the database, for a whole batch at once.

Two transactions that claim the same identifier never make two customers: the second waits for the first and then sees
its claim. Nobody claims for a customer who has just gone: who claims or merges holds the customers' rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from motet.audience.guard import USUAL, Guard
from motet.audience.identity import Bar, Key, Pair, Resolution, resolve
from motet.audience.pairs import ask_pairs, bar_pairs, hold_customers, refuse_pairs
from motet.core.clock import to_ms
from motet.core.errors import Unavailable
from motet.core.ids import lane_of
from motet.storage.pool import Connection
from motet.storage.sql import sql

# A claim that is lost is tried again with the winner in view; each loss means that somebody else went on.
_ATTEMPTS = 50


async def claim(
    connection: Connection,
    keyed: Sequence[Sequence[Key]],
    *,
    lanes: int,
    now: datetime,
    guard: Guard = USUAL,
    owners: dict[Key, UUID] | None = None,
) -> Resolution:
    """Resolves inputs (each by its keys, the strongest first) and claims their identifiers, inside the caller's
    transaction. Customers who turn out to be one are merged: it is asked here, and carried out by the engine.

    `owners` is what `find_owners` has just said of all these keys, when the caller has asked. Raises Unavailable when
    others keep claiming the same identifiers first.
    """
    barred: dict[Pair, Bar] = {}
    for _ in range(_ATTEMPTS):
        found = owners
        if found is None:
            found = await find_owners(connection, {key for keys in keyed for key in keys})
        owners = None  # `resolve` writes on it, and a second try has the winners in view
        nameless = await _find_nameless(connection, keyed, found, lanes)
        resolution = resolve(keyed, found, nameless, to_ms(now), lanes, barred)
        if resolution.merges and (more := await bar_pairs(connection, resolution.merges, guard, now)):
            barred |= more
            continue
        if not (resolution.claims or resolution.handed or resolution.merges or resolution.refused):
            return resolution
        savepoint = connection.transaction()
        await savepoint.start()
        if await _take(connection, resolution, barred, lanes, now):
            await savepoint.commit()
            return resolution
        # What was claimed is let go too: claims are always taken in one order, from the first.
        await savepoint.rollback()
    raise Unavailable("others keep claiming the same identifiers; try again")


async def _take(
    connection: Connection, resolution: Resolution, barred: dict[Pair, Bar], lanes: int, now: datetime
) -> bool:
    """Whether every claim was ours, and everybody concerned is still there."""
    if resolution.claims and not await _insert(connection, resolution.claims):
        return False
    losers = [loser for loser, _ in resolution.merges]
    kept = {winner for _, winner in resolution.merges} | set(resolution.handed.values())
    kept |= set(resolution.claims.values())
    kept -= resolution.born
    if (losers or kept) and not await hold_customers(connection, losers, list(kept), lanes):
        return False
    if resolution.handed:
        await _hand_over(connection, resolution.handed)
    if resolution.merges:
        await ask_pairs(connection, resolution.merges, lanes=lanes, now=now)
    if resolution.refused:
        told = {pair: (cause, barred[pair].reason) for pair, cause in resolution.refused.items()}
        await refuse_pairs(connection, told, lanes=lanes, now=now)
    return True


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
    """Of the customers of inputs that bring something new, those who have no external id of their own."""
    asked: set[UUID] = set()
    for keys in keyed:
        if len(keys) > 1:
            found = [owners.get(key) for key in keys]
            if found.count(found[0]) != len(found):
                asked.update(owner for owner in found if owner is not None)
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


async def _hand_over(connection: Connection, handed: dict[Key, UUID]) -> None:
    keys = sorted(handed)
    await connection.execute(
        sql("merges.hand_over"),
        _literal(k[0] for k in keys),
        _literal(k[1] for k in keys),
        [k[2] for k in keys],
        [handed[k] for k in keys],
    )


def _literal(numbers: Iterable[int]) -> str:
    """An array as PostgreSQL writes one: asyncpg takes five times as long over a list of numbers."""
    return "{" + ",".join(map(str, numbers)) + "}"
