"""Imports: bring a file, look at it first, watch, fetch what was refused. Files are streamed to the disk."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import File

from motet.core.errors import NotFound, Problem, Refused
from motet.ingest.jobs import KindWord, Options, rejects_of
from motet.ingest.preview import Field as PreviewField
from motet.ingest.preview import Preview, PreviewColumn, preview
from motet.ingest.requests import (
    Brought,
    ImportView,
    ask_import,
    list_imports,
    read_import,
    read_rejects,
    stop_import,
)
from motet.web.api.bodies import decode_body
from motet.web.api.tools import ApiRequest, tools_of
from motet.web.problems import Rejection, builtin_problems
from motet.web.uploads import Upload, read_pieces, save_upload

MAX_PREVIEW = 4 * 1024 * 1024  # bytes: the beginning of a file is enough
_NAME = 200  # characters that are shown

Kind = Annotated[KindWord, QueryParameter(description="What the rows are.")]
Mapping = Annotated[str, QueryParameter(description='JSON: {"Column": "field"}; a field `-` leaves the column out.')]
Event = Annotated[str, QueryParameter(description="What the events of rows without a name are called.")]
Flag = Annotated[bool, QueryParameter()]


class Asked(msgspec.Struct, frozen=True):
    id: UUID


class ImportList(msgspec.Struct, frozen=True):
    """The newest hundred."""

    imports: list[ImportView]


class RejectRow(msgspec.Struct, frozen=True):
    """One thing that was wrong. `row` counts as a spreadsheet does."""

    row: int
    field: str
    reason: str
    code: str
    fix: str


class RejectList(msgspec.Struct, frozen=True):
    rejects: list[RejectRow]


class PreviewView(msgspec.Struct, frozen=True):
    """The beginning of a file, as an import would read it. While there are `problems` it cannot be started."""

    form: str
    delimiter: str
    columns: list[PreviewColumn]
    rows: list[list[str]]
    fields: list[PreviewField]
    problems: list[dict[str, str]]
    checked: int
    accepted: int
    rejects: list[RejectRow]


@post(
    "/imports",
    status_code=202,
    summary="Bring a file of customers or events",
    description="The body is the file itself: CSV or JSON lines, at most 2 GB. A worker imports it.",
    tags=["imports"],
    request_max_body_size=None,
)
async def start_import(
    request: ApiRequest,
    kind: Kind,
    name: FromQuery[str] = "",
    mapping: Mapping = "",
    event: Event = "",
    live: Annotated[bool, QueryParameter(description="Events may start journeys.")] = False,
    again: Annotated[bool, QueryParameter(description="Events: also when this file was imported before.")] = False,
) -> Asked:
    services = tools_of(request).services
    options = Options(_read_mapping(mapping), event or None, live)
    upload = await _receive(request)
    brought = Brought(
        path=upload.path,
        size=upload.size,
        fingerprint=upload.fingerprint,
        kind=kind,
        options=options,
        name=_show(name) or f"{kind}",
        again=again,
    )
    try:
        return Asked(await ask_import(services.pool, _folder(request), brought, lanes=services.lanes))
    except Refused as refusal:
        raise _hide(refusal, upload.path) from None


@post(
    "/imports/preview",
    status_code=200,
    summary="The beginning of a file, as an import would read it",
    description="The body is the file's beginning, up to 4 MB. Say `whole=true` when it is all of the file.",
    tags=["imports"],
    request_max_body_size=None,
)
async def preview_import(
    request: ApiRequest, kind: Kind, mapping: Mapping = "", event: Event = "", whole: Flag = False
) -> PreviewView:
    options = Options(_read_mapping(mapping), event or None)
    upload = await _receive(request, MAX_PREVIEW)
    try:
        found = await asyncio.to_thread(preview, upload.path, kind, options, whole=whole, now=datetime.now(UTC))
    except Refused as refusal:
        raise _hide(refusal, upload.path) from None
    finally:
        upload.path.unlink(missing_ok=True)
    return _show_preview(found)


@get("/imports", summary="The newest imports", tags=["imports"])
async def list_all(request: ApiRequest) -> ImportList:
    return ImportList(await list_imports(tools_of(request).services.pool))


@get("/imports/{id:uuid}", summary="One import, and how far it is", tags=["imports"])
async def read_one(request: ApiRequest, id: FromPath[UUID]) -> ImportView:
    return await read_import(tools_of(request).services.pool, id)


@post("/imports/{id:uuid}/stop", status_code=200, summary="Stop an import where it is", tags=["imports"])
async def stop_one(request: ApiRequest, id: FromPath[UUID]) -> ImportView:
    """What was imported stays. The same file, brought again, goes on from there."""
    pool = tools_of(request).services.pool
    await stop_import(pool, id)
    return await read_import(pool, id)


@get("/imports/{id:uuid}/rejects", summary="Every reject of one import, as CSV", tags=["imports"])
async def fetch_rejects(request: ApiRequest, id: FromPath[UUID]) -> File:
    await read_import(tools_of(request).services.pool, id)
    path = rejects_of(_folder(request), id)
    if not path.exists():
        raise NotFound("list of rejects", str(id))
    return File(path, filename=f"rejects-{id}.csv", media_type="text/csv")


@get("/imports/{id:uuid}/rejects/first", summary="The first rejects of one import", tags=["imports"])
async def list_rejects(
    request: ApiRequest, id: FromPath[UUID], limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100
) -> RejectList:
    await read_import(tools_of(request).services.pool, id)
    found = await asyncio.to_thread(read_rejects, _folder(request), id, limit)
    return RejectList([RejectRow(*reject) for reject in found])


async def _receive(request: ApiRequest, most: int | None = None) -> Upload:
    if request.headers.get("content-type", "").startswith("multipart/"):
        raise Rejection(415, "body.multipart", "the body is a form", "send the file itself, as curl --data-binary does")
    pieces = read_pieces(request.receive)  # type: ignore[arg-type]
    declared = request.headers.get("content-length", "")
    limit = {} if most is None else {"most": most}
    return await save_upload(pieces, _folder(request), declared, **limit)


def _folder(request: ApiRequest) -> Path:
    return tools_of(request).services.config.home / "imports"


def _read_mapping(text: str) -> dict[str, str]:
    if not text:
        return {}
    found = decode_body(text.encode())
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        problem = Problem("import.bad_mapping", "is no map of texts", "mapping", 'write {"Column": "field"}')
        raise Refused([problem])
    return found


def _show(name: str) -> str:
    """A file's name for people to read: one line, and not too long."""
    return "".join(c for c in name if c.isprintable())[:_NAME].strip()


def _hide(refusal: Refused, path: Path) -> Refused:
    """The same without our name of the file, which says nothing to its owner."""
    own = str(path)
    return Refused([msgspec.structs.replace(p, path=p.path.replace(own, "file")) for p in refusal.problems])


def _show_preview(found: Preview) -> PreviewView:
    return PreviewView(
        form=found.form,
        delimiter=found.delimiter,
        columns=found.columns,
        rows=found.rows,
        fields=found.fields,
        problems=builtin_problems(found.problems),
        checked=found.checked,
        accepted=found.accepted,
        rejects=[RejectRow(*reject) for reject in found.rejects],
    )


HANDLERS = (start_import, preview_import, list_all, read_one, stop_one, fetch_rejects, list_rejects)
