"""Questions over everybody: the files and what is newer, as of one moment.

Safe in the web process: DuckDB works in threads, within so much memory; two questions at once, the rest wait. Each
question reads, in one transaction, the manifest, the events that no file holds, the customers who changed since their
file was written, and who is who; so the answer is exactly that of this moment.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import msgspec

from motet.archive.duck import Duck, Session
from motet.archive.gather import Needs, gather, read_needs
from motet.archive.learning import Vocabulary, learn_customers, learn_events, merge_learned, tell
from motet.archive.manifest import Moment
from motet.archive.tallies import count_tallies, read_tallies
from motet.core.errors import Unavailable
from motet.core.measures import Measure, Tally
from motet.storage.pool import Pool
from motet.storage.sql import sql

LONGEST = 60.0  # seconds that a question may take
REMEMBERED = 30.0  # seconds for which what was learned is told again


class Query(Protocol):
    """A question over the two relations, as `core.filters.columns` makes it: ids of customers, each once."""

    @property
    def sql(self) -> str: ...

    @property
    def params(self) -> Sequence[Any]: ...


class Counted(msgspec.Struct, frozen=True):
    """`count` of `total` customers match, of everything committed before `as_of`; `sample` are the newest of them."""

    count: int
    total: int
    sample: list[UUID]
    as_of: datetime


class FoundIds(msgspec.Struct, frozen=True):
    """A page of the customers that match, the newest first; `total` is of all pages."""

    ids: list[UUID]
    total: int
    as_of: datetime


class Archive:
    """The columnar log of one house, for reading. Raises Unavailable when it is far behind, or a file is missing."""

    def __init__(self, pool: Pool, lanes: int, root: Path, *, memory: str = "1GB", threads: int | None = None) -> None:
        self.pool = pool
        self.lanes = lanes
        self.root = root.absolute()
        self.duck = Duck(self.root, memory=memory, threads=threads)
        self._learned: tuple[float, Vocabulary] | None = None
        self._learning = asyncio.Lock()

    async def count(self, query: Query, *, sample: int = 10) -> Counted:
        """How many customers a query of `compile_columns` finds."""

        def work(session: Session) -> tuple[int, int, list[UUID]]:
            _match(session, query)
            newest = session.execute("SELECT id FROM matched ORDER BY id DESC LIMIT ?", [sample]).fetchall()
            return _one(session, "matched"), _one(session, "customers"), [row[0] for row in newest]

        async with self._asked(read_needs(query.sql)) as (session, moment):
            count, total, ids = await self.duck.run(session, work)
        return Counted(count, total, ids, moment.at)

    async def search(self, query: Query, *, limit: int, before: UUID | None = None) -> FoundIds:
        """A page of the customers that a query finds: ids below `before`, the newest first."""

        def work(session: Session) -> tuple[list[UUID], int]:
            _match(session, query)
            rows = session.execute(
                "SELECT id FROM matched WHERE $1 IS NULL OR id < $1::UUID ORDER BY id DESC LIMIT $2",
                [None if before is None else str(before), limit],
            ).fetchall()
            return [row[0] for row in rows], _one(session, "matched")

        async with self._asked(read_needs(query.sql)) as (session, moment):
            ids, total = await self.duck.run(session, work)
        return FoundIds(ids, total, moment.at)

    async def tallies(
        self, measure: Measure, since_by_lane: Mapping[int, str], *, now: datetime
    ) -> AsyncIterator[tuple[int, UUID, Tally]]:
        """The counts of a measure over the events that each lane's snapshot sees, by lane and then by id.

        Lanes that are not named have no events. `now` says what is too old to be kept by itself.
        """
        async with self.duck.session() as session:
            async with self.pool.acquire() as connection:
                await count_tallies(connection, self.duck, session, [measure], since_by_lane, lanes=self.lanes, now=now)
            async for lane, customer, tallies in read_tallies(self.duck, session):
                yield lane, customer, tallies[0]

    async def learn(self) -> Vocabulary:
        """What conditions can name: fields, events, values. At most half a minute old."""
        async with self._learning:
            if self._learned is None or time.monotonic() - self._learned[0] > REMEMBERED:
                self._learned = (time.monotonic(), await self._learn())
            return self._learned[1]

    async def _learn(self) -> Vocabulary:
        async with self._asked(Needs(segments=False)) as (session, moment):
            rows = await self.pool.fetch(sql("archive.list_learned"), [f.id for f in moment.files])
            newer = await self.duck.run(
                session,
                lambda s: [learn_events(s, "newer"), learn_customers(s, "(SELECT * FROM changed WHERE NOT gone)")],
            )
        return tell(merge_learned([*(row["learned"] for row in rows), *newer]))

    def close(self) -> None:
        """Gives memory and scratch files back."""
        self.duck.close()

    @asynccontextmanager
    async def _asked(self, needs: Needs) -> AsyncIterator[tuple[Session, Moment]]:
        try:
            async with asyncio.timeout(LONGEST), self.duck.session() as session:
                async with self.pool.acquire() as connection:
                    moment = await gather(connection, self.duck, session, needs, lanes=self.lanes)
                yield session, moment
        except TimeoutError:
            raise Unavailable(f"the question took longer than {LONGEST:.0f} s: make it narrower") from None


def _match(session: Session, query: Query) -> None:
    session.execute(f"CREATE OR REPLACE TEMP TABLE matched AS {query.sql}", list(query.params))


def _one(session: Session, relation: str) -> int:
    found = session.execute(f"SELECT count(*) FROM {relation}").fetchone()
    assert found is not None
    return int(found[0])
