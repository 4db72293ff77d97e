"""What keeps a merge from swallowing thousands: values that name nobody, and how many one customer may take in.

A shared device or a test address names many people. The setting `identity` says more for one brand:
`{"blocked": ["test-user"], "day": 25, "all": 100}`.
"""

from __future__ import annotations

import msgspec

from motet.core.errors import Problem
from motet.storage.pool import Connection, Pool
from motet.storage.sql import sql

# What programs send when they do not know who somebody is; compared in small letters.
BLOCKED = frozenset(
    {
        "null", "none", "nil", "nan", "undefined", "unknown", "anonymous", "anon", "guest", "user", "test", "demo",
        "example", "default", "empty", "n/a", "na", "-", "--", "0", "-1", "true", "false", "[object object]", "{}",
        "[]", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "id", "userid", "user_id",
        "customerid", "customer_id", "anonymousid", "anonymous_id", "email", "phone", "test@test.com",
        "test@example.com", "test@test.test", "user@example.com", "example@example.com", "email@example.com",
        "no@email.com", "none@none.com", "noemail@noemail.com", "noreply@example.com", "a@a.com", "a@a.a",
    }
)  # fmt: skip
_EMPTY = frozenset("0.*?_-#x")  # repeated, they stand for nothing: 0000, ---, xxx


class Guard(msgspec.Struct, frozen=True):
    """Limits on merges that nobody asked for by hand."""

    blocked: frozenset[str] = frozenset()  # beside BLOCKED, in small letters
    day: int = 25  # customers that one customer may take in within 24 hours
    all: int = 100  # and ever

    def blocks(self, value: str) -> bool:
        """Whether a value is none that could tell one person from another."""
        small = value.lower()
        if small in BLOCKED or small in self.blocked:
            return True
        bare = small.lstrip("+")
        return len(bare) > 1 and bare[0] in _EMPTY and not bare.strip(bare[0])

    def check(self, value: str, path: str = "") -> Problem | None:
        """The problem with an identifier that names nobody."""
        if not self.blocks(value):
            return None
        return Problem(
            "customer.blocked_identifier",
            f"{value[:60]!r} names nobody: programs send it when they do not know who somebody is",
            path,
            "leave it out, or send what tells this person from others",
        )


USUAL = Guard()


class _Setting(msgspec.Struct):
    blocked: tuple[str, ...] = ()
    day: int = USUAL.day
    all: int = USUAL.all


async def load_guard(source: Connection | Pool) -> Guard:
    """The guard as the setting `identity` has it; the usual one where it says nothing."""
    found = await source.fetchval(sql("merges.read_guard"))
    if found is None:
        return USUAL
    try:
        setting = msgspec.convert(found, _Setting)
    except msgspec.ValidationError:
        return USUAL
    return Guard(frozenset(b.strip().lower() for b in setting.blocked), setting.day, setting.all)
