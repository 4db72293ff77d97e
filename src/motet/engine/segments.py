"""Segments in a turn of a lane: what is loaded for them, and what is written. `footing.py` thinks in between.

A turn applies what it heard exactly once: tallies, memberships, their counts, the events of entering and leaving, and
how far builds have come are written in the transaction that moves the cursor.
"""

from __future__ import annotations

from collections import Counter as Tallying
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.audience.segments.book import SegmentBook
from motet.audience.segments.tallies import read_tallies
from motet.core.clock import to_ms
from motet.core.events import CUSTOMERS_CHANGED, NOBODY
from motet.core.ids import uuid7
from motet.core.measures import Tally
from motet.storage.changes import IDS
from motet.storage.pool import Connection
from motet.storage.sql import sql

FLIPS = 500  # customers whose window turns, in one turn
PAGE = 500  # customers that builds look over, or take counts of, in one turn

ASKED, COUNTING, COUNTED, DONE = 1, 2, 3, 4  # of a build in a lane: see build_lane
_START, _END = UUID(int=0), UUID(int=(1 << 128) - 1)
_EVENT = ("lane", "customer_id", "id", "name", "at", "properties", "source")


class StandingRow(msgspec.Struct, frozen=True):
    """A row of `standing`, or what is to become one."""

    segments: Sequence[int]
    tallies: bytes | None
    flips_at: datetime | None


class Page(msgspec.Struct, frozen=True):
    """The next customers of builds in one lane: looked over, or with counts to be taken over."""

    builds: tuple[UUID, ...]
    after: UUID  # where the builds stood
    until: UUID  # and stand afterwards
    customers: tuple[UUID, ...]
    counted: dict[UUID, bytes] = {}  # by customer; only of a page of counts

    members: frozenset[UUID] = frozenset()  # the customers as a set

    @property
    def last(self) -> bool:
        return self.until == _END


class Reach(msgspec.Struct, frozen=True):
    """How far builds have come in a lane once the turn is over: what may be asked, and what is counted."""

    covered: int  # rules that hold for everybody in the lane
    answers: frozenset[int]  # measures that are counted from the beginning for everybody in the lane
    counting: frozenset[int]  # measures that are counted as events come
    partly: tuple[tuple[UUID, int, frozenset[int]], ...]  # (up to this customer, rules, measures)

    def rules(self, customer: UUID) -> int:
        covered = self.covered
        for until, rules, _ in self.partly:
            if customer <= until:
                covered |= rules
        return covered

    def measures(self, customer: UUID) -> frozenset[int]:
        answers = self.answers
        for until, _, measures in self.partly:
            if measures and customer <= until:
                answers |= measures
        return answers


class Ground(msgspec.Struct, frozen=True):
    """What one turn knows of segments, beside the customers themselves."""

    standings: dict[UUID, StandingRow]
    changed: frozenset[UUID]  # their profiles were written
    flipped: frozenset[UUID]  # a window may have turned
    begun: tuple[UUID, ...]  # builds that count from the cursor of this turn on
    looked: Page | None
    taken: Page | None
    reach: Reach

    @property
    def busy(self) -> bool:
        """Whether a build moves on."""
        return bool(self.begun or self.looked or self.taken)

    @property
    def finished(self) -> bool:
        """Whether a build is done in this lane."""
        return any(page.last for page in (self.looked, self.taken) if page is not None)

    @property
    def more(self) -> bool:
        """Whether there may be more to do at once: a build moved on, or a limit was reached."""
        return self.busy or len(self.flipped) >= FLIPS

    @property
    def touched(self) -> set[UUID]:
        pages = [page.customers for page in (self.looked, self.taken) if page is not None]
        return {*self.changed, *self.flipped, *(c for page in pages for c in page)}


async def read_flips(connection: Connection, lane: int, now: datetime) -> frozenset[UUID]:
    """Customers for whom a window may have turned."""
    return frozenset(r["customer_id"] for r in await connection.fetch(sql("segments.list_flips"), lane, now, FLIPS))


