"""Whose turn it is: lanes with something waiting, first come first served, none at work twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

_IN_A_ROW = 3  # turns of lanes that go first, before one that waits


class Turns:
    """The queue of lanes of one worker. A lane that is marked while it is at work comes again afterwards."""

    def __init__(self, clock: Callable[[], datetime], lanes: Iterable[int] = ()) -> None:
        self.now = clock
        self.working: set[int] = set()
        self._ready: dict[int, None] = dict.fromkeys(lanes)  # in the order of their marks
        self._first: dict[int, None] = {}  # of these, those that go before the others
        self._ahead = 0  # how many of them went first, one after another
        self._due: dict[int, datetime] = {}
        self._wake = asyncio.Event()

    def mark(self, lanes: Iterable[int], *, first: bool = False) -> None:
        """Something waits in these lanes. `first` puts them before lanes that are behind with their work: of every
        four turns one is left to these."""
        marked = dict.fromkeys(lanes)
        self._ready.update(marked)
        if first:
            self._first.update(marked)
        self._wake.set()

    def plan(self, lane: int, due: datetime | None) -> None:
        """The lane's next timer; None when it has none."""
        if due is None:
            self._due.pop(lane, None)
        else:
            self._due[lane] = due

    def plan_at_latest(self, lane: int, due: datetime) -> None:
        """As `plan`, but keeps an earlier timer."""
        self._due[lane] = min(due, self._due.get(lane, due))

    def take(self) -> int | None:
        """The lane whose turn it is; it is at work until `done`. None when nothing waits."""
        now = self.now()
        for lane in [lane for lane, due in self._due.items() if due <= now]:
            del self._due[lane]
            self._ready.setdefault(lane)
        ahead = [*self._first, *self._ready] if self._ahead < _IN_A_ROW else self._ready
        for lane in ahead:
            if lane not in self.working:
                self._ahead = self._ahead + 1 if lane in self._first else 0
                del self._ready[lane]
                self._first.pop(lane, None)
                self.working.add(lane)
                return lane
        return None

    def done(self, lane: int, *, more: bool) -> None:
        """The lane's turn is over; `more` puts it behind the others again."""
        self.working.discard(lane)
        if more:
            self._ready.setdefault(lane)
        self._wake.set()

    async def wait(self, longest: float) -> None:
        """Until something is marked, the next timer comes, or `longest` seconds have passed."""
        first = min(self._due.values(), default=None)
        if first is not None:
            longest = min(longest, max(0.0, (first - self.now()).total_seconds()))
        self._wake.clear()
        if any(lane not in self.working for lane in self._ready):
            return
        try:
            async with asyncio.timeout(longest):
                await self._wake.wait()
        except TimeoutError:
            pass

    def stop(self) -> None:
        """Wakes whoever waits, to see that it is time to stop."""
        self._wake.set()
