"""Campaigns and journeys in the database: revisions of documents, statuses, launches.

A revision never changes once it is written; enrollments stay with theirs. Every change wakes the workers by
NOTIFY in its own transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.authoring.campaign import channels_of, check_traits, compile_campaign, title_of
from motet.authoring.changes import list_changes
from motet.authoring.lifecycle import after_cancel, after_launch, after_pause, after_resume, check_open
from motet.authoring.message import EXIT, ContentCheck
from motet.authoring.moves import PlanStep, Standing, fill_moves, plan_steps
from motet.core.clock import to_ms
from motet.core.errors import Conflict, NotFound, Problem, Refused
from motet.core.ids import lane_of, lane_of_text, uuid7
from motet.core.program import Program
from motet.core.words import CampaignStatus, Channel
from motet.storage.pool import Connection, Pool, Record
from motet.storage.sql import sql

MOVE = "move"  # of Program.existing, and the kind of a launch that takes people to a new revision
MAX_NAMED = 100_000  # customers that one launch may name
_SHOWN = 20  # unknown customers named in an error

Ready = Callable[[set[Channel]], list[Problem]]

_NOBODY = UUID(int=0)


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign with its current revision: the document as written, the program as it runs."""

    id: UUID
    name: str
    title: str
    status: CampaignStatus
    revision_id: UUID
    revision: int  # counted from 1
    document: dict[str, Any]
    program: Program
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    next_scan_at: datetime | None  # when a state trigger looks again

    @property
    def kind(self) -> str:
        """event | state | broadcast: what starts it."""
        trigger = self.program.trigger
        return "event" if trigger.event else "state" if trigger.state else "broadcast"


class Applied(msgspec.Struct, frozen=True):
    name: str
    revision: int
    changed: bool
    campaign_id: UUID


class Plan(msgspec.Struct, frozen=True):
    """What `apply` would do. `changes` are the paths that differ; none for a new campaign. `steps` say what becomes of
    those who are in it, where somebody is."""

    name: str
    action: str  # create | update | unchanged
    changes: tuple[str, ...] = ()
    steps: tuple[PlanStep, ...] = ()


class Retried(msgspec.Struct, frozen=True):
    """How many enrollments that were set aside are active again."""

    name: str
    enrollments: int


class Launched(msgspec.Struct, frozen=True):
    """`launch_id` is None when nobody is enrolled now: the trigger does that from here on."""

    name: str
    campaign_id: UUID
    status: str
    launch_id: UUID | None = None
    customers: int | None = None  # how many were named; None: the target segments


async def apply(pool: Pool, document: dict[str, Any], now: datetime, check: ContentCheck | None = None) -> Applied:
    """Writes a new campaign as a draft, or a new revision when the document says something new.

    A running campaign stays running: whoever enters from now on gets the new revision. Raises Refused with every
    problem in the document, and Conflict when the campaign was cancelled.
    """
    revision_id = uuid7(to_ms(now))
    program = compile_campaign(document, campaign_id=uuid7(to_ms(now)), revision_id=revision_id, check=check)
    async with pool.acquire() as connection, connection.transaction():
        await _check_traits(connection, program)
        await connection.execute(sql("authoring.lock_name"), program.name)
        row = await connection.fetchrow(sql("authoring.lock_campaign"), program.name)
        if row is None:
            await _write_revision(connection, program, 1, document, now)
            await connection.execute(
                sql("authoring.add_campaign"),
                program.id, program.name, title_of(document), int(CampaignStatus.DRAFT), revision_id, now,
            )  # fmt: skip
            await _notify(connection, "campaigns")
            return Applied(program.name, 1, True, program.id)
        kept = _read(row)
        if not list_changes(kept.document, document):
            return Applied(kept.name, kept.revision, False, kept.id)
        check_open(kept.program, kept.status)
        _check_kind(kept.program, program)
        program = await _place_all(connection, msgspec.structs.replace(program, id=kept.id))
        await _write_revision(connection, program, kept.revision + 1, document, now)
        await _adopt(connection, kept, program, title_of(document), now)
        if program.existing == MOVE and kept.status is not CampaignStatus.DRAFT:
            await _write_move(connection, program, now)
        await _notify(connection, "campaigns")
        return Applied(kept.name, kept.revision + 1, True, kept.id)


async def plan(pool: Pool, document: dict[str, Any], check: ContentCheck | None = None) -> Plan:
    """What `apply` would change. Raises Refused when the document is wrong."""
    program = compile_campaign(document, campaign_id=_NOBODY, revision_id=_NOBODY, check=check)
    name = program.name
    async with pool.acquire() as connection:
        await _check_traits(connection, program)
        row = await connection.fetchrow(sql("authoring.read_campaign"), name)
        if row is None:
            return Plan(name, "create")
        kept = _read(row)
        _check_kind(kept.program, program)
        changes = tuple(list_changes(kept.document, document))
        if not changes:
            return Plan(name, "unchanged")
        program = await _place_all(connection, msgspec.structs.replace(program, id=kept.id))
        return Plan(name, "update", changes, await _plan_people(connection, program))


