"""A worker that stood still knows that others may have settled what it had claimed."""

from __future__ import annotations

import pytest

from motet.delivery.pulse import Pulse
from motet.storage.lanes import LEASE

LONG = LEASE.total_seconds()


class Body:
    """A pulse on two clocks that the test moves."""

    def __init__(self) -> None:
        self.steady = self.wall = 1000.0
        self.pulse = Pulse((lambda: self.steady, lambda: self.wall))

    def beat(self) -> None:
        self.pulse.beat(self.pulse.read())


@pytest.fixture
def body() -> Body:
    made = Body()
    made.beat()
    return made


def test_beats_without_a_gap_keep_a_claim_however_old(body: Body) -> None:
    series = body.pulse.series
    for _ in range(20):
        body.steady += LONG / 2
        body.wall += LONG / 2
        body.beat()
    assert body.pulse.lasts(series)


@pytest.mark.parametrize("clock", ["steady", "wall"])
def test_a_gap_on_either_clock_ends_what_was_claimed_before_it(body: Body, clock: str) -> None:
    series = body.pulse.series
    setattr(body, clock, getattr(body, clock) + LONG)
    assert not body.pulse.lasts(series)
    body.beat()
    assert not body.pulse.lasts(series)
    assert body.pulse.lasts(body.pulse.series)


def test_what_is_claimed_after_a_gap_and_before_the_next_beat_may_be_others_too(body: Body) -> None:
    body.steady += LONG
    series = body.pulse.series
    body.beat()
    assert not body.pulse.lasts(series)


def test_a_beat_counts_from_when_it_began(body: Body) -> None:
    began = body.pulse.read()
    body.steady += LONG
    body.pulse.beat(began)
    assert not body.pulse.lasts(body.pulse.series)


def test_a_wall_clock_that_goes_back_ends_nothing(body: Body) -> None:
    series = body.pulse.series
    body.wall -= 3600
    assert body.pulse.lasts(series)
    body.beat()
    assert body.pulse.lasts(series)


def test_who_is_in_no_register_is_nobodys_to_watch() -> None:
    assert Pulse().lasts(0)
