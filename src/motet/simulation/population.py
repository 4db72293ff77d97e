"""Synthetic customers, the same ones for the same seed. A person is computed from an index, never stored.

Every address spells its owner's index, so who received a message is read off it. All addresses are in domains and
number ranges that nobody owns (RFC 2606, 555-01XX), so nothing can reach a stranger.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

import msgspec

from motet.simulation.places import FIRST_NAMES, LAST_NAMES, PLACES, Place

CAPACITY = 100 * len(PLACES)  # how many people have a number of their own; the later ones have none
_STRIDE = 7919  # a prime that does not divide CAPACITY: neighbours by index live in different places
_DOMAINS = ("example.com", "example.net", "example.org")
_CATEGORIES = ("kitchen", "bedroom", "garden", "lighting", "desk")

_EMAIL = re.compile(r".+\.(\d+)@example\.(?:com|net|org)")
_PHONE = re.compile(r"\+1(\d{3})55501(\d{2})")
_TOKEN = re.compile(r"(?:dead-)?demo-(\d+)-\d-[0-9a-f]+")
_AREA_SLOT = {place.area: 100 * at for at, place in enumerate(PLACES) if place.area}


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One synthetic customer. `engagement` multiplies how likely this one answers; its mean is 1."""

    index: int
    external_id: str
    first_name: str
    last_name: str
    email: str | None
    phone: str | None
    tokens: tuple[str, ...]
    place: Place
    engagement: float
    stage: str
    tags: tuple[str, ...]
    favourite: str
    points: int
    completed: bool
    joined_days: float  # days ago
    seen_days: float | None  # days since the last interaction; None: never
    bought_days: float | None
    preferences: dict[str, bool]
    caps: dict[str, int]


