"""How fast messages may go: `MOTET_THROTTLES`, read; and who of a batch may go with the tokens it got. Pure.

    email=200/s                      all email
    email.to.gmail.com=20/s+100      email to one domain, with a burst of 100
    email.to.*=50/s                  to each other domain
    email.from.news.shop.example=5/s from one sending domain

A burst that is not written is what the rate gives in a second, at least 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

import msgspec

from motet.core.errors import Problem, Refused
from motet.core.messages import Email, Outgoing, Webhook
from motet.core.words import Channel
from motet.delivery.gates import host_of

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_ENTRY = re.compile(r"([a-z_]+)(?:\.(to|from)\.([^=\s]+))?\s*=\s*(\d+(?:\.\d+)?)/([smhd])(?:\+(\d+))?")
_CHANNELS = frozenset(c.word for c in Channel)
_DOMAINS = frozenset({Channel.EMAIL.word, Channel.WEBHOOK.word})  # channels whose receivers have domains
_KEPT = 0.1  # of a burst, for what must not wait behind bulk


class Limit(msgspec.Struct, frozen=True):
    """One token bucket."""

    key: str
    rate: float  # tokens a second
    burst: float  # tokens at most, and at first

    @property
    def kept(self) -> float:
        """Tokens that bulk leaves to transactional messages."""
        return max(1.0, self.burst * _KEPT) if self.burst >= 2 else 0.0


class Limits:
    """The limits of all channels, by key; a key that ends in `*` stands for each domain without its own."""

    def __init__(self, limits: Sequence[Limit] = ()) -> None:
        self._limits = {limit.key: limit for limit in limits}
        self._channels = {limit.key.partition(".")[0] for limit in limits}

    def apply_to(self, channel: Channel) -> bool:
        """Whether the channel has any limit."""
        return channel.word in self._channels

    def of(self, channel: Channel, outgoing: Outgoing) -> tuple[Limit, ...]:
        """The buckets that a message draws from, one token each."""
        word, payload = channel.word, outgoing.payload
        found = [self._limits.get(word)]
        if isinstance(payload, Email):
            found.append(self._domain(f"{word}.from.", _domain_of(payload.mail_from)))
            found.append(self._domain(f"{word}.to.", _domain_of(payload.rcpt_to)))
        elif isinstance(payload, Webhook):
            found.append(self._domain(f"{word}.to.", host_of(payload.url).partition(":")[0]))
        return tuple(limit for limit in found if limit is not None)

    def _domain(self, prefix: str, domain: str) -> Limit | None:
        own = self._limits.get(prefix + domain)
        if own is not None:
            return own
        any_domain = self._limits.get(prefix + "*")
        return None if any_domain is None else Limit(prefix + domain, any_domain.rate, any_domain.burst)


def read_limits(entries: Sequence[str]) -> Limits:
    """Reads the entries of MOTET_THROTTLES. Raises Refused naming the one that is wrong."""
    limits = []
    for entry in entries:
        found = _ENTRY.fullmatch(entry.strip().lower())
        if found is None:
            _refuse(entry, "has not the form channel=number/s")
        channel, side, domain, number, unit, burst = found.groups()
        if channel not in _CHANNELS:
            _refuse(entry, f"there is no channel {channel}")
        if side and (channel not in _DOMAINS or (side == "from" and channel != Channel.EMAIL.word)):
            _refuse(entry, f"{channel} has no domains {side} which it goes")
        rate = float(number) / _SECONDS[unit]
        most = float(burst) if burst else max(1.0, float(number) if unit == "s" else 1.0)
        if rate <= 0 or most < 1:
            _refuse(entry, "lets nothing pass: pause the campaigns instead")
        limits.append(Limit(f"{channel}.{side}.{domain}" if side else channel, rate, most))
    return Limits(limits)


def _refuse(entry: str, why: str) -> NoReturn:
    fix = "such as email=200/s or email.to.gmail.com=20/s+100"
    raise Refused([Problem("config.bad_throttle", f"{entry.strip()!r} {why}", "MOTET_THROTTLES", fix)])


class Split(msgspec.Struct, frozen=True):
    """What a batch may do with the tokens it got."""

    passed: list[int]  # places in the batch
    late: dict[int, tuple[Limit, int]]  # place -> the bucket that was empty, and how many of this batch wait before it
    left: dict[str, int]  # tokens to give back


def split(wanted: Sequence[tuple[Limit, ...]], granted: Mapping[str, int]) -> Split:
    """Who passes: in order, whoever finds a token in each of its buckets."""
    left = dict(granted)
    passed: list[int] = []
    late: dict[int, tuple[Limit, int]] = {}
    missing: dict[str, int] = {}
    for index, limits in enumerate(wanted):
        short = next((limit for limit in limits if left[limit.key] < 1), None)
        if short is not None:
            before = missing.get(short.key, 0)
            late[index] = (short, before)
            missing[short.key] = before + 1
            continue
        for limit in limits:
            left[limit.key] -= 1
        passed.append(index)
    return Split(passed, late, {key: count for key, count in left.items() if count > 0})


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].rstrip(">").lower()
