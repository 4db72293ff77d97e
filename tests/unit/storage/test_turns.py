from __future__ import annotations

import asyncio
from datetime import timedelta

from making import NOW
from motet.storage.turns import Turns


def test_lanes_come_in_the_order_of_their_marks_and_busy_ones_go_behind() -> None:
    turns = Turns(lambda: NOW)
    turns.mark([5, 1])
    turns.mark([5, 3])
    first = turns.take()
    assert first == 5
    turns.done(5, more=True)
    assert [turns.take(), turns.take(), turns.take(), turns.take()] == [1, 3, 5, None]


def test_a_lane_marked_while_at_work_is_not_given_twice_but_comes_again() -> None:
    turns = Turns(lambda: NOW, [2])
    assert turns.take() == 2
    turns.mark([2])
    assert turns.take() is None
    turns.done(2, more=False)
    assert turns.take() == 2


async def test_a_timer_ends_the_wait_and_gives_its_lane() -> None:
    now = NOW
    turns = Turns(lambda: now)
    turns.plan(4, NOW + timedelta(milliseconds=20))
    turns.plan_at_latest(4, NOW + timedelta(hours=1))
    assert turns.take() is None
    await asyncio.wait_for(turns.wait(30), 5)
    now = NOW + timedelta(milliseconds=20)
    assert turns.take() == 4


async def test_a_mark_ends_the_wait() -> None:
    turns = Turns(lambda: NOW)
    waiting = asyncio.create_task(turns.wait(30))
    await asyncio.sleep(0)
    turns.mark([1])
    await asyncio.wait_for(waiting, 5)


def test_what_was_told_of_goes_before_what_is_behind_but_not_for_ever() -> None:
    turns = Turns(lambda: NOW, range(8))
    order = []
    for _ in range(8):
        turns.mark([6, 7], first=True)  # told of again and again
        lane = turns.take()
        assert lane is not None
        order.append(lane)
        turns.done(lane, more=True)
    assert order == [6, 7, 6, 0, 7, 6, 7, 1]