class Population:
    """`founders` people have a history with the brand; everybody after them signs up while the demonstration runs."""

    def __init__(self, seed: int, founders: int) -> None:
        self._seed = seed
        self.founders = founders
        self.person = lru_cache(maxsize=20_000)(self._make)  # bounded, though the population is not

    def find(self, address: str) -> Person | None:
        """Whose email address, telephone number or device token this is; None when it is nobody's here."""
        index = _index_in(address)
        if index is None:
            return None
        person = self.person(index)
        return person if address in (person.email, person.phone, *person.tokens) else None

    def _make(self, index: int) -> Person:
        dice = Random(f"{self._seed}/{index}")  # noqa: S311 - a game, not a secret
        first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
        place = PLACES[_slot(index) // 100]
        history = _history(dice, index < self.founders)
        return Person(
            index=index,
            external_id=f"demo-{index:06d}",
            first_name=first,
            last_name=last,
            email=_email(dice, first, last, index),
            phone=_phone(dice, place, index),
            tokens=_tokens(dice, index),
            place=place,
            engagement=min(max(dice.lognormvariate(-0.06, 0.35), 0.35), 1.9),
            favourite=dice.choice(_CATEGORIES),
            preferences={"sms": False} if dice.random() < 0.04 else {},
            caps={"email": 1} if dice.random() < 0.02 else {},
            **history,
        )


def profile(person: Person, now: datetime) -> dict[str, Any]:
    """The person as `POST /api/customers` takes one."""
    record: dict[str, Any] = {
        "external_id": person.external_id,
        "email": person.email,
        "phone": person.phone,
        "devices": [{"token": token, "platform": "fcm"} for token in person.tokens],
        "attributes": {
            "first_name": person.first_name,
            "last_name": person.last_name,
            "city": person.place.city,
            "country": person.place.country,
            "favourite_category": person.favourite,
            "loyalty_points": person.points,
            "profile_completed": person.completed,
        },
        "tags": list(person.tags),
        "lifecycle_stage": person.stage,
        "timezone": person.place.timezone,
        "locale": person.place.locale,
        "preferences": person.preferences,
        "caps": person.caps,
        "created_at": _ago(now, person.joined_days),
        "last_interaction_at": _ago(now, person.seen_days),
        "last_purchase_at": _ago(now, person.bought_days),
    }
    return {name: value for name, value in record.items() if value not in (None, [], {})}


def _history(dice: Random, founder: bool) -> dict[str, Any]:
    """What the brand knows: stage, tags, and when the person was last heard of."""
    kind = dice.choices(("new", "cart", "quiet", "buyer", "reader"), (9, 22, 11, 38, 20))[0] if founder else "new"
    joined = dice.uniform(40, 900)
    points, completed = dice.randrange(0, 1200, 10), dice.random() < 0.7
    match kind:
        case "new":
            tags = ("new_signup", "cart_abandoners") if not founder and dice.random() < 0.3 else ("new_signup",)
            return _known("prospect", tags, dice.uniform(0, 0.5), None, None, 0, dice.random() < 0.2)
        case "cart":
            bought = dice.uniform(35, joined) if dice.random() < 0.5 and joined > 35 else None
            tags = ("cart_abandoners", "previous_customer") if bought else ("cart_abandoners",)
            return _known(
                "customer" if bought else "prospect", tags, joined, dice.uniform(0, 20), bought, points, completed
            )
        case "quiet":
            seen = dice.uniform(31, 200)
            tags = ("inactive_30_days", "previous_customer")
            return _known("inactive", tags, joined + 200, seen, seen + dice.uniform(0, 60), points, completed)
        case "buyer":
            loyal = dice.random() < 0.15
            tags = ("previous_customer", "vip") if loyal else ("previous_customer",)
            seen = dice.uniform(0, 25)
            stage = "advocate" if loyal else "customer"
            return _known(stage, tags, joined, seen, seen + dice.uniform(0, 12), points, completed)
        case _:
            return _known("prospect", ("newsletter",), joined, dice.uniform(0, 28), None, points, completed)


def _known(
    stage: str,
    tags: tuple[str, ...],
    joined: float,
    seen: float | None,
    bought: float | None,
    points: int,
    completed: bool,
) -> dict[str, Any]:
    return {
        "stage": stage,
        "tags": tags,
        "joined_days": joined,
        "seen_days": seen,
        "bought_days": bought,
        "points": points,
        "completed": completed,
    }


def _slot(index: int) -> int:
    return index * _STRIDE % CAPACITY


def _email(dice: Random, first: str, last: str, index: int) -> str | None:
    """About one in a hundred has none, and one in a hundred has one that bounces."""
    chance, domain = dice.random(), dice.choice(_DOMAINS)
    mark = "bounce+" if chance < 0.01 else ""
    return None if chance > 0.99 else f"{mark}{_ascii(first)}.{_ascii(last)}.{index}@{domain}"


def _phone(dice: Random, place: Place, index: int) -> str | None:
    has = dice.random() < 0.78
    if not has or place.area is None or index >= CAPACITY:
        return None
    return f"+1{place.area}55501{_slot(index) % 100:02d}"


def _tokens(dice: Random, index: int) -> tuple[str, ...]:
    """Half of them have the app, some on two devices; one device in fifty was thrown away."""
    count = dice.choices((0, 1, 2), (45, 47, 8))[0]
    marks = ["dead-" if dice.random() < 0.02 else "" for _ in range(count)]
    return tuple(f"{mark}demo-{index}-{n}-{dice.getrandbits(64):016x}" for n, mark in enumerate(marks))


def _index_in(address: str) -> int | None:
    if found := _EMAIL.fullmatch(address) or _TOKEN.fullmatch(address):
        return int(found[1]) if len(found[1]) < 12 else None
    if (found := _PHONE.fullmatch(address)) and found[1] in _AREA_SLOT:
        slot = _AREA_SLOT[found[1]] + int(found[2])
        return slot * pow(_STRIDE, -1, CAPACITY) % CAPACITY
    return None


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("ø", "o").replace("Ø", "O"))
    return "".join(letter for letter in plain.lower() if letter.isascii() and letter.isalpha())


def _ago(now: datetime, days: float | None) -> str | None:
    return None if days is None else (now - timedelta(days=days)).isoformat()
