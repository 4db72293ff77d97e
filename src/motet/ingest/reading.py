"""Rows of a file, each with the byte where it ends, so that an import can stop and go on anywhere.

CSV (RFC 4180, any of four delimiters) and JSON lines, in UTF-8. A row that cannot be read comes as a problem and the
rows after it still come.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from motet.core.errors import Problem, Refused

MAX_LINE = 1 << 20  # bytes
MAX_COLUMNS = 2_000  # of a CSV
_DELIMITERS = ",;\t|"
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_decode = msgspec.json.Decoder().decode

_TOO_LONG = Problem("import.too_long", f"the line is longer than {MAX_LINE} bytes")
_BAD_BYTES = Problem("import.bad_encoding", "has bytes that are not UTF-8", fix="save the file as UTF-8")


class Row(NamedTuple):
    """`number` is the row as a spreadsheet or an editor counts: the first line of the file is 1."""

    number: int
    end: int  # the byte after the row
    cells: Any  # a list of texts (CSV), a dict (JSON lines); empty for an empty line
    problem: Problem | None = None


class Layout(NamedTuple):
    """How a file is to be read. `delimiter` is empty for JSON lines; data begins at the byte `start`."""

    delimiter: str
    header: list[str]
    start: int
    size: int  # bytes


def read_layout(path: Path) -> Layout:
    """Finds the form of the file. Raises Refused when it cannot be one of ours."""
    try:
        file = path.open("rb")
    except OSError as error:
        fix = "check the path"
        raise Refused([Problem("import.no_file", f"cannot be read: {error.strerror}", str(path), fix)]) from None
    with file:
        size = file.seek(0, 2)
        file.seek(0)
        head = file.read(65_536)
        if head.startswith(_UTF16):
            raise Refused([Problem("import.bad_encoding", "is UTF-16", str(path), "save it as UTF-8")])
        start = len(_BOM) if head.startswith(_BOM) else 0
        first = head[start:].lstrip()[:1]
        if not first:
            raise Refused([Problem("import.empty_file", "is empty", str(path))])
        if first == b"[":
            raise Refused([Problem("import.json_array", "is one JSON array", str(path), "write one object a line")])
        if first == b"{" or path.suffix in (".jsonl", ".ndjson"):
            return Layout("", [], start, size)
        line = head[start:].split(b"\n", 1)[0].decode("utf-8", "replace")
        delimiter = max(_DELIMITERS, key=lambda d: (len(next(csv.reader([line], delimiter=d), [])), d == ","))
        row = next(read_csv(file, delimiter, start, 0))
        if row.problem is not None:
            raise Refused([Problem(row.problem.code, row.problem.message, f"{path}: row 1", row.problem.fix)])
        if len(row.cells) > MAX_COLUMNS:
            told = f"has {len(row.cells):,} columns; at most {MAX_COLUMNS:,} are read"
            raise Refused([Problem("import.too_many_columns", told, f"{path}: row 1", "leave some out")])
        return Layout(delimiter, [cell.strip() for cell in row.cells], row.end, size)


def read_rows(file: BinaryIO, layout: Layout, position: int, number: int) -> Iterator[Row]:
    """The rows from the byte `position` on; `number` rows came before it."""
    if layout.delimiter:
        return read_csv(file, layout.delimiter, position, number)
    return read_json_lines(file, position, number)


def read_json_lines(file: BinaryIO, position: int, number: int) -> Iterator[Row]:
    file.seek(position)
    while raw := file.readline(MAX_LINE):
        number += 1
        if len(raw) == MAX_LINE and not raw.endswith(b"\n"):
            position += len(raw) + _skip_line(file)
            yield Row(number, position, None, _TOO_LONG)
            continue
        position += len(raw)
        if raw.isspace():
            yield Row(number, position, {})
            continue
        try:
            value = _decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problem = Problem("import.bad_json", f"is not JSON: {error}", fix="write one JSON object a line")
            yield Row(number, position, None, problem)
            continue
        if isinstance(value, dict):
            yield Row(number, position, value)
        else:
            problem = Problem("import.bad_json", "is not a JSON object", fix='write {"external_id": ...}')
            yield Row(number, position, None, problem)


def read_csv(file: BinaryIO, delimiter: str, position: int, number: int) -> Iterator[Row]:
    lines = _Lines(file, position)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # A quote that is never closed swallows lines: go back to the second, so that only the first is lost.
            number += 1
            lines.rewind()
            problem = Problem("import.bad_csv", f"cannot be parsed: {error}", fix="check the quotes around its cells")
            yield Row(number, lines.position, None, problem)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        number += 1
        yield Row(number, lines.position, cells, lines.problem)


class _Lines:
    """The lines of a file as text, for csv.reader, which takes no more of them than a row needs."""

    def __init__(self, file: BinaryIO, position: int) -> None:
        self._file = file
        self._first_end = self.position = position
        self._count = 0
        self.problem: Problem | None = None
        file.seek(position)

    def begin(self) -> None:
        """A new row begins."""
        self._count, self.problem = 0, None

    def rewind(self) -> None:
        """Back to the end of the row's first line."""
        self.position = self._first_end
        self._file.seek(self.position)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = self._file.readline(MAX_LINE)
        if not raw:
            raise StopIteration
        self.position += len(raw)
        text = "\n"
        if len(raw) == MAX_LINE and not raw.endswith(b"\n"):
            self.position += _skip_line(self._file)
            self.problem = _TOO_LONG
        else:
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                self.problem = _BAD_BYTES
                text = raw.decode("utf-8", "replace")
        if self._count == 0:
            self._first_end = self.position
        self._count += 1
        return text


def _skip_line(file: BinaryIO) -> int:
    """Reads to the end of the line; returns how many bytes that were."""
    skipped = 0
    while part := file.readline(MAX_LINE):
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped
