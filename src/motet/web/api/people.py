"""Who is who: what a customer is known by, the customers who became one, by hand too, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath

from motet.analytics.people import Identifier, list_identifiers
from motet.audience.merges import Merge, ask_merge, list_merges, undo_merge
from motet.core.errors import Problem, Refused
from motet.web.api.bodies import decode_body
from motet.web.api.customers import find
from motet.web.api.tools import ApiRequest, tools_of


class IdentifierList(msgspec.Struct, frozen=True):
    identifiers: list[Identifier]


class MergeList(msgspec.Struct, frozen=True):
    """The newest first."""

    merges: list[Merge]


@get("/customers/{ref:str}/identifiers", summary="All that one customer is known by", tags=["people"])
async def list_customer_identifiers(request: ApiRequest, ref: FromPath[str]) -> IdentifierList:
    customer = await find(request, ref)
    return IdentifierList(await list_identifiers(tools_of(request).services.pool, customer.id))


@get("/customers/{ref:str}/merges", summary="The customers who became this one", tags=["people"])
async def list_customer_merges(request: ApiRequest, ref: FromPath[str]) -> MergeList:
    """Those that were refused or undone are told too."""
    customer = await find(request, ref)
    return MergeList(await list_merges(tools_of(request).services.pool, customer.id, now=datetime.now(UTC)))


@post("/customers/{ref:str}/merge", status_code=200, summary="Make one customer of two", tags=["people"])
async def merge_customers(request: ApiRequest, ref: FromPath[str]) -> Merge:
    """`{"customer": "c2"}`: that one becomes part of the one in the address, who stays."""
    body = decode_body(await request.body())
    other = body.get("customer") if isinstance(body, dict) else None
    if not isinstance(other, str) or not other.strip():
        fix = 'send {"customer": "c2"}'
        raise Refused([Problem("merge.no_customer", "nobody is named who would become part", "customer", fix)])
    winner, loser = await find(request, ref), await find(request, other)
    services = tools_of(request).services
    return await ask_merge(services.pool, loser.id, winner.id, lanes=services.lanes, now=datetime.now(UTC))


@post("/merges/{id:uuid}/undo", status_code=200, summary="Make two customers of one again", tags=["people"])
async def undo(request: ApiRequest, id: FromPath[UUID]) -> Merge:
    """Within 30 days. The one who was gone has back what was theirs; what happened since stays with the other."""
    services = tools_of(request).services
    return await undo_merge(services.pool, id, lanes=services.lanes, now=datetime.now(UTC))


HANDLERS = (list_customer_identifiers, list_customer_merges, merge_customers, undo)
