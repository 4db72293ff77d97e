"""Write keys: what lets a website, an app or a server send events to /v1."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath

from motet.core.errors import Problem, Refused
from motet.ingest import keys
from motet.ingest.keys import NewKey, WriteKey
from motet.web.api.bodies import decode_body
from motet.web.api.tools import ApiRequest, local_now, tools_of


class KeyList(msgspec.Struct, frozen=True):
    """Keys that were revoked stay in the list; nobody can read a key again."""

    keys: list[WriteKey]


@get("/keys", summary="The write keys", tags=["keys"])
async def list_keys(request: ApiRequest) -> KeyList:
    return KeyList(await keys.list_keys(tools_of(request).services.pool))


@post("/keys", status_code=200, summary="Make a write key", tags=["keys"])
async def add_key(request: ApiRequest) -> NewKey:
    """`{"name": "website", "page": true}`: what will send with it, and whether everybody can read it there. The key is
    told this once."""
    body = decode_body(await request.body())
    given = body if isinstance(body, dict) else {}
    page = given.get("page", False)
    if not isinstance(page, bool):
        raise Refused([Problem("key.bad_page", "must be true or false", "page", "true for a website or an app")])
    return await keys.add_key(tools_of(request).services.pool, given.get("name"), local_now(request), page=page)


@post("/keys/{id:uuid}/revoke", status_code=200, summary="Revoke a write key", tags=["keys"])
async def revoke_key(request: ApiRequest, id: FromPath[UUID]) -> KeyList:
    """Seen by every process within seconds. What was sent with it stays."""
    pool = tools_of(request).services.pool
    await keys.revoke_key(pool, id, local_now(request))
    return KeyList(await keys.list_keys(pool))


HANDLERS = (list_keys, add_key, revoke_key)
