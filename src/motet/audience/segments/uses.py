"""Who uses what: the segments, traits and measures that campaigns ask about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from motet.audience.segments.documents import names_of_traits
from motet.audience.segments.register import compile_stored
from motet.core.events import SEGMENT_ENTERED, SEGMENT_LEFT
from motet.core.measures import Measure
from motet.core.program import Program
from motet.core.words import CampaignStatus
from motet.storage.pool import Connection
from motet.storage.sql import sql

_OVER = (int(CampaignStatus.COMPLETED), int(CampaignStatus.CANCELLED))


class Use(msgspec.Struct, frozen=True):
    """What one campaign asks about, in the revision that is current or in one that somebody is still in."""

    campaign: str
    open: bool  # the current revision of a campaign that is not over
    segments: frozenset[str]
    traits: frozenset[str]
    measures: tuple[Measure, ...]


async def read_uses(connection: Connection, traits: Mapping[str, Any]) -> list[Use]:
    """Every revision of every campaign that may still have somebody in it."""
    found: list[Use] = []
    for row in await connection.fetch(sql("segments.list_programs")):
        program = msgspec.convert(row["program"], Program)
        is_open = row["current"] and row["status"] not in _OVER
        found.append(_use(row["name"], program, is_open, traits))
    return found


def specs_of(program: Program) -> Iterator[dict[str, Any]]:
    """Every condition in a program."""
    if program.trigger.where:
        yield program.trigger.where
    if program.trigger.state:
        yield program.trigger.state
    for step in program.steps:
        if conditions := step.args.get("conditions"):
            yield conditions


def _use(name: str, program: Program, is_open: bool, traits: Mapping[str, Any]) -> Use:
    specs = list(specs_of(program))
    filters = [filter for spec in specs if (filter := compile_stored(spec, traits, name)) is not None]
    moved = (
        {program.trigger.where.get("segment")} if program.trigger.event in (SEGMENT_ENTERED, SEGMENT_LEFT) else set()
    )
    named = {s for filter in filters for s in filter.needs.segments} | {s for s in moved if isinstance(s, str)}
    return Use(
        name,
        is_open,
        frozenset(named | set(program.segments)),
        names_of_traits(specs),
        tuple(m for filter in filters for m in filter.needs.measures),
    )
