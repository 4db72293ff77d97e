"""The emails of one call, and the answers that come back for them in any order."""

from __future__ import annotations

import asyncio

from motet.core.messages import Answer, Email


class Batch:
    """The answers of one call of `send`; `done` is set when the last has come."""

    def __init__(self, size: int) -> None:
        self._answers: list[Answer | None] = [None] * size
        self._open = size
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not size:
            self.done.set_result(None)

    def settle(self, index: int, answer: Answer) -> None:
        self._answers[index] = answer
        self._open -= 1
        if not self._open and not self.done.done():
            self.done.set_result(None)

    @property
    def answers(self) -> list[Answer]:
        """In the order of the messages; whole when `done`."""
        return [answer for answer in self._answers if answer is not None]


class Job:
    """One email of a batch."""

    __slots__ = ("batch", "email", "index", "tries")

    def __init__(self, batch: Batch, index: int, email: Email) -> None:
        self.batch, self.index, self.email = batch, index, email
        self.tries = 0  # connections that broke before its body left

    def finish(self, answer: Answer) -> None:
        self.batch.settle(self.index, answer)
