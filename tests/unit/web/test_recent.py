from __future__ import annotations

from motet.web.recent import Recent


def test_a_repetition_is_known_for_a_while_and_then_forgotten() -> None:
    now = 0.0
    recent = Recent(clock=lambda: now)
    assert not recent.is_repeated("a")
    assert recent.is_repeated("a")
    now = 6.0
    assert recent.is_repeated("a")
    assert not recent.is_repeated("b")
    now = 30.0
    assert not recent.is_repeated("a")


def test_what_goes_on_being_repeated_is_recorded_again_at_last() -> None:
    now = 0.0
    recent = Recent(clock=lambda: now)
    told = 0
    for _ in range(60):
        told += not recent.is_repeated("a")
        now += 1.0
    assert 5 <= told <= 7
