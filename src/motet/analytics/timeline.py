"""One customer's story over all channels: events, messages and decisions, newest first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from motet.analytics.definitions import Campaign, Definition, Definitions
from motet.analytics.happenings import describe_detail, describe_event, describe_interaction, read_names
from motet.analytics.people import find_selves, read_titles
from motet.analytics.sentences import describe_decision, describe_fate
from motet.analytics.words import CHANNEL_NAMES, capitalize, humanize
from motet.core.clock import EPOCH, to_us
from motet.core.customers import Customer
from motet.core.errors import Problem, Refused
from motet.core.ids import lane_of
from motet.core.reasons import TEXT, Reason
from motet.core.words import Channel, MessageStatus, Verdict
from motet.storage.pool import Connection, Pool, Record
from motet.storage.sql import sql

_MICROSECOND = timedelta(microseconds=1)
_LAST = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=(1 << 128) - 1))


class ReasonText(msgspec.Struct, frozen=True):
    code: str
    text: str


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened. `kind` is event, message or decision; what does not apply is absent."""

    id: UUID
    at: datetime
    kind: str
    title: str
    detail: str
    reasons: list[ReasonText]
    channel: str | None = None
    campaign: str | None = None
    campaign_title: str | None = None
    status: str | None = None
    message_id: UUID | None = None
    properties: dict[str, Any] | None = None
    until: datetime | None = None


class Timeline(msgspec.Struct, frozen=True):
    """A page. `next` is the `before` of the page after it, or null at the end."""

    entries: list[Entry]
    next: str | None


class Named(msgspec.Struct, frozen=True):
    """What rows speak of: campaigns by id, definitions by revision, messages by id, revisions by enrollment, and the
    titles of segments and names of merged customers (see `describe_event`)."""

    campaigns: dict[UUID, Campaign]
    definitions: dict[UUID, Definition]
    messages: dict[UUID, Record]
    revisions: dict[UUID, UUID]
    titles: dict[str, str] = {}

    def step_name(self, revision_id: UUID | None, step: int | None) -> str:
        """The step's name, or an empty text when nothing is known of it."""
        definition = self.definitions.get(revision_id) if revision_id else None
        if definition is None or step is None or step >= len(definition.steps):
            return ""
        return definition.steps[step].name

    def step(self, revision_id: UUID | None, step: int | None) -> str:
        """The step's name as a title."""
        return humanize(self.step_name(revision_id, step))


class TimelineReport:
    """Reads the timelines of customers."""

    def __init__(self, pool: Pool, lanes: int, definitions: Definitions) -> None:
        self._pool = pool
        self._lanes = lanes
        self._definitions = definitions

    async def read(self, customer: Customer, *, limit: int, before: str | None) -> Timeline:
        """The `limit` newest entries before a place. Raises Refused when `before` is no place."""
        place = read_place(before)
        lane = lane_of(customer.id, self._lanes)
        async with self._pool.acquire() as connection:
            # Events stay where they were written, under ids that may be gone by now; messages and decisions move.
            selves = await find_selves(connection, customer.id, self._lanes)
            pages = [
                await connection.fetch(sql("analytics.page_events"), selves.lanes, selves.ids, *place, limit + 1),
                *[
                    await connection.fetch(sql(f"analytics.page_{what}"), lane, customer.id, *place, limit + 1)
                    for what in ("messages", "decisions")
                ],
            ]
            named = await self.name(connection, lane, customer.id, *pages)
        return shape_timeline(customer, *pages, named=named, limit=limit)

    async def name(
        self,
        connection: Connection,
        lane: int,
        customer_id: UUID,
        events: Collection[Record],
        messages: Collection[Record],
        decisions: Collection[Record],
    ) -> Named:
        """Loads what these rows speak of."""
        spoken = list({row["message_id"] for row in events if row["message_id"]})
        found = await connection.fetch(sql("analytics.find_messages"), lane, customer_id, spoken) if spoken else []
        asked = list({row["enrollment_id"] for row in decisions if row["enrollment_id"]})
        enrollments = (
            await connection.fetch(sql("analytics.find_enrollment_revisions"), lane, customer_id, asked)
            if asked
            else []
        )
        revisions = {row["id"]: row["revision_id"] for row in enrollments}
        names = (read_names(row["name"], row["properties"] or {}) for row in events)
        wanted = {row["revision_id"] for row in (*found, *messages)} | set(revisions.values())
        return Named(
            campaigns={campaign.id: campaign for campaign in await self._definitions.list_campaigns()},
            definitions=await self._definitions.load(wanted),
            messages={row["id"]: row for row in found},
            revisions=revisions,
            titles=await read_titles(connection, [name for name in names if name]),
        )


