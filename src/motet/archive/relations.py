"""The two relations that every question is asked of, `customers` and `events`, and the columns that files hold.

A relation is what the files hold and what is newer in PostgreSQL, put together: never a row twice, never one too few.
Rows come out of PostgreSQL as CSV (its COPY and DuckDB's reader are both much faster than Python in between). JSON
stays the text that PostgreSQL writes, in VARCHAR columns: a column of type JSON would be validated whenever it is read.
"""

from __future__ import annotations

from pathlib import Path

# As `archive.copy_newer` gives them.
_EVENT_ROWS = {
    "lane": "SMALLINT", "customer_id": "UUID", "id": "UUID", "xid": "UBIGINT", "name": "VARCHAR", "at": "TIMESTAMPTZ",
    "properties": "VARCHAR", "value": "DOUBLE", "message_id": "UUID", "source": "VARCHAR",
}  # fmt: skip

# As `archive.copy_customers` and `archive.copy_changed` give them.
_CUSTOMER_ROWS = {
    "id": "UUID", "gone": "BOOLEAN", "lane": "SMALLINT", "external_id": "VARCHAR", "email": "VARCHAR",
    "phone": "VARCHAR", "lifecycle_stage": "VARCHAR", "timezone": "VARCHAR", "locale": "VARCHAR", "tags": "JSON",
    "segments": "JSON", "attributes": "VARCHAR", "devices": "VARCHAR", "handles": "VARCHAR", "topics": "VARCHAR",
    "preferences": "VARCHAR", "caps": "VARCHAR", "consents": "VARCHAR", "last_interaction_at": "TIMESTAMPTZ",
    "last_purchase_at": "TIMESTAMPTZ", "created_at": "TIMESTAMPTZ",
}  # fmt: skip

_STANDING_ROWS = {"id": "UUID", "segments": "JSON"}
_ALIAS_ROWS = {"id": "UUID", "customer_id": "UUID"}

_CSV = (
    "header = false, auto_detect = false, parallel = false, delim = ',', quote = '\"', escape = '\"', "
    "new_line = '\\n', nullstr = '', allow_quoted_nulls = false, max_line_size = 300000000"
)

# Bits 58 to 61 of a message's id are its channel: see core.ids.
_CHANNEL = "coalesce((('0x' || substr(CAST(message_id AS VARCHAR), 20, 2))::INTEGER >> 2) & 15, 0)::SMALLINT AS channel"

# An event in a file, in this order.
EVENT = 'lane, customer_id, id, xid, name, "at", properties, value, channel, message_id, source'
CUSTOMER = (
    "id, lane, external_id, email, phone, lifecycle_stage, timezone, locale, tags, segments, attributes, devices, "
    "handles, topics, preferences, caps, consents, last_interaction_at, last_purchase_at, created_at"
)

# What questions see of an event.
_ASKED = 'e.name, e."at", e.properties, e.value, e.channel'

# By event and then by customer: a question about one event skips the rest, and one customer's rows are neighbours.
EVENT_ORDER = 'name, customer_id, "at"'
ROW_GROUP = 122_880
PARQUET = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}"


def read_events(path: Path) -> str:
    """A query of the events in a CSV, with the columns of a file."""
    return f"SELECT {EVENT} FROM (SELECT *, {_CHANNEL} FROM {_scan(path, _EVENT_ROWS)})"


def read_customers(path: Path) -> str:
    """A query of the customers in a CSV, with the columns of a file and `gone`: no such customer is there now."""
    lists = "tags::VARCHAR[] AS tags, segments::INTEGER[] AS segments"
    return f"SELECT * REPLACE ({lists}) FROM {_scan(path, _CUSTOMER_ROWS)}"


def read_standings(path: Path) -> str:
    return f"SELECT id, segments::INTEGER[] AS segments FROM {_scan(path, _STANDING_ROWS)}"


def read_aliases(path: Path) -> str:
    return f"SELECT id, customer_id FROM {_scan(path, _ALIAS_ROWS)}"


def view_events(*, files: str | None, newer: bool, aliases: bool, lanes: int) -> str:
    """The relation `events` over the files in the variable `files`, the table `newer`, or both.

    An event of an id that is gone counts for the customer who it is now. `log_lane` is the lane in whose log it stands.
    """
    parts = [f"SELECT {EVENT} FROM {scan_files(files)}"] if files else []
    if newer or not parts:
        parts.append(f"SELECT {EVENT} FROM newer")
    rows = " UNION ALL ".join(parts)
    if not aliases:
        return f"SELECT e.customer_id, e.lane, {_ASKED}, e.id, e.xid, e.lane AS log_lane FROM ({rows}) e"
    return (
        "SELECT coalesce(a.customer_id, e.customer_id) AS customer_id, coalesce(a.lane, e.lane) AS lane, "
        f"{_ASKED}, e.id, e.xid, e.lane AS log_lane "
        f"FROM ({rows}) e LEFT JOIN (SELECT *, {lane_of('customer_id', lanes)} AS lane FROM aliases) a "
        "ON a.id = e.customer_id"
    )


def view_seen(settled: str | None, rest: str) -> str:
    """As `view_events`, but only what each lane's snapshot in the table `since` sees.

    `settled` holds nothing that a snapshot does not see, so that its transactions are not even read.
    """
    seen = (
        f"SELECT e.* FROM ({rest}) e JOIN since s ON s.lane = e.log_lane "
        "WHERE e.xid < s.low OR (e.xid < s.high AND NOT list_contains(s.unseen, e.xid))"
    )
    return f"SELECT * FROM ({settled}) UNION ALL {seen}" if settled else seen


# Of the table `changed`: who is there now, and whose row in a file does not count.
PRESENT = f"SELECT {CUSTOMER} FROM changed c ANTI JOIN aliases a ON a.id = c.id WHERE NOT gone"
HIDDEN = "SELECT id FROM changed UNION SELECT id FROM aliases"


def view_customers(*, files: str | None, stale: bool) -> str:
    """The relation `customers` over the files in the variable `files` and the tables `present` and `hidden`.

    `stale`: the files of the lanes in `stale_lanes` do not know every live segment, so that who is in which is read
    from the table `standings`.
    """
    rows = f"SELECT {CUSTOMER} FROM present"
    if files:
        rows = f"SELECT {CUSTOMER} FROM {scan_files(files)} c ANTI JOIN hidden h ON h.id = c.id UNION ALL {rows}"
    if not stale:
        return rows
    is_stale = "list_contains(getvariable('stale_lanes')::SMALLINT[], c.lane)"
    now = f"CASE WHEN {is_stale} THEN coalesce(s.segments, []) ELSE c.segments END"
    return f"SELECT c.* REPLACE ({now} AS segments) FROM ({rows}) c LEFT JOIN standings s ON s.id = c.id"


def scan_files(variable: str) -> str:
    """A scan of the files whose paths are in a variable. What their folders are called is no column."""
    return f"read_parquet(getvariable('{variable}'), hive_partitioning = false)"


def lane_of(column: str, lanes: int) -> str:
    """The lane of an id, as `core.ids.lane_of` has it: its last four bytes, modulo the number of lanes."""
    return f"(('0x' || substr(CAST({column} AS VARCHAR), 29, 8))::BIGINT % {int(lanes)})::SMALLINT"


def _scan(path: Path, columns: dict[str, str]) -> str:
    """A scan of a CSV that we wrote; its path is ours, made of a process's number and of random letters."""
    text = str(path).replace("'", "''")
    named = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    return f"read_csv('{text}', columns = {{{named}}}, {_CSV})"
