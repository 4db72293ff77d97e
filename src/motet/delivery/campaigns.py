"""Programs and statuses as delivery needs them."""

from __future__ import annotations

import asyncio
from uuid import UUID

import msgspec

from motet.core.program import Program
from motet.core.words import CampaignStatus
from motet.storage.pool import Pool
from motet.storage.programs import load_programs

_encode = msgspec.json.Encoder().encode


class Campaigns:
    """Read once, and again when a campaign changes."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.programs: dict[UUID, Program] = {}
        self.status: dict[UUID, CampaignStatus] = {}
        self.transactional: frozenset[UUID] = frozenset()  # revisions
        self.asking: frozenset[UUID] = frozenset()  # revisions whose messages may speak of computed traits
        self.stale = True
        self._reading = asyncio.Lock()

    async def refresh(self) -> None:
        """Nobody goes on before the picture is whole; one that could not be read is read again."""
        async with self._reading:
            if not self.stale:
                return
            self.stale = False
            try:
                self.programs, campaigns = await load_programs(self.pool)
            except BaseException:
                self.stale = True
                raise
            self.status = {c: s for c, (s, _) in campaigns.items()}
            self.transactional = frozenset(r for r, p in self.programs.items() if p.transactional)
            self.asking = frozenset(r for r, p in self.programs.items() if b"traits" in _encode(p.steps))

    async def find(self, revisions: set[UUID]) -> None:
        """Reads again when one of these is not known: its word may have been lost with a connection."""
        if revisions - self.programs.keys():
            self.stale = True
            await self.refresh()

    @property
    def idle(self) -> list[UUID]:
        """Paused campaigns: what they approved waits."""
        return [c for c, s in self.status.items() if s is CampaignStatus.PAUSED]
