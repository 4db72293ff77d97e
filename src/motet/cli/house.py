"""A command's work in an open house: the one way in for commands that do one thing and end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # so that `motet --help` stays quick
    from motet.app import House

T = TypeVar("T")


def in_house(name: str, work: Callable[[House], Awaitable[T]], *, size: int = 4) -> T:
    """Opens the house of these surroundings, under a name that the database shows, and runs the work to its end."""
    from motet.app import open_house, run
    from motet.household import read_surroundings

    async def go() -> T:
        async with open_house(read_surroundings(), name=name, size=size) as house:
            return await work(house)

    return run(go())
