"""Whether others may have taken this worker for dead: then what it had claimed is not its own any more.

Others do so when the register has not seen it for a LEASE. A process that was stopped does not notice by itself; it
reads two clocks, since a machine that sleeps may stop the steady one, and somebody may set the other back.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from motet.storage.lanes import LEASE

Reading = tuple[float, ...]  # seconds, one for each clock


class Pulse:
    """The heartbeats of one process. `series` is the number of the present row of beats without a gap."""

    def __init__(self, clocks: tuple[Callable[[], float], ...] = (time.monotonic, time.time)) -> None:
        self.series = 0
        self._clocks = clocks
        self._last: Reading | None = None

    def read(self) -> Reading:
        """The clocks now: to be taken before a heartbeat is written, since the register sees it no sooner."""
        return tuple(clock() for clock in self._clocks)

    def beat(self, at: Reading) -> None:
        """The register has taken the heartbeat that began at `at`."""
        if self._is_gap(at):
            self.series += 1
        self._last = at

    def lasts(self, series: int) -> bool:
        """Whether nobody can have taken the worker for dead since the moment of that `series`. One that never beat
        is in no register, and nobody's to watch."""
        return series == self.series and not self._is_gap(self.read())

    def _is_gap(self, at: Reading) -> bool:
        most = LEASE.total_seconds()
        return self._last is not None and any(b - a >= most for a, b in zip(self._last, at, strict=True))
