from __future__ import annotations

from datetime import UTC, datetime
from math import gcd

import phonenumbers
import pytest

from motet.audience.inputs import CustomerInput, check_customer
from motet.simulation.places import PLACES
from motet.simulation.population import _STRIDE, CAPACITY, Population, profile

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FOUNDERS = 3_000


@pytest.fixture(scope="module")
def population() -> Population:
    return Population(7, FOUNDERS)


def test_the_same_seed_gives_the_same_people(population: Population) -> None:
    again = Population(7, FOUNDERS)
    assert [population.person(n) for n in range(50)] == [again.person(n) for n in range(50)]
    assert population.person(3) != Population(8, FOUNDERS).person(3)


def test_every_address_belongs_to_one_person_and_leads_back_to_it(population: Population) -> None:
    seen: set[str] = set()
    for index in (*range(FOUNDERS), CAPACITY - 1, CAPACITY, 10 * CAPACITY):
        person = population.person(index)
        for address in filter(None, (person.email, person.phone, *person.tokens)):
            assert address not in seen
            seen.add(address)
            assert population.find(address) == person


@pytest.mark.parametrize(
    "address",
    ["", "someone@example.com", "ada.lovelace.12@example.com", "+12025550123x", "+19995550100", "demo-x-0-ff",
     "demo-99999999999999999-0-ff", "https://hook.example"],
)  # fmt: skip
def test_a_strangers_address_leads_to_nobody(population: Population, address: str) -> None:
    assert population.find(address) is None


def test_people_are_spread_over_all_places() -> None:
    assert gcd(_STRIDE, CAPACITY) == 1
    population = Population(1, 0)
    assert len({population.person(n).place.city for n in range(1_000)}) > 40
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(f"+1{p.area}5550123")) for p in PLACES if p.area)


def test_every_profile_is_taken_by_the_customer_check(population: Population) -> None:
    for index in range(1_000):
        record = profile(population.person(index), NOW)
        assert isinstance(check_customer(record), CustomerInput), record


def test_the_founders_give_every_blueprint_somebody(population: Population) -> None:
    people = [population.person(n) for n in range(FOUNDERS)]
    new = [p for p in people if "new_signup" in p.tags]
    quiet = [p for p in people if p.stage == "inactive"]
    carts = [p for p in people if "cart_abandoners" in p.tags]
    assert 200 < len(new) < 350
    assert 250 < len(quiet) < 420
    assert 550 < len(carts) < 800
    assert all(p.seen_days is not None and p.seen_days > 30 and "inactive_30_days" in p.tags for p in quiet)
    assert sum(p.phone is not None for p in people) > FOUNDERS / 2
    assert sum(bool(p.tokens) for p in people) > FOUNDERS / 2
    assert any(p.email and p.email.startswith("bounce+") for p in people)
    assert 0.93 < sum(p.engagement for p in people) / FOUNDERS < 1.07


def test_who_comes_later_is_new(population: Population) -> None:
    later = [population.person(FOUNDERS + n) for n in range(200)]
    assert all("new_signup" in p.tags and p.stage == "prospect" and p.joined_days < 1 for p in later)
