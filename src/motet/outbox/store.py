"""What the outbox keeps: the newest messages, in memory, bounded by number and by bytes.

When it is full, the oldest message of the channel that holds most goes first, so that a million emails do not
push the one SMS out. Nothing is on disk: the outbox is a window, the ledger is the record.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime

from motet.core.clock import to_ms
from motet.core.words import Channel
from motet.outbox.received import Body, Received, size_of, words_of

MAX_MESSAGES = 5_000
MAX_BYTES = 64 * 1024 * 1024


class Store:
    """One event loop's store: its methods are called from that loop only."""

    def __init__(self, *, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._by_id: dict[str, Received] = {}
        self._by_channel: dict[Channel, deque[Received]] = {}
        self._bytes: dict[Channel, int] = {}
        self._next = to_ms(datetime.now(UTC)) << 16  # ids grow over restarts too
        self._waiting: set[asyncio.Future[None]] = set()
        self.received = 0  # since the start, kept or not
        self.closed = False

    @property
    def bytes(self) -> int:
        return sum(self._bytes.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, channel: Channel, *, to: str, sender: str, title: str, body: Body) -> Received:
        """Keeps a message that arrived now, and wakes who waits for one."""
        self._next += 1
        message = Received(
            id=f"{self._next:016x}",
            channel=channel,
            at=datetime.now(UTC),
            to=to,
            sender=sender,
            title=title,
            body=body,
            size=size_of(body),
        )
        self._by_id[message.id] = message
        self._by_channel.setdefault(channel, deque()).append(message)
        self._bytes[channel] = self._bytes.get(channel, 0) + message.size
        self.received += 1
        self._shrink()
        self._wake()
        return message

    def get(self, id: str) -> Received | None:
        return self._by_id.get(id)

    def page(self, *, channel: Channel | None, q: str, limit: int, before: str | None) -> list[Received]:
        """The newest messages first; `before` is the id of the last one of the page before."""
        words = q.casefold().strip()
        found: list[Received] = []
        for message in self._newest_first(channel):
            if before is not None and message.id >= before:
                continue
            if words and words not in words_of(message):
                continue
            found.append(message)
            if len(found) == limit:
                break
        return found

    def after(self, id: str, limit: int) -> list[Received]:
        """What came after the message `id` and is still here, oldest first."""
        newer: list[Received] = []
        for message in self._newest_first(None):
            if message.id <= id:
                break
            newer.append(message)
        return newer[: -limit - 1 : -1]

    def newest_id(self) -> str:
        """The id of the newest message, or one below all that will come."""
        return f"{self._next:016x}"

    def counts(self) -> dict[str, int]:
        """How many messages are kept, by channel."""
        return {channel.word: len(kept) for channel, kept in self._by_channel.items()}

    def clear(self) -> None:
        """Forgets everything."""
        self._by_id.clear()
        self._by_channel.clear()
        self._bytes.clear()

    async def arrival(self, timeout: float) -> bool:
        """Waits for the next message. False when `timeout` seconds passed, or the store was closed."""
        if self.closed:
            return False
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await asyncio.wait_for(waiter, timeout)
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(waiter)
        return not self.closed

    def close(self) -> None:
        """Ends all waiting; what is kept can still be read."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()

    def _newest_first(self, channel: Channel | None) -> Iterator[Received]:
        if channel is not None:
            return reversed(self._by_channel.get(channel, deque()))
        lines = [reversed(kept) for kept in self._by_channel.values()]
        return heapq.merge(*lines, key=lambda message: message.id, reverse=True)

    def _shrink(self) -> None:
        while len(self._by_id) > self._max_messages:
            self._drop(max(self._by_channel, key=lambda channel: len(self._by_channel[channel])))
        while self.bytes > self._max_bytes and len(self._by_id) > 1:
            self._drop(max(self._bytes, key=lambda channel: self._bytes[channel]))

    def _drop(self, channel: Channel) -> None:
        oldest = self._by_channel[channel].popleft()
        del self._by_id[oldest.id]
        self._bytes[channel] -= oldest.size
