"""Two profiles in one, and apart again: pure.

Known beats anonymous, newest beats oldest, and a blank beats nothing. A refusal always wins: consents, preferences,
topics and caps are the stricter of both, suppressions all that either had.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from motet.core.customers import Customer, Suppression

V = TypeVar("V")

_PLAIN = ("email", "phone", "timezone", "locale")
_FLAGS = ("consents", "preferences", "topics")
_FRESH = "prospect"  # the stage of whoever has none yet


def is_named(customer: Customer) -> bool:
    """Whether the customer has an external id of their own."""
    return customer.external_id != str(customer.id)


def blend(winner: Customer, loser: Customer, *, newer: bool) -> Customer:
    """The winner with what the loser brings. `newer`: the loser's profile was written later than the winner's."""
    known, other_known = is_named(winner), is_named(loser)
    leads = newer if known == other_known else other_known
    lead, other = (loser, winner) if leads else (winner, loser)
    changes: dict[str, Any] = {field: getattr(lead, field) or getattr(other, field) for field in _PLAIN}
    changes |= {f: join_flags(getattr(winner, f), getattr(loser, f)) for f in _FLAGS}
    changes["external_id"] = loser.external_id if other_known and not known else winner.external_id
    changes["attributes"] = lay(other.attributes, lead.attributes)
    changes["handles"] = lay(other.handles, lead.handles)
    changes["lifecycle_stage"] = lead.lifecycle_stage if lead.lifecycle_stage != _FRESH else other.lifecycle_stage
    changes["tags"] = tuple(sorted({*winner.tags, *loser.tags}))
    changes["devices"] = tuple({d.token: d for d in (*other.devices, *lead.devices)}.values())
    changes["caps"] = {
        channel: min(c for c in (winner.caps.get(channel), loser.caps.get(channel)) if c is not None)
        for channel in winner.caps.keys() | loser.caps.keys()
    }
    addresses = {"email": changes["email"], "sms": changes["phone"]}
    changes["suppressions"] = join_suppressions(winner.suppressions, loser.suppressions, addresses)
    for field, choose in (("last_interaction_at", max), ("last_purchase_at", max), ("created_at", min)):
        moments = [m for m in (getattr(winner, field), getattr(loser, field)) if m is not None]
        changes[field] = choose(moments) if moments else None
    return msgspec.structs.replace(winner, **changes)


def join_flags(mine: Mapping[str, bool], others: Mapping[str, bool]) -> dict[str, bool]:
    """By key; what either refused is refused."""
    return {key: mine.get(key, True) and others.get(key, True) for key in sorted(mine.keys() | others.keys())}


def join_suppressions(
    mine: Mapping[str, Suppression], others: Mapping[str, Suppression], addresses: Mapping[str, str | None]
) -> dict[str, Suppression]:
    """By channel. Of two the one that speaks of the address in use stays, else the later."""
    joined = {**mine, **others}
    for channel in mine.keys() & others.keys():
        joined[channel] = max(
            (mine[channel], others[channel]),
            key=lambda s: (s.address == addresses.get(channel), s.at.timestamp() if s.at else 0.0, s.address, s.reason),
        )
    return joined


def lay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """One map over another, and so are maps in them; a blank hides nothing."""
    laid = dict(below)
    for key, value in above.items():
        under = laid.get(key)
        if isinstance(value, Mapping) and isinstance(under, Mapping):
            laid[key] = lay(under, value)
        elif key not in laid or not is_blank(value):
            laid[key] = value
    return laid


def is_blank(value: Any) -> bool:
    """None, an empty text, list or map; 0 and false say something."""
    return value is None or (isinstance(value, (str, list, tuple, Mapping)) and not value)


def part(present: Customer, before: Customer, after: Customer, *, keep_refusals: bool) -> Customer:
    """The winner without what a merge brought: what has not changed since goes back to what it was before.

    `keep_refusals`: they unsubscribed or complained since, so consents and suppressions stay as they are.
    """
    changes: dict[str, Any] = {}
    for field in (*_PLAIN, "external_id", "lifecycle_stage", "last_interaction_at", "last_purchase_at", "created_at"):
        if getattr(present, field) == getattr(after, field):
            changes[field] = getattr(before, field)
    maps = ["attributes", "handles", "preferences", "topics", "caps"]
    if not keep_refusals:
        maps += ["consents", "suppressions"]
    for field in maps:
        changes[field] = _restore(getattr(present, field), getattr(before, field), getattr(after, field))
    brought = set(after.tags) - set(before.tags)
    changes["tags"] = tuple(t for t in present.tags if t not in brought)
    tokens = {d.token for d in after.devices} - {d.token for d in before.devices}
    changes["devices"] = tuple(d for d in present.devices if d.token not in tokens)
    return msgspec.structs.replace(present, **changes)


def _restore(present: Mapping[str, V], before: Mapping[str, V], after: Mapping[str, V]) -> dict[str, V]:
    """Keys that are as the merge left them go back; others stay."""
    restored: dict[str, V] = {}
    for key, value in present.items():
        if key not in after or after[key] != value:
            restored[key] = value
        elif key in before:
            restored[key] = before[key]
    return restored
