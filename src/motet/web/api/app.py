"""The API as one Litestar app, with its OpenAPI at /api/openapi.json."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, Request, Response, Router, get
from litestar.datastructures import State
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException, ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from motet.analytics.reports import Reports
from motet.core.errors import Problem
from motet.web.api import (
    campaigns,
    customers,
    debugger,
    events,
    imports,
    journeys,
    keys,
    outbox,
    overview,
    people,
    segments,
    simulations,
)
from motet.web.api.tools import ApiRequest, Tools, read_version
from motet.web.asgi import Door
from motet.web.debugger import DebuggerFeed
from motet.web.gate import BULK_LIMIT
from motet.web.live import OverviewFeed
from motet.web.outbox import OutboxWindow
from motet.web.problems import ProblemDocument, describe, document, encode_problem, problem_headers
from motet.web.services import Services

_SEAL = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


_SUBJECTS = (
    overview, campaigns, customers, people, segments, journeys, simulations, events, debugger, imports, keys, outbox,
)  # fmt: skip


def make_api(
    services: Services, reports: Reports, feed: OverviewFeed, window: OutboxWindow, debugging: DebuggerFeed
) -> Door:
    """The app. It needs no lifespan: everything that it uses is open."""
    api = Litestar(
        route_handlers=[
            Router(path="/api", route_handlers=[h for subject in _SUBJECTS for h in subject.HANDLERS] + [read_openapi])
        ],
        exception_handlers={HTTPException: _answer_http, Exception: _answer, 500: _answer},
        state=State({"tools": Tools(services, reports, feed, window, debugging)}),
        after_request=_seal,
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Motet",
            version=read_version(),
            description="Times are UTC, in ISO 8601. Errors are application/problem+json with a stable `code`.",
            path="/api/openapi",  # Litestar's own pages; the document itself is served below
            components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
        ),
        request_max_body_size=BULK_LIMIT,
    )
    return api  # type: ignore[return-value]


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def read_openapi(request: ApiRequest) -> dict[str, Any]:
    """This API, described (OpenAPI 3.1)."""
    return request.app.openapi_schema.to_schema()


async def _seal(response: Response[Any]) -> Response[Any]:
    for name, value in _SEAL.items():
        response.headers.setdefault(name, value)
    return response


def _answer(request: Request[Any, Any, State], error: Exception) -> Response[bytes]:
    return _respond(describe(error))


def _answer_http(request: Request[Any, Any, State], error: HTTPException) -> Response[bytes]:
    """What Litestar refused itself, in our words."""
    if isinstance(error, ValidationException):
        return _respond(document(400, "request.invalid", "the request is not of the right form", _problems(error)))
    if isinstance(error, NotFoundException):
        return _respond(document(404, "route.unknown", f"there is no address {request.url.path[:200]}"))
    if isinstance(error, MethodNotAllowedException):
        return _respond(document(405, "route.method_not_allowed", f"{request.method} is not for this address"))
    if error.status_code >= 500:
        return _respond(describe(error.__cause__ or error))
    return _respond(document(error.status_code, "request.refused", error.detail or "the request was refused"))


def _problems(error: ValidationException) -> list[Problem]:
    """One problem for each thing that does not fit, with its place."""
    told = error.extra if isinstance(error.extra, list) else []
    return [
        Problem("request.invalid", str(item.get("message", "")), str(item.get("key", "")))
        for item in told
        if isinstance(item, dict)
    ] or [Problem("request.invalid", error.detail)]


def _respond(told: ProblemDocument) -> Response[bytes]:
    headers = {name.decode(): value.decode() for name, value in problem_headers(told)}
    return Response(
        encode_problem(told), status_code=told.status, media_type="application/problem+json", headers=headers
    )
