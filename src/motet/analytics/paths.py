"""One enrollment's way, step by step, as far as it is kept: its messages and refusals with their times, what steps
kept, where it stands, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.analytics.definitions import Definition, Definitions
from motet.analytics.sentences import describe_decision, describe_fate
from motet.analytics.timeline import ReasonText, shape_reasons
from motet.analytics.words import CHANNEL_NAMES, capitalize
from motet.core.customers import Customer
from motet.core.errors import NotFound
from motet.core.ids import derive_message_id, enrollment_of, lane_of, visit_of
from motet.core.reasons import Reason
from motet.core.words import Channel, EnrollmentStatus, MessageStatus, Verdict
from motet.storage.pool import Pool, Record
from motet.storage.sql import sql

_LAST_VISIT, _LAST_CHANNEL = 4095, 15
# Where steps keep what they learned, and what each is called here.
_KEPT = {"splits": "split", "experiments": "experiment", "answers": "answer", "events": "event"}


class PathEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing on the way. `kind` is entered, message, held, dropped, standing or ended; `step` is its name."""

    at: datetime
    kind: str
    step: str
    title: str
    detail: str = ""
    channel: str | None = None
    status: str | None = None
    reasons: list[ReasonText] = []
    message_id: UUID | None = None
    until: datetime | None = None


class Kept(msgspec.Struct, frozen=True):
    """What a step kept: `kind` is split, experiment, answer, event or digest; `name` the step's or experiment's."""

    kind: str
    name: str
    value: Any


class EnrollmentPath(msgspec.Struct, frozen=True):
    """`visited` counts the steps that were visited; times of quiet steps that are passed are not kept."""

    id: UUID
    customer: str  # external id
    name: str
    title: str
    program_kind: str
    revision_steps: list[str]  # the steps of the revision that it runs
    status: str
    step: str
    visited: int
    entered_at: datetime
    arrived_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    exit_reason: str | None
    reached_at: datetime | None
    context: dict[str, Any]  # the properties of what started it
    kept: list[Kept]
    entries: list[PathEntry]


class PathReports:
    """Reads the ways of enrollments."""

    def __init__(self, pool: Pool, lanes: int, definitions: Definitions) -> None:
        self._pool = pool
        self._lanes = lanes
        self._definitions = definitions

    async def read(self, customer: Customer, id: UUID) -> EnrollmentPath:
        """Raises NotFound when this customer has no such enrollment."""
        lane = lane_of(customer.id, self._lanes)
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(sql("journeys.read_enrollment"), lane, customer.id, id)
            if row is None:
                raise NotFound("enrollment", str(id))
            last = derive_message_id(id, _LAST_VISIT, _LAST_CHANNEL)
            spoken = await connection.fetch(sql("journeys.list_spoken"), lane, customer.id, id, last)
            refused = await connection.fetch(sql("journeys.list_refused"), lane, customer.id, id)
        messages = [message for message in spoken if enrollment_of(message["id"]) == id]
        definitions = await self._definitions.load({row["revision_id"], *(m["revision_id"] for m in messages)})
        campaigns = {campaign.id: campaign for campaign in await self._definitions.list_campaigns()}
        campaign = campaigns.get(row["campaign_id"])
        definition = definitions.get(row["revision_id"])
        return EnrollmentPath(
            id=id,
            customer=customer.external_id,
            name=campaign.name if campaign else "",
            title=campaign.title if campaign else "",
            program_kind=definition.program_kind if definition else "campaign",
            revision_steps=[step.name for step in definition.steps] if definition else [],
            status=EnrollmentStatus(row["status"]).word,
            step=_name(definition, row["step"]),
            visited=row["visit"] + 1,
            entered_at=row["entered_at"],
            arrived_at=row["arrived_at"],
            due_at=row["due_at"],
            ended_at=row["ended_at"],
            exit_reason=row["exit_reason"],
            reached_at=row["reached_at"],
            context={key: value for key, value in (row["context"] or {}).items() if key not in (*_KEPT, "digest")},
            kept=read_kept(row["context"] or {}),
            entries=shape_path(row, definition, definitions, messages, refused, customer.timezone),
        )


