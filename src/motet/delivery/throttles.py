"""Token buckets in the database: they hold over processes and restarts.

A batch reserves what it needs of all its buckets with one statement, and gives back what it cannot use because
another bucket was empty. Whoever finds a bucket empty is put at the end of its line: `send_at` is when the rate will
have reached it. What is transactional waits for the next token only, and bulk leaves it a tenth of each burst.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from motet.core.words import Channel
from motet.delivery.limits import Limit, Limits, split
from motet.delivery.queue import Ready
from motet.storage.pool import Pool
from motet.storage.sql import sql

_SOON = 1.0  # seconds at least until a message that found a bucket empty looks again
_LONGEST = 6 * 3600.0  # seconds at most: limits may be loosened meanwhile


class Throttles:
    """The buckets of one channel."""

    def __init__(self, pool: Pool, channel: Channel, limits: Limits) -> None:
        self.pool, self.channel, self.limits = pool, channel, limits
        self.idle = not limits.apply_to(channel)  # nothing is asked of the database then

    async def admit(
        self, ready: Sequence[Ready], now: datetime, *, first: bool
    ) -> tuple[list[Ready], list[tuple[Ready, datetime]]]:
        """Who may go now, and when the others may ask again."""
        if self.idle:
            return list(ready), []
        wanted = [self.limits.of(self.channel, one.outgoing) for one in ready]
        limits = {limit.key: limit for each in wanted for limit in each}
        counts = Counter(limit.key for each in wanted for limit in each)
        if not counts:
            return list(ready), []
        granted, waits = await self._reserve(limits, counts, first=first)
        made = split(wanted, granted)
        if made.left:
            await self._reserve(limits, {key: -count for key, count in made.left.items()}, first=True)
        late = [(ready[i], now + _wait(*made.late[i], waits, counts, granted, first)) for i in made.late]
        return [ready[i] for i in made.passed], late

    async def _reserve(
        self, limits: dict[str, Limit], wants: dict[str, int], *, first: bool
    ) -> tuple[dict[str, int], dict[str, float]]:
        keys = sorted(wants)
        rows = await self.pool.fetch(
            sql("delivery.reserve"),
            keys,
            [limits[key].rate for key in keys],
            [limits[key].burst for key in keys],
            [0.0 if first else limits[key].kept for key in keys],
            [wants[key] for key in keys],
            [not first] * len(keys),
        )
        return {row["key"]: row["granted"] for row in rows}, {row["key"]: row["wait"] for row in rows}


def _wait(
    limit: Limit, before: int, waits: dict[str, float], wants: dict[str, int], granted: dict[str, int], first: bool
) -> timedelta:
    """Until the line has come to a message: the line ends at `wait`, and ours stand last in it."""
    if first:
        seconds = (before + 1) / limit.rate
    else:
        ours = max(wants[limit.key] - granted[limit.key], before + 1)
        seconds = waits[limit.key] - (ours - before - 1) / limit.rate
    return timedelta(seconds=min(_LONGEST, max(_SOON, seconds)) + random.random() / 10)  # noqa: S311
