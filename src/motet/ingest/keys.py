"""Write keys: what lets a website, an app or a server send events to /v1.

A key can send events and profiles, and read nothing. One that stands in a website's pages or in an app is read by
everybody: a page key cannot make two known customers one.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

import msgspec

from motet.core.clock import to_ms
from motet.core.errors import Conflict, NotFound, Problem, Refused
from motet.core.ids import uuid7
from motet.storage.pool import Pool
from motet.storage.sql import sql

CHANNEL = "motet_keys"  # where a change is notified
LONGEST_NAME = 100
_PREFIX = "wk_"
_BYTES = 24  # of chance


class WriteKey(msgspec.Struct, frozen=True):
    """What is known of a key: never the key."""

    id: UUID
    name: str
    created_at: datetime
    revoked_at: datetime | None = None
    page: bool = False  # it stands where everybody can read it


class NewKey(msgspec.Struct, frozen=True):
    """A key that was just made; `key` cannot be had again."""

    id: UUID
    name: str
    key: str
    created_at: datetime
    page: bool = False


async def add_key(pool: Pool, name: object, now: datetime, *, page: bool = False) -> NewKey:
    """Makes a key; `page` says that everybody will read it. Raises Refused for a name that is none, Conflict when a
    key that is good has it."""
    name = name.strip() if isinstance(name, str) else ""
    if not 0 < len(name) <= LONGEST_NAME:
        told = f"must be a text of 1 to {LONGEST_NAME} characters"
        raise Refused([Problem("key.bad_name", told, "name", "such as website")])
    made = NewKey(uuid7(to_ms(now)), name, _PREFIX + secrets.token_urlsafe(_BYTES), now, page)
    if await pool.fetchrow(sql("keys.add"), made.id, name, digest_key(made.key), now, page) is None:
        raise Conflict(f"there is a write key called {name!r} already: revoke it, or take another name")
    return made


async def list_keys(pool: Pool) -> list[WriteKey]:
    """Every key, the oldest first, those that were revoked too."""
    return [WriteKey(*row) for row in await pool.fetch(sql("keys.list"))]


async def revoke_key(pool: Pool, id: UUID, now: datetime) -> None:
    """Takes nothing with this key any more. Raises NotFound; a key that is revoked stays so."""
    if await pool.fetchrow(sql("keys.revoke"), id, now) is None:
        raise NotFound("write key", str(id))


async def load_digests(pool: Pool) -> dict[bytes, bool]:
    """The digests of the keys that are good, and whether each stands in a page."""
    return {row["digest"]: row["page"] for row in await pool.fetch(sql("keys.list_good"))}


def digest_key(key: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
