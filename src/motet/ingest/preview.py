"""The beginning of a file as an import would read it: columns, where they go, first rows, and what is wrong with them.

Nothing is written. A mapping that does not fit is told among the problems, and the columns are listed all the same.
"""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from motet.core.errors import Problem, Refused
from motet.ingest.columns import Columns
from motet.ingest.history import find_missing, is_call
from motet.ingest.importing import Source
from motet.ingest.jobs import Options, make_kind
from motet.ingest.reading import Layout, Row, read_layout, read_rows
from motet.ingest.rejects import Reject
from motet.ingest.vocabulary import CUSTOMERS, EVENTS, Vocabulary

SHOWN = 8  # rows
CHECKED = 200  # rows
_MOST_COLUMNS = 200
_SAMPLE = 120  # characters of a value


class PreviewColumn(msgspec.Struct, frozen=True):
    """One column and the field that it goes to; `-` leaves it out."""

    name: str
    target: str
    samples: list[str]


class Field(msgspec.Struct, frozen=True):
    """Where a column may go. Of a `map`, a name follows after a dot."""

    name: str
    is_map: bool


class Preview(msgspec.Struct, frozen=True):
    """`rows` are texts by column. `rejects` and `accepted` are of the first `checked` rows."""

    form: str  # csv | json_lines | calls: of Segment's, whose form is fixed, so that nothing can be mapped
    delimiter: str
    columns: list[PreviewColumn]
    rows: list[list[str]]
    fields: list[Field]
    problems: list[Problem]  # with these the import cannot start
    checked: int
    accepted: int
    rejects: list[Reject]


def preview(path: Path, kind: str, options: Options, *, whole: bool, now: datetime) -> Preview:
    """Looks at the file at `path`. Unless it is `whole`, its last line may be cut, and is left out.

    Raises Refused when no import could read it, or for a mapping to fields that do not exist.
    """
    layout = read_layout(path)
    words = CUSTOMERS if kind == "customers" else EVENTS
    rows = _read(path, layout, whole)
    names = layout.header or _names(rows)
    calls = kind == "events" and any(isinstance(row.cells, dict) and is_call(row.cells) for row in rows)
    columns = Columns(layout.header, options.mapping, words, strict=False)
    targets = dict(columns.tell()) if layout.header else {name: columns.find(name) for name in names}
    cells = [_texts(row, layout, names) for row in rows]
    problems = list(columns.problems)
    if layout.header and kind == "events":
        problems += find_missing(columns, options.event)
    accepted, rejects = (0, []) if problems else _check(rows, path, layout, kind, options, now)
    return Preview(
        form="csv" if layout.delimiter else "calls" if calls else "json_lines",
        delimiter=layout.delimiter,
        columns=[
            PreviewColumn(name, targets[name], _samples(cells, place))
            for place, name in enumerate(names[:_MOST_COLUMNS])
        ],
        rows=[row[:_MOST_COLUMNS] for row in cells[:SHOWN]],
        fields=_fields(words),
        problems=problems,
        checked=len(rows),
        accepted=accepted,
        rejects=rejects,
    )


def _read(path: Path, layout: Layout, whole: bool) -> list[Row]:
    with path.open("rb") as file:
        found = read_rows(file, layout, layout.start, 1 if layout.delimiter else 0)
        # The row at the end of a piece of a file is cut, or stands before one that is.
        rows = [row for row in islice(found, CHECKED + 1) if whole or row.end < layout.size]
    return rows[:CHECKED]


def _names(rows: list[Row]) -> list[str]:
    """The names that objects have, in the order in which they appear."""
    names: dict[str, None] = {}
    for row in rows:
        if isinstance(row.cells, dict):
            names.update(dict.fromkeys(row.cells))
    return list(names)


def _texts(row: Row, layout: Layout, names: list[str]) -> list[str]:
    if row.cells is None or row.problem is not None:
        return [""] * len(names)
    if layout.delimiter:
        return [str(cell)[:_SAMPLE] for cell in row.cells]
    return [_text(row.cells.get(name)) for name in names]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return (value if isinstance(value, str) else msgspec.json.encode(value).decode())[:_SAMPLE]


def _samples(cells: list[list[str]], place: int) -> list[str]:
    found = (row[place] for row in cells if place < len(row) and row[place])
    return list(dict.fromkeys(islice(found, 20)))[:3]


def _fields(words: Vocabulary) -> list[Field]:
    return [Field(name, name in words.maps) for name in words.fields]


def _check(
    rows: list[Row], path: Path, layout: Layout, kind: str, options: Options, now: datetime
) -> tuple[int, list[Reject]]:
    """How many rows would be taken, and why others would not."""
    rules = make_kind(kind, Source(path, layout, "", ""), options, 1, now)
    accepted, rejects = 0, []
    for row in rows:
        try:
            found = [row.problem] if row.problem is not None else rules.check(row) if row.cells else []
        except Refused as refusal:
            found = list(refusal.problems)
        if isinstance(found, list):
            rejects += [Reject(row.number, rules.name(p.path), p.message, p.code, p.fix) for p in found]
        else:
            accepted += 1
    return accepted, rejects[: SHOWN * 5]
