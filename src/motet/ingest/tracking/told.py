"""What was said of a person a while ago, so that what every call repeats is written once."""

from __future__ import annotations

from collections.abc import Hashable

_MOST = 50_000  # people in one of the two halves


class Told:
    """Two maps that take turns: bounded memory, no timer, no clock. Of what was said it keeps the hash."""

    def __init__(self) -> None:
        self._now: dict[int, int] = {}
        self._before: dict[int, int] = {}

    def is_new(self, who: Hashable, said: Hashable) -> bool:
        """Whether something else, or nothing, was said of `who` last; remembers it."""
        key, mark = hash(who), hash(said)
        last = self._now.get(key)
        if last is None:
            last = self._before.get(key)
        if last == mark:
            return False
        if len(self._now) >= _MOST:
            self._now, self._before = {}, self._now
        self._now[key] = mark
        return True

    def forget(self) -> None:
        """Everything is new again: something that was said could not be written."""
        self._now, self._before = {}, {}
