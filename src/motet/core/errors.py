"""Errors as data. A `Problem` has a stable code, the place and the fix; `Refused` carries a list of them.

MotetError
 +-- Refused            bad input: the caller can mend it (HTTP 4xx, CLI exit 2)
 +-- NotFound           a name that nobody has (HTTP 404, CLI exit 2)
 +-- Conflict           the thing is not in a state that allows this (HTTP 409, CLI exit 2)
 +-- LeaseLost          another worker owns the lane: drop the batch, take nothing back
 +-- Unavailable        the database or a provider cannot be reached just now (HTTP 503)
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong. `code` never changes; `path` is where; `fix` is what to do."""

    code: str  # such as "document.unknown_field"
    message: str
    path: str = ""  # such as "messages[2].delay"
    fix: str = ""

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        fix = f" ({self.fix})" if self.fix else ""
        return f"{place}{self.message}{fix} [{self.code}]"


class MotetError(Exception):
    """Any error that Motet raises on purpose."""

    code = "motet.error"


class Refused(MotetError):
    """The input is wrong in the ways listed; nothing was changed."""

    code = "input.refused"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(p) for p in self.problems))


class NotFound(MotetError):
    """Nothing has that name."""

    code = "not_found"

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"there is no {kind} called {name!r}")


class Conflict(MotetError):
    """The thing is in a state that does not allow this."""

    code = "conflict"


class LeaseLost(MotetError):
    """Another worker owns the lane now; the batch was not committed."""

    code = "lane.lease_lost"


class Unavailable(MotetError):
    """The database or a provider cannot be reached just now."""

    code = "unavailable"
