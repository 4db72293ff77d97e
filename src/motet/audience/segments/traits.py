"""The computed traits of a house: their values, and what is counted for them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from motet.core.errors import Refused
from motet.core.filters.traits import Trait, read_trait
from motet.core.measures import History, Measure, NotCounted

log = structlog.get_logger()


def compile_traits(definitions: Mapping[str, Mapping[str, Any]]) -> dict[str, Trait]:
    """The traits by name; one that cannot be read any more is left out, and logged."""
    found: dict[str, Trait] = {}
    for name, definition in definitions.items():
        try:
            found[name] = read_trait(definition)
        except Refused as refused:
            log.error("a stored trait cannot be read", trait=name, error=str(refused))
    return found


def measures_of_traits(definitions: Mapping[str, Mapping[str, Any]]) -> list[Measure]:
    """What is counted so that the values are known."""
    return [measure for trait in compile_traits(definitions).values() for measure in trait.measures]


def values_of(traits: Mapping[str, Trait], history: History, now: datetime) -> dict[str, Any]:
    """The values that are known; a trait of which nothing happened, or that is not counted yet, is left out."""
    view = {"$now": now, "$history": history}
    found: dict[str, Any] = {}
    for name, trait in traits.items():
        try:
            value = trait.value(view)
        except NotCounted:
            continue
        if value is not None:
            found[name] = value
    return found
