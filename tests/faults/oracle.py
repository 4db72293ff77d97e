"""The judge of every fault: what the providers took, joined to the ledger, row by row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from faults.providers import Provider
from motet.core.words import Channel, MessageStatus
from motet.storage.pool import Pool

_TAKEN = frozenset({MessageStatus.ACCEPTED, MessageStatus.DELIVERED, MessageStatus.BOUNCED})
_WAITING = frozenset({MessageStatus.APPROVED, MessageStatus.SENDING})
_SHOWN = 5

Found = defaultdict[str, list[str]]


async def judge(
    pool: Pool,
    providers: Mapping[Channel, Provider],
    *,
    told: Collection[UUID],
    steps: int,
    in_hand: Collection[UUID] = (),
) -> dict[str, int]:
    """Nothing lost, nothing doubled, nothing forbidden: else AssertionError with the rows of both sides that differ.

    Each customer of `told`, and nobody else, hears `steps` messages. `in_hand` are the messages that somebody was
    holding when he was killed: only these, and only where the provider knows no key, may be `unknown`.
    Returns how many arrived, came again (with a key that the provider knew), and are unknown.
    """
    rows = await pool.fetch("SELECT * FROM message ORDER BY id")
    ledger: dict[UUID, Any] = {row["id"]: row for row in rows}
    found: Found = defaultdict(list)
    for channel, provider in providers.items():
        own = {id: row for id, row in ledger.items() if row["channel"] == channel}
        _compare(found, provider, own, frozenset(in_hand))
    _count_said(found, rows, told, steps)
    _look_twice(found, rows, [id for p in providers.values() for id in p.counted()])
    assert not found, "\n".join(f"{what}: {len(who)}\n  " + "\n  ".join(who[:_SHOWN]) for what, who in found.items())
    return {
        "arrived": sum(len(p.counted()) for p in providers.values()),
        "came again": sum(len(p.log) - len(p.counted()) for p in providers.values()),
        "unknown": sum(row["status"] == MessageStatus.UNKNOWN for row in rows),
    }


def _compare(found: Found, provider: Provider, ledger: Mapping[UUID, Any], in_hand: Collection[UUID]) -> None:
    """One provider against its part of the ledger."""
    arrived = provider.counted()
    for id, times in arrived.items():
        if id not in ledger:
            found["arrived, but not in the ledger"].append(_tell(provider, id, None))
        elif times > 1:
            found["doubled"].append(_tell(provider, id, ledger[id]))
    for id, row in ledger.items():
        status = MessageStatus(row["status"])
        if status in _TAKEN and id not in arrived:
            found["lost: accepted, but it never arrived"].append(_tell(provider, id, row))
        elif status in _WAITING:
            found["stuck: it still waits"].append(_tell(provider, id, row))
        elif status is MessageStatus.DROPPED and id in arrived:
            found["forbidden: dropped, but it arrived"].append(_tell(provider, id, row))
        elif status is MessageStatus.REJECTED:
            found["rejected, though no provider refused"].append(_tell(provider, id, row))
        elif status is MessageStatus.UNKNOWN and (provider.keyed or id not in in_hand):
            found["unknown, though nobody who had it was killed"].append(_tell(provider, id, row))


def _count_said(found: Found, rows: Sequence[Any], told: Collection[UUID], steps: int) -> None:
    said = Counter(row["customer_id"] for row in rows)
    for customer in told:
        if said[customer] != steps:
            found[f"not {steps} messages in the ledger"].append(f"{customer}: {said[customer]}")
    for customer in said.keys() - set(told):
        found["said to somebody who was not told"].append(f"{customer}: {said[customer]}")


def _look_twice(found: Found, rows: Sequence[Any], arrived: Collection[UUID]) -> None:
    """One step of a campaign that reached one customer under two ids: no key of a provider would notice."""
    came = set(arrived)
    heard: defaultdict[tuple[Any, ...], list[UUID]] = defaultdict(list)
    for row in rows:
        if row["id"] in came:
            heard[row["customer_id"], row["campaign_id"], row["step"], row["channel"]].append(row["id"])
    for who, ids in heard.items():
        if len(ids) > 1:
            found["doubled under two ids"].append(f"{who}: {ids}")


def _tell(provider: Provider, id: UUID, row: Any) -> str:
    log = [(f"#{n}", a.to, a.step, round(a.at, 2)) for n, a in enumerate(provider.log) if a.id == id]
    kept = ("customer_id", "step", "status", "attempts", "approved_at", "send_at", "sent_at", "error")
    ours = {field: str(row[field]) for field in kept} if row is not None else None
    return f"{id}: provider {log}, ledger {ours}"
