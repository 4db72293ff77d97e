"""Rows of a file and the bytes where they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from motet.core.errors import Refused
from motet.ingest.reading import MAX_COLUMNS, MAX_LINE, Row, read_layout, read_rows


def rows(path: Path, content: bytes) -> list[Row]:
    path.write_bytes(content)
    layout = read_layout(path)
    with path.open("rb") as file:
        found = list(read_rows(file, layout, layout.start, 1 if layout.delimiter else 0))
    with path.open("rb") as file:  # from any row's end on, the rest reads the same
        for index, row in enumerate(found):
            assert list(read_rows(file, layout, row.end, row.number)) == found[index + 1 :]
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_delimiters_newlines_and_marks_are_found(path: Path, delimiter: str, newline: str) -> None:
    lines = [["id", "name"], ["1", '"a\nb"'], ["2", '"say ""hi"""'], ["3", "ü"]]
    text = newline.join(delimiter.join(line) for line in lines)
    found = rows(path, b"\xef\xbb\xbf" + text.encode())
    assert [r.cells for r in found] == [["1", "a\nb"], ["2", 'say "hi"'], ["3", "ü"]]
    assert [r.number for r in found] == [2, 3, 4]
    assert found[-1].end == path.stat().st_size


def test_a_quote_that_is_never_closed_costs_one_row(path: Path) -> None:
    found = rows(path, b'id,name\n1,a\n2,"open\n3,c\n4,d\n')
    assert [(r.number, r.problem.code if r.problem else r.cells) for r in found] == [
        (2, ["1", "a"]),
        (3, "import.bad_csv"),
        (4, ["3", "c"]),
        (5, ["4", "d"]),
    ]


def test_bytes_that_are_not_utf8_and_endless_lines_cost_one_row(path: Path) -> None:
    found = rows(path, b"id,name\n1,\xff\n2," + b"x" * (MAX_LINE + 10) + b"\n3,c")
    assert [r.problem.code if r.problem else r.cells for r in found] == [
        "import.bad_encoding",
        "import.too_long",
        ["3", "c"],
    ]


def test_json_lines_are_known_by_their_look(path: Path) -> None:
    long = b'{"id": "' + b"x" * MAX_LINE + b'"}\n'
    found = rows(path, b'{"id": 1}\n\n[1]\n{"id": \n' + long + b'{"id": "\xff"}\n{"id": 7}')
    told = [(r.number, r.problem.code if r.problem else r.cells) for r in found]
    assert told == [
        (1, {"id": 1}),
        (2, {}),
        (3, "import.bad_json"),
        (4, "import.bad_json"),
        (5, "import.too_long"),
        (6, "import.bad_json"),
        (7, {"id": 7}),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import.empty_file"),
        (b" \n ", "import.empty_file"),
        (b'[{"id": 1}]', "import.json_array"),
        ("id,name\n".encode("utf-16"), "import.bad_encoding"),
        (b"id,n\xffme\n1,a\n", "import.bad_encoding"),
    ],
)
def test_what_is_no_file_of_ours_is_refused(path: Path, content: bytes, code: str) -> None:
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        read_layout(path)
    assert refused.value.problems[0].code == code


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        read_layout(tmp_path / "nobody.csv")
    assert refused.value.problems[0].code == "import.no_file"


def test_a_header_of_endless_columns_is_refused(path: Path) -> None:
    path.write_bytes(b"a," * (MAX_COLUMNS - 1) + b"a\n")
    assert len(read_layout(path).header) == MAX_COLUMNS
    path.write_bytes(b"a," * MAX_COLUMNS + b"a\n")
    with pytest.raises(Refused) as refusal:
        read_layout(path)
    assert [p.code for p in refusal.value.problems] == ["import.too_many_columns"]
