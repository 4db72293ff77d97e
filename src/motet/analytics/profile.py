"""One customer as a page shows them: the profile, where they stand, and what was said to them in numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.analytics.definitions import Campaign, Definition, Definitions
from motet.analytics.people import Identifier, find_selves, list_identifiers
from motet.audience.merges import Merge, list_merges
from motet.audience.segments.store import Standing, read_standing
from motet.core.customers import Customer
from motet.core.ids import lane_of
from motet.core.words import Channel, EnrollmentStatus
from motet.storage.pool import Pool, Record
from motet.storage.sql import sql

_ENROLLMENTS = 100


class CustomerRow(msgspec.Struct, frozen=True):
    """A customer in a list."""

    id: UUID
    external_id: str
    name: str | None
    email: str | None
    phone: str | None
    tags: list[str]
    lifecycle_stage: str
    created_at: datetime | None
    last_interaction_at: datetime | None


class EnrollmentRow(msgspec.Struct, frozen=True):
    """A customer in a campaign. `step` is the step's number, `campaign` the campaign's name."""

    id: UUID
    campaign: str
    title: str
    step: int
    step_name: str
    status: str
    entered_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    exit_reason: str | None


class CustomerChannel(msgspec.Struct, frozen=True):
    channel: str
    sent: int
    delivered: int
    failed: int
    opened: int
    clicked: int
    converted: int


class Summary(msgspec.Struct, frozen=True):
    """`revenue` is everything that the customer spent."""

    sent: int
    opened: int
    clicked: int
    converted: int
    revenue: float
    by_channel: list[CustomerChannel]


class SegmentName(msgspec.Struct, frozen=True):
    name: str
    title: str


class CustomerPage(CustomerRow, frozen=True):
    """A CustomerRow, and the rest of the profile. `preferences` to `suppressions` are keyed by channel, `topics` by
    topic. `segments` and `traits` are as of now; a trait that is not counted yet is left out."""

    identifiers: list[Identifier]
    segments: list[SegmentName]
    traits: dict[str, Any]
    topics: dict[str, bool]
    merges: list[Merge]

    attributes: dict[str, Any]
    devices: list[dict[str, Any]]
    handles: dict[str, str]
    timezone: str | None
    locale: str | None
    preferences: dict[str, bool]
    caps: dict[str, int]
    consents: dict[str, bool]
    suppressions: dict[str, Any]
    last_purchase_at: datetime | None
    enrollments: list[EnrollmentRow]
    summary: Summary


class ProfileReport:
    """Reads the page of one customer."""

    def __init__(self, pool: Pool, lanes: int, definitions: Definitions) -> None:
        self._pool = pool
        self._lanes = lanes
        self._definitions = definitions

    async def read(self, customer: Customer, now: datetime) -> CustomerPage:
        """The page at `now`, in the brand's timezone: where the windows of traits and segments end."""
        lane = lane_of(customer.id, self._lanes)
        standing = await read_standing(self._pool, customer.id, lanes=self._lanes, now=now)
        merges = await list_merges(self._pool, customer.id, now=now)
        async with self._pool.acquire() as connection:
            identifiers = await list_identifiers(connection, customer.id)
            selves = await find_selves(connection, customer.id, self._lanes)
            rows = await connection.fetch(sql("analytics.list_enrollments"), lane, customer.id, _ENROLLMENTS)
            channels = await connection.fetch(sql("analytics.summarize_customer"), lane, customer.id)
            revenue = await connection.fetchval(sql("analytics.sum_revenue"), selves.lanes, selves.ids)
        campaigns = {campaign.id: campaign for campaign in await self._definitions.list_campaigns()}
        definitions = await self._definitions.load({row["revision_id"] for row in rows})
        enrollments = [_shape_enrollment(row, campaigns, definitions) for row in rows]
        return shape_page(
            customer,
            enrollments,
            shape_summary(channels, revenue),
            identifiers=identifiers,
            standing=standing,
            merges=merges,
        )


def shape_row(customer: Customer) -> CustomerRow:
    return CustomerRow(
        id=customer.id,
        external_id=customer.external_id,
        name=name_of(customer.attributes) or None,
        email=customer.email,
        phone=customer.phone,
        tags=list(customer.tags),
        lifecycle_stage=customer.lifecycle_stage,
        created_at=customer.created_at,
        last_interaction_at=customer.last_interaction_at,
    )


def name_of(attributes: dict[str, Any]) -> str:
    """What a person would call them, from the usual attributes; empty when none is there."""
    if isinstance(name := attributes.get("name"), str) and name.strip():
        return name.strip()
    parts = (attributes.get("first_name"), attributes.get("last_name"))
    return " ".join(part.strip() for part in parts if isinstance(part, str) and part.strip())


def shape_page(
    customer: Customer,
    enrollments: list[EnrollmentRow],
    summary: Summary,
    *,
    identifiers: list[Identifier],
    standing: Standing,
    merges: list[Merge],
) -> CustomerPage:
    row = shape_row(customer)
    return CustomerPage(
        **{field: getattr(row, field) for field in CustomerRow.__struct_fields__},
        identifiers=identifiers,
        segments=[SegmentName(name, title) for name, title in standing.segments],
        traits=standing.traits,
        topics=customer.topics,
        merges=merges,
        attributes=customer.attributes,
        devices=[{"token": device.token, "platform": device.platform} for device in customer.devices],
        handles=customer.handles,
        timezone=customer.timezone,
        locale=customer.locale,
        preferences=customer.preferences,
        caps=customer.caps,
        consents=customer.consents,
        suppressions=msgspec.to_builtins(customer.suppressions),
        last_purchase_at=customer.last_purchase_at,
        enrollments=enrollments,
        summary=summary,
    )


def _shape_enrollment(row: Record, campaigns: dict[UUID, Campaign], known: dict[UUID, Definition]) -> EnrollmentRow:
    campaign = campaigns.get(row["campaign_id"])
    definition = known.get(row["revision_id"])
    steps = definition.steps if definition else ()
    return EnrollmentRow(
        id=row["id"],
        campaign=campaign.name if campaign else "",
        title=campaign.title if campaign else "",
        step=row["step"],
        step_name=steps[row["step"]].name if row["step"] < len(steps) else "",
        status=EnrollmentStatus(row["status"]).word,
        entered_at=row["entered_at"],
        due_at=row["due_at"],
        ended_at=row["ended_at"],
        exit_reason=row["exit_reason"],
    )


def shape_summary(rows: Iterable[Record], revenue: float) -> Summary:
    channels = [
        CustomerChannel(
            channel=Channel(row["channel"]).word,
            sent=row["sent"],
            delivered=row["delivered"],
            failed=row["failed"],
            opened=row["opened"],
            clicked=row["clicked"],
            converted=row["converted"],
        )
        for row in rows
    ]
    return Summary(
        sent=sum(c.sent for c in channels),
        opened=sum(c.opened for c in channels),
        clicked=sum(c.clicked for c in channels),
        converted=sum(c.converted for c in channels),
        revenue=round(revenue, 2),
        by_channel=channels,
    )
