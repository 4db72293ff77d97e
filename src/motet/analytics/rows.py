"""The rows that several reports share, and how they are shaped from a snapshot. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from motet.analytics.definitions import Campaign
from motet.analytics.figures import HOUR, NOTHING, SERIES, Place, Snapshot, Tally, floor_hour
from motet.core.metrics import Metric
from motet.core.words import Channel


class Totals(msgspec.Struct, frozen=True):
    approved: int
    sent: int
    delivered: int
    failed: int
    opened: int
    clicked: int
    converted: int
    revenue: float
    dropped: int
    held: int
    unknown: int
    unsubscribed: int
    complained: int


class Rates(msgspec.Struct, frozen=True):
    """Shares of what was sent, from 0 to 1; null while nothing was. Not every provider reports delivery."""

    delivery: float | None
    open: float | None
    click: float | None
    conversion: float | None


class ChannelRow(msgspec.Struct, frozen=True):
    channel: str
    sent: int
    delivered: int
    failed: int
    opened: int
    clicked: int
    converted: int
    revenue: float
    rates: Rates


class CampaignRow(msgspec.Struct, frozen=True):
    """One campaign or journey in a list. `kind` is event, state or broadcast; `program_kind` is campaign or journey."""

    name: str
    title: str
    status: str
    kind: str
    trigger: str
    revision: int
    channels: list[str]
    created_at: datetime
    started_at: datetime | None
    enrolled: int
    active: int
    sent: int
    delivered: int
    failed: int
    opened: int
    clicked: int
    converted: int
    revenue: float
    dropped: int
    held: int
    program_kind: str
    reached: int  # enrollments that came to their goal


class SeriesPoint(msgspec.Struct, frozen=True):
    """One clock hour, named by its start."""

    at: datetime
    sent: int
    opened: int
    clicked: int
    converted: int


def shape_totals(by_metric: Mapping[Metric, Tally]) -> Totals:
    def count(metric: Metric) -> int:
        return by_metric.get(metric, NOTHING).count

    return Totals(
        approved=count(Metric.APPROVED),
        sent=count(Metric.SENT),
        delivered=count(Metric.DELIVERED),
        failed=count(Metric.FAILED),
        opened=count(Metric.OPENED),
        clicked=count(Metric.CLICKED),
        converted=count(Metric.CONVERTED),
        revenue=money(by_metric.get(Metric.CONVERTED, NOTHING)),
        dropped=count(Metric.DROPPED),
        held=count(Metric.HELD),
        unknown=count(Metric.UNKNOWN),
        unsubscribed=count(Metric.UNSUBSCRIBED),
        complained=count(Metric.COMPLAINED),
    )


def sum_channels(tallies: Mapping[Place, Tally]) -> dict[Metric, Tally]:
    """By metric, over all channels."""
    found: dict[Metric, Tally] = {}
    for (_, metric), tally in tallies.items():
        found[metric] = found.get(metric, NOTHING) + tally
    return found


def shape_channels(tallies: Mapping[Place, Tally], always: list[str]) -> list[ChannelRow]:
    """A row for each channel that counted something, and for those named in `always`."""
    seen = {channel for channel, _ in tallies if channel} | {int(Channel.of(word)) for word in always}
    return [_shape_channel(Channel(channel), tallies) for channel in sorted(seen)]


def _shape_channel(channel: Channel, tallies: Mapping[Place, Tally]) -> ChannelRow:
    def tally(metric: Metric) -> Tally:
        return tallies.get((channel, metric), NOTHING)

    sent, opened = tally(Metric.SENT).count, tally(Metric.OPENED).count
    delivered, clicked = tally(Metric.DELIVERED).count, tally(Metric.CLICKED).count
    converted = tally(Metric.CONVERTED)
    return ChannelRow(
        channel=channel.word,
        sent=sent,
        delivered=delivered,
        failed=tally(Metric.FAILED).count,
        opened=opened,
        clicked=clicked,
        converted=converted.count,
        revenue=money(converted),
        rates=Rates(
            delivery=share(delivered, sent),
            open=share(opened, sent),
            click=share(clicked, sent),
            conversion=share(converted.count, sent),
        ),
    )


def shape_campaign(campaign: Campaign, snapshot: Snapshot) -> CampaignRow:
    totals = sum_channels(snapshot.of_campaign(campaign.id))
    told = shape_totals(totals)
    enrolled = totals.get(Metric.ENROLLED, NOTHING).count
    return CampaignRow(
        name=campaign.name,
        title=campaign.title,
        status=campaign.status.word,
        kind=campaign.definition.kind,
        trigger=campaign.definition.trigger,
        revision=campaign.revision,
        channels=campaign.definition.channels,
        created_at=campaign.created_at,
        started_at=campaign.started_at,
        enrolled=enrolled,
        active=max(0, enrolled - totals.get(Metric.FINISHED, NOTHING).count),
        sent=told.sent,
        delivered=told.delivered,
        failed=told.failed,
        opened=told.opened,
        clicked=told.clicked,
        converted=told.converted,
        revenue=told.revenue,
        dropped=told.dropped,
        held=told.held,
        program_kind=campaign.definition.program_kind,
        reached=totals.get(Metric.REACHED, NOTHING).count,
    )


def shape_series(snapshot: Snapshot, campaign: UUID | None = None) -> list[SeriesPoint]:
    """The last SERIES hours, oldest first, with none left out."""
    last = floor_hour(snapshot.at)
    found: dict[tuple[datetime, Metric], int] = {}
    for (hour, (c, (_, metric))), tally in snapshot.hours.items():
        if campaign in (None, c):
            found[hour, metric] = found.get((hour, metric), 0) + tally.count
    return [
        SeriesPoint(
            at=hour,
            sent=found.get((hour, Metric.SENT), 0),
            opened=found.get((hour, Metric.OPENED), 0),
            clicked=found.get((hour, Metric.CLICKED), 0),
            converted=found.get((hour, Metric.CONVERTED), 0),
        )
        for hour in (last - n * HOUR for n in reversed(range(SERIES)))
    ]


def share(part: int, whole: int) -> float | None:
    """A rate from 0 to 1 with four digits; None of nothing."""
    return round(min(1.0, part / whole), 4) if whole else None


def money(tally: Tally) -> float:
    return round(tally.value, 2)
