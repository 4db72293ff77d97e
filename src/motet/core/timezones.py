"""Where a customer's clock hangs, as far as it can be told: pure, from the tables that ship with our packages.

What they say of themselves goes first, then the phone number, the country, the region of the locale. A country of
several clocks tells nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from motet.core.customers import Customer

# Two moments between which every clock that is ever changed has been: places that agree on both are one to us.
_MOMENTS = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC))


def infer_timezone(customer: Customer) -> str | None:
    """The IANA name of the customer's timezone; None when nothing tells it."""
    if customer.timezone:
        return customer.timezone
    if customer.phone and (zone := _zone_of_phone(customer.phone)):
        return zone
    for country in (*_countries(customer.attributes), _region(customer.locale)):
        if country and (zone := zone_of_country(country)):
            return zone
    return None


def _zone_of_phone(phone: str) -> str | None:
    """By the longest prefix that the table knows; numbers are in E.164."""
    table, longest = _phone_table()
    digits = phone.removeprefix("+")
    for length in range(min(longest, len(digits)), 0, -1):
        zones = table.get(digits[:length])
        if zones is not None:
            return _agreed(tuple(zones))
    return None


@lru_cache(maxsize=1)
def _phone_table() -> tuple[Mapping[str, Sequence[str]], int]:
    # Some megabytes, and needed only for those who say no timezone.
    from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

    return TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX


def _countries(attributes: Mapping[str, Any]) -> list[str]:
    """What may be a country's code (ISO 3166-1 alpha-2) among the usual attributes."""
    address = attributes.get("address")
    found = [attributes.get("country"), attributes.get("country_code")]
    if isinstance(address, Mapping):
        found += [address.get("country"), address.get("country_code")]
    return [text for text in found if isinstance(text, str) and len(text) == 2]


def _region(locale: str | None) -> str | None:
    """The region of a BCP 47 tag: two letters that are not the first part."""
    parts = locale.split("-")[1:] if locale else ()
    return next((part for part in parts if len(part) == 2 and part.isalpha()), None)


def zone_of_country(code: str) -> str | None:
    """The timezone of a country that has one clock; None for others, and for what is no country."""
    zones = _country_table().get(code.upper())
    return _agreed(zones) if zones else None


@lru_cache(maxsize=1)
def _country_table() -> dict[str, tuple[str, ...]]:
    """Zones by country, the one where most people live first, as tzdata lists them."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            code, _, zone = line.split("\t")[:3]
            found[code].append(zone)
    return {code: tuple(zones) for code, zones in found.items()}


@lru_cache(maxsize=1024)
def _agreed(zones: tuple[str, ...]) -> str | None:
    """The zone whose clock all of them show; of several names the one that others are links to."""
    try:
        clocks = {tuple(moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in _MOMENTS) for zone in zones}
    except (ZoneInfoNotFoundError, ValueError):
        return None
    if len(clocks) != 1:
        return None
    return next((zone for zone in zones if zone in _main_zones()), zones[0])


@lru_cache(maxsize=1)
def _main_zones() -> frozenset[str]:
    """Zones that are no links to others."""
    lines = files("tzdata").joinpath("zoneinfo", "zone1970.tab").read_text(encoding="utf-8").splitlines()
    return frozenset(line.split("\t")[2] for line in lines if not line.startswith("#"))
