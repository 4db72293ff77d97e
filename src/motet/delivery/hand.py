"""What the workers of one channel have in hand: claimed, and not recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from motet.core.clock import to_ms
from motet.core.ids import uuid7
from motet.core.words import Channel
from motet.delivery.pulse import Pulse
from motet.delivery.queue import Ready, claim
from motet.storage.pool import Pool


class Held(msgspec.Struct, frozen=True):
    """One claim: the messages won, and the heartbeats under which it was made."""

    id: UUID
    messages: list[Ready]
    series: int


class Hand:
    """The claims in hand, by id. A claim of ours in the database that is not here was never heard of, so nothing of it
    was pushed. One that was pushed stays here until it is recorded, come what may."""

    def __init__(self, channel: Channel, worker_id: UUID, pulse: Pulse) -> None:
        self.claims: set[UUID] = set()
        self._channel, self._worker_id, self._pulse = channel, worker_id, pulse

    async def claim(self, pool: Pool, lane: int, ready: Sequence[Ready], now: datetime) -> Held:
        """Takes messages in hand; without messages when others were first. Call `drop` once they are recorded."""
        held = Held(uuid7(to_ms(now)), [], self._pulse.series)
        if not ready:
            return held
        self.claims.add(held.id)  # before it can be seen in the database
        try:
            held.messages.extend(await claim(pool, lane, self._channel, self._worker_id, held.id, ready, now))
        finally:
            if not held.messages:
                self.claims.discard(held.id)
        return held

    def is_ours(self, held: Held) -> bool:
        """Whether a claim may still be pushed: nobody can have settled it meanwhile."""
        return self._pulse.lasts(held.series)

    def drop(self, held: Held) -> None:
        """It is recorded."""
        self.claims.discard(held.id)
