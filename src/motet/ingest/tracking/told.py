"""What was said of a person a while ago, so that what every call repeats is written once."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

_MOST = 50_000  # people in one of the two halves


class Told:
    """Two maps that take turns: bounded memory, no timer, no clock."""

    def __init__(self) -> None:
        self._now: dict[Hashable, Any] = {}
        self._before: dict[Hashable, Any] = {}

    def is_new(self, who: Hashable, said: Any) -> bool:
        """Whether something else, or nothing, was said of `who` last; remembers it."""
        last = self._now.get(who)
        if last is None:
            last = self._before.get(who)
        if last == said:
            return False
        if len(self._now) >= _MOST:
            self._now, self._before = {}, self._now
        self._now[who] = said
        return True

    def forget(self) -> None:
        """Everything is new again: something that was said could not be written."""
        self._now, self._before = {}, {}
