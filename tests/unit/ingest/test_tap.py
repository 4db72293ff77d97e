"""The tap: what came in a moment ago, bounded, and whoever waits for it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from motet.audience.people import Person
from motet.core.errors import Problem
from motet.ingest.append import Appended
from motet.ingest.facts import RawEvent
from motet.ingest.tap import KEPT, KEPT_BYTES, Tap, Written
from motet.storage.pool import Json

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def written(names: list[str], properties: object = None, duplicate: bool = False, size: int = 10) -> Written:
    who = Person(user_id="u", anonymous_id="a")
    facts = [RawEvent(customer=who, name=name, properties=properties or Json(b'{"a":1}')) for name in names]
    outcomes = [Appended(None) if duplicate else Appended(uuid4(), uuid4()) for _ in names]
    return Written(facts, [uuid4() for _ in names], outcomes, size, NOW)


def test_what_was_told_is_seen_newest_first():
    tap = Tap()
    tap.tell(written(["one", "two"]))
    tap.tell(written(["three"], {"b": 2}, duplicate=True))
    tap.refuse({"event": "four", "anonymousId": "a", "properties": {"c": 3}}, [Problem("event.x", "no")],
               source="segment", now=NOW)  # fmt: skip
    seen = tap.latest(10)
    assert [(s.name, s.status, s.customer) for s in seen] == [
        ("four", "rejected", "a"), ("three", "duplicate", "u"), ("two", "accepted", "u"), ("one", "accepted", "u"),
    ]  # fmt: skip
    assert [s.properties for s in seen] == [{"c": 3}, {"b": 2}, {"a": 1}, {"a": 1}]
    assert [p.code for p in seen[0].problems] == ["event.x"]
    assert [s.name for s in tap.since(1)] == ["two", "three", "four"]
    assert [s.name for s in tap.since(2)] == ["three", "four"]
    assert (tap.number, tap.since(4), tap.latest(1)[0].name) == (4, [], "four")


def test_it_keeps_so_many_and_so_many_bytes():
    tap = Tap()
    for start in range(0, 5 * KEPT, 700):
        tap.tell(written([str(n) for n in range(start, start + 700)]))
    kept = tap.latest(10 * KEPT)
    assert [s.name for s in kept] == [str(n) for n in range(8 * 700 - 1, 8 * 700 - 1 - KEPT, -1)]
    for n in range(KEPT):
        tap.tell(written([str(n)], size=KEPT_BYTES // 10))
    assert len(tap.latest(KEPT)) == 10


def test_anything_at_all_can_be_refused():
    tap = Tap()
    for raw in (None, 1, [], {"userId": {"a": 1}, "event": ["x"]}, {"event": "\ud800", "properties": object()}):
        tap.refuse(raw, [], source="api", now=NOW)
    assert [s.name for s in tap.latest(9)] == ["?", "", "", "", ""]


async def test_whoever_waits_is_woken():
    tap = Tap()
    waiting = [asyncio.create_task(tap.wait(5)) for _ in range(3)]
    await asyncio.sleep(0)
    tap.tell(written(["one"]))
    await asyncio.wait_for(asyncio.gather(*waiting), 1)
    await asyncio.wait_for(tap.wait(0.01), 1)
