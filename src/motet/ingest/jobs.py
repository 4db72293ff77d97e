"""Imports that a person starts on a screen: rows of `import_job` with a file in a folder of ours.

The web puts the file there and the row beside it; `run_jobs`, in a worker on the same machine, takes them one after
the other. Nothing else is remembered: a job whose process was killed has no lock any more, and goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import msgspec
import structlog

from motet.audience.guard import USUAL, Guard, load_guard
from motet.core.errors import Conflict, Problem, Refused, Unavailable
from motet.ingest.customers import CustomerRows
from motet.ingest.fingerprint import read_source
from motet.ingest.history import EventRows
from motet.ingest.importing import ImportResult, Kind, Source, Wish, import_rows
from motet.storage.pool import TROUBLE, Pool, Record
from motet.storage.sql import sql

log = structlog.get_logger("motet.imports")

KindWord = Literal["customers", "events"]

_BEAT = 1.0  # seconds between two looks at what waits
_SWEEP = 3600.0  # seconds between two cleanings of the folder
_DRAFT_AGE = 24 * 3600.0  # seconds after which an upload that was cut off is thrown away
_REJECTS_AGE = 30 * 24 * 3600.0  # seconds for which a list of rejects can be fetched


class Options(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a file is to be read, as it is kept with the job."""

    mapping: dict[str, str] = {}
    event: str | None = None  # the name of events whose rows have none
    live: bool = False  # events may start journeys


def make_kind(
    word: str, source: Source, options: Options, lanes: int, now: datetime, guard: Guard = USUAL
) -> Kind[Any]:
    """The rows of a file, as customers or as events. Raises Refused when the mapping does not fit the file."""
    if word == "customers":
        return CustomerRows(source.layout, options.mapping, lanes)
    return EventRows(source, options.mapping, lanes, now=now, event=options.event, live=options.live, guard=guard)


def rejects_of(folder: Path, id: UUID) -> Path:
    """Where the rejects of a job are."""
    return folder / f"{id}.rejects.csv"


async def run_jobs(pool: Pool, lanes: int, folder: Path, stop: asyncio.Event) -> None:
    """Imports what waits, until `stop` is set; what is under way then stops after its batch and goes on later."""
    swept = -_SWEEP
    while not stop.is_set():
        ran = False
        try:
            if time.monotonic() - swept >= _SWEEP:
                swept = time.monotonic()
                await sweep(pool, folder)
            for row in await pool.fetch(sql("imports.list_waiting")):
                # A file that is not here is another machine's to import.
                if not stop.is_set() and (folder / row["file"]).exists():
                    ran = await _run(pool, lanes, folder, row, stop) or ran
        except (*TROUBLE, Unavailable) as error:
            log.warning("imports wait for the database", error=str(error))
        except Exception as error:  # one import must not end the others
            log.error("an import broke", exc_info=error)
        if not ran:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _BEAT)


async def _run(pool: Pool, lanes: int, folder: Path, row: Record, stop: asyncio.Event) -> bool:
    """One job, as far as it comes. False when another process has it, or had it a moment ago."""
    path, options = folder / row["file"], msgspec.convert(row["options"], Options)
    # Not again: when another worker has finished it since it was listed, it is not to begin anew.
    wish = Wish(again=False, rejects_path=rejects_of(folder, row["id"]), halt=stop.is_set, patience=0)
    now = datetime.now(UTC)
    try:
        source = await asyncio.to_thread(read_source, path, row["kind"], options.mapping, options.event)
        if source.fingerprint != row["fingerprint"]:
            fix = "bring the file again"
            raise Refused([Problem("import.file_changed", "the file is not the one that was brought", fix=fix)])
        kind = make_kind(row["kind"], source, options, lanes, now, await load_guard(pool))
        done = await import_rows(pool, source, kind, wish, now=now)
    except (Conflict, FileNotFoundError):
        return False
    except Refused as refusal:
        if not path.exists():  # taken away by whoever had it
            return False
        await pool.execute(sql("imports.refuse_job"), row["id"], str(refusal)[:2000], datetime.now(UTC))
        path.unlink(missing_ok=True)
        return True
    if done.already:
        return False
    if not stop.is_set() or done.finished:
        path.unlink(missing_ok=True)
        _tell(row, done)
    return True


def _tell(row: Record, done: ImportResult) -> None:
    word = "import finished" if done.finished else "import stopped"
    log.info(word, id=str(row["id"]), kind=row["kind"], rows=done.rows, changed=done.changed, rejected=done.rejected)


async def sweep(pool: Pool, folder: Path) -> None:
    """Throws away uploads that were cut off, files that no job waits for, and old rejects."""
    if not folder.exists():
        return
    present = await asyncio.to_thread(_list_files, folder)
    wanted = {row["file"] for row in await pool.fetch(sql("imports.list_waiting"))}
    now = time.time()
    for path, changed in present.items():
        old = _REJECTS_AGE if path.name.endswith(".rejects.csv") else _DRAFT_AGE
        if path.name not in wanted and now - changed > old:
            path.unlink(missing_ok=True)


def _list_files(folder: Path) -> Mapping[Path, float]:
    found: dict[Path, float] = {}
    for path in folder.iterdir():
        with suppress(OSError):
            if path.is_file():
                found[path] = path.stat().st_mtime
    return found
