"""The two relations in a DuckDB session, as of one moment: what questions and builds are asked of.

One transaction in PostgreSQL reads the manifest and everything that the files do not hold. Files are never changed and
stay for a day after they were replaced, so they may be read after that transaction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from motet.archive import relations
from motet.archive.duck import Duck, Session
from motet.archive.manifest import ArchiveFile, Moment, one_moment, sees
from motet.archive.taking import name_csv, take, take_changed, take_newer, take_stale
from motet.storage.pool import Connection
from motet.storage.sql import sql


class Needs(msgspec.Struct, frozen=True):
    """Which relations a question speaks of. What it does not need is not read."""

    events: bool = True
    customers: bool = True
    segments: bool = True  # who is in which segment


def read_needs(text: str) -> Needs:
    """What the text of a query names. (No value of a user's is in it.)"""
    return Needs(
        events=re.search(r"\bevents\b", text) is not None,
        segments=re.search(r"\bsegments\b", text) is not None,
    )


class _Taken(msgspec.Struct, frozen=True):
    """CSVs with what the files do not hold; None: not needed."""

    moment: Moment
    newer: Path | None
    changed: Path | None
    standings: Path | None
    aliases: Path
    merged: int  # how many ids are gone
    forwarded: Sequence[UUID]  # events that are counted elsewhere; only with `since`
    stale: Sequence[int]

    def paths(self) -> list[Path]:
        return [p for p in (self.newer, self.changed, self.standings, self.aliases) if p is not None]


async def gather(
    connection: Connection,
    duck: Duck,
    session: Session,
    needs: Needs,
    *,
    lanes: int,
    since: Mapping[int, str] | None = None,
) -> Moment:
    """Makes the views `events` and `customers` in the session. Returns the moment that they are of.

    With `since`, a snapshot by lane, there are only the events that the snapshot of their log's lane sees, and none of
    a lane that is not named; and who was gone already is told by it too. A snapshot must be older than this moment.
    """
    folder = duck.scratch
    newer = name_csv(folder) if needs.events else None
    changed = name_csv(folder) if needs.customers else None
    standings = name_csv(folder) if needs.customers and needs.segments else None
    aliases = name_csv(folder)
    try:
        async with one_moment(connection, readonly=True) as moment:
            merged = await _take_aliases(connection, since, aliases)
            if newer is not None:
                await take_newer(connection, moment, newer)
            if changed is not None:
                await take_changed(connection, moment, changed)
            stale = await take_stale(connection, moment, standings) if standings is not None else ()
            forwarded = await _find_forwarded(connection, since) if since and merged else []
        taken = _Taken(moment, newer, changed, standings if stale else None, aliases, merged, forwarded, stale)
        await duck.run(session, lambda s: _make_views(s, duck.root, taken, lanes, since))
    finally:
        for path in (newer, changed, standings, aliases):
            if path is not None:
                path.unlink(missing_ok=True)
    return moment


async def _take_aliases(connection: Connection, since: Mapping[int, str] | None, into: Path) -> int:
    if since is None:
        return await take(connection, "archive.copy_aliases", into=into)
    return await take(connection, "archive.copy_settled_aliases", list(since), list(since.values()), into=into)


async def _find_forwarded(connection: Connection, since: Mapping[int, str]) -> list[UUID]:
    """Events of gone ids that the engine hears, and counts, as copies in the lane of who they are now."""
    rows = await connection.fetch(sql("archive.list_forwards"), list(since), list(since.values()))
    return [row["id"] for row in rows]


def _make_views(session: Session, root: Path, taken: _Taken, lanes: int, since: Mapping[int, str] | None) -> None:
    _load(session, "aliases", relations.read_aliases(taken.aliases))
    if taken.newer is not None:
        _load(session, "newer", relations.read_events(taken.newer))
        _view(session, "events", _events(session, root, taken, lanes, since))
    if taken.changed is not None:
        _load(session, "changed", relations.read_customers(taken.changed))
        _load(session, "present", relations.PRESENT)
        _load(session, "hidden", relations.HIDDEN)
        if taken.standings is not None:
            _load(session, "standings", relations.read_standings(taken.standings))
            session.execute("SET VARIABLE stale_lanes = ?", [list(taken.stale)])
        files = _name_files(session, "customer_files", root, taken.moment.customers())
        _view(session, "customers", relations.view_customers(files=files, stale=taken.standings is not None))


def _events(session: Session, root: Path, taken: _Taken, lanes: int, since: Mapping[int, str] | None) -> str:
    files, aliases = taken.moment.events(), taken.merged > 0
    if since is None:
        named = _name_files(session, "event_files", root, files)
        return relations.view_events(files=named, newer=True, aliases=aliases, lanes=lanes)
    seen = {lane: sees(snapshot) for lane, snapshot in since.items()}
    session.execute("CREATE OR REPLACE TEMP TABLE since (lane SMALLINT, low UBIGINT, high UBIGINT, unseen UBIGINT[])")
    if seen:
        session.executemany("INSERT INTO since VALUES (?, ?, ?, ?)", [[lane, *parts] for lane, parts in seen.items()])
    whole = len(seen) == len(taken.moment.lanes)
    lowest = min((low for low, _, _ in seen.values()), default=0) if whole else 0
    settled = _name_files(session, "settled_files", root, [f for f in files if f.max_xid < lowest])
    rest = _name_files(session, "event_files", root, [f for f in files if f.max_xid >= lowest])
    view = relations.view_seen(
        settled and relations.view_events(files=settled, newer=False, aliases=aliases, lanes=lanes),
        relations.view_events(files=rest, newer=True, aliases=aliases, lanes=lanes),
    )
    if not taken.forwarded:
        return view
    session.execute("SET VARIABLE forwarded = ?", [[str(id) for id in taken.forwarded]])
    return f"SELECT e.* FROM ({view}) e WHERE e.id NOT IN (SELECT unnest(getvariable('forwarded'))::UUID)"


def _load(session: Session, table: str, query: str) -> None:
    session.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query}")


def _view(session: Session, name: str, query: str) -> None:
    session.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}")


def _name_files(session: Session, variable: str, root: Path, files: Sequence[ArchiveFile]) -> str | None:
    """Sets a variable to the files' paths. Its name, or None when there are no files."""
    session.execute(f"SET VARIABLE {variable} = ?", [[str(root / f.path) for f in files]])
    return variable if files else None
