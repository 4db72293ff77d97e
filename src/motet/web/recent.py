"""What was recorded a moment ago, so that one look is one event: clients and proxies fetch the same link twice."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic

_WINDOW = 5.0  # seconds: a repetition is known for one to two windows
_MOST = 100_000  # keys a window; beyond it repetitions are recorded, which does no harm


class Recent:
    """Two sets that take turns: bounded memory, and no timer."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._now: set[Hashable] = set()
        self._before: set[Hashable] = set()
        self._turned = clock()

    def is_repeated(self, key: Hashable) -> bool:
        """Whether `key` was asked about within the last seconds; remembers it."""
        now = self._clock()
        if now - self._turned >= _WINDOW:
            self._before = self._now if now - self._turned < 2 * _WINDOW else set()
            self._now = set()
            self._turned = now
        if key in self._now or key in self._before:
            return True
        if len(self._now) < _MOST:
            self._now.add(key)
        return False
