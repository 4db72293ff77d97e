"""Campaigns and journeys: list, report, apply, launch, and the blueprints that ship."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, QueryParameter

from motet.analytics.campaign import CampaignReport
from motet.analytics.rows import CampaignRow
from motet.authoring import store
from motet.authoring.blueprints import Blueprint, list_blueprints
from motet.authoring.campaign import validate
from motet.authoring.moves import PlanStep
from motet.core.errors import Refused
from motet.web.api.bodies import decode_body, read_document
from motet.web.api.tools import ApiRequest, tools_of
from motet.web.problems import Rejection, builtin_problems

DryRun = Annotated[bool, QueryParameter(description="Tell what would change, and change nothing.")]


class CampaignList(msgspec.Struct, frozen=True):
    campaigns: list[CampaignRow]


class AppliedCampaign(msgspec.Struct, frozen=True):
    """`action` is create, update or unchanged; `changes` are the paths that differ. `steps` say what becomes of those
    who stand in older revisions: they move, stay where they are, or leave."""

    name: str
    revision: int | None
    changed: bool
    action: str
    changes: list[str]
    steps: list[PlanStep]


class RetriedCampaign(msgspec.Struct, frozen=True):
    """How many enrollments that were set aside are active again."""

    name: str
    enrollments: int


class Verdicts(msgspec.Struct, frozen=True):
    problems: list[dict[str, str]]


class LaunchOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to enrol now: those named by external id; or, of a campaign with a trigger, its target segments too."""

    customers: list[str] | None = None
    audience: bool = False


@get("/campaigns", summary="All campaigns, the newest first", tags=["campaigns"])
async def list_campaigns(request: ApiRequest) -> CampaignList:
    return CampaignList(await tools_of(request).reports.campaigns.list_rows(datetime.now(UTC)))


@post(
    "/campaigns",
    status_code=200,
    summary="Apply the document of a campaign or a journey",
    description="JSON, or YAML as text/yaml. A new campaign is a draft; a changed one gets a new revision.",
    tags=["campaigns"],
)
async def apply_campaign(request: ApiRequest, dry_run: DryRun = False) -> AppliedCampaign:
    services = tools_of(request).services
    document = await read_document(request)
    planned = await store.plan(services.pool, document, services.check)
    if dry_run:
        return AppliedCampaign(planned.name, None, False, planned.action, list(planned.changes), list(planned.steps))
    applied = await store.apply(services.pool, document, datetime.now(UTC), services.check)
    action = ("create" if applied.revision == 1 else "update") if applied.changed else "unchanged"
    return AppliedCampaign(
        applied.name, applied.revision, applied.changed, action, list(planned.changes), list(planned.steps)
    )


@post("/campaigns/validate", status_code=200, summary="Everything wrong with a document", tags=["campaigns"])
async def validate_campaign(request: ApiRequest) -> Verdicts:
    try:
        document = await read_document(request)
    except Refused as refusal:
        return Verdicts(builtin_problems(list(refusal.problems)))
    return Verdicts(builtin_problems(validate(document, tools_of(request).services.check)))


@get("/campaigns/{name:str}", summary="One campaign's report", tags=["campaigns"])
async def read_campaign(request: ApiRequest, name: FromPath[str]) -> CampaignReport:
    return await tools_of(request).reports.campaigns.read(name, datetime.now(UTC))


@post("/campaigns/{name:str}/launch", status_code=200, summary="Launch", tags=["campaigns"])
async def launch_campaign(request: ApiRequest, name: FromPath[str]) -> CampaignRow:
    """The body is optional: `{"customers": ["c1"], "audience": false}`."""
    services = tools_of(request).services
    order = _read_order(await request.body())
    await store.launch(
        services.pool,
        name,
        now=datetime.now(UTC),
        lanes=services.lanes,
        customers=order.customers,
        audience=order.audience,
        ready=services.ready,
    )
    return await _row(request, name)


@post("/campaigns/{name:str}/pause", status_code=200, summary="Hold everybody where they are", tags=["campaigns"])
async def pause_campaign(request: ApiRequest, name: FromPath[str]) -> CampaignRow:
    await store.pause(tools_of(request).services.pool, name, now=datetime.now(UTC))
    return await _row(request, name)


@post("/campaigns/{name:str}/resume", status_code=200, summary="Go on after a pause", tags=["campaigns"])
async def resume_campaign(request: ApiRequest, name: FromPath[str]) -> CampaignRow:
    await store.resume(tools_of(request).services.pool, name, now=datetime.now(UTC))
    return await _row(request, name)


@post("/campaigns/{name:str}/cancel", status_code=200, summary="Stop for good", tags=["campaigns"])
async def cancel_campaign(request: ApiRequest, name: FromPath[str]) -> CampaignRow:
    await store.cancel(tools_of(request).services.pool, name, now=datetime.now(UTC))
    return await _row(request, name)


@post(
    "/campaigns/{name:str}/retry",
    status_code=200,
    summary="Let those go on who were set aside because a step broke",
    tags=["campaigns"],
)
async def retry_campaign(request: ApiRequest, name: FromPath[str]) -> RetriedCampaign:
    services = tools_of(request).services
    retried = await store.retry(services.pool, name, now=datetime.now(UTC), lanes=services.lanes)
    return RetriedCampaign(retried.name, retried.enrollments)


@get("/blueprints", summary="The campaigns and journeys that ship", tags=["campaigns"], sync_to_thread=False)
def read_blueprints() -> list[Blueprint]:
    return list_blueprints()


async def _row(request: ApiRequest, name: str) -> CampaignRow:
    return await tools_of(request).reports.campaigns.read_row(name, datetime.now(UTC))


def _read_order(body: bytes) -> LaunchOrder:
    if not body.strip():
        return LaunchOrder()
    try:
        return msgspec.convert(decode_body(body), LaunchOrder)
    except msgspec.ValidationError as error:
        fix = 'send {"customers": ["c1"]}, {"audience": true} or nothing'
        raise Rejection(400, "launch.bad_order", str(error), fix) from None


HANDLERS = (
    list_campaigns,
    apply_campaign,
    validate_campaign,
    read_campaign,
    launch_campaign,
    pause_campaign,
    resume_campaign,
    cancel_campaign,
    retry_campaign,
    read_blueprints,
)
