"""A fact about a customer. Interactions are events whose name is a word of `Interaction`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event in the log. `id` is ours and carries the time it was received."""

    id: UUID
    customer_id: UUID
    name: str
    at: datetime  # when it happened, as the sender says
    properties: dict[str, Any] = {}
    message_id: UUID | None = None  # the message that caused it
    value: float = 0.0  # revenue, in the brand's currency
    source: str = "api"  # api | import | history | link | provider | simulation | segment | journey, or one below

    @property
    def past(self) -> bool:
        """Whether it was imported about the past: it is counted, and starts nothing."""
        return self.source in (HISTORY, FORWARD_HISTORY)


DEVICES_GONE = "devices_gone"  # some devices of a push that was accepted do not exist any more
ACTION_ANSWERED = "action_answered"  # to a journey's webhook, named by message_id: {"status": int, "body": any JSON}

HISTORY = "history"  # the source of what was imported about the past
JOURNEY = "journey"  # the source of what a step of a journey emitted

# The sources of copies made for the engine's ears, of events of customers who are gone. Queries leave out whatever
# begins with `forward`.
FORWARD = "forward"
FORWARD_HISTORY = "forward-history"

# Names that Motet itself writes into the log.
CUSTOMERS_CHANGED = "customers_changed"  # profiles of a lane were written: properties {"ids": [...]}, of NOBODY
SEGMENT_ENTERED = "segment_entered"  # properties {"segment": name}
SEGMENT_LEFT = "segment_left"
LIFECYCLE_CHANGED = "lifecycle_changed"  # properties {"from": stage, "to": stage}
CUSTOMER_MERGED = "customer_merged"  # properties {"merge": id, "customer": the one that is gone}

# From outside, or from a journey, these would be believed.
RESERVED = frozenset(
    {
        CUSTOMERS_CHANGED,
        SEGMENT_ENTERED,
        SEGMENT_LEFT,
        LIFECYCLE_CHANGED,
        CUSTOMER_MERGED,
        DEVICES_GONE,
        ACTION_ANSWERED,
    }
)

NOBODY = UUID(int=0)
