"""How made-up people behave: parameters, answers, and what they do of themselves."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motet.core.errors import Refused
from motet.core.words import Channel
from motet.simulation.forecast.answers import answer
from motet.simulation.forecast.arrivals import draw_arrivals, draw_moment, find_wanted
from motet.simulation.forecast.parameters import Manner, Parameters, Rate, change, merge, plain, read_setting
from motet.simulation.forecast.people import customer_id, make_someone
from motet.simulation.population import Population

START = datetime(2026, 11, 24, tzinfo=UTC)
SURE = Parameters(channels={"email": Manner(opens=0.999_999, clicks=1.0)}, buys=1.0, spread=0)


@given(st.integers(0, 2**32), st.integers(0, 23))
def test_answers_come_in_the_order_of_life(seed: int, hour: int) -> None:
    acts = answer(Channel.EMAIL, SURE, 2.0, hour, Random(seed))
    assert [act.name for act in acts] == ["delivered", "view", "click", "purchase"]
    assert [act.after for act in acts] == sorted(act.after for act in acts)
    assert [act.own for act in acts] == [False, False, False, True]


def test_figures_over_many_people_are_those_of_the_parameters() -> None:
    parameters = plain(["cart_abandoned"], [])
    dice = Random(1)
    seen = Counter(act.name for _ in range(20_000) for act in answer(Channel.EMAIL, parameters, 1.0, 12, dice))
    assert seen["view"] == pytest.approx(20_000 * 0.41, rel=0.05)
    assert seen["click"] == pytest.approx(seen["view"] * 0.10, rel=0.12)
    assert seen["bounced"] == pytest.approx(20_000 * 0.005, rel=0.35)


def test_an_address_that_does_not_exist_bounces() -> None:
    [act] = answer(Channel.EMAIL, SURE, 1.0, 12, Random(1), dead=True)
    assert (act.name, act.properties) == ("bounced", {"permanent": True})


def test_a_channel_without_a_manner_is_never_answered() -> None:
    assert answer(Channel.WEBHOOK, plain([], []), 1.0, 12, Random(1)) == []


@given(st.integers(0, 2**32), st.sampled_from(["UTC", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Honolulu"]))
def test_what_people_do_lies_in_the_time_that_is_simulated(seed: int, zone: str) -> None:
    at = draw_moment(START, 7, ZoneInfo(zone), Random(seed))
    assert START <= at < START + timedelta(days=8)


def test_people_are_awake_by_day_where_they_live() -> None:
    zone, dice = ZoneInfo("Asia/Tokyo"), Random(3)
    hours = Counter(draw_moment(START, 30, zone, dice).astimezone(zone).hour for _ in range(5_000))
    assert sum(hours[hour] for hour in range(9, 22)) > 4 * sum(hours[hour] for hour in range(0, 6))


def test_rates_are_kept_and_once_is_once() -> None:
    rates = {"often": Rate(per_month=6.0), "joined": Rate(once=True), "never": Rate(per_month=0)}
    parameters, dice = Parameters(events=rates), Random(5)
    zone = ZoneInfo("UTC")
    seen = Counter(
        arrival.name for _ in range(1_000) for arrival in draw_arrivals(parameters, {}, START, 10, zone, "desk", dice)
    )
    assert seen["joined"] == 1_000
    assert seen["never"] == 0
    assert seen["often"] == pytest.approx(2_000, rel=0.07)


def test_what_a_filter_wants_is_found_where_it_is_plain() -> None:
    spec = {"plan": "gold", "seats": {"$gte": 8}, "land": {"$in": ["JP", "DE"]}, "tried": {"$exists": True}}
    assert find_wanted(spec) == {"plan": "gold", "seats": 10, "land": "JP", "tried": "yes"}


@given(st.integers(0, 2**32 - 1))
def test_people_are_the_same_again_and_nobody_is_there_twice(seed: int) -> None:
    assert len({customer_id(index, START, seed) for index in range(300)}) == 300
    one, other = (make_someone(Population(seed, 100), 7, START, seed, (), {}) for _ in range(2))
    assert one == other


def test_whoever_is_in_no_target_segment_gets_its_tag() -> None:
    population = Population(1, 100)
    assert all("gold" in make_someone(population, n, START, 1, ("gold",), {}).customer.tags for n in range(20))


def test_wishes_are_laid_over_field_by_field() -> None:
    changed = change(plain(["a"], ["b"]), {"channels": {"email": {"opens": 0.2}}, "events": {"c": {"per_month": 2}}})
    assert (changed.channels["email"].opens, changed.channels["email"].clicks) == (0.2, 0.10)
    assert set(changed.events) == {"a", "b", "c"}


def test_settings_are_read_as_they_are_written() -> None:
    wishes = merge(read_setting("channels.email.opens=0.3"), read_setting("channels.sms.clicks=0.1"))
    assert wishes == {"channels": {"email": {"opens": 0.3}, "sms": {"clicks": 0.1}}}
    assert read_setting("events.a.properties.plan=gold") == {"events": {"a": {"properties": {"plan": "gold"}}}}


@pytest.mark.parametrize("text", ["opens", "=3", ""])
def test_a_setting_without_a_name_or_a_value_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read_setting(text)


def test_nobody_does_anything_before_they_signed_up() -> None:
    parameters = Parameters(events={"signup": Rate(once=True), "purchase": Rate(per_month=60)})
    for seed in range(20):
        drawn = sorted(
            draw_arrivals(parameters, {}, START, 10, ZoneInfo("UTC"), "desk", Random(seed)), key=lambda a: a.at
        )
        assert drawn[0].name == "signup"


def test_what_is_asked_of_a_person_at_the_start_is_so_for_whom_nothing_is_known() -> None:
    population = Population(1, 100)
    given = {"onboarded": False, "profile_completed": False}
    people = [make_someone(population, n, START, 1, (), given).customer.attributes for n in range(40)]
    assert {person["onboarded"] for person in people} == {False}
    assert {person["profile_completed"] for person in people} == {True, False}
