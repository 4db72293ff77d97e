"""Files below the archive's folder: written whole, on disk before anybody is told of them, never changed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

from motet.archive.duck import SCRATCH, Session, make_root
from motet.archive.relations import PARQUET

# What we write, and nothing else in the folder is ours to delete.
_OURS = re.compile(r"(?:events/day=\d{4}-\d\d-\d\d|customers/lane=\d{3,})/[0-9a-f-]{36}\.parquet")


def events_path(first: date, id: UUID) -> str:
    """Of a file of events whose first day of receipt is this one."""
    return f"events/day={first}/{id}.parquet"


def customers_path(lane: int, id: UUID) -> str:
    return f"customers/lane={lane:03}/{id}.parquet"


def make_room(root: Path, path: str) -> Path:
    """The whole path, with its folder made."""
    make_root(root)
    whole = root / path
    whole.parent.mkdir(parents=True, exist_ok=True)
    return whole


def write_parquet(session: Session, query: str, root: Path, path: str) -> int:
    """Writes what a query finds. Returns the number of rows. A file that cannot be written whole is removed."""
    whole = make_room(root, path)
    text = str(whole).replace("'", "''")
    try:
        done = session.execute(f"COPY ({query}) TO '{text}' ({PARQUET})").fetchone()
    except BaseException:
        whole.unlink(missing_ok=True)
        raise
    assert done is not None
    return int(done[0])


def settle(root: Path, paths: Iterable[str]) -> None:
    """Returns when the files, and the folders that name them, are on the disk."""
    folders: set[Path] = set()
    for path in paths:
        _sync(root / path)
        folders.update(((root / path).parent, (root / path).parent.parent, root))
    for folder in folders:
        _sync(folder)


def remove(root: Path, paths: Iterable[str]) -> None:
    """Deletes files that nobody counts on; one that is gone already is no error."""
    for path in paths:
        (root / path).unlink(missing_ok=True)


def list_ours(root: Path) -> Iterator[tuple[str, float]]:
    """Every file that looks like one of ours, with its age in seconds."""
    now = time.time()
    for pattern in ("events/*/*.parquet", "customers/*/*.parquet"):
        for file in root.glob(pattern):
            path = file.relative_to(root).as_posix()
            if _OURS.fullmatch(path):
                try:
                    yield path, now - file.stat().st_mtime
                except FileNotFoundError:
                    continue


def remove_scratch(root: Path, age: float) -> None:
    """Deletes what dead processes left on its way, when nothing has touched it for `age` seconds."""
    folder = root / SCRATCH
    if not folder.is_dir():
        return
    for left in folder.iterdir():
        files = [*left.glob("*")] if left.is_dir() else []
        newest = max((f.stat().st_mtime for f in [left, *files]), default=0.0)
        if time.time() - newest > age:
            for file in files:
                file.unlink(missing_ok=True)
            if left.is_dir():
                left.rmdir()
            else:
                left.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
