"""From the tree to one SELECT of DuckDB over columns: the ids of all customers for whom a filter holds. Pure.

It reads two relations that the caller provides:

- `customers`: id UUID, lane SMALLINT, external_id, email, phone, lifecycle_stage, timezone, locale VARCHAR, tags
  VARCHAR[], segments INTEGER[], attributes, devices, handles, topics, preferences, consents JSON,
  last_interaction_at, last_purchase_at, created_at TIMESTAMPTZ.
- `events`: customer_id UUID, lane SMALLINT, name VARCHAR, at TIMESTAMPTZ, properties JSON, value DOUBLE,
  channel SMALLINT (0: none). JSON is as PostgreSQL writes a jsonb: nothing is escaped that need not be.

Each distinct aggregate is one pass over the events of its names and window, grouped by customer. Values and names are
parameters (`$1`, `$2`, ...), never part of the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from motet.core.clock import from_ms, to_ms
from motet.core.filters.columns_fields import CustomerFields, EventFields, Fields
from motet.core.filters.columns_values import Jsons, Moments, Numbers, Params, ask_column
from motet.core.filters.compiler import compile_filter
from motet.core.filters.questions import holds_at, settle
from motet.core.filters.tree import All, Any, Clock, Did, Near, Node, Not, Percent, Take, Test
from motet.core.filters.windows import bounds
from motet.core.measures import MOST, Measure


class ColumnQuery(msgspec.Struct, frozen=True):
    """A statement and its parameters, in the order of `$1`, `$2`, ..."""

    sql: str
    params: tuple[object, ...]


def compile_columns(tree: Node, *, now: datetime, segments: Mapping[str, int]) -> ColumnQuery:
    """A SELECT of `id`: the customers for whom the filter holds at `now` (in the brand's timezone).

    `segments` are the numbers that stand for their names in `customers.segments`.
    """
    params = Params()
    past = _Past(params, now)
    condition = _condition(tree, CustomerFields(params, now, segments), past)
    joins = "".join(f"\nLEFT JOIN {name} ON {name}.customer_id = c.id" for name in past.made.values())
    sql = f"{past.text()}SELECT c.id AS id FROM customers AS c{joins}\nWHERE {condition}"  # noqa: S608 - see above
    return ColumnQuery(*params.finish(sql))


def compile_measure_columns(measure: Measure, *, now: datetime) -> ColumnQuery:
    """A SELECT of what one measure's tallies hold, a row for each customer to whom it happened.

    Columns: customer_id UUID, lane SMALLINT, count BIGINT, first, last BIGINT (milliseconds), sum DOUBLE, numbers
    BIGINT, low, high DOUBLE (0 without numbers), recent STRUCT(ms BIGINT, value VARCHAR)[] (sorted by moment, as much
    as the measure keeps at `now`; `value` is JSON or NULL), values STRUCT(value VARCHAR, times BIGINT)[] (JSON of the
    value; only of a measure that counts values and keeps no single occurrences).
    """
    params = Params()
    fields = EventFields(params)
    number = fields.number(measure.of) if measure.of else "NULL::DOUBLE"
    key = _kept_value(measure, fields)
    occurred = (
        f"SELECT e.customer_id, e.lane, {_AT_MS} AS ms, {number} AS number, {key} AS key\n"
        f"FROM events AS e WHERE {_occurs(params, (measure,), None, None)}"
    )
    recent = "[]"
    if measure.keep is not None:
        floor = to_ms(now) - int(measure.keep * 1000)
        kept = f"list({{'ms': ms, 'value': key}} ORDER BY ms) FILTER (WHERE ms > {params.add(floor)})"
        recent = f"coalesce({kept}, [])[-{measure.depth or MOST}:]"
    sql = (
        f"WITH occurred AS ({occurred}),\n"
        f"tallied AS (SELECT customer_id, any_value(lane) AS lane, count(*) AS count, min(ms) AS first,"
        f" max(ms) AS last, coalesce(sum(number), 0) AS sum, count(number) AS numbers,"
        f" coalesce(min(number), 0) AS low, coalesce(max(number), 0) AS high, {recent} AS recent\n"
        f"FROM occurred GROUP BY customer_id)"
    )
    if not (measure.values and measure.keep is None):
        return ColumnQuery(*params.finish(f'{sql}\nSELECT *, [] AS "values" FROM tallied'))
    counted = (
        "counted AS (SELECT customer_id, list({'value': key, 'times': times}) AS \"values\" FROM"
        " (SELECT customer_id, key, count(*) AS times FROM occurred WHERE key IS NOT NULL GROUP BY customer_id, key)"
        " GROUP BY customer_id)"
    )
    joined = (
        "SELECT tallied.*, coalesce(counted.values, []) AS values FROM tallied LEFT JOIN counted USING (customer_id)"
    )
    return ColumnQuery(*params.finish(f"{sql},\n{counted}\n{joined}"))


def _kept_value(measure: Measure, fields: EventFields) -> str:
    """The JSON of what an occurrence keeps: its number, or any value when the measure counts values."""
    if measure.of is None:
        return "NULL::VARCHAR"
    if measure.values:
        return fields.key(measure.of)
    return f"CAST({fields.number(measure.of)} AS VARCHAR)" if measure.keep is not None else "NULL::VARCHAR"


def _condition(node: Node, fields: Fields, past: _Past | None) -> str:
    """The node as a condition that is true or false, never NULL."""
    match node:
        case All(parts):
            return f"({' AND '.join(_condition(p, fields, past) for p in parts)})" if parts else "true"
        case Any(parts):
            return f"({' OR '.join(_condition(p, fields, past) for p in parts)})" if parts else "false"
        case Not(part):
            return f"(NOT {_condition(part, fields, past)})"
        case Test():
            return fields.test(node)
        case Near():
            return fields.near(node)
        case _:
            assert past is not None, "the where of an event looks at the event alone"
            return past.condition(node)


class _Past:
    """The leaves that are about events and time, and the grouped subqueries that they need."""

    def __init__(self, params: Params, now: datetime) -> None:
        self.params = params
        self.now = now
        self.made: dict[str, str] = {}  # what is grouped -> the subquery's name
        self.columns: dict[str, dict[str, str]] = {}  # name of the subquery -> expression -> name of the column

    def condition(self, node: Did | Percent | Clock) -> str:
        if isinstance(node, Clock):
            return "true" if holds_at(node, self.now) else "false"
        if isinstance(node, Percent):
            digest = f"md5({self.params.add(node.salt)} || ':' || CAST(c.id AS VARCHAR))"
            return f"(CAST('0x' || {digest}[1:8] AS BIGINT) % 10000 < {self.params.add(node.of * 100)})"
        operand = settle(node.operand, self.now)
        column = self._column(node)
        match node.take:
            case Take.COUNT | Take.SUM:
                return ask_column(Numbers(self.params), f"coalesce({column}, 0)", node.op, operand)
            case Take.FIRST | Take.LAST:
                return ask_column(Moments(self.params), column, node.op, operand)
            case Take.MOST:
                return ask_column(Jsons(self.params), f"CAST({column} AS JSON)", node.op, operand)
            case _:
                return ask_column(Numbers(self.params), column, node.op, operand)

    def _column(self, node: Did) -> str:
        """The column with this aggregate; its subquery is made when this is the first to ask for it."""
        fields, of = EventFields(self.params), node.measures[0].of or "value"
        start, end = bounds(node.window, self.now) if node.window else (None, None)
        occurs = _occurs(self.params, node.measures, start, end)
        if node.take is Take.MOST:
            counted = f"SELECT e.customer_id, {fields.key(of)} AS key FROM events AS e WHERE {occurs}"  # noqa: S608
            most = (
                f"SELECT customer_id, key FROM (SELECT customer_id, key, count(*) AS times FROM ({counted})"  # noqa: S608
                " WHERE key IS NOT NULL GROUP BY customer_id, key)"
                " QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY times DESC, key) = 1"
            )
            return f"{self._name(most)}.key"
        name = self._name(occurs)
        number = fields.number(of) if node.take in _OF_NUMBERS else ""
        columns = self.columns.setdefault(name, {})
        return f"{name}.{columns.setdefault(_AGGREGATES[node.take].replace('#', number), f'v{len(columns)}')}"

    def _name(self, grouped: str) -> str:
        return self.made.setdefault(grouped, f"p{len(self.made)}")

    def text(self) -> str:
        """The subqueries as a WITH clause."""
        if not self.made:
            return ""
        parts = []
        for grouped, name in self.made.items():
            if name in self.columns:
                columns = ", ".join(f"{expression} AS {column}" for expression, column in self.columns[name].items())
                grouped = f"SELECT e.customer_id, {columns} FROM events AS e WHERE {grouped} GROUP BY e.customer_id"  # noqa: S608
            parts.append(f"{name} AS ({grouped})")
        return "WITH " + ",\n".join(parts) + "\n"


_AT = 'epoch_us(e."at")'
_AT_MS = f"(({_AT} - ({_AT} % 1000 + 1000) % 1000) // 1000)"  # rounded down, which `epoch_ms` does not
_OF_NUMBERS = frozenset({Take.SUM, Take.AVERAGE, Take.MIN, Take.MAX})
_SETTLED = "CASE WHEN abs(#s) < 1e9 THEN floor(#s * 1e6 + 0.5e0) / 1e6 ELSE #s END"  # takes.round_sum
_AGGREGATES = {
    Take.COUNT: "count(*)",
    Take.SUM: _SETTLED.replace("#s", "coalesce(sum(#), 0)"),
    Take.AVERAGE: _SETTLED.replace("#s", "(sum(#) / count(#))"),
    Take.MIN: "min(#)",
    Take.MAX: "max(#)",
    Take.FIRST: f"min({_AT_MS}) * 1000",
    Take.LAST: f"max({_AT_MS}) * 1000",
}


def _occurs(params: Params, measures: tuple[Measure, ...], start: int | None, end: int | None) -> str:
    """Which events are occurrences of these measures; `start` and `end` in milliseconds."""
    first = measures[0]
    names = [params.add(measure.event) for measure in measures]
    parts = [f"e.name = {names[0]}" if len(names) == 1 else f"e.name IN ({', '.join(names)})"]
    starts = [start] if start is not None else []
    ends = [end] if end is not None else []
    starts += [to_ms(first.since)] if first.since else []
    ends += [to_ms(first.before)] if first.before else []
    if starts:
        parts.append(f'e."at" >= {params.add(from_ms(max(starts)))}')
    if ends:
        parts.append(f'e."at" < {params.add(from_ms(min(ends)))}')
    if first.where:
        parts.append(_condition(compile_filter(first.where, "where").tree, EventFields(params), None))
    return " AND ".join(parts)
