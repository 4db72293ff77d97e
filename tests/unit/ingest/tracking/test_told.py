"""What was said of a person is written once, and costs the same memory however long it is."""

from __future__ import annotations

import tracemalloc

from motet.ingest.tracking.told import Told


def test_what_was_said_last_is_not_new() -> None:
    told = Told()
    assert told.is_new("u1", ("Europe/Berlin", "de"))
    assert not told.is_new("u1", ("Europe/Berlin", "de"))
    assert told.is_new("u1", ("Europe/Berlin", "en"))
    assert told.is_new("u2", ("Europe/Berlin", "de"))
    told.forget()
    assert told.is_new("u1", ("Europe/Berlin", "en"))


def test_a_long_token_is_not_kept() -> None:
    told = Told()
    tracemalloc.start()
    try:
        for index in range(1000):
            assert told.is_new(f"{index:0255}", ("token", f"{index:04096}"))
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()
