"""Journeys as the screens draw them: the graph with its people, one step, one enrollment's way; and the step types."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath, QueryParameter

from motet.analytics.definitions import define
from motet.analytics.journeys import Drawing, JourneyGraph, StepReport, shape_drawing
from motet.analytics.paths import EnrollmentPath
from motet.authoring.campaign import compile_campaign
from motet.core.errors import Refused
from motet.web.api.bodies import read_document
from motet.web.api.customers import find
from motet.web.api.step_forms import StepKind, list_step_kinds
from motet.web.api.tools import ApiRequest, tools_of
from motet.web.problems import builtin_problems

_NOBODY = UUID(int=0)

Revision = Annotated[
    int | None, QueryParameter(ge=1, description="This revision with its own counts; without it the present one.")
]


class StepKinds(msgspec.Struct, frozen=True):
    types: list[StepKind]


class Drawn(msgspec.Struct, frozen=True):
    drawing: Drawing | None
    problems: list[dict[str, str]]


@get("/journeys/{name:str}/graph", summary="A journey's steps, its ways, and who is where", tags=["journeys"])
async def read_graph(request: ApiRequest, name: FromPath[str], revision: Revision = None) -> JourneyGraph:
    """Counts go over all revisions. Why people left is counted at most every two seconds."""
    return await tools_of(request).reports.journeys.read(name, revision)


@get("/journeys/{name:str}/steps/{step:str}", summary="One step: its people and messages", tags=["journeys"])
async def read_step(request: ApiRequest, name: FromPath[str], step: FromPath[str]) -> StepReport:
    return await tools_of(request).reports.journeys.read_step(name, step)


@get(
    "/customers/{ref:str}/enrollments/{enrollment:uuid}",
    summary="One customer's way through a campaign or journey",
    tags=["journeys"],
)
async def read_path(request: ApiRequest, ref: FromPath[str], enrollment: FromPath[UUID]) -> EnrollmentPath:
    return await tools_of(request).reports.paths.read(await find(request, ref), enrollment)


@get("/step-types", summary="The kinds of steps, and their forms", tags=["journeys"], sync_to_thread=False)
def list_step_types() -> StepKinds:
    """Fields are those of documents."""
    return StepKinds(list_step_kinds())


@post("/journeys/draw", status_code=200, summary="A document as a graph, before it is applied", tags=["journeys"])
async def draw(request: ApiRequest) -> Drawn:
    """Compiles the document and keeps nothing. What is wrong with it stands in `problems`; then there is no drawing."""
    try:
        document = await read_document(request)
        check = tools_of(request).services.check
        program = compile_campaign(document, campaign_id=_NOBODY, revision_id=_NOBODY, check=check)
    except Refused as refusal:
        return Drawn(None, builtin_problems(list(refusal.problems)))
    return Drawn(shape_drawing(define(_NOBODY, document, program)), [])


HANDLERS = (read_graph, read_step, read_path, list_step_types, draw)
