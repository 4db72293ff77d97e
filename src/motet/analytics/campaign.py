"""One campaign's report: its steps with who stands on them, its channels, its reasons, its launches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.analytics.definitions import Campaign, Definition, Definitions, Preview
from motet.analytics.figures import Figures
from motet.analytics.rows import (
    CampaignRow,
    ChannelRow,
    SeriesPoint,
    shape_campaign,
    shape_channels,
    shape_series,
)
from motet.core.errors import NotFound
from motet.core.reasons import TEXT, Reason
from motet.core.words import Channel, Verdict
from motet.storage.pool import Pool, Record
from motet.storage.sql import sql


class StepRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step and its people: `present` = `entered` - `departed`, those of older revisions counted by step name."""

    index: int
    name: str
    kind: str
    summary: str
    present: int
    entered: int
    departed: int
    channel: str | None = None
    conditions: dict[str, Any] | None = None
    fallback: str | None = None
    preview: Preview | None = None


class ReasonRow(msgspec.Struct, frozen=True):
    """How often a verdict had a reason. `channel` is null when it was about no channel, as entries are."""

    verdict: str
    reason: str
    text: str
    channel: str | None
    count: int


class LaunchRow(msgspec.Struct, frozen=True):
    """One launch, and how far it came: it has ended when `done_lanes` is `lanes`."""

    id: UUID
    kind: str
    created_at: datetime
    enrolled: int
    refused: int
    done_lanes: int
    lanes: int


class CampaignReport(CampaignRow, frozen=True):
    """A CampaignRow, and everything about it."""

    description: str
    document: dict[str, Any]
    segments: list[str]
    frequency: list[str]
    success_metrics: list[str]
    steps: list[StepRow]
    by_channel: list[ChannelRow]
    reasons: list[ReasonRow]
    launches: list[LaunchRow]
    series: list[SeriesPoint]


class CampaignReports:
    """Reads the rows and the reports of campaigns."""

    def __init__(self, pool: Pool, figures: Figures, definitions: Definitions) -> None:
        self._pool = pool
        self._figures = figures
        self._definitions = definitions

    async def list_rows(self, now: datetime) -> list[CampaignRow]:
        snapshot = await self._figures.read(now)
        return [shape_campaign(campaign, snapshot) for campaign in await self._definitions.list_campaigns()]

    async def read_row(self, name: str, now: datetime) -> CampaignRow:
        """Raises NotFound when no campaign has that name."""
        campaign = await self._find(name)
        return shape_campaign(campaign, await self._figures.read(now))

    async def read(self, name: str, now: datetime) -> CampaignReport:
        """Raises NotFound when no campaign has that name."""
        campaign = await self._find(name)
        snapshot = await self._figures.read(now)
        row = shape_campaign(campaign, snapshot)
        document = campaign.definition.document
        return CampaignReport(
            **{field: getattr(row, field) for field in CampaignRow.__struct_fields__},
            description=str(document.get("description") or ""),
            document=document,
            segments=campaign.definition.segments,
            frequency=campaign.definition.frequency,
            success_metrics=list_metrics(document.get("success_metrics")),
            steps=await self._read_steps(campaign),
            by_channel=shape_channels(snapshot.of_campaign(campaign.id), row.channels),
            reasons=shape_reasons(await self._pool.fetch(sql("analytics.count_reasons"), campaign.id)),
            launches=[
                msgspec.convert(dict(launch), LaunchRow)
                for launch in await self._pool.fetch(sql("analytics.list_launches"), campaign.id)
            ],
            series=shape_series(snapshot, campaign.id),
        )

    async def _find(self, name: str) -> Campaign:
        campaign = await self._definitions.find_campaign(name)
        if campaign is None:
            raise NotFound("campaign", name)
        return campaign

    async def _read_steps(self, campaign: Campaign) -> list[StepRow]:
        revisions = [row["id"] for row in await self._pool.fetch(sql("analytics.list_revisions"), campaign.id)]
        counts = await self._pool.fetch(sql("analytics.count_steps"), revisions)
        past = await self._definitions.load({row["revision_id"] for row in counts})
        return shape_steps(campaign.definition, past, counts)


def shape_steps(present: Definition, past: Mapping[UUID, Definition], counts: Iterable[Record]) -> list[StepRow]:
    """The steps of the present revision; who is on a step of the same name in an older one is counted there."""
    entered: dict[str, int] = {}
    departed: dict[str, int] = {}
    for row in counts:
        definition = past.get(row["revision_id"])
        if definition is None or row["step"] >= len(definition.steps):
            continue
        name = definition.steps[row["step"]].name
        entered[name] = entered.get(name, 0) + row["entered"]
        departed[name] = departed.get(name, 0) + row["departed"]
    return [
        StepRow(
            **{field: getattr(step, field) for field in step.__struct_fields__},
            entered=entered.get(step.name, 0),
            departed=departed.get(step.name, 0),
            present=max(0, entered.get(step.name, 0) - departed.get(step.name, 0)),
        )
        for step in present.steps
    ]


def list_metrics(declared: Any) -> list[str]:
    """The success metrics that a document names: a list, or one text."""
    if isinstance(declared, str):
        return [declared]
    return [str(metric) for metric in declared] if isinstance(declared, list | tuple) else []


def shape_reasons(rows: Iterable[Record]) -> list[ReasonRow]:
    return [
        ReasonRow(
            verdict=Verdict(row["verdict"]).word,
            reason=Reason(row["reason"]).word,
            text=TEXT[Reason(row["reason"])],
            channel=Channel(row["channel"]).word if row["channel"] else None,
            count=row["count"],
        )
        for row in rows
    ]
