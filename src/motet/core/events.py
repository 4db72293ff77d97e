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
    source: str = "api"  # api | import | link | provider | simulation


DEVICES_GONE = "devices_gone"  # some devices of a push that was accepted do not exist any more
