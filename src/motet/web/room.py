"""The bodies of requests that are in memory at the same time share a bounded room, whoever sends them."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from motet.core.errors import Unavailable
from motet.web.asgi import Receive

MOST = 64 * 1024 * 1024  # bytes


class Room:
    """One for each door that reads bodies before it knows who asks."""

    def __init__(self) -> None:
        self.held = 0  # bytes


class Share:
    """What one request has of a room, from its first byte until `release`."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._size = 0

    def count(self, receive: Receive) -> Receive:
        """`receive`, counting. Raises Unavailable when there is no room."""

        async def counted() -> MutableMapping[str, Any]:
            message = await receive()
            self.take(len(message.get("body", b"")))
            return message

        return counted

    def take(self, size: int) -> None:
        """Raises Unavailable when there is no room."""
        self._size += size
        self._room.held += size
        if self._room.held > MOST:
            raise Unavailable("too much arrives at once; try again")

    def release(self) -> None:
        self._room.held -= self._size
        self._size = 0
