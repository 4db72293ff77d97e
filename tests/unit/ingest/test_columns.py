"""Columns of a file, and where they go."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motet.core.errors import Refused
from motet.ingest.columns import Columns, mark, read_cell


def read(header: str, cells: str, **mapping: str) -> dict[str, Any]:
    return Columns(header.split(","), mapping).read_cells(cells.split(","))


def codes(header: str, **mapping: str) -> list[str]:
    with pytest.raises(Refused) as refused:
        Columns(header.split(","), mapping)
    return [p.code for p in refused.value.problems]


def test_names_are_known_in_any_spelling() -> None:
    assert read("E-Mail,Customer ID,Mobile Phone,TimeZone,First Name", "a@example.com,7,+1,UTC,Ann") == {
        "email": "a@example.com",
        "external_id": "7",
        "phone": "+1",
        "timezone": "UTC",
        "attributes": {"first_name": "Ann"},
    }


def test_a_mapping_comes_first() -> None:
    raw = read("Kunde,email,zip,junk,VIP", "7,a@example.com,123,x,yes", Kunde="external_id", zip="attributes.plz:text",
               junk="-", VIP="preferences.sms")  # fmt: skip
    assert raw == {
        "external_id": "7",
        "email": "a@example.com",
        "attributes": {"plz": "123"},
        "preferences": {"sms": "yes"},
    }


def test_the_field_itself_goes_before_its_alias() -> None:
    assert read("id,external_id", "7,c-1") == {"external_id": "c-1", "attributes": {"id": 7}}
    assert read("id,uid", "7,8") == {"external_id": "7", "attributes": {"uid": 8}}
    columns = Columns([], {})
    assert columns.read_object({"id": 7, "external_id": "c-1"}) == {"external_id": "c-1", "attributes": {"id": 7}}
    assert columns.read_object({"id": 8}) == {"external_id": 8}


def test_opt_outs_become_refusals() -> None:
    assert read("id,Unsubscribed,SMS opt-in,push_opt_out", "7,yes,no,maybe")["consents"] == {
        "email": False,
        "sms": "no",
        "push": "maybe",
    }


def test_whole_attributes_stand_beside_single_ones() -> None:
    columns = Columns([], {})
    for fields in ({"id": 1, "city": "B", "attributes": {"x": 1}}, {"attributes": {"x": 1}, "id": 1, "city": "B"}):
        assert columns.read_object(fields) == {"external_id": 1, "attributes": {"x": 1, "city": "B"}}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("59.90", 59.9),
        ("-3", -3),
        ("0", 0),
        ("007", "007"),
        ("+49", "+49"),
        ("1e5", "1e5"),
        ("1234567890123456", "1234567890123456"),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ('{"a": 1}', {"a": 1}),
        ("[broken", "[broken"),
        ("2026-01-01", "2026-01-01"),
    ],
)
def test_a_cell_is_read_as_what_it_spells(cell: str, value: object) -> None:
    assert read_cell(cell) == value
    assert type(read_cell(cell)) is type(value)


def test_a_file_that_cannot_be_used_is_refused_with_the_place() -> None:
    assert codes("name,city") == ["import.no_identifier"]
    assert codes("id,city,city") == ["import.duplicate_column"]
    assert codes("id,email", Email="email") == ["import.unknown_column"]
    assert codes("id,email", email="emial") == ["import.unknown_target"]
    assert codes("id,a,b", a="email", b="email") == ["import.duplicate_target"]


@given(st.text(min_size=1, max_size=20).filter(lambda t: t == t.strip()))
def test_any_text_comes_back_from_a_cell(text: str) -> None:
    columns = Columns(["external_id", "attributes.x"], {})
    raw = columns.read_cells([mark(text, typed=False), mark(text, typed=True)])
    assert raw == {"external_id": text, "attributes": {"x": text}}


def test_what_a_spreadsheet_would_run_is_marked() -> None:
    assert mark('=HYPERLINK("http://x")', typed=True).startswith("'=")
    assert mark("@SUM(1)", typed=False).startswith("'@")
    assert mark("+442071838750", typed=False) == "+442071838750"


def test_a_file_of_ever_new_names_is_read_and_not_remembered() -> None:
    columns = Columns([], {})
    for index in range(11_000):
        assert columns.read_object({"id": "c1", f"n{index}": 1})["attributes"] == {f"n{index}": 1}
    assert len(columns._known) == len(columns.origins) == 10_000


def test_of_many_wrong_columns_the_first_are_told() -> None:
    assert codes("id", **{f"c{index}": "email" for index in range(50)}).count("import.unknown_column") == 20
