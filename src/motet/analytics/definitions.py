"""Campaigns as reports show them: what a revision says, in words, read once since a revision never changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from inscriptis import get_text

from motet.analytics.words import (
    CHANNEL_NAMES,
    capitalize,
    describe_duration,
    describe_filter,
    describe_frequency,
    describe_trigger,
    humanize,
)
from motet.core.content import DelayArgs, ExitArgs, MessageArgs, WaitUntilArgs
from motet.core.program import EventTest, Goal, Program, Step
from motet.core.steps import EXIT
from motet.core.words import CampaignStatus, Channel
from motet.journeys.registry import STEP_TYPES
from motet.storage.pool import Pool, Record
from motet.storage.sql import sql

_PREVIEW = 240  # characters of a body
_KEPT = 2_000  # revisions in memory


class Preview(msgspec.Struct, frozen=True):
    """What a message says, its templates as they stand."""

    title: str
    body: str


class StepDefinition(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step in words. What only messages have is absent on the others."""

    index: int
    name: str
    kind: str
    summary: str
    channel: str | None = None
    conditions: dict[str, Any] | None = None
    fallback: str | None = None
    preview: Preview | None = None


class Edge(msgspec.Struct, frozen=True, omit_defaults=True):
    """A way from one step to another, by name. `label` says what leads there, and is empty when there is only one way;
    `share` is of those who come by, from 0 to 1, where chance decides."""

    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")
    label: str = ""
    share: float | None = None


class Definition(msgspec.Struct, frozen=True):
    """One revision. `kind` is event, state or broadcast; `program_kind` is campaign or journey."""

    revision_id: UUID
    document: dict[str, Any]
    kind: str
    trigger: str
    channels: list[str]
    segments: list[str]
    frequency: list[str]
    steps: tuple[StepDefinition, ...]
    program_kind: str = "campaign"
    edges: tuple[Edge, ...] = ()
    goals: tuple[str, ...] = ()  # in words
    exits: tuple[str, ...] = ()  # what ends an enrollment wherever it stands, in words


class Campaign(msgspec.Struct, frozen=True):
    """A campaign with its present revision."""

    id: UUID
    name: str
    title: str
    status: CampaignStatus
    revision: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    definition: Definition


