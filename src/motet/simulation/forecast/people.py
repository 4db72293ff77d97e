"""Made-up people as customers: the population of the demonstration, the same ones for the same seed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from motet.core.clock import to_ms
from motet.core.customers import Customer, Device
from motet.core.facts import Enrollment
from motet.core.messages import Message
from motet.engine.segments import StandingRow
from motet.simulation.population import Person, Population

_VERSION, _VARIANT = 0x7 << 76, 0x2 << 62
_ODD = 2_654_435_761  # Knuth's multiplier: neighbours by index lie far apart, and no two meet


class Someone(msgspec.Struct, frozen=True):
    """A customer as the simulation meets one at its start, with what the past left behind."""

    index: int  # counted from 0; with the seed it says how this one behaves
    customer: Customer
    engagement: float = 1.0  # multiplies how likely this one answers
    basket: bool = False  # a basket was left behind: clicks and buys come easier
    enrollments: tuple[Enrollment, ...] = ()
    messages: tuple[Message, ...] = ()
    standing: StandingRow | None = None


def make_someone(
    population: Population, index: int, start: datetime, seed: int, segments: tuple[str, ...], given: Mapping[str, bool]
) -> Someone:
    """The person of that index. Whoever is in none of `segments` gets the tag of the first; whoever lacks one of the
    attributes `given` gets it."""
    person = population.person(index)
    customer = _customer(person, customer_id(index, start, seed), start, segments, given)
    return Someone(index, customer, person.engagement, "cart_abandoners" in person.tags)


def customer_id(index: int, start: datetime, seed: int) -> UUID:
    """The same for the same seed and place; different people have different ones."""
    ms = (to_ms(start) - 1) & 0xFFFFFFFFFFFF
    tail = (index * _ODD + seed) & 0xFFFFFFFF
    return UUID(int=ms << 80 | _VERSION | _VARIANT | (index & 0x3FFFFFFF) << 32 | tail)


def _customer(
    person: Person, id: UUID, start: datetime, segments: tuple[str, ...], given: Mapping[str, bool]
) -> Customer:
    tags = person.tags
    if segments and not set(segments).intersection(tags):
        tags = (*tags, segments[0])
    return Customer(
        id=id,
        external_id=person.external_id,
        email=person.email,
        phone=person.phone,
        devices=tuple(Device(token) for token in person.tokens),
        attributes={
            **given,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "city": person.place.city,
            "country": person.place.country,
            "favourite_category": person.favourite,
            "loyalty_points": person.points,
            "profile_completed": person.completed,
        },
        tags=tags,
        lifecycle_stage=person.stage,
        timezone=person.place.timezone,
        locale=person.place.locale,
        preferences=person.preferences,
        caps=person.caps,
        created_at=start - timedelta(days=person.joined_days),
        last_interaction_at=_ago(start, person.seen_days),
        last_purchase_at=_ago(start, person.bought_days),
    )


def _ago(now: datetime, days: float | None) -> datetime | None:
    return None if days is None else now - timedelta(days=days)
