"""What the keeper does next, told from what there is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from motet.archive.compact import LARGEST, SEVERAL, TIER, plan_merge
from motet.archive.export import SLICE, plan_slices
from motet.archive.manifest import EVENTS, ArchiveFile, Lane, Moment, sees
from motet.archive.snapshot import AT_LEAST, plan_snapshot

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = NOW.date()


def a_file(n: int, rows: int, first: date = TODAY, last: date | None = None) -> ArchiveFile:
    return ArchiveFile(
        id=UUID(int=n), kind=EVENTS, path=f"{n}", first_day=first, last_day=last or first, rows=rows, bytes=rows
    )


def a_lane(lane: int = 0, **fields: object) -> Lane:
    plain = {
        "covered": "9:9:", "customers_at": "9:9:", "segments": (), "changed": 0, "customers": 1000,
        "written_at": NOW, "done": "20:20:",
    }  # fmt: skip
    return Lane(lane=lane, **plain | fields)  # type: ignore[arg-type]


def a_moment(*lanes: Lane) -> Moment:
    return Moment(NOW, "30:30:", lanes, ())


def plan(*lanes: Lane, live: frozenset[int] = frozenset()) -> list[int]:
    return [lane.lane for lane in plan_snapshot(a_moment(*lanes), live, NOW)]


def test_a_lane_that_was_never_written_is_written():
    assert plan(a_lane(customers_at=None, written_at=None)) == [0]


def test_a_lane_in_which_few_changed_is_left_alone_and_one_in_which_many_did_is_written():
    assert plan(a_lane(0, changed=AT_LEAST - 1), a_lane(1, changed=AT_LEAST), a_lane(2)) == [1]


def test_a_lane_whose_engine_stands_still_is_not_written_again_and_again():
    assert plan(a_lane(changed=10_000, done="9:9:")) == []


def test_a_single_change_is_written_after_some_hours():
    old = NOW - timedelta(hours=7)
    assert plan(a_lane(0, changed=1, written_at=old), a_lane(1, changed=0, written_at=old)) == [0]


def test_a_lane_that_does_not_know_a_live_segment_comes_first():
    assert plan(a_lane(0, changed=5000), a_lane(1, segments=(3,)), live=frozenset({3, 4}))[:2] == [0, 1]
    assert plan(a_lane(0, changed=500, segments=(3,)), a_lane(1), live=frozenset({3})) == [1, 0]
    assert plan(a_lane(1, segments=(3, 4)), live=frozenset({3})) == []


def test_files_of_today_are_merged_when_there_are_several():
    some = [a_file(n, 100) for n in range(SEVERAL - 1)]
    assert plan_merge(some, NOW) == []
    assert len(plan_merge([*some, a_file(99, 100)], NOW)) == SEVERAL


def test_a_large_file_is_not_rewritten_for_a_few_rows():
    assert plan_merge([a_file(1, 1_000_000), *(a_file(n, 10) for n in range(2, 9))], NOW) == []
    chosen = plan_merge([a_file(1, 1_000_000), *(a_file(n, 10) for n in range(2, 2 + SEVERAL))], NOW)
    assert all(f.rows == 10 for f in chosen)
    assert len(chosen) == SEVERAL


def test_a_day_that_is_over_becomes_one_file_and_then_a_month_does():
    yesterday, october = TODAY - timedelta(days=1), date(2026, 10, 1)
    assert len(plan_merge([a_file(1, 100, yesterday), a_file(2, 50, yesterday)], NOW)) == 2
    assert plan_merge([a_file(1, 100, yesterday), a_file(2, 50, TODAY - timedelta(days=2))], NOW) == []
    days = [a_file(n, 100_000, october + timedelta(days=n)) for n in range(31)]
    assert len(plan_merge(days, NOW)) == 31


def test_just_after_midnight_a_day_is_not_over_yet():
    midnight = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
    pair = [a_file(n, 100, date(2026, 11, 23)) for n in range(2)]
    assert plan_merge(pair, midnight) == []
    assert len(plan_merge(pair, midnight + timedelta(hours=2))) == 2


def test_what_is_large_enough_stays():
    whole = [a_file(n, LARGEST // 2 + 1, date(2026, 1, 1 + n)) for n in range(5)]
    assert plan_merge(whole, NOW) == []


@given(st.lists(st.tuples(st.integers(1, LARGEST), st.integers(0, 70)), max_size=60))
def test_merging_comes_to_an_end_and_loses_no_row(given: list[tuple[int, int]]):
    files = [a_file(n, rows, TODAY - timedelta(days=days)) for n, (rows, days) in enumerate(given)]
    rows, written, rounds = sum(f.rows for f in files), 0, 0
    while chosen := plan_merge(files, NOW):
        rounds += 1
        together = sum(f.rows for f in chosen)
        assert len(chosen) >= 2
        assert together <= LARGEST
        largest = max(f.rows for f in chosen)
        assert largest <= TIER * (together - largest)
        first = min(f.first_day for f in chosen)  # type: ignore[type-var]
        files = [f for f in files if f not in chosen] + [a_file(1000 + rounds, together, first)]
        written += together
    assert sum(f.rows for f in files) == rows
    assert rounds <= len(given)


@given(st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, 2 * SLICE)), unique_by=lambda m: m[0]))
def test_slices_hold_every_minute_once_and_never_two_days(minutes: list[tuple[int, int]]):
    minutes.sort()
    slices = plan_slices(minutes)
    assert sum(s.rows for s in slices) == sum(rows for _, rows in minutes)
    for before, after in pairwise(slices):
        assert before.high <= after.low
    for minute, rows in minutes:
        id = UUID(int=(minute * 60_000 + 59_999) << 80)
        (home,) = [s for s in slices if s.low <= id < s.high]
        assert (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)).date() == home.day
        assert home.rows <= max(SLICE, rows)


def test_a_snapshot_is_taken_apart():
    assert sees("10:20:12,15") == (10, 20, [12, 15])
    assert sees("1:1:") == (1, 1, [])