async def _place_all(connection: Connection, program: Program) -> Program:
    """With a place for the helper steps of older revisions, whose names their author never sees."""
    if program.existing != MOVE:
        return program
    rows = await connection.fetch(sql("authoring.list_step_names"), program.id)
    return fill_moves(program, (name for row in rows for name in row["names"]))


async def _plan_people(connection: Connection, program: Program) -> tuple[PlanStep, ...]:
    names = {r["id"]: r["names"] for r in await connection.fetch(sql("authoring.list_step_names"), program.id)}
    rows = await connection.fetch(sql("authoring.list_standing"), program.id)
    return plan_steps(program, (Standing(r["number"], _name(names[r["id"]], r["step"]), r["people"]) for r in rows))


def _name(names: list[str], step: int) -> str:
    """Behind the last step is the end."""
    return names[step] if step < len(names) else EXIT


def _check_kind(kept: Program, program: Program) -> None:
    """Raises Conflict: what people are in does not become something else."""
    if kept.kind != program.kind:
        raise Conflict(f"{kept.name} is a {kept.kind}; apply the {program.kind} under another name")


async def _check_traits(connection: Connection, program: Program) -> None:
    """Raises Refused when a condition asks for a computed trait that is not there, or not of that kind."""
    rows = await connection.fetch(sql("authoring.list_traits"))
    if problems := check_traits(program, {row["name"]: row["document"] for row in rows}):
        raise Refused(problems)


async def launch(
    pool: Pool,
    name: str,
    *,
    now: datetime,
    lanes: int,
    customers: Sequence[str] | None = None,
    audience: bool = False,
    ready: Ready | None = None,
) -> Launched:
    """Starts a campaign: a broadcast enrols its target segments, or only the `customers` named by external id.

    A campaign with a trigger waits for it; `audience` enrols who is in its target segments now as well. Raises
    Refused when a channel is not ready or a customer is unknown, Conflict when the status does not allow it.
    """
    async with _locked(pool, name) as (connection, campaign):
        program = campaign.program
        asked = customers is not None or audience
        status = after_launch(program, campaign.status, now, asked=asked)
        if ready is not None and (problems := ready(channels_of(program))):
            raise Refused(problems)
        named = None if customers is None else await _find_customers(connection, customers, lanes)
        await _set_status(connection, campaign, status, now, launching=True)
        launch_id = None
        if asked or campaign.kind == "broadcast":
            launch_id = uuid7(to_ms(now))
            await _write_launch(connection, campaign, launch_id, named, lanes, now)
        await _notify(connection, "launch")
        count = None if named is None else len(named)
        return Launched(campaign.name, campaign.id, status.word, launch_id, count)


async def pause(pool: Pool, name: str, *, now: datetime) -> Campaign:
    """Nobody enters and nobody moves until it is resumed."""
    async with _locked(pool, name) as (connection, campaign):
        await _set_status(connection, campaign, after_pause(campaign.program, campaign.status), now)
        await _notify(connection, "campaigns")
    return await get_campaign(pool, name)


async def resume(pool: Pool, name: str, *, now: datetime) -> Campaign:
    """What was due in the meantime is due now."""
    async with _locked(pool, name) as (connection, campaign):
        await _set_status(connection, campaign, after_resume(campaign.program, campaign.status, now), now)
        await _notify(connection, "campaigns")
    return await get_campaign(pool, name)


async def cancel(pool: Pool, name: str, *, now: datetime) -> Campaign:
    """Stops it for good."""
    async with _locked(pool, name) as (connection, campaign):
        await _set_status(connection, campaign, after_cancel(campaign.program, campaign.status), now)
        await _notify(connection, "campaigns")
    return await get_campaign(pool, name)


async def retry(pool: Pool, name: str, *, now: datetime, lanes: int) -> Retried:
    """Enrollments that were set aside because a step broke go on where they stood, at once. Raises NotFound, and
    Conflict when the campaign was cancelled."""
    async with _locked(pool, name) as (connection, campaign):
        check_open(campaign.program, campaign.status)
        again = campaign.program.reentry == "always"
        count = 0
        for lane in range(lanes):
            count += await connection.fetchval(sql("authoring.retry_enrollments"), lane, campaign.id, now, again)
        await _notify(connection, "launch")
        return Retried(campaign.name, count)


async def list_campaigns(pool: Pool) -> list[Campaign]:
    """All of them, the newest first."""
    return [_read(row) for row in await pool.fetch(sql("authoring.list_campaigns"))]


