"""What a person asks of the imports on a screen: bring a file, stop one, look at them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID, uuid4

import msgspec

from motet.core.clock import to_ms
from motet.core.errors import Conflict, NotFound, Problem, Refused
from motet.core.ids import uuid7
from motet.ingest.fingerprint import Fingerprint
from motet.ingest.importing import Source
from motet.ingest.jobs import KindWord, Options, make_kind, rejects_of
from motet.ingest.reading import read_layout
from motet.ingest.rejects import Reject
from motet.storage.pool import Pool, Record
from motet.storage.sql import sql

MOST_WAITING = 50  # imports at once: their files fill the disk
LISTED = 100
_SILENT = timedelta(seconds=60)  # after which an import of the command line is taken for dead
_WORDS = {1: "waiting", 2: "running", 3: "done", 4: "refused", 5: "stopped"}


class ImportView(msgspec.Struct, frozen=True):
    """One import. `accepted + rejected` and the empty rows are `rows`; `position` and `size` are bytes.

    `status`: waiting, running, interrupted (its command was killed: run it again), done, refused (`error` says why),
    stopped. `rejects_at` is the file on the machine of the command line; else the rejects can be fetched.
    """

    id: UUID
    kind: str
    name: str
    status: str
    size: int
    position: int
    rows: int
    accepted: int
    changed: int
    rejected: int
    rows_per_second: float | None
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    error: str | None
    options: Options
    requested_by: str
    rejects_at: str | None


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """A file that somebody brought, and what they want of it."""

    path: Path
    size: int
    fingerprint: Fingerprint
    kind: KindWord
    options: Options
    name: str  # as they call it; shown, never used
    again: bool = False  # events: also when the same file was imported before
    asker: str = "screens"


async def ask_import(pool: Pool, folder: Path, brought: Brought, *, lanes: int) -> UUID:
    """Makes the job for a file in `folder`, and gives the file its name there. Returns the job's id.

    The same content read in the same way is one job: one that waits or runs stays as it is, one that was finished
    begins again. Raises Refused when the file or the mapping cannot be used, or for events that were imported before;
    Conflict when too much waits. The file is removed then.
    """
    try:
        return await _ask(pool, folder, brought, lanes)
    finally:
        brought.path.unlink(missing_ok=True)  # unless it has its new name


async def _ask(pool: Pool, folder: Path, brought: Brought, lanes: int) -> UUID:
    now, options = datetime.now(UTC), brought.options
    print_ = brought.fingerprint.of(brought.kind, options.mapping, options.event)
    source = Source(brought.path, read_layout(brought.path), brought.fingerprint.content, print_)
    make_kind(brought.kind, source, options, lanes, now)
    if await pool.fetchval(sql("imports.count_waiting")) >= MOST_WAITING:
        raise Conflict(f"{MOST_WAITING} imports wait already: let them finish first")
    known = await pool.fetchrow(sql("imports.find_fingerprint"), print_)
    if known is None:
        id = uuid7(to_ms(now))
        file = _give_name(brought.path, folder)
        asked = (brought.name, brought.size, brought.asker, now, file, msgspec.to_builtins(options))
        made = await pool.fetchval(sql("imports.ask_job"), id, file, print_, brought.kind, *asked)
        if made is not None:
            return id
        known = await pool.fetchrow(sql("imports.find_fingerprint"), print_)
        assert known is not None
        brought = msgspec.structs.replace(brought, path=folder / file)
    try:
        return await _ask_again(pool, folder, brought, known, now)
    finally:
        brought.path.unlink(missing_ok=True)


async def _ask_again(pool: Pool, folder: Path, brought: Brought, known: Record, now: datetime) -> UUID:
    id: UUID = known["id"]
    if known["finished_at"] is not None and brought.kind == "events" and not brought.again:
        told = f"this file was imported on {known['finished_at']:%Y-%m-%d}, and events are not taken twice"
        raise Refused([Problem("import.already_done", told, fix="ask for it again if you mean it")])
    waits = known["finished_at"] is None and known["status"] in (1, 2)
    if waits and known["file"] and (folder / known["file"]).exists():
        return id
    file = _give_name(brought.path, folder)
    options = msgspec.to_builtins(brought.options)
    await pool.execute(sql("imports.ask_again"), id, brought.name, file, brought.size, now, options)
    return id


def _give_name(path: Path, folder: Path) -> str:
    """A name of its own each time: a worker that ends an older run of the same job removes only what it read."""
    name = f"{uuid4()}.data"
    path.rename(folder / name)
    return name


async def stop_import(pool: Pool, id: UUID) -> None:
    """What is committed stays. Raises NotFound, and Conflict when it neither waits nor runs."""
    if await pool.fetchval(sql("imports.stop_job"), id, datetime.now(UTC)) is None:
        await read_import(pool, id)
        raise Conflict("this import is over already")


async def list_imports(pool: Pool) -> list[ImportView]:
    """The newest first."""
    now = datetime.now(UTC)
    return [_view(row, now) for row in await pool.fetch(sql("imports.list_jobs"), LISTED)]


async def read_import(pool: Pool, id: UUID) -> ImportView:
    """One import. Raises NotFound."""
    row = await pool.fetchrow(sql("imports.read_job"), id)
    if row is None:
        raise NotFound("import", str(id))
    return _view(row, datetime.now(UTC))


def read_rejects(folder: Path, id: UUID, limit: int) -> list[Reject]:
    """The first rejects of an import whose file was brought here. Blocks."""
    path = rejects_of(folder, id)
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        return list(islice(_parse(csv.reader(file)), limit))


def _parse(lines: Iterator[list[str]]) -> Iterator[Reject]:
    for line in lines:
        if len(line) == len(Reject._fields) and line[0].isdecimal():
            yield Reject(int(line[0]), *line[1:])


def _view(row: Record, now: datetime) -> ImportView:
    status = _WORDS[row["status"]]
    if status == "running" and row["file"] is None and now - row["updated_at"] > _SILENT:
        status = "interrupted"
    own = row["file"] is not None
    return ImportView(
        id=row["id"],
        kind=row["kind"],
        name=row["name"] or Path(row["path"]).name,
        status=status,
        size=row["size"],
        position=row["position"],
        rows=row["rows"],
        accepted=row["accepted"],
        changed=row["changed"],
        rejected=row["rejected"],
        rows_per_second=_rate(row),
        started_at=row["started_at"],
        updated_at=row["updated_at"],
        finished_at=row["finished_at"],
        error=row["error"],
        options=msgspec.convert(row["options"], Options),
        requested_by=row["requested_by"],
        rejects_at=None if own or not row["rejected"] else f"{row['path']}.rejects.csv",
    )


def _rate(row: Record) -> float | None:
    """Rows a second of the present or last run."""
    if row["run_at"] is None:
        return None
    seconds = (row["updated_at"] - row["run_at"]).total_seconds()
    return round((row["rows"] - row["run_rows"]) / seconds, 1) if seconds > 0 else None
