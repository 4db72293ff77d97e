"""Who an input is about: pure. What it is told comes from `claims.py`, which also makes it so.

The first owner keeps an identifier. Customers whom one input names together are one person, and become one customer,
unless both have a name (an external id) of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from uuid import UUID

import msgspec

from motet.audience.inputs import CustomerInput
from motet.core.ids import lane_of_text, uuid7

EXTERNAL_ID, EMAIL, PHONE, ANONYMOUS_ID, CUSTOM = 1, 2, 3, 4, 5  # the kinds of `identifier`
FIELD_OF = {EXTERNAL_ID: "external_id", EMAIL: "email", PHONE: "phone", ANONYMOUS_ID: "anonymous_id", CUSTOM: "custom"}

Key = tuple[int, int, str]  # lane of the identifier, kind, value
Pair = tuple[UUID, UUID]  # who goes, who stays


class AddressTaken(msgspec.Struct, frozen=True):
    """An input's identifier belongs to another customer, so it was not written; the rest was."""

    index: int  # of the input
    field: str


class Bar(msgspec.Struct, frozen=True):
    """Why two customers are not merged. `apart`: a person took them apart; else the guard forbids it."""

    reason: str
    apart: bool = False
    told: bool = False  # it stands in the record already


class Resolution(msgspec.Struct):
    """`ids` has the customer of each input; `born` those that did not exist; `claims` what is to be claimed."""

    ids: list[UUID] = []
    born: set[UUID] = set()
    claims: dict[Key, UUID] = {}
    taken: list[AddressTaken] = []
    handed: dict[Key, UUID] = {}  # anonymous ids that go to another customer: a shared device
    merges: dict[Pair, str] = {}  # customers who turned out to be one, with the cause
    refused: dict[Pair, str] = {}  # those who would be one but for the guard, with the cause


def key_of(kind: int, value: str, lanes: int) -> Key:
    """The key of a clean identifier. Addresses are one whatever their capitals."""
    if kind == EMAIL:
        value = value.lower()
    return _lane(value, lanes), kind, value


@lru_cache(maxsize=65_536)
def _lane(value: str, lanes: int) -> int:
    return lane_of_text(value, lanes)


def keys_of(given: CustomerInput, lanes: int) -> list[Key]:
    """The identifiers of an input, the strongest first. Addresses are one whatever their capitals."""
    keys = []
    if given.external_id is not None:
        keys.append((lane_of_text(given.external_id, lanes), EXTERNAL_ID, given.external_id))
    if given.email is not None:
        email = given.email.lower()
        keys.append((lane_of_text(email, lanes), EMAIL, email))
    if given.phone is not None:
        keys.append((lane_of_text(given.phone, lanes), PHONE, given.phone))
    return keys


def resolve(
    keyed: Sequence[Sequence[Key]],
    owners: dict[Key, UUID],
    nameless: set[UUID],
    ms: int,
    lanes: int,
    barred: Mapping[Pair, Bar] | None = None,
) -> Resolution:
    """Which customer each input (its keys) is about, given who owns what. Changes `owners` and `nameless`.

    The external id decides. Without one, or when nobody has it, the strongest other identifier does: its owner, unless
    the owner goes by another external id. An external id that is not the first key is the one they had before: its
    owner and the first key's are one.
    """
    return _Resolver(owners, nameless, ms, lanes, barred or {}).run(keyed)


class _Resolver:
    def __init__(
        self, owners: dict[Key, UUID], nameless: set[UUID], ms: int, lanes: int, barred: Mapping[Pair, Bar]
    ) -> None:
        self.owners, self.nameless, self.barred = owners, nameless, barred
        self.ms, self.lanes = ms, lanes
        self.gone: dict[UUID, UUID] = {}  # of this batch, one step each
        self.causes: dict[UUID, str] = {}
        self.done = Resolution()

    def run(self, keyed: Sequence[Sequence[Key]]) -> Resolution:
        done, owners, nameless = self.done, self.owners, self.nameless
        for index, keys in enumerate(keyed):
            id = self._choose(keys)
            if id is None:
                id = uuid7(self.ms)
                done.born.add(id)
                nameless.add(id)
            named = keys[0][1] == EXTERNAL_ID
            for key in keys:
                owner = owners.get(key)
                if owner is None:
                    if key[1] != EXTERNAL_ID or key is keys[0]:
                        owners[key] = done.claims[key] = id
                elif owner != id:
                    id = self._meet(index, key, id, named)
            if named:
                nameless.discard(id)
            done.ids.append(id)
        return self._finish()

    def _choose(self, keys: Sequence[Key]) -> UUID | None:
        """Whom the strongest identifier names. An input with a new name is nobody who has another."""
        owners, nameless = self.owners, self.nameless
        named = keys[0][1] == EXTERNAL_ID
        if named and (owner := owners.get(keys[0])) is not None:
            return self._now(owner)
        first: UUID | None = None
        for key in keys[1:] if named else keys:
            owner = owners.get(key)
            if owner is None:
                continue
            owner = self._now(owner)
            if (owner in nameless) == named:
                return owner
            if first is None and not named:
                first = owner
        return first

    def _meet(self, index: int, key: Key, id: UUID, named: bool) -> UUID:
        """One of the input's keys is somebody else's. Returns who the input is about after that."""
        owner = self._now(self.owners[key])
        if owner == id:
            return id
        bar = self.barred.get((owner, id))
        before = key[1] == EXTERNAL_ID  # the name that a customer had before: it says itself that the two are one
        cause = "alias" if before else "identified" if key[1] == ANONYMOUS_ID else "address"
        if bar is None and (before or owner in self.nameless):
            if id in self.done.born and owner not in self.done.born and owner in self.nameless:
                # Who is new in this batch needs no merge: the known customer takes the name.
                if id not in self.nameless:
                    self.nameless.discard(owner)
                self._join(id, owner, cause)
                return owner
            self._join(owner, id, cause)
            return id
        if bar is not None and not bar.apart and not bar.told:
            self.done.refused[owner, id] = cause
        if key[1] == ANONYMOUS_ID and named and (bar is None or bar.apart):
            self.owners[key] = id
            (self.done.claims if key in self.done.claims else self.done.handed)[key] = id
        elif not before:
            self.done.taken.append(AddressTaken(index, FIELD_OF[key[1]]))
        return id

    def _join(self, loser: UUID, winner: UUID, cause: str) -> None:
        self.gone[loser] = winner
        self.causes[loser] = cause
        self.nameless.discard(loser)

    def _now(self, id: UUID) -> UUID:
        while self.gone and (next := self.gone.get(id)) is not None:
            id = next
        return id

    def _finish(self) -> Resolution:
        done = self.done
        if self.gone:
            done.ids = [self._now(id) for id in done.ids]
            done.claims = {key: self._now(id) for key, id in done.claims.items()}
            done.handed = {key: self._now(id) for key, id in done.handed.items()}
            for loser in self.gone:
                if loser in done.born:
                    done.born.discard(loser)
                else:
                    done.merges[loser, self._now(loser)] = self.causes[loser]
        for id in done.born & self.nameless:
            done.claims[lane_of_text(str(id), self.lanes), EXTERNAL_ID, str(id)] = id
        return done
