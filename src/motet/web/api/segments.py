"""Segments, computed traits, lifecycle stages, and what a builder of conditions may name.

A preview and a list by conditions are answered from the archive: the columnar log, with what is newer added to it.
"""

from __future__ import annotations

from datetime import datetime
from time import perf_counter
from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath

from motet.analytics.profile import CustomerRow, shape_row
from motet.audience.profiles import load_many
from motet.audience.segments import store
from motet.audience.segments.store import SegmentRow, TraitRow
from motet.core.errors import Problem, Refused
from motet.core.filters import compile_filter
from motet.core.filters.columns import ColumnQuery, compile_columns
from motet.web.api.bodies import decode_body, read_document
from motet.web.api.campaigns import DryRun
from motet.web.api.tools import ApiRequest, local_now, tools_of

SAMPLE = 10
MAX_PAGE = 200


class Progress(msgspec.Struct, frozen=True):
    """Of a build: customers looked over, of how many."""

    looked: int
    customers: int


class SegmentView(msgspec.Struct, frozen=True):
    """`members` is exact when the status is live; while the first build runs it is null. `used_by` are campaigns."""

    name: str
    title: str
    description: str
    status: str
    members: int | None
    progress: Progress | None
    where: dict[str, Any]
    document: dict[str, Any]
    updated_at: datetime
    used_by: list[str]


class SegmentList(msgspec.Struct, frozen=True):
    """`customers` is how many there are in all, for shares."""

    segments: list[SegmentView]
    customers: int


class SegmentPage(SegmentView, frozen=True):
    sample: list[CustomerRow]


class AppliedDocument(msgspec.Struct, frozen=True):
    """`action` is create, update or unchanged; `changes` are the fields that differ."""

    kind: str
    name: str
    action: str
    changes: list[str]


class Preview(msgspec.Struct, frozen=True):
    """`count` of `total` customers match at the moment `as_of`."""

    count: int
    total: int
    share: float
    as_of: datetime
    took_ms: float
    sample: list[CustomerRow]


