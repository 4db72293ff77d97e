"""What a simulation reads of the house: programs, policy, segments, and real people page by page. Only read, never
written; a page is in memory for as long as its people live."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.audience.profiles import load_customers
from motet.audience.segments.register import read_draft
from motet.authoring.campaign import title_of
from motet.authoring.message import ContentCheck
from motet.authoring.store import get_campaign
from motet.core.errors import NotFound
from motet.core.events import Event
from motet.engine.load import load_enrollments, load_messages
from motet.engine.segments import load_standings
from motet.simulation.forecast.compose import compose
from motet.simulation.forecast.crowd import CHUNK, limit, live_chunk, make_tally, rare_collection
from motet.simulation.forecast.forecast import Order, chosen, set_scene, tell
from motet.simulation.forecast.people import Someone
from motet.simulation.forecast.report import Report
from motet.simulation.forecast.scene import Scene, Surroundings
from motet.simulation.forecast.tally import Tally
from motet.storage.pool import Connection, Pool
from motet.storage.programs import load_policy, load_programs
from motet.storage.sql import sql

_START = UUID(int=0)
_NO_EVENTS: Sequence[Event] = ()


class Wanted(msgspec.Struct, frozen=True):
    """Which real people: of a segment (or with a tag of that name), or anybody; at most so many."""

    segment: str | None = None
    most: int | None = None


async def read_surroundings(pool: Pool, zone: str) -> Surroundings:
    """What runs beside the program that is simulated."""
    programs, campaigns = await load_programs(pool)
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        draft = await read_draft(connection)
    return Surroundings(programs, campaigns, await load_policy(pool), draft, zone)


async def read_stored(pool: Pool, name: str) -> dict[str, Any]:
    """The document of a campaign or journey as it is now. Raises NotFound."""
    return (await get_campaign(pool, name)).document


async def forecast_real(
    pool: Pool, lanes: int, order: Order, wanted: Wanted, now: datetime, around: Surroundings,
    check: ContentCheck | None = None,
) -> Report:  # fmt: skip
    """What the document would do to real people, as they are now. Raises Refused, and NotFound for a segment that is
    empty or not there."""
    scene = set_scene(order, now, around, check)
    tally, known = await _live(pool, lanes, scene, wanted, now)
    if not tally.customers:
        raise NotFound("customer in the segment", wanted.segment or "any")
    if (limited := limit(scene, tally)) is not None:
        scene = limited
        tally, known = await _live(pool, lanes, scene, wanted, now)
    examples = tell(scene, tally, (known[index] for index, _ in chosen(tally)))
    kind = "real" if wanted.segment is None else "segment"
    return compose(
        scene, tally, title=title_of(order.document), people=kind, segment=wanted.segment, examples=tuple(examples)
    )


async def _live(
    pool: Pool, lanes: int, scene: Scene, wanted: Wanted, now: datetime
) -> tuple[Tally, dict[int, Someone]]:
    """The tally, and those who went a way first: they are told of later."""
    whole, known = make_tally(scene), dict[int, Someone]()
    async for page in read_people(pool, lanes, scene, wanted, now):
        with rare_collection():
            whole.merge(live_chunk(scene, page))
        first = {index for _, index in whole.ways.values()}
        known.update((someone.index, someone) for someone in page if someone.index in first)
    return whole, known


async def read_people(
    pool: Pool, lanes: int, scene: Scene, wanted: Wanted, now: datetime
) -> AsyncIterator[tuple[Someone, ...]]:
    """Real people in the order of lanes and ids, with their enrollments, messages, segments and counts."""
    left = wanted.most if wanted.most is not None else 1 << 40
    names = [] if wanted.segment is None else [wanted.segment]
    numbers = [n for name, n in scene.worlds[0][1].book.numbers.items() if name in names]
    index = 0
    for lane in range(lanes):
        after = _START
        while left > 0:
            async with pool.acquire() as connection:
                ids = await _read_ids(connection, lane, after, names, numbers, min(CHUNK, left))
                page = await _meet(connection, lane, ids, now, index) if ids else ()
            if page:
                yield page
            index, left = index + len(page), left - len(page)
            if len(ids) < CHUNK:
                break
            after = ids[-1]


async def _read_ids(
    connection: Connection, lane: int, after: UUID, names: list[str], numbers: list[int], most: int
) -> list[UUID]:
    if numbers:
        rows = await connection.fetch(sql("engine.read_members"), lane, after, names, most, numbers)
    else:
        rows = await connection.fetch(sql("engine.read_audience"), lane, after, names, most)
    return [row["id"] for row in rows]


async def _meet(connection: Connection, lane: int, ids: list[UUID], now: datetime, index: int) -> tuple[Someone, ...]:
    customers = {c.id: c for c in await load_customers(connection, lane, ids)}
    enrollments = await load_enrollments(connection, lane, ids)
    messages = await load_messages(connection, lane, ids, now, _NO_EVENTS)
    standings = await load_standings(connection, lane, ids)
    return tuple(
        Someone(
            index + place,
            customers[id],
            basket="cart_abandoners" in customers[id].tags,
            enrollments=tuple(enrollments.get(id, ())),
            messages=tuple(messages.get(id, ())),
            standing=standings.get(id),
        )
        for place, id in enumerate(id for id in ids if id in customers)
    )
