"""What the simulated people will do, and when: a bounded heap of errands."""

from __future__ import annotations

import heapq
from enum import Enum
from itertools import count

import msgspec

from motet.simulation.population import Person

MAX_ERRANDS = 20_000


class Deed(Enum):
    OPEN = "open"
    CLICK = "click"
    BUY = "buy"
    COMPLETE = "complete"
    LEAVE = "leave"


class Errand(msgspec.Struct, frozen=True):
    deed: Deed
    person: Person
    message_id: str


class Diary:
    """Errands by the moment when they are due (seconds on any steady clock). Full: new ones are not written down."""

    def __init__(self, limit: int = MAX_ERRANDS) -> None:
        self._limit = limit
        self._heap: list[tuple[float, int, Errand]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._heap)

    def write(self, due: float, errand: Errand) -> None:
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, (due, next(self._order), errand))

    def take(self, now: float, most: int) -> list[Errand]:
        """Up to `most` errands that are due, the earliest first."""
        taken: list[Errand] = []
        while self._heap and self._heap[0][0] <= now and len(taken) < most:
            taken.append(heapq.heappop(self._heap)[2])
        return taken
