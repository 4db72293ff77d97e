"""A circuit breaker: pure. After failures in a row nothing is handed over for a while, then a few try it out.

    closed     everything goes; LIMIT failures in a row open it
    open       nothing goes until `retry_at`
    half open  one probe of PROBE messages goes; one good answer closes it, none opens it for twice as long

A failure is trouble of the provider itself: no connection, a server's fault, an answer that never came. A message that
the provider refuses or puts off is a good answer: it is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum

import msgspec

LIMIT = 5  # failures in a row
PROBE = 4  # messages
COOL = 5.0  # seconds of the first rest; doubles, up to COOL_MOST
COOL_MOST = 300.0
PATIENCE = 60.0  # seconds after which a probe that nobody heard of is forgotten


class State(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker(msgspec.Struct, frozen=True):
    failures: int = 0  # in a row, while closed
    rests: int = 0  # opened so often in a row
    retry_at: datetime | None = None  # when it may be tried; None while closed
    since: datetime | None = None  # when it opened; None while closed
    probing: bool = False  # a probe is under way; `retry_at` then is when it is forgotten


CLOSED = Breaker()


def state(breaker: Breaker, now: datetime) -> State:
    """The state at a moment. While a probe is under way it is open to everybody else."""
    if breaker.retry_at is None:
        return State.CLOSED
    return State.OPEN if now < breaker.retry_at else State.HALF_OPEN


def probe(breaker: Breaker, now: datetime) -> Breaker:
    """A probe begins. Only when it is half open."""
    return msgspec.structs.replace(breaker, probing=True, retry_at=now + timedelta(seconds=PATIENCE))


def give_back(breaker: Breaker, now: datetime) -> Breaker:
    """The probe had nothing to send: the next one may."""
    return msgspec.structs.replace(breaker, probing=False, retry_at=now) if breaker.probing else breaker


def hear(breaker: Breaker, answers: Iterable[bool], now: datetime, chance: float) -> Breaker:
    """The breaker after some answers, in order: True is a good one. `chance` in [0, 1) spreads the end of a rest.

    A failure of what was under way when it opened changes nothing; a good answer closes it, whoever asked.
    """
    for good in answers:
        if good:
            breaker = CLOSED
        elif breaker.retry_at is None:
            breaker = msgspec.structs.replace(breaker, failures=breaker.failures + 1)
            if breaker.failures >= LIMIT:
                breaker = _open(breaker, now, chance)
        elif breaker.probing:
            breaker = _open(breaker, now, chance)
    return breaker


def _open(breaker: Breaker, now: datetime, chance: float) -> Breaker:
    rest = min(COOL_MOST, COOL * 2.0**breaker.rests) * (0.5 + chance / 2)
    return Breaker(rests=min(breaker.rests + 1, 30), retry_at=now + timedelta(seconds=rest), since=breaker.since or now)
