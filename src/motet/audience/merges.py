"""Merges: two customers who are one. Asked for here; the engine carries them out (`engine/merging.py`).

From the moment a merge is asked for, the loser's identifiers are the winner's and the loser's id is gone: what arrives
for it is the winner's. What the loser brought (profile, enrollments, messages, counts) follows by way of `transfer`.
Taken back, the loser is a customer again at once, and the engine carries the rest the other way.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from motet.audience.pairs import (
    ASKED,
    GIVE_BACK,
    MERGED,
    PACKED,
    REFUSED,
    UNDO_ASKED,
    UNDO_PACKED,
    UNDONE,
    ask_pairs,
    find_gone,
    hold_customers,
    require_customers,
)
from motet.core.errors import Conflict, NotFound, Problem, Refused
from motet.core.ids import lane_of
from motet.storage.changes import note_changes
from motet.storage.pool import Connection, Pool, Record
from motet.storage.sql import sql

_WORDS = {
    ASKED: "asked", PACKED: "merging", MERGED: "merged", UNDO_ASKED: "undoing", UNDO_PACKED: "undoing",
    UNDONE: "undone", REFUSED: "refused",
}  # fmt: skip
UNDO_LIMIT = timedelta(days=30)
_LISTED = 200
_PERSON = "person"  # the cause of a merge by hand
_ATTEMPTS = 10


class Merge(msgspec.Struct, frozen=True):
    """One merge in the record. `customer` is the one who goes or is gone, `external_id` what they are called."""

    id: UUID
    at: datetime
    cause: str  # identified | address | alias | person
    status: str  # asked | merging | merged | undoing | undone | refused
    customer: UUID
    winner: UUID  # into whom
    external_id: str
    undoable: bool
    reason: str | None = None  # of a refusal


async def ask_merge(pool: Pool, loser: UUID, winner: UUID, *, lanes: int, now: datetime) -> Merge:
    """Makes one customer of two: the loser becomes part of the winner. A person may merge what the guard forbids.

    Raises NotFound for a customer who is not there, Refused when both are one already.
    """
    for _ in range(_ATTEMPTS):
        async with pool.acquire() as connection, connection.transaction():
            gone = await find_gone(connection, (loser, winner), lanes)
            pair = (gone.get(loser, loser), gone.get(winner, winner))
            if pair[0] == pair[1]:
                problem = Problem("merge.same_customer", "both are one customer already", "customer")
                raise Refused([problem])
            if not await hold_customers(connection, [pair[0]], [pair[1]], lanes):
                continue
            await require_customers(connection, pair, lanes)
            [id] = await ask_pairs(connection, {pair: _PERSON}, lanes=lanes, now=now)
            return await read_merge(connection, id, now)
    raise Conflict("others keep merging these customers; try again")


async def list_merges(pool: Pool, customer: UUID, *, now: datetime) -> list[Merge]:
    """The merges into this customer and into those who became this customer, refused ones too; the newest first."""
    rows = await pool.fetch(sql("merges.list_merges"), customer, _LISTED)
    return [_merge(row, now) for row in rows]


async def read_merge(connection: Connection, id: UUID, now: datetime) -> Merge:
    """One merge by its id. Raises NotFound."""
    row = await connection.fetchrow(sql("merges.read_merge"), id)
    if row is None:
        raise NotFound("merge", str(id))
    return _merge(row, now)


def _merge(row: Record, now: datetime) -> Merge:
    undoable = row["status"] == MERGED and not row["winner_gone"] and now - row["asked_at"] <= UNDO_LIMIT
    return Merge(
        id=row["id"],
        at=row["asked_at"],
        cause=row["cause"],
        status=_WORDS[row["status"]],
        customer=row["loser_id"],
        winner=row["winner_id"],
        external_id=row["external_id"] or str(row["loser_id"]),
        undoable=undoable,
        reason=row["reason"],
    )


async def undo_merge(pool: Pool, merge_id: UUID, *, lanes: int, now: datetime) -> Merge:
    """Takes a merge back. What happened since it stays with the winner; the two are not merged by themselves again.

    Raises NotFound; Refused when it is older than 30 days, or was followed by a merge of the winner; Conflict while
    another merge of the winner is under way.
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(sql("merges.lock_merge"), merge_id)
        if row is None:
            raise NotFound("merge", str(merge_id))
        _check_status(row, now)
        winner, loser = row["winner_id"], row["loser_id"]
        if not await hold_customers(connection, [], [winner], lanes):
            fix = "undo that merge first"
            raise Refused([Problem("merge.winner_gone", "the customer was merged into another since", fix=fix)])
        if await connection.fetchval(sql("merges.is_moving"), winner, merge_id):
            raise Conflict("another merge of this customer is under way; try again in a moment")
        packed = await connection.fetchval(sql("merges.read_packed"), lane_of(winner, lanes), merge_id)
        if packed is None or packed["profile"] is None:
            raise Refused([Problem("merge.too_old", "what was merged is not kept any more")])
        await _restore(connection, row, packed, lanes, now)
        await note_changes(connection, (winner, loser), lanes=lanes, now=now)
        return await read_merge(connection, merge_id, now)


def _check_status(row: Record, now: datetime) -> None:
    if row["status"] < MERGED:
        raise Conflict("the merge is still under way; try again in a moment")
    if row["status"] > MERGED:
        raise Refused([Problem("merge.not_merged", "there is nothing to undo: it was undone or refused before")])
    if now - row["asked_at"] > UNDO_LIMIT:
        raise Refused([Problem("merge.too_old", f"a merge can be undone for {UNDO_LIMIT.days} days")])


async def _restore(connection: Connection, row: Record, packed: dict[str, Any], lanes: int, now: datetime) -> None:
    """The loser's identifiers, ids, profile and standing, as they were."""
    winner, loser = row["winner_id"], row["loser_id"]
    lane = lane_of(loser, lanes)
    kinds = [kind for kind, _ in row["identifiers"]]
    values = [value for _, value in row["identifiers"]]
    swallowed = list(row["swallowed"])
    await connection.execute(sql("merges.regain_identifiers"), winner, loser, kinds, values)
    await connection.execute(sql("merges.drop_alias"), lane, loser)
    await connection.execute(sql("merges.regain_aliases"), winner, loser, swallowed)
    profile = packed["profile"] | {"updated_at": now.isoformat()}
    await connection.execute(sql("merges.restore_customer"), profile)
    standing = packed["standing"] or {"lane": lane, "customer_id": str(loser), "segments": []}
    await connection.execute(sql("merges.restore_standing"), standing | {"flips_at": now.isoformat()})
    await connection.execute(sql("merges.count_members"), lane, standing["segments"], 1)
    await connection.execute(
        sql("merges.add_transfer"), lane_of(winner, lanes), row["id"], GIVE_BACK, loser, winner, None
    )
    await connection.execute(sql("merges.ask_undo"), row["lane"], row["id"])
