"""A journey as a graph: its steps with who came, who is there, who left and why; and one step with its people."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

import msgspec

from motet.analytics.campaign import ReasonRow, shape_reasons
from motet.analytics.definitions import Campaign, Definition, Definitions, Edge, Preview, StepDefinition
from motet.analytics.people import name_customers
from motet.core.errors import NotFound
from motet.core.words import Channel, EnrollmentStatus
from motet.storage.pool import Pool, Record
from motet.storage.sql import sql

PEOPLE = 20  # of one step, shown at once
_FRESH = 2.0  # seconds for which a count of a whole table serves again,
_SPARING = 30.0  # or as many times as long as it took
_KEPT = 500  # counts in memory


class LeftRow(msgspec.Struct, frozen=True):
    """How many enrollments ended on a step, and why."""

    reason: str
    count: int


class NodeRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step and its people. `entered` and `departed` count comings and goings; `present` = `entered` - `departed`.
    `revision` is there when only that older revision has the step."""

    step: int
    name: str
    kind: str
    summary: str
    present: int
    entered: int
    departed: int
    quarantined: int
    left: list[LeftRow]
    channel: str | None = None
    preview: Preview | None = None
    revision: int | None = None


class RevisionRow(msgspec.Struct, frozen=True):
    number: int
    created_at: datetime
    present: int  # enrollments that stand in it
    current: bool


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A graph of steps, and around it in words: what starts it, for whom, what success is, and what ends it."""

    trigger: str
    segments: list[str]
    goals: list[str]
    exits: list[str]
    nodes: list[NodeRow]
    edges: list[Edge]


class JourneyGraph(Drawing, frozen=True, kw_only=True):
    """`revision` is the one that is drawn; the counts are over all of them, or over the one that was asked for."""

    name: str
    title: str
    status: str
    revision: int
    chosen: bool
    revisions: list[RevisionRow]


class Standing(msgspec.Struct, frozen=True):
    """One who stands on a step since `since`; the step is looked at again at `until`."""

    enrollment: UUID
    customer: str  # external id
    since: datetime
    until: datetime | None


class StepMessages(msgspec.Struct, frozen=True):
    """The messages of a step on one channel, since the journey began."""

    channel: str
    approved: int
    sent: int
    delivered: int
    opened: int
    clicked: int
    converted: int
    failed: int


class StepReport(msgspec.Struct, frozen=True):
    """`people` are the latest PEOPLE at most."""

    name: str
    people: list[Standing]
    messages: list[StepMessages]
    reasons: list[ReasonRow]


class Sparing:
    """Counts that read whole tables: each is made again only after a while, the longer it took the later."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[float, Any]] = {}
        self._locks: dict[Hashable, asyncio.Lock] = {}

    async def read(self, key: Hashable, count: Callable[[], Awaitable[Any]]) -> Any:
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            until, value = self._kept.get(key, (0.0, None))
            if (begun := monotonic()) < until:
                return value
            value = await count()
            if len(self._kept) >= _KEPT:
                self._kept.clear()
                self._locks = {key: lock}
            ended = monotonic()
            self._kept[key] = (ended + max(_FRESH, _SPARING * (ended - begun)), value)
            return value


class JourneyReports:
    """Reads graphs and steps. One for a process: it remembers what is costly to count."""

    def __init__(self, pool: Pool, lanes: int, definitions: Definitions) -> None:
        self._pool = pool
        self._lanes = lanes
        self._definitions = definitions
        self._sparing = Sparing()

    async def read(self, name: str, revision: int | None = None) -> JourneyGraph:
        """The present revision with the counts of all, or one revision with its own. Raises NotFound."""
        campaign = await self._find(name)
        rows = await self._pool.fetch(sql("journeys.list_revisions"), campaign.id)
        drawn = await self._choose(campaign, rows, revision)
        counted = [row["id"] for row in rows if revision is None or row["number"] == revision]
        counts = await self._pool.fetch(sql("analytics.count_steps"), counted)
        ended = await self._sparing.read(
            ("ended", campaign.id), lambda: self._pool.fetch(sql("journeys.count_ended"), campaign.id)
        )
        past = await self._definitions.load(counted)
        numbers = {row["id"]: row["number"] for row in rows}
        left = [dict(row) for row in ended if row["revision_id"] in past]
        nodes, edges = shape_graph(drawn, past, numbers, [dict(row) for row in counts], left)
        return JourneyGraph(
            name=campaign.name,
            title=campaign.title,
            status=campaign.status.word,
            revision=numbers[drawn.revision_id],
            chosen=revision is not None,
            trigger=drawn.trigger,
            segments=drawn.segments,
            goals=list(drawn.goals),
            exits=list(drawn.exits),
            revisions=[_shape_revision(row, campaign) for row in rows],
            nodes=nodes,
            edges=edges,
        )

    async def read_step(self, name: str, step: str) -> StepReport:
        """A step, with what it consists of, over all revisions that have one of that name. Raises NotFound."""
        campaign = await self._find(name)
        rows = await self._pool.fetch(sql("journeys.list_revisions"), campaign.id)
        past = await self._definitions.load([row["id"] for row in rows])
        places = [(id, s.index) for id, definition in past.items() for s in definition.steps if is_part(s.name, step)]
        if not places:
            raise NotFound("step", step)
        asked = (campaign.id, [id for id, _ in places], [index for _, index in places])

        async def count(query: str) -> list[Record]:
            found: list[Record] = await self._sparing.read(
                (query, *asked[:1], step), lambda: self._pool.fetch(sql(f"journeys.{query}"), *asked)
            )
            return found

        standing = await self._sparing.read(
            ("standing", campaign.id, step), lambda: self._pool.fetch(sql("journeys.list_standing"), *asked, PEOPLE)
        )
        names = await name_customers(self._pool, [row["customer_id"] for row in standing], self._lanes)
        return StepReport(
            name=step,
            people=[
                Standing(row["id"], names[row["customer_id"]], row["arrived_at"], row["due_at"])
                for row in standing
                if row["customer_id"] in names
            ],
            messages=[_shape_messages(row) for row in await count("count_messages")],
            reasons=shape_reasons(await count("count_reasons")),
        )

    async def _choose(self, campaign: Campaign, rows: Sequence[Record], revision: int | None) -> Definition:
        if revision is None:
            return campaign.definition
        for row in rows:
            if row["number"] == revision:
                return (await self._definitions.load([row["id"]]))[row["id"]]
        raise NotFound("revision", str(revision))

    async def _find(self, name: str) -> Campaign:
        campaign = await self._definitions.find_campaign(name)
        if campaign is None:
            raise NotFound("journey", name)
        return campaign