class Definitions:
    """Reads campaigns; remembers revisions. One for a process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: dict[UUID, Definition] = {}

    async def list_campaigns(self) -> list[Campaign]:
        """All of them, the newest first."""
        return await self._read(await self._pool.fetch(sql("analytics.list_campaigns")))

    async def find_campaign(self, name: str) -> Campaign | None:
        found = await self._read(await self._pool.fetch(sql("analytics.find_campaign"), name))
        return found[0] if found else None

    async def load(self, revisions: Collection[UUID]) -> dict[UUID, Definition]:
        """The definitions of these revisions; one that nobody has is left out."""
        if missing := [id for id in set(revisions) if id not in self._known]:
            if len(self._known) + len(missing) > _KEPT:
                self._known.clear()
                missing = list(set(revisions))
            for row in await self._pool.fetch(sql("analytics.load_revisions"), missing):
                self._known[row["id"]] = define(row["id"], row["document"], msgspec.convert(row["program"], Program))
        return {id: self._known[id] for id in set(revisions) if id in self._known}

    async def _read(self, rows: Iterable[Record]) -> list[Campaign]:
        rows = list(rows)
        definitions = await self.load({row["revision_id"] for row in rows})
        return [
            Campaign(
                id=row["id"],
                name=row["name"],
                title=row["title"],
                status=CampaignStatus(row["status"]),
                revision=row["number"],
                created_at=row["created_at"],
                started_at=row["started_at"],
                ended_at=row["ended_at"],
                definition=definitions[row["revision_id"]],
            )
            for row in rows
            if row["revision_id"] in definitions
        ]


def define(revision_id: UUID, document: dict[str, Any], program: Program) -> Definition:
    """A revision in words. Pure."""
    steps = tuple(describe_step(index, step) for index, step in enumerate(program.steps))
    channels = {word: None for step in steps for word in (step.channel, step.fallback) if word}
    trigger = program.trigger
    return Definition(
        revision_id=revision_id,
        document=document,
        kind="event" if trigger.event else "state" if trigger.state is not None else "broadcast",
        trigger=describe_trigger(trigger),
        channels=list(channels),
        segments=list(program.segments),
        frequency=describe_frequency(program.rules),
        steps=steps,
        program_kind=program.kind,
        edges=tuple(list_edges(program.steps)),
        goals=tuple(describe_goal(goal) for goal in program.goals),
        exits=tuple(describe_exits(program)),
    )


def list_edges(steps: Sequence[Step]) -> Iterator[Edge]:
    """The ways between the steps, in their order. A way that leads past the last step is none."""
    for place, step in enumerate(steps):
        following = steps[place + 1].name if place + 1 < len(steps) else None
        if step.kind == EXIT or (kind := STEP_TYPES.get(step.kind)) is None:
            continue
        for way in kind.ways(msgspec.convert(step.args, kind.args)):
            if target := way.go or following:
                yield Edge(step.name, target, way.label, way.share)


def describe_goal(goal: Goal) -> str:
    return f"{humanize(goal.name)}: {_describe_test(goal.event) if goal.event else describe_filter(goal.state)}"


def describe_exits(program: Program) -> Iterator[str]:
    """What ends an enrollment wherever it stands, each as a clause."""
    exits = program.exits
    if exits.goal:
        yield "a goal is reached"
    if program.exit_on:
        yield f"{humanize(program.exit_on).lower()} happens"
    yield from (_describe_test(test) for test in exits.events)
    if exits.state is not None:
        yield describe_filter(exits.state)
    if exits.unsubscribed:
        yield f"they unsubscribe from {' or '.join(CHANNEL_NAMES[Channel.of(word)] for word in exits.unsubscribed)}"
    if exits.after is not None:
        yield f"{describe_duration(exits.after)} have passed since entry"


def _describe_test(test: EventTest) -> str:
    where = f" with {describe_filter(test.where)}" if test.where else ""
    return f"{humanize(test.event).lower()} happens{where}"


def describe_step(index: int, step: Step) -> StepDefinition:
    match step.kind:
        case "message":
            return _describe_message(index, step)
        case "delay":
            delay = msgspec.convert(step.args, DelayArgs)
            since = " after entry" if delay.since == "entry" else ""
            summary = f"Wait {'until ' if since else ''}{describe_duration(delay.seconds)}{since}"
        case "wait_until":
            summary = _describe_wait(msgspec.convert(step.args, WaitUntilArgs))
        case "exit":
            summary = f"Exit: {msgspec.convert(step.args, ExitArgs).reason.replace('_', ' ')}"
        case word if kind := STEP_TYPES.get(word):
            summary = kind.summary(msgspec.convert(step.args, kind.args))
        case word:
            summary = capitalize(word.replace("_", " "))
    channel = Channel.WEBHOOK.word if step.kind == "action" else None
    return StepDefinition(index=index, name=step.name, kind=step.kind, summary=summary, channel=channel)


def _describe_wait(wait: WaitUntilArgs) -> str:
    if wait.at is not None:
        return f"Wait until {wait.at:%Y-%m-%d %H:%M} UTC"
    if wait.weekdays:
        return STEP_TYPES["wait_until"].summary(wait)
    return f"Wait until {wait.local_time} in the customer's timezone"


def _describe_message(index: int, step: Step) -> StepDefinition:
    args = msgspec.convert(step.args, MessageArgs)
    summary = f"Send {_article(CHANNEL_NAMES[Channel.of(args.channel)])}"
    if args.fallback:
        summary += f", or {_article(CHANNEL_NAMES[Channel.of(args.fallback)])} where that cannot serve"
    if args.conditions:
        summary += f", if {describe_filter(args.conditions)}"
    content = args.content.get(args.channel)
    return StepDefinition(
        index=index,
        name=step.name,
        kind=step.kind,
        summary=summary,
        channel=args.channel,
        conditions=args.conditions or None,
        fallback=args.fallback,
        preview=preview_content(content) if content else None,
    )


def preview_content(content: dict[str, Any]) -> Preview:
    """The first words of a message, whatever its channel."""
    title = str(content.get("subject") or content.get("title") or content.get("url") or "")
    body = content.get("text") or content.get("body") or ""
    if not body and content.get("html"):
        body = _read_html(str(content["html"]))
    if not isinstance(body, str):
        body = msgspec.json.encode(body).decode()
    line = " ".join(body.split())
    return Preview(title, line if len(line) <= _PREVIEW else line[: _PREVIEW - 1].rstrip() + "…")


def _read_html(html: str) -> str:
    try:
        return str(get_text(html))
    except ValueError:  # lxml, on what is no HTML at all
        return ""


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiouS' else 'a'} {noun}"  # an SMS, an in-app message
