"""What may be told as an event."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motet.ingest.append import EventIds
from motet.ingest.facts import RawEvent, check_event


def test_a_whole_fact_is_read() -> None:
    checked = check_event(
        {
            "customer": "c-1",
            "name": "cart_abandoned",
            "at": "2026-11-24T09:30:00Z",
            "properties": {"cart_value": 59.9},
            "message_id": "01890000-0000-7000-8000-000000000001",
            "value": 3,
            "key": "k",
        },
        source="simulation",
    )
    assert checked == RawEvent(
        customer="c-1",
        name="cart_abandoned",
        at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
        properties={"cart_value": 59.9},
        message_id=UUID("01890000-0000-7000-8000-000000000001"),
        value=3.0,
        key="k",
        source="simulation",
    )


@pytest.mark.parametrize(
    ("more", "code", "path"),
    [
        ({"name": "a\nb"}, "event.bad_text", "e.name"),
        ({"name": "<b>"}, "event.bad_name", "e.name"),
        ({"name": None}, "event.missing_field", "e.name"),
        ({"customer": ""}, "event.empty", "e.customer"),
        ({"at": "soon"}, "event.bad_time", "e.at"),
        ({"name": "segment_entered"}, "event.reserved_name", "e.name"),
        ({"properties": [1]}, "event.bad_type", "e.properties"),
        ({"properties": {"a": "\x00"}}, "event.bad_text", "e.properties"),
        ({"properties": {"a": "x" * 40_000}}, "event.too_large", "e.properties"),
        ({"message_id": "7"}, "event.bad_message_id", "e.message_id"),
        ({"value": "9"}, "event.bad_value", "e.value"),
        ({"value": float("inf")}, "event.bad_value", "e.value"),
        ({"propertis": {}}, "event.unknown_field", "e.propertis"),
    ],
)
def test_a_wrong_fact_is_named(more: dict[str, object], code: str, path: str) -> None:
    checked = check_event({"customer": "c", "name": "n", **more}, "e")
    assert isinstance(checked, list)
    assert [(p.code, p.path) for p in checked] == [(code, path)]


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"name": "purchase", "properties": {"total": 12}}, 12.0),
        ({"name": "purchase", "properties": {"revenue": 9.5, "total": 12}}, 9.5),
        ({"name": "purchase", "value": 1, "properties": {"total": 12}}, 1.0),
        ({"name": "purchase", "properties": {"total": "12.5"}}, 12.5),
        ({"name": "purchase", "properties": {"value": "a lot", "total": True}}, 0.0),
        ({"name": "signup", "properties": {"total": 12}}, 0.0),
    ],
)
def test_a_purchase_finds_its_worth(fields: dict[str, object], value: float) -> None:
    checked = check_event({"customer": "c", **fields})
    assert isinstance(checked, RawEvent)
    assert checked.value == value


@given(st.lists(st.integers(1_000_000, 1_000_005), min_size=1, max_size=50))
def test_ids_rise_whatever_the_clock_does(moments: list[int]) -> None:
    ids = EventIds()
    taken = [ids.take(ms) for ms in moments]
    assert taken == sorted(set(taken))
    assert all(id.version == 7 for id in taken)


def test_ids_rise_when_thousands_fall_into_one_millisecond() -> None:
    ids = EventIds()
    taken = [ids.take(5) for _ in range(10_000)]
    assert taken == sorted(set(taken))