class Found(msgspec.Struct, frozen=True):
    """`next` is the `before` of the page after it, or null at the end; `total` is of all pages."""

    customers: list[CustomerRow]
    next: str | None
    total: int


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which customers: by conditions, by segment, or both."""

    where: Any = None
    segment: str | None = None
    limit: int = 50
    before: UUID | None = None


class Traits(msgspec.Struct, frozen=True):
    traits: list[TraitRow]


@get("/segments", summary="All segments, with how many customers are in each", tags=["segments"])
async def list_segments(request: ApiRequest) -> SegmentList:
    services = tools_of(request).services
    used = await store.list_uses(services.pool)
    rows = await store.list_segments(services.pool)
    sizes = await tools_of(request).reports.overview.measure(local_now(request))
    return SegmentList([_view(row, used.get(row.name, [])) for row in rows], sizes.customers)


@get("/segments/{name:str}", summary="One segment, with some of its customers", tags=["segments"])
async def read_segment(request: ApiRequest, name: FromPath[str]) -> SegmentPage:
    services = tools_of(request).services
    row = await store.read_segment(services.pool, name)
    used = await store.list_uses(services.pool)
    query = await _compile(request, {"segments": name} if row.status == "live" else row.where, "where")
    counted = await services.archive.count(query, sample=SAMPLE)
    view = msgspec.structs.asdict(_view(row, used.get(name, [])))
    return SegmentPage(**view, sample=await _rows(request, counted.sample))


@post(
    "/segments",
    status_code=200,
    summary="Apply a document of a segment, a trait or the lifecycle",
    description="JSON, or YAML as text/yaml. A segment is built beside the one that is live, and then takes its place.",
    tags=["segments"],
)
async def apply_document(request: ApiRequest, dry_run: DryRun = False) -> AppliedDocument:
    services = tools_of(request).services
    document = await read_document(request)
    if dry_run:
        done = await store.plan_document(services.pool, document)
    else:
        done = await store.apply_document(services.pool, document, local_now(request), lanes=services.lanes)
    return AppliedDocument(done.kind, done.name, done.action, list(done.changes))


@post("/segments/{name:str}/archive", status_code=200, summary="Put a segment away", tags=["segments"])
async def archive_segment(request: ApiRequest, name: FromPath[str]) -> SegmentView:
    services = tools_of(request).services
    await store.archive_segment(services.pool, name, local_now(request))
    return _view(await store.read_segment(services.pool, name), [])


@post("/segments/preview", status_code=200, summary="How many customers match, and some of them", tags=["segments"])
async def preview_segment(request: ApiRequest) -> Preview:
    """`{"where": {...}}`, in the language of conditions."""
    body = decode_body(await request.body())
    if not isinstance(body, dict) or "where" not in body:
        raise Refused([Problem("document.missing_field", "is missing", "where", 'send {"where": {...}}')])
    begun = perf_counter()
    counted = await tools_of(request).services.archive.count(
        await _compile(request, body["where"], "where"), sample=SAMPLE
    )
    sample = await _rows(request, counted.sample)
    took = (perf_counter() - begun) * 1000
    share = counted.count / counted.total if counted.total else 0.0
    return Preview(counted.count, counted.total, share, counted.as_of, round(took, 1), sample)


@post("/customers/find", status_code=200, summary="The customers that match conditions", tags=["customers"])
async def find_customers(request: ApiRequest) -> Found:
    """`{"where": {...}, "segment": "vip", "limit": 50, "before": ...}`, the newest first."""
    try:
        question = msgspec.convert(decode_body(await request.body()), Question)
    except msgspec.ValidationError as error:
        raise Refused([Problem("request.invalid", str(error), "", "see the description of this address")]) from None
    parts = [question.where] if question.where is not None else []
    if question.segment is not None:
        parts.append({"segments": question.segment})
    query = await _compile(request, {"$and": parts} if parts else {}, "")
    archive = tools_of(request).services.archive
    limit = max(1, min(question.limit, MAX_PAGE))
    found = await archive.search(query, limit=limit, before=question.before)
    rows = await _rows(request, found.ids)
    return Found(rows, str(found.ids[-1]) if len(found.ids) == limit else None, found.total)


@get("/traits", summary="The computed traits", tags=["segments"])
async def list_traits(request: ApiRequest) -> Traits:
    return Traits(await store.list_traits(tools_of(request).services.pool))


@post("/traits/{name:str}/remove", status_code=200, summary="Stop computing a trait", tags=["segments"])
async def remove_trait(request: ApiRequest, name: FromPath[str]) -> Traits:
    pool = tools_of(request).services.pool
    await store.remove_trait(pool, name)
    return Traits(await store.list_traits(pool))


@get("/lifecycle", summary="The rules that move customers between stages", tags=["segments"])
async def read_lifecycle(request: ApiRequest) -> dict[str, Any]:
    return await store.read_lifecycle(tools_of(request).services.pool)


@get("/vocabulary", summary="What conditions can name: fields, events, values", tags=["segments"])
async def read_vocabulary(request: ApiRequest) -> dict[str, Any]:
    """Learned from what is there; at most half a minute old."""
    services = tools_of(request).services
    learned = msgspec.to_builtins(await services.archive.learn())
    segments = [{"name": s.name, "title": s.title} for s in await store.list_segments(services.pool)]
    traits = [{"name": t.name, "title": t.title} for t in await store.list_traits(services.pool)]
    return {**learned, "segments": segments, "traits": traits}


def _view(row: SegmentRow, used_by: list[str]) -> SegmentView:
    building = row.customers > 0 or row.status == "building"
    return SegmentView(
        name=row.name,
        title=row.title,
        description=row.description,
        status=row.status,
        members=row.members if row.status == "live" else None,
        progress=Progress(row.looked, row.customers) if building else None,
        where=row.where,
        document=row.document,
        updated_at=row.updated_at,
        used_by=used_by,
    )


async def _compile(request: ApiRequest, where: Any, path: str) -> ColumnQuery:
    """Conditions as a query over columns. Raises Refused with their places."""
    book = await store.load_book(tools_of(request).services.pool)
    filter = compile_filter(where, path, traits=book.traits)
    return compile_columns(filter.tree, now=local_now(request), segments=book.numbers)


async def _rows(request: ApiRequest, ids: list[UUID]) -> list[CustomerRow]:
    services = tools_of(request).services
    return [shape_row(customer) for customer in await load_many(services.pool, services.lanes, ids)]


HANDLERS = (
    list_segments,
    read_segment,
    apply_document,
    archive_segment,
    preview_segment,
    find_customers,
    list_traits,
    remove_trait,
    read_lifecycle,
    read_vocabulary,
)
