"""The shop: customers sign up, look at things, leave baskets behind and buy, at a steady, seeded rate.

A tick makes the records and events of a span of time; nothing here does I/O or reads a clock.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from math import exp
from random import Random
from typing import Any

import msgspec

from motet.simulation.brand import (
    PRODUCTS,
    Product,
    cart_properties,
    draw_basket,
    order_properties,
    total_of,
)
from motet.simulation.population import Person, Population, profile

SIGN_UPS, CARTS, VIEWS, ORDERS = 0.35, 0.25, 0.5, 0.08  # a second
_BASKETS = 2_000  # baskets remembered
_BASKET_KEPT = 300.0  # seconds for which nobody leaves a second one


class Tick(msgspec.Struct, frozen=True):
    """What to tell Motet: profiles first, then events."""

    records: list[dict[str, Any]]
    events: list[dict[str, Any]]


class Shop:
    """Keeps the number of the next newcomer and the baskets that wait."""

    def __init__(self, population: Population, seed: int, site: str, next_index: int, run: str) -> None:
        self._population = population
        self._dice = Random(f"{seed}/shop/{next_index}")  # noqa: S311 - a game, not a secret
        self._site = site
        self._run = run  # sets the order numbers of two runs apart
        self._numbers = 0
        self._baskets: OrderedDict[int, tuple[float, list[Product]]] = OrderedDict()  # index -> (when, what)
        self.next_index = next_index

    def live(self, seconds: float, now: datetime, clock: float) -> Tick:
        """What happens in a span of `seconds` that ends at `now`; `clock` is a steady clock in seconds."""
        tick = Tick(records=[], events=[])
        for _ in range(self._how_many(SIGN_UPS * seconds)):
            self._sign_up(tick, now)
        for _ in range(self._how_many(CARTS * seconds)):
            self._abandon(tick, now, clock)
        for _ in range(self._how_many(VIEWS * seconds)):
            self._view(tick, now)
        for _ in range(self._how_many(ORDERS * seconds)):
            person = self._anybody()
            self._order(tick, person, draw_basket(self._dice, person.favourite), now)
        return tick

    def burst_of_carts(self, number: int, now: datetime, clock: float) -> Tick:
        """So many baskets left at once: the afternoon before the demonstration began."""
        tick = Tick(records=[], events=[])
        for _ in range(number):
            self._abandon(tick, now, clock)
        return tick

    def has_basket(self, person: Person) -> bool:
        return person.index in self._baskets

    def buy(self, person: Person, now: datetime) -> Tick:
        """The person buys the basket that waits, or something else."""
        tick = Tick(records=[], events=[])
        _, basket = self._baskets.pop(person.index, (0.0, draw_basket(self._dice, person.favourite)))
        self._order(tick, person, basket, now)
        return tick

    def complete(self, person: Person, now: datetime) -> Tick:
        """The person fills in the profile."""
        record = {"external_id": person.external_id, "attributes": {"profile_completed": True}}
        return Tick(records=[record], events=[self._event(person, "profile_completed", now)])

    def _sign_up(self, tick: Tick, now: datetime) -> None:
        person = self._population.person(self.next_index)
        self.next_index += 1
        tick.records.append(profile(person, now))
        properties = {"plan": "free", "referrer": self._dice.choice(("search", "friend", "instagram", "press"))}
        tick.events.append(self._event(person, "user_signup", now, properties))

    def _abandon(self, tick: Tick, now: datetime, clock: float) -> None:
        person = self._anybody()
        if clock - self._baskets.get(person.index, (clock - _BASKET_KEPT, ()))[0] < _BASKET_KEPT:
            return
        basket = draw_basket(self._dice, person.favourite)
        self._baskets[person.index] = (clock, basket)
        self._baskets.move_to_end(person.index)
        if len(self._baskets) > _BASKETS:
            self._baskets.popitem(last=False)
        if "cart_abandoners" not in person.tags:
            tick.records.append({"external_id": person.external_id, "tags": ["cart_abandoners"]})
        properties = cart_properties(basket, self._number("cart"), self._site)
        tick.events.append(self._event(person, "cart_abandoned", now, properties))

    def _view(self, tick: Tick, now: datetime) -> None:
        product = self._dice.choice(PRODUCTS)
        properties = {"sku": product.sku, "name": product.name, "category": product.category, "price": product.price}
        tick.events.append(self._event(self._anybody(), "product_viewed", now, properties))

    def _order(self, tick: Tick, person: Person, basket: list[Product], now: datetime) -> None:
        record: dict[str, Any] = {"external_id": person.external_id, "tags": ["previous_customer"]}
        if person.stage in ("prospect", "inactive"):
            record["lifecycle_stage"] = "customer"
        if person.stage == "inactive":
            record["remove_tags"] = ["inactive_30_days"]
        tick.records.append(record)
        event = self._event(person, "purchase", now, order_properties(basket, self._number("order")))
        tick.events.append(event | {"value": total_of(basket)})

    def _event(
        self, person: Person, name: str, now: datetime, properties: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return {
            "customer": person.external_id,
            "name": name,
            "at": now.isoformat(),
            "properties": properties or {},
            "key": self._number(name),
        }

    def _number(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}-{self._run}-{self._numbers}"

    def _anybody(self) -> Person:
        """Somebody who is a customer by now; founders that have been quiet for a month stay quiet."""
        while True:
            person = self._population.person(self._dice.randrange(self.next_index))
            if person.stage != "inactive":
                return person

    def _how_many(self, mean: float) -> int:
        """Poisson: how many of a kind come in a span that brings `mean` on average."""
        bound, product, number = exp(-mean), self._dice.random(), 0
        while product > bound:
            product *= self._dice.random()
            number += 1
        return number
