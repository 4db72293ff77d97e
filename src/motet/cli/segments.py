"""Segments at the terminal: `segments list | show | preview | archive`. They are made by `motet apply`."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from motet.cli.house import in_house
from motet.cli.options import Json
from motet.cli.printing import print_json, print_line, print_table


def list_segments(*, json: Json = False) -> int:
    """List the segments, with how many customers are in each."""
    from motet.audience.segments.store import list_segments as list_rows

    rows = in_house("segments", lambda house: list_rows(house.pool))
    if json:
        print_json({"segments": rows})
    elif not rows:
        print_line("there are no segments yet: write one and `motet apply` it")
    else:
        print_table(("name", "title", "status", "members"), [(r.name, r.title, _status(r), _members(r)) for r in rows])
    return 0


def show_segment(name: str, /, *, json: Json = False) -> int:
    """Show one segment: its conditions, its members, and who uses it.

    Parameters
    ----------
    name: The segment's name.
    """
    from motet.audience.segments.store import list_uses, read_segment

    async def work(house: Any) -> tuple[Any, list[str]]:
        row = await read_segment(house.pool, name)
        return row, (await list_uses(house.pool)).get(name, [])

    row, used = in_house("segments", work)
    if json:
        print_json({"segment": row, "used_by": used})
        return 0
    from motet.analytics.words import describe_filter

    print_line(f"{row.name}: {row.title}")
    print_line(f"  {describe_filter(row.where)}")
    print_line(f"  {_status(row)}, {_members(row)} customers{', used by ' + ', '.join(used) if used else ''}")
    return 0


def preview_segment(file: Path, /, *, json: Json = False) -> int:
    """Count the customers that a segment's document means, and change nothing.

    Parameters
    ----------
    file: A document of a segment, or only its `where`.
    """
    from motet.archive.reader import Archive
    from motet.audience.segments.store import load_book
    from motet.authoring.reading import read_documents
    from motet.cli.campaigns import read_text
    from motet.core.filters import compile_filter
    from motet.core.filters.columns import compile_columns

    documents = read_documents(read_text(file), str(file))
    where = documents[0].get("where", documents[0]) if documents else {}

    async def work(house: Any) -> Any:
        book = await load_book(house.pool)
        tree = compile_filter(where, "where", traits=book.traits).tree
        now = datetime.now(ZoneInfo(house.config.timezone))
        with closing(Archive(house.pool, house.lanes, house.config.archive)) as archive:
            return await archive.count(compile_columns(tree, now=now, segments=book.numbers), sample=0)

    counted = in_house("segments", work)
    if json:
        print_json({"count": counted.count, "total": counted.total, "as_of": counted.as_of})
    else:
        share = f" ({counted.count / counted.total:.1%})" if counted.total else ""
        print_line(f"{counted.count:,} of {counted.total:,} customers{share}", "ok")
    return 0


def archive_segment(name: str, /, *, json: Json = False) -> int:
    """Put a segment away: it is kept up to date no more, and nothing may use it.

    Parameters
    ----------
    name: The segment's name.
    """
    from motet.audience.segments.store import archive_segment as archive

    in_house("segments", lambda house: archive(house.pool, name, datetime.now(UTC)))
    if json:
        print_json({"name": name, "status": "archived"})
    else:
        print_line(f"{name} is archived", "ok")
    return 0


def _status(row: Any) -> str:
    return f"{row.status}, building {row.looked / row.customers:.0%}" if row.customers else str(row.status)


def _members(row: Any) -> str:
    return f"{row.members:,}" if row.status == "live" else "not counted yet"