class _Tally:
    """What is counted of the steps of one name."""

    def __init__(self) -> None:
        self.entered = self.departed = self.quarantined = 0
        self.left: dict[str, int] = {}

    @property
    def present(self) -> int:
        return max(0, self.entered - self.departed)


def is_part(name: str, step: str) -> bool:
    """Whether a step of a program belongs to that step of the document: `hello:delay` does to `hello`."""
    return name == step or name.startswith(f"{step}:")


def shape_drawing(definition: Definition) -> Drawing:
    """A revision without its people. Pure."""
    nodes, edges = shape_graph(definition, {}, {}, (), ())
    return Drawing(
        trigger=definition.trigger,
        segments=definition.segments,
        goals=list(definition.goals),
        exits=list(definition.exits),
        nodes=nodes,
        edges=edges,
    )


def shape_graph(
    drawn: Definition,
    past: Mapping[UUID, Definition],
    numbers: Mapping[UUID, int],
    counts: Iterable[Mapping[str, Any]],
    ended: Iterable[Mapping[str, Any]],
) -> tuple[list[NodeRow], list[Edge]]:
    """The drawn revision's steps, with the people of all revisions counted by step name; then the steps of older
    ones on which somebody stands and which the drawn one has not. Pure."""
    tallies: dict[str, _Tally] = {}

    def tally(row: Mapping[str, Any]) -> _Tally | None:
        definition = past.get(row["revision_id"])
        if definition is None or not 0 <= row["step"] < len(definition.steps):
            return None
        return tallies.setdefault(definition.steps[row["step"]].name, _Tally())

    for row in counts:
        if found := tally(row):
            found.entered += row["entered"]
            found.departed += row["departed"]
    for row in ended:
        if found := tally(row):
            if row["status"] == EnrollmentStatus.QUARANTINED:
                found.quarantined += row["count"]
            else:
                reason = row["reason"] or EnrollmentStatus(row["status"]).word
                found.left[reason] = found.left.get(reason, 0) + row["count"]
    nodes = [_shape_node(step, tallies.get(step.name, _Tally())) for step in drawn.steps]
    edges = list(drawn.edges)
    known = {step.name for step in drawn.steps}
    for id in sorted(past, key=lambda id: numbers[id], reverse=True):
        for step in past[id].steps:
            if step.name in known or step.name not in tallies or not tallies[step.name].present:
                continue
            known.add(step.name)
            nodes.append(_shape_node(step, tallies[step.name], numbers[id]))
            edges += [edge for edge in past[id].edges if edge.source == step.name]
    return nodes, [edge for edge in edges if edge.target in known]


def _shape_node(step: StepDefinition, tally: _Tally, revision: int | None = None) -> NodeRow:
    return NodeRow(
        step=step.index,
        name=step.name,
        kind=step.kind,
        summary=step.summary,
        present=tally.present,
        entered=tally.entered,
        departed=tally.departed,
        quarantined=tally.quarantined,
        left=[LeftRow(reason, count) for reason, count in sorted(tally.left.items(), key=lambda item: -item[1])],
        channel=step.channel,
        preview=step.preview,
        revision=revision,
    )


def _shape_revision(row: Record, campaign: Campaign) -> RevisionRow:
    current = bool(row["id"] == campaign.definition.revision_id)
    return RevisionRow(row["number"], row["created_at"], max(0, row["present"]), current)


def _shape_messages(row: Record) -> StepMessages:
    counted = {name: row[name] for name in StepMessages.__struct_fields__ if name != "channel"}
    return StepMessages(channel=Channel(row["channel"]).word, **counted)
