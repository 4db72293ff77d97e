"""Write keys: what lets a website, an app or a server send events to /v1."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath

from motet.core.errors import Problem, Refused
from motet.ingest import keys
from motet.ingest.keys import WriteKey
from motet.web.api.bodies import decode_body
from motet.web.api.tools import ApiRequest, local_now, tools_of


class KeyList(msgspec.Struct, frozen=True):
    """Keys that were revoked stay in the list; nobody can read a key again."""

    keys: list[WriteKey]


class NewKey(msgspec.Struct, frozen=True):
    """`key` is told this once."""

    id: UUID
    name: str
    key: str
    created_at: datetime


@get("/keys", summary="The write keys", tags=["keys"])
async def list_keys(request: ApiRequest) -> KeyList:
    return KeyList(await keys.list_keys(tools_of(request).services.pool))


@post("/keys", status_code=200, summary="Make a write key", tags=["keys"])
async def add_key(request: ApiRequest) -> NewKey:
    """`{"name": "website"}`: what will send with it."""
    body = decode_body(await request.body())
    name = body.get("name") if isinstance(body, dict) else None
    if not isinstance(name, str) or not name.strip() or len(name) > 100:
        raise Refused([Problem("key.bad_name", "must be a text of 1 to 100 characters", "name", "such as website")])
    made = await keys.add_key(tools_of(request).services.pool, name.strip(), local_now(request))
    return NewKey(made.id, made.name, made.key, made.created_at)


@post("/keys/{id:uuid}/revoke", status_code=200, summary="Revoke a write key", tags=["keys"])
async def revoke_key(request: ApiRequest, id: FromPath[UUID]) -> KeyList:
    """Seen by every process within seconds. What was sent with it stays."""
    pool = tools_of(request).services.pool
    await keys.revoke_key(pool, id, local_now(request))
    return KeyList(await keys.list_keys(pool))


HANDLERS = (list_keys, add_key, revoke_key)
