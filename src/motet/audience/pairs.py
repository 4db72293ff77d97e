"""Pairs of customers who are one, inside somebody's transaction: held, weighed, refused, asked for. See `merges.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from motet.audience.guard import Guard
from motet.audience.identity import Bar, Pair
from motet.core.clock import to_ms
from motet.core.errors import NotFound
from motet.core.ids import lane_of, uuid7, uuid7_floor
from motet.storage.changes import note_changes
from motet.storage.pool import Connection
from motet.storage.sql import sql

# The statuses of a merge.
ASKED, PACKED, MERGED, UNDO_ASKED, UNDO_PACKED, UNDONE, REFUSED = 1, 2, 3, 4, 5, 6, 7
# The kinds of a transfer: what an engine is to do.
GIVE, TAKE, GIVE_BACK, TAKE_BACK, COUNTS = 1, 2, 3, 4, 5


async def find_gone(connection: Connection, ids: Iterable[UUID], lanes: int) -> dict[UUID, UUID]:
    """Of these customers, those who are gone, and who each is now."""
    asked = list(ids)
    if not asked:
        return {}
    lane_list = "{" + ",".join([str(lane_of(i, lanes)) for i in asked]) + "}"
    rows = await connection.fetch(sql("merges.find_gone"), lane_list, asked)
    return {row["id"]: row["customer_id"] for row in rows}


async def hold_customers(connection: Connection, losers: Sequence[UUID], others: Sequence[UUID], lanes: int) -> bool:
    """Holds those who are to go, and those who must not go meanwhile. False when one of them is gone already."""
    await hold(connection, losers, others, lanes)
    return not await find_gone(connection, [*losers, *others], lanes)


async def hold(connection: Connection, losers: Sequence[UUID], others: Sequence[UUID], lanes: int) -> None:
    for name, ids in (("merges.hold_losers", losers), ("merges.hold_winners", others)):
        if ids:
            await connection.execute(sql(name), [lane_of(i, lanes) for i in ids], list(ids))


async def require_customers(connection: Connection, ids: Sequence[UUID], lanes: int) -> None:
    rows = await connection.fetch(sql("audience.list_present"), [lane_of(i, lanes) for i in ids], list(ids))
    present = {r["id"] for r in rows}
    for id in ids:
        if id not in present:
            raise NotFound("customer", str(id))


async def bar_pairs(connection: Connection, pairs: Iterable[Pair], guard: Guard, now: datetime) -> dict[Pair, Bar]:
    """The pairs that must not be merged by themselves: a person took them apart, or one would swallow too many."""
    listed = list(pairs)
    floor = uuid7_floor(to_ms(now - timedelta(days=1)))
    rows = await connection.fetch(sql("merges.weigh"), [p[0] for p in listed], [p[1] for p in listed], floor)
    found: dict[Pair, Bar] = {}
    more: Counter[UUID] = Counter()  # of this batch
    for pair, row in zip(listed, rows, strict=True):
        winner, before = pair[1], row["before"]
        if before is not None and before != REFUSED:
            found[pair] = Bar("a person took them apart", apart=True)
            continue
        limits = ((row["swallowed"], guard.all, "ever"), (row["lately"], guard.day, "within a day"))
        for swallowed, limit, span in limits:
            if swallowed + more[winner] >= limit:
                reason = f"the customer took in {limit} others {span}: many people seem to share an identifier"
                found[pair] = Bar(reason, told=before == REFUSED)
                break
        else:
            more[winner] += 1
    return found


async def refuse_pairs(
    connection: Connection, pairs: Mapping[Pair, tuple[str, str]], *, lanes: int, now: datetime
) -> None:
    """Writes down merges that the guard forbade, with cause and reason."""
    listed = list(pairs.items())
    await connection.execute(
        sql("merges.refuse"),
        [lane_of(loser, lanes) for (loser, _), _ in listed],
        [uuid7(to_ms(now)) for _ in listed],
        [loser for (loser, _), _ in listed],
        [winner for (_, winner), _ in listed],
        [cause for _, (cause, _) in listed],
        [reason for _, (_, reason) in listed],
        now,
    )


async def ask_pairs(connection: Connection, pairs: Mapping[Pair, str], *, lanes: int, now: datetime) -> list[UUID]:
    """Asks for merges (with their causes) of customers whom the transaction holds and who are not gone.

    No winner may be a loser of another pair. Returns the ids of the merges, in order.
    """
    listed = list(pairs.items())
    ids = [uuid7(to_ms(now)) for _ in listed]
    await connection.execute(
        sql("merges.ask"),
        [lane_of(loser, lanes) for (loser, _), _ in listed],
        ids,
        [loser for (loser, _), _ in listed],
        [winner for (_, winner), _ in listed],
        [cause for _, cause in listed],
        now,
    )
    # The log tells both lanes; the loser's engine gives the loser away once it has read this far.
    await note_changes(connection, {id for pair in pairs for id in pair}, lanes=lanes, now=now)
    return ids
