"""The rejects file: one line for each field that was not taken, with the row, the reason, a stable code and the fix.

Lines are written before the batch they belong to is committed; an import that goes on after a kill drops the lines of
rows that were not.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from motet.core.errors import Problem, Refused
from motet.ingest.private import private

HEADER = ("row", "field", "reason", "code", "fix")


_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Reject(NamedTuple):
    """`row` counts as a spreadsheet does: a header is row 1."""

    row: int
    field: str
    reason: str
    code: str
    fix: str


class Rejects:
    """Appends to one file, which exists only when something was rejected."""

    def __init__(self, path: Path, keep: int) -> None:
        """Keeps the lines of rows up to `keep`. Raises Refused when the file is somebody else's."""
        self.path = path
        self.count = 0  # lines
        if path.exists():
            self._trim(keep)

    def write(self, rejects: Sequence[Reject]) -> None:
        """On disk when it returns; what a spreadsheet would take for a formula is marked."""
        if not rejects:
            return
        fresh = not self.path.exists()
        try:
            file = open(self.path, "a", newline="", encoding="utf-8", opener=private)
        except OSError as error:
            fix = "name another file for the rejects"
            told = f"cannot be written: {error.strerror}"
            raise Refused([Problem("import.rejects_unwritable", told, str(self.path), fix)]) from None
        with file:
            writer = csv.writer(file)
            if fresh:
                writer.writerow(HEADER)
            writer.writerows((r.row, *map(_mark, r[1:])) for r in rejects)
            file.flush()
            os.fsync(file.fileno())
        self.count += len(rejects)

    def _trim(self, keep: int) -> None:
        with self.path.open(newline="", encoding="utf-8", errors="replace") as file:
            reader = csv.reader(file)
            if tuple(next(reader, ())) != HEADER:
                fix = "name another file for the rejects, or move this one away"
                raise Refused([Problem("import.rejects_exist", "is not a rejects file of ours", str(self.path), fix)])
            kept = [row for row in reader if len(row) == len(HEADER) and row[0].isdecimal() and int(row[0]) <= keep]
        self.count = len(kept)
        if not kept:
            self.path.unlink()
            return
        draft = self.path.with_name(f"{self.path.name}.part")
        with open(draft, "w", newline="", encoding="utf-8", opener=private) as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(kept)
        draft.replace(self.path)


def _mark(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