def read_kept(context: Mapping[str, Any]) -> list[Kept]:
    """What steps laid into an enrollment's context. Pure."""
    found = [
        Kept(kind, str(name), value)
        for key, kind in _KEPT.items()
        if isinstance(context.get(key), Mapping)
        for name, value in context[key].items()
    ]
    if "digest" in context:
        found.append(Kept("digest", "digest", context["digest"]))
    return found


def shape_path(
    row: Record,
    definition: Definition | None,
    definitions: Mapping[UUID, Definition],
    messages: Iterable[Record],
    refused: Iterable[Record],
    zone: str | None,
) -> list[PathEntry]:
    """Everything that is known of the way, in its order. Pure."""
    first = definition.steps[0].name if definition and definition.steps else ""
    entries = [PathEntry(row["entered_at"], "entered", first, "Entered")]
    told = [
        (message["approved_at"], visit_of(message["id"]), _shape_message(message, definitions, zone))
        for message in messages
    ]
    told += [(one["at"], -1, _shape_refusal(one, definition, zone)) for one in refused]
    entries += [entry for _, _, entry in sorted(told, key=lambda each: each[:2])]
    status = EnrollmentStatus(row["status"])
    step = _name(definition, row["step"])
    if status is EnrollmentStatus.ACTIVE:
        summary = definition.steps[row["step"]].summary if definition and row["step"] < len(definition.steps) else ""
        entries.append(PathEntry(row["arrived_at"], "standing", step, "Stands here", summary, until=row["due_at"]))
    else:
        titles = {EnrollmentStatus.COMPLETED: "Came to the end", EnrollmentStatus.QUARANTINED: "Set aside: it broke"}
        reason = "" if row["exit_reason"] in (None, "completed") else str(row["exit_reason"])
        at = row["ended_at"] or row["arrived_at"]
        entries.append(PathEntry(at, "ended", step, titles.get(status, "Left"), reason, status=status.word))
    return entries


def _shape_message(row: Record, definitions: Mapping[UUID, Definition], zone: str | None) -> PathEntry:
    channel, status = Channel(row["channel"]), MessageStatus(row["status"])
    return PathEntry(
        at=row["approved_at"],
        kind="message",
        step=_name(definitions.get(row["revision_id"]), row["step"]),
        title=capitalize(CHANNEL_NAMES[channel]),
        detail=describe_fate(status, dict(row), zone),
        channel=channel.word,
        status=status.word,
        reasons=shape_reasons(row["reasons"]),
        message_id=row["id"],
    )


def _shape_refusal(row: Record, definition: Definition | None, zone: str | None) -> PathEntry:
    verdict = Verdict(row["verdict"])
    channel = Channel(row["channel"]) if row["channel"] else None
    name = capitalize(CHANNEL_NAMES[channel] if channel else "message")
    reasons = [Reason(number) for number in row["reasons"]]
    told = {Verdict.HOLD: ("held", "held back"), Verdict.DROP: ("dropped", "not sent")}
    kind, did = told.get(verdict, ("message", "decided on"))
    return PathEntry(
        at=row["at"],
        kind=kind,
        step=_name(definition, row["step"]),
        title=f"{name} {did}",
        detail=describe_decision(verdict, channel, reasons, at=row["at"], until=row["until"], zone=zone),
        channel=channel.word if channel else None,
        status=verdict.word,
        reasons=shape_reasons(row["reasons"]),
        until=row["until"],
    )


def _name(definition: Definition | None, step: int | None) -> str:
    if definition is None or step is None or not 0 <= step < len(definition.steps):
        return ""
    return definition.steps[step].name
