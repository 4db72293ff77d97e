"""Counts of measures over the whole log, as `core.measures.Tally`, customer by customer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.archive.duck import Duck, Session
from motet.archive.gather import Needs, gather
from motet.core.filters.columns import compile_measure_columns
from motet.core.measures import MOST_VALUES, Measure, Tally, Value
from motet.storage.pool import Connection

PAGE = 5_000  # rows that come out of DuckDB at once

# The columns of `compile_measure_columns`, of types that are one for all measures.
_COLUMNS = (
    "lane, customer_id, count, first, last, sum, numbers, low, high, "
    "recent::STRUCT(ms BIGINT, value VARCHAR)[] AS recent, values::STRUCT(value VARCHAR, times BIGINT)[] AS values"
)
_decode = msgspec.json.Decoder().decode


async def count_tallies(
    connection: Connection,
    duck: Duck,
    session: Session,
    measures: Sequence[Measure],
    since_by_lane: Mapping[int, str],
    *,
    lanes: int,
    now: datetime,
) -> None:
    """Counts the events that the snapshot of their lane sees; of a lane that is not named, none.

    The session is then `read_tallies`' until its end; the connection, outside a transaction, is free.
    """
    needs = Needs(customers=False, segments=False)
    await gather(connection, duck, session, needs, lanes=lanes, since=since_by_lane)
    await duck.run(session, lambda s: _count(s, measures, now))


async def read_tallies(duck: Duck, session: Session) -> AsyncIterator[tuple[int, UUID, dict[int, Tally]]]:
    """(lane, customer, tallies by the place of their measure), by lane and then by id."""
    found: tuple[int, UUID, dict[int, Tally]] | None = None
    while page := await duck.run(session, lambda s: s.fetchmany(PAGE)):
        for place, lane, customer, *fields in page:
            if found is None or found[1] != customer:
                if found is not None:
                    yield found
                found = (lane, customer, {})
            found[2][place] = _tally(*fields)
    if found is not None:
        yield found


def _count(session: Session, measures: Sequence[Measure], now: datetime) -> None:
    """Counts each measure into a table of its own, and opens the one result over all of them."""
    for place, measure in enumerate(measures):
        query = compile_measure_columns(measure, now=now)
        session.execute(
            f"CREATE OR REPLACE TEMP TABLE counted_{place} AS SELECT {_COLUMNS} FROM ({query.sql})", list(query.params)
        )
    parts = [f"SELECT {place} AS place, * FROM counted_{place}" for place in range(len(measures))]
    session.execute(f"{' UNION ALL '.join(parts)} ORDER BY lane, customer_id, place")


def _tally(
    count: int,
    first: int,
    last: int,
    total: float,
    numbers: int,
    low: float,
    high: float,
    recent: list[dict[str, Any]],
    values: list[dict[str, Any]],
) -> Tally:
    by_count = sorted(((v["value"], v["times"]) for v in values), key=lambda v: (-v[1], v[0]))
    return Tally(
        count=count,
        first=first,
        last=last,
        recent=[(one["ms"], _value(one["value"])) for one in recent],
        sum=total,
        numbers=numbers,
        low=low,
        high=high,
        values=dict(by_count[:MOST_VALUES]),
    )


def _value(text: str | None) -> Value:
    if text is None:
        return None
    value: Value = _decode(text)
    return float(value) if type(value) is int else value