async def read_changes(connection: Connection, lane: int, rows: list[UUID]) -> frozenset[UUID]:
    """The customers in these rows of NOBODY."""
    found = await connection.fetch(sql("segments.read_changes"), lane, rows) if rows else ()
    return frozenset(UUID(id) for row in found for id in row["ids"])


async def load_ground(
    connection: Connection,
    lane: int,
    book: SegmentBook,
    *,
    changed: frozenset[UUID],
    flipped: frozenset[UUID],
    caught_up: bool,
) -> Ground:
    """Everything but the standings, which `load_standings` adds. `caught_up`: the cursor has no target after the turn,
    so that a build may begin at it."""
    states: dict[UUID, tuple[int, UUID]] = {}
    if book.builds:
        found = await connection.fetch(sql("segments.load_lane_builds"), lane, list(book.builds))
        states = {row["build_id"]: (row["status"], row["at_id"]) for row in found}
    looked = await _read_look(connection, lane, book, states)
    taken = await _read_counts(connection, lane, book, states)
    for page in (looked, taken):
        for build in page.builds if page else ():
            states[build] = (DONE if page and page.last else COUNTED, page.until if page else _START)
    begun = tuple(build for build, (status, _) in states.items() if status == ASKED) if caught_up else ()
    return Ground({}, changed, flipped, begun, looked, taken, _reach(book, states))


async def load_standings(connection: Connection, lane: int, ids: Sequence[UUID]) -> dict[UUID, StandingRow]:
    rows = await connection.fetch(sql("segments.load_standing"), lane, ids) if ids else ()
    return {row["customer_id"]: StandingRow(row["segments"], row["tallies"], row["flips_at"]) for row in rows}


States = dict[UUID, tuple[int, UUID]]  # build -> its status in the lane, and the customer it has come to


async def _read_look(connection: Connection, lane: int, book: SegmentBook, states: States) -> Page | None:
    """The next customers of the builds that may look; those that stand at one place go on together."""
    ready = {
        id: states[id][1]
        for id, build in book.builds.items()
        if not build.counts
        and states.get(id, (DONE,))[0] == COUNTED
        and all(states.get(other, (DONE,))[0] == DONE for other in build.waits_for)
    }
    if not ready:
        return None
    after = min(ready.values())
    rows = await connection.fetch(sql("segments.read_page"), lane, after, PAGE)
    ids = tuple(row["id"] for row in rows)
    until = ids[-1] if len(ids) == PAGE else _END
    builds = tuple(id for id, place in ready.items() if place == after)
    return Page(builds, after, until, ids, members=frozenset(ids))


async def _read_counts(connection: Connection, lane: int, book: SegmentBook, states: States) -> Page | None:
    """The next customers for whom the keeper counted what was before."""
    for id, build in book.builds.items():
        if build.counts and states.get(id, (DONE,))[0] == COUNTED:
            after = states[id][1]
            rows = await connection.fetch(sql("segments.read_counted"), lane, id, after, PAGE)
            counted = {row["customer_id"]: row["tallies"] for row in rows}
            until = rows[-1]["customer_id"] if len(rows) == PAGE else _END
            return Page((id,), after, until, tuple(counted), counted)
    return None


def _reach(book: SegmentBook, states: States) -> Reach:
    """A build without a row in the lane is over: it was settled while this was read."""
    covered = book.everything
    partly: list[tuple[UUID, int, frozenset[int]]] = []
    unanswered: set[int] = set()
    uncounted: set[int] = set()
    for id, build in book.builds.items():
        status, at_id = states.get(id, (DONE, _END))
        numbers = frozenset(n for n, measure in book.measures.items() if measure.build == id)
        if status == DONE:
            continue
        covered &= ~build.rules
        unanswered |= numbers
        if status == COUNTED:
            partly.append((at_id, build.rules, numbers))
        if status == ASKED:
            uncounted |= numbers
    every = book.measures.keys()
    return Reach(covered, frozenset(every - unanswered), frozenset(every - uncounted), tuple(partly))