def shape_timeline(
    customer: Customer,
    events: Iterable[Record],
    messages: Iterable[Record],
    decisions: Iterable[Record],
    *,
    named: Named,
    limit: int,
) -> Timeline:
    """Merges three pages into one. Pure."""
    entries = [_shape_event(row, named) for row in events]
    entries += [_shape_message(row, named, customer.timezone) for row in messages]
    entries += [_shape_decision(row, named, customer.timezone) for row in decisions]
    entries.sort(key=lambda entry: (entry.at, entry.id), reverse=True)
    page = entries[:limit]
    return Timeline(page, write_place(page[-1]) if len(entries) > limit else None)


def _shape_event(row: Record, named: Named) -> Entry:
    properties = row["properties"] or {}
    message = named.messages.get(row["message_id"])
    channel = Channel(message["channel"]) if message else None
    title = describe_interaction(row["name"], properties, channel) if row["message_id"] else None
    detail = None
    if title is None:
        title, detail = describe_event(row["name"], properties, named.titles)
    if detail is None:
        step = named.step(message["revision_id"], message["step"]) if message else ""
        detail = describe_detail(row["name"], properties, row["value"], step)
    campaign = named.campaigns.get(message["campaign_id"]) if message else None
    return Entry(
        id=row["id"],
        at=row["at"],
        kind="event",
        title=title,
        detail=detail,
        reasons=[],
        channel=channel.word if channel else None,
        campaign=campaign.name if campaign else None,
        campaign_title=campaign.title if campaign else None,
        status=row["name"],
        message_id=row["message_id"],
        properties=properties or None,
    )


def _shape_message(row: Record, named: Named, zone: str | None) -> Entry:
    channel, status = Channel(row["channel"]), MessageStatus(row["status"])
    campaign = named.campaigns.get(row["campaign_id"])
    step = named.step(row["revision_id"], row["step"])
    name = capitalize(CHANNEL_NAMES[channel])
    return Entry(
        id=row["id"],
        at=row["approved_at"],
        kind="message",
        title=f"{name}: {step}" if step else name,
        detail=describe_fate(status, dict(row), zone),
        reasons=shape_reasons(row["reasons"]),
        channel=channel.word,
        campaign=campaign.name if campaign else None,
        campaign_title=campaign.title if campaign else None,
        status=status.word,
        message_id=row["id"],
    )


_VERDICT_TITLES = {Verdict.SEND: "sent", Verdict.HOLD: "held back", Verdict.DROP: "not sent"}


def _shape_decision(row: Record, named: Named, zone: str | None) -> Entry:
    verdict = Verdict(row["verdict"])
    channel = Channel(row["channel"]) if row["channel"] else None
    campaign = named.campaigns.get(row["campaign_id"])
    entry = row["enrollment_id"] is None
    step = named.step(named.revisions.get(row["enrollment_id"]), row["step"])
    if entry:
        title = f"Did not enter {campaign.title if campaign else 'a campaign'}"
    else:
        title = f"{capitalize(CHANNEL_NAMES[channel] if channel else 'message')} {_VERDICT_TITLES[verdict]}"
        title += f": {step}" if step else ""
    reasons = [Reason(number) for number in row["reasons"]]
    return Entry(
        id=row["id"],
        at=row["at"],
        kind="decision",
        title=title,
        detail=describe_decision(verdict, channel, reasons, at=row["at"], until=row["until"], zone=zone, entry=entry),
        reasons=shape_reasons(row["reasons"]),
        channel=channel.word if channel else None,
        campaign=campaign.name if campaign else None,
        campaign_title=campaign.title if campaign else None,
        status=verdict.word,
        until=row["until"],
    )


def shape_reasons(numbers: Iterable[int]) -> list[ReasonText]:
    return [ReasonText(Reason(number).word, TEXT[Reason(number)]) for number in numbers]


def write_place(entry: Entry) -> str:
    """Where an entry stands in time, as a page's `next`."""
    return f"{to_us(entry.at)}-{entry.id.hex}"


def read_place(text: str | None) -> tuple[datetime, UUID]:
    """The place that `write_place` wrote; without one, the end of time."""
    if text is None:
        return _LAST
    micros, _, id = text.partition("-")
    try:
        return EPOCH + int(micros) * _MICROSECOND, UUID(hex=id)
    except (ValueError, OverflowError):
        problem = Problem(
            "page.bad_place", "is not a place in this list", "before", "take it from `next`, or leave it out"
        )
        raise Refused([problem]) from None