async def get_campaign(pool: Pool, name: str) -> Campaign:
    """One by name. Raises NotFound."""
    row = await pool.fetchrow(sql("authoring.read_campaign"), name)
    if row is None:
        raise NotFound("campaign", name)
    return _read(row)


@asynccontextmanager
async def _locked(pool: Pool, name: str) -> AsyncIterator[tuple[Connection, Campaign]]:
    """A transaction that holds the campaign's row, so that two changes of status cannot cross."""
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(sql("authoring.lock_campaign"), name)
        if row is None:
            raise NotFound("campaign", name)
        yield connection, _read(row)


def _read(row: Record) -> Campaign:
    fields = dict(row)
    return Campaign(
        revision=fields.pop("number"),
        status=CampaignStatus(fields.pop("status")),
        program=msgspec.convert(fields.pop("program"), Program),
        **fields,
    )


async def _write_revision(
    connection: Connection, program: Program, number: int, document: dict[str, Any], now: datetime
) -> None:
    kept = msgspec.to_builtins(program)
    await connection.execute(
        sql("authoring.add_revision"), program.revision_id, program.id, number, document, kept, now
    )


async def _adopt(connection: Connection, kept: Campaign, program: Program, title: str, now: datetime) -> None:
    """Makes the new revision the current one; a state that is newly watched is looked at soon."""
    scan_at = kept.next_scan_at
    if kept.status is CampaignStatus.RUNNING and program.trigger.state != kept.program.trigger.state:
        scan_at = now if program.trigger.state is not None else None
    await connection.execute(sql("authoring.adopt_revision"), kept.id, program.revision_id, title, scan_at, now)
    if kept.status is CampaignStatus.SCHEDULED:
        await connection.execute(sql("authoring.move_launches"), kept.id, program.revision_id)


async def _set_status(
    connection: Connection, campaign: Campaign, status: CampaignStatus, now: datetime, *, launching: bool = False
) -> None:
    started_at, ended_at, scan_at = campaign.started_at, None, campaign.next_scan_at
    if status is CampaignStatus.RUNNING and started_at is None:
        started_at = now
    if status is CampaignStatus.CANCELLED:
        ended_at = now
    if launching and campaign.kind == "state":
        scan_at = now
    await connection.execute(sql("authoring.set_status"), campaign.id, int(status), started_at, ended_at, scan_at, now)


async def _find_customers(connection: Connection, references: Sequence[str], lanes: int) -> list[UUID]:
    """The ids of external ids. Raises Refused naming those that nobody has."""
    wanted = list(dict.fromkeys(references))
    if not wanted:
        raise _refuse("launch.nobody", "names nobody", "name at least one customer, or leave it out")
    if len(wanted) > MAX_NAMED:
        raise _refuse("launch.too_many", f"names more than {MAX_NAMED:,}", "give them a tag and target it as a segment")
    lane = [lane_of_text(value, lanes) for value in wanted]
    found = {
        r["value"]: r["customer_id"] for r in await connection.fetch(sql("authoring.find_customers"), lane, wanted)
    }
    missing = [value for value in wanted if value not in found]
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        words = f"nobody has the external id {', '.join(map(repr, missing[:_SHOWN]))}{more}"
        raise _refuse("launch.unknown_customer", words, "import them first")
    return sorted(set(found.values()))


async def _write_launch(
    connection: Connection, campaign: Campaign, launch_id: UUID, named: list[UUID] | None, lanes: int, now: datetime
) -> None:
    """The launch, and its part for each lane that it concerns."""
    kind = "audience" if named is None else "customers"
    await connection.execute(sql("authoring.add_launch"), launch_id, campaign.id, campaign.revision_id, kind, now)
    parts: dict[int, list[UUID] | None] = dict.fromkeys(range(lanes))
    if named is not None:
        by_lane: defaultdict[int, list[UUID]] = defaultdict(list)
        for customer in named:
            by_lane[lane_of(customer, lanes)].append(customer)
        parts = dict(by_lane)
    await connection.executemany(
        sql("authoring.add_lane"), [(lane, launch_id, part) for lane, part in sorted(parts.items())]
    )


async def _write_move(connection: Connection, program: Program, now: datetime) -> None:
    """Lets the engine go over everybody in older revisions; it knows from the revisions who moves where."""
    launch_id = uuid7(to_ms(now))
    await connection.execute(sql("authoring.add_launch"), launch_id, program.id, program.revision_id, MOVE, now)
    await connection.execute(sql("authoring.add_every_lane"), launch_id)


async def _notify(connection: Connection, word: str) -> None:
    await connection.execute(sql("authoring.notify"), word)


def _refuse(code: str, message: str, fix: str) -> Refused:
    return Refused([Problem(code, message, "customers", fix)])