# written ---------------------------------------------------------------------------------------------------------


class Moves:
    """What becomes of standings in a turn, gathered over its customers."""

    def __init__(self) -> None:
        self.standings: dict[UUID, StandingRow] = {}
        self.members: dict[int, int] = {}  # revision -> how many more
        self.facts: list[tuple[UUID, str, dict[str, Any]]] = []  # events of entering, leaving, moving on
        self.noted: list[UUID] = []  # moved without an event

    def merge(self, other: Moves) -> None:
        if other.standings:
            self.standings.update(other.standings)
        for number, more in other.members.items():
            self.members[number] = self.members.get(number, 0) + more
        if other.facts:
            self.facts.extend(other.facts)
        if other.noted:
            self.noted.extend(other.noted)


async def save_moves(connection: Connection, lane: int, moves: Moves, now: datetime) -> None:
    """Standings and counts in one statement; events and notes, when there are any, in another."""
    if moves.standings:
        await _save_standings(connection, lane, moves.standings, moves.members)
    if moves.facts or moves.noted:
        records = _records(lane, moves, now)
        await connection.copy_records_to_table("event", records=records, columns=_EVENT)


async def _save_standings(
    connection: Connection, lane: int, standings: dict[UUID, StandingRow], members: dict[int, int]
) -> None:
    ids = sorted(standings)
    rows = [standings[id] for id in ids]
    numbers = [number for number, more in members.items() if more]
    await connection.execute(
        sql("segments.save_standing"),
        lane,
        ids,
        ["{" + ",".join(map(str, sorted(row.segments))) + "}" for row in rows],
        [row.tallies for row in rows],
        [row.flips_at for row in rows],
        numbers,
        [members[number] for number in numbers],
    )


def _records(lane: int, moves: Moves, now: datetime) -> list[tuple[Any, ...]]:
    """Rows for the log; their ids rise, so that one customer's events keep their order."""
    rows = [(customer, name, properties, "segment") for customer, name, properties in moves.facts]
    for start in range(0, len(moves.noted), IDS):
        ids = [str(id) for id in moves.noted[start : start + IDS]]
        rows.append((NOBODY, CUSTOMERS_CHANGED, {"ids": ids}, "standing"))
    ms = to_ms(now)
    fresh = sorted(uuid7(ms) for _ in rows)
    return [(lane, c, id, name, now, props, source) for id, (c, name, props, source) in zip(fresh, rows, strict=True)]


async def save_ground(connection: Connection, lane: int, ground: Ground, done: str, strangers: Iterable[UUID]) -> None:
    """How far builds have come, and standings of customers who are no more. `done` is the cursor after the turn."""
    gone = sorted(strangers)
    if gone:
        left: Tallying[int] = Tallying(n for id in gone for n in ground.standings[id].segments)
        await connection.execute(sql("segments.drop_standing"), lane, gone)
        await _save_standings(connection, lane, {}, {number: -count for number, count in left.items()})
    if ground.begun:
        await connection.execute(sql("segments.begin_builds"), lane, list(ground.begun), done)
    for page in (ground.looked, ground.taken):
        if page is not None:
            count = len(page.customers)
            await connection.execute(
                sql("segments.save_progress"), lane, list(page.builds), page.after, page.until, count, page.last
            )
    if ground.taken is not None:
        await connection.execute(sql("segments.drop_counted"), lane, ground.taken.builds[0], ground.taken.until)


def counted_of(page: Page, customer: UUID) -> dict[int, Tally] | None:
    """What a build counted for a customer of its page."""
    raw = page.counted.get(customer)
    return None if raw is None else read_tallies(raw)
