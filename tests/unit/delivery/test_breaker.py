from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from making import NOW
from motet.delivery.breaker import (
    CLOSED,
    COOL,
    COOL_MOST,
    LIMIT,
    PATIENCE,
    Breaker,
    State,
    give_back,
    hear,
    probe,
    state,
)

# What may happen to a breaker: seconds pass, an answer comes, somebody asks to probe, a probe is given back.
EVENTS = st.lists(
    st.one_of(
        st.floats(0, 400), st.booleans(), st.sampled_from(["probe", "back"]), st.tuples(st.booleans(), st.booleans())
    )
)
CHANCE = st.floats(0, 1, exclude_max=True)


def broken(now_offset: float = 0, chance: float = 0.5) -> Breaker:
    return hear(CLOSED, [False] * LIMIT, NOW + timedelta(seconds=now_offset), chance)


def test_it_opens_after_failures_in_a_row_only() -> None:
    almost = hear(CLOSED, [False] * (LIMIT - 1), NOW, 0.5)
    assert state(almost, NOW) is State.CLOSED
    assert hear(almost, [True], NOW, 0.5) == CLOSED
    assert state(hear(almost, [True] + [False] * (LIMIT - 1), NOW, 0.5), NOW) is State.CLOSED
    assert state(hear(almost, [False], NOW, 0.5), NOW) is State.OPEN


@given(CHANCE)
def test_it_rests_then_lets_one_probe_in(chance: float) -> None:
    opened = broken(chance=chance)
    assert opened.retry_at is not None
    assert COOL / 2 <= (opened.retry_at - NOW).total_seconds() <= COOL
    assert state(opened, opened.retry_at) is State.HALF_OPEN
    asked = probe(opened, opened.retry_at)
    assert state(asked, opened.retry_at) is State.OPEN  # to everybody else
    assert state(asked, opened.retry_at + timedelta(seconds=PATIENCE)) is State.HALF_OPEN  # it was forgotten
    assert state(give_back(asked, opened.retry_at), opened.retry_at) is State.HALF_OPEN


@given(st.integers(1, 40), CHANCE)
def test_rests_grow_and_have_an_end(rests: int, chance: float) -> None:
    breaker, now, last = broken(chance=chance), NOW, 0.0
    for _ in range(rests):
        assert breaker.retry_at is not None
        rest = (breaker.retry_at - now).total_seconds()
        assert last <= rest <= COOL_MOST
        last, now = rest, breaker.retry_at
        breaker = hear(probe(breaker, now), [False], now, chance)
    assert breaker.since == NOW


@given(EVENTS, CHANCE)
def test_whatever_happens_it_can_always_be_tried_again_and_one_good_answer_closes_it(
    events: list[object], chance: float
) -> None:
    breaker, now = CLOSED, NOW
    for event in events:
        match event:
            case bool():
                breaker = hear(breaker, [event], now, chance)
            case float():
                now += timedelta(seconds=event)
            case "probe" if state(breaker, now) is State.HALF_OPEN:
                breaker = probe(breaker, now)
            case "back":
                breaker = give_back(breaker, now)
            case (bool(one), bool(two)):
                breaker = hear(breaker, (one, two), now, chance)
        assert (breaker.retry_at is None) == (breaker.since is None) == (state(breaker, now) is State.CLOSED)
        assert breaker.failures < LIMIT
        assert state(breaker, now + timedelta(seconds=max(COOL_MOST, PATIENCE))) is not State.OPEN
    assert hear(breaker, [True], now, chance) == CLOSED


@given(st.lists(st.booleans(), max_size=30), CHANCE)
def test_what_comes_in_late_while_it_rests_prolongs_nothing(answers: list[bool], chance: float) -> None:
    opened = broken()
    after = hear(opened, answers, NOW, chance)
    if not any(answers):
        assert after == opened
