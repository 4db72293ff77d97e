"""Who may be asked just now: a breaker for each provider, and how long each asked to be left alone.

A provider that reaches many receivers (webhooks) has a gate for each host, so that one dead host stops nobody else.
All of it is in the memory of one process: others learn by themselves.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec
import structlog

from motet.core.messages import Answer, Outgoing, Retry, Unknown, Webhook
from motet.delivery.breaker import CLOSED, PROBE, Breaker, State, give_back, hear, probe, state

log = structlog.get_logger()

WHOLE = ""  # the gate of the provider itself
HOLD_MOST = timedelta(minutes=15)  # a Retry-After holds the provider no longer; its message waits as long as it says


class Trouble(msgspec.Struct, frozen=True):
    """A gate that is shut because nobody answers."""

    place: str
    since: datetime
    detail: str


def place_of(outgoing: Outgoing) -> str:
    """Which gate a message passes: the host of a webhook, else the provider's own."""
    return host_of(outgoing.payload.url) if isinstance(outgoing.payload, Webhook) else WHOLE


def host_of(url: str) -> str:
    """The host and port that a URL names, in small letters; the URL itself when it names none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower() or url
    except ValueError:
        return url


class Gates:
    """The gates of one provider."""

    def __init__(self, provider: str, clock: Callable[[], datetime], opened: Callable[[], None]) -> None:
        """`opened` is called when somebody answers again: what waits may go."""
        self.provider = provider
        self.now = clock
        self._opened = opened
        self._breakers: dict[str, Breaker] = {}
        self._held: dict[str, datetime] = {}
        self._why: dict[str, str] = {}

    def shut_until(self, place: str = WHOLE) -> datetime | None:
        """When the place may be tried; None when it may now. Changes nothing."""
        now = self.now()
        breaker, held = self._breakers.get(place), self._held.get(place)
        until = breaker.retry_at if breaker is not None and state(breaker, now) is State.OPEN else None
        if held is not None and held > now:
            return held if until is None else max(until, held)
        return until

    def room(self, place: str = WHOLE) -> int | None:
        """How many messages may go at once: None is any number, else the size of a probe. Ask `shut_until` first."""
        breaker = self._breakers.get(place)
        return None if breaker is None or breaker.retry_at is None else PROBE

    def enter(self, places: Sequence[str]) -> list[bool]:
        """Which of some messages may go now, by their places; a gate that is half open lets one probe in."""
        if not self._breakers and not self._held:
            return [True] * len(places)
        rooms: dict[str, int | None] = {}
        passed = []
        for place in places:
            if place not in rooms:
                rooms[place] = 0 if self.shut_until(place) is not None else self.room(place)
                if rooms[place]:
                    self._breakers[place] = probe(self._breakers[place], self.now())
            left = rooms[place]
            passed.append(left is None or left > 0)
            if left:
                rooms[place] = left - 1
        return passed

    def give_back(self, places: Sequence[str]) -> None:
        """Nothing was sent after all."""
        for place in self._breakers.keys() & set(places):
            self._breakers[place] = give_back(self._breakers[place], self.now())

    def hear(self, places: Sequence[str], answers: Sequence[Answer]) -> None:
        """What some messages were answered."""
        quiet = not self._breakers
        for place, answer in zip(places, answers, strict=True):
            good = not isinstance(answer, Unknown) and not (isinstance(answer, Retry) and answer.down)
            if isinstance(answer, Retry) and answer.after:
                self._hold(place, answer.after)
            if good and quiet:
                continue
            before = self._breakers.get(place, CLOSED)
            after = hear(before, (good,), self.now(), random.random())  # noqa: S311
            if not good and isinstance(answer, Retry | Unknown):
                self._why[place] = answer.detail
            self._keep(place, before, after)
            quiet = quiet and good

    def troubles(self) -> list[Trouble]:
        """The gates that are shut because nobody answers."""
        return [
            Trouble(place, breaker.since, self._why.get(place, ""))
            for place, breaker in sorted(self._breakers.items())
            if breaker.since is not None
        ]

    def _hold(self, place: str, seconds: float) -> None:
        now = self.now()
        until = now + min(timedelta(seconds=seconds), HOLD_MOST)
        self._held = {p: u for p, u in self._held.items() if u > now}
        self._held[place] = max(until, self._held.get(place, until))

    def _keep(self, place: str, before: Breaker, after: Breaker) -> None:
        if after == CLOSED:
            self._breakers.pop(place, None)
            why = self._why.pop(place, "")
            if before.retry_at is not None:
                log.warning("provider answers again", provider=self.provider, host=place or None, trouble=why)
                self._opened()
            return
        self._breakers[place] = after
        if before.retry_at is None and after.retry_at is not None:
            log.error(
                "provider does not answer, messages wait", provider=self.provider, host=place or None,
                trouble=self._why.get(place, ""), until=after.retry_at.isoformat(),
            )  # fmt: skip
