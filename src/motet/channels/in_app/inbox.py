"""In-app messages in our own inbox: `inbox://`. A row for each, and a word to whoever shows the inbox live.

The message's id is the row's key, so the same message again changes nothing: this provider is idempotent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import asyncpg

from motet.channels.base import Settings, refuse_callback, refuse_settings
from motet.core.errors import Problem
from motet.core.ids import lane_of
from motet.core.messages import Accepted, Answer, InApp, Outgoing, Receipt, Rejected, Retry, Unknown
from motet.core.words import Channel
from motet.storage.sql import sql


class InboxProvider:
    name = "inbox"
    channel = Channel.IN_APP
    idempotent = True
    batch = 500
    concurrency = 2

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._settings, self._clock = settings, clock

    def check(self) -> list[Problem]:
        settings = self._settings
        problems = settings.unknown_options(())
        if settings.rest.strip("/"):
            problems.append(settings.problem("bad_url", "has more than its scheme", "use inbox://"))
        if settings.context.pool is None:
            problems.append(settings.problem("no_database", "there is no database to keep the inbox in"))
        return problems

    async def open(self) -> None:
        refuse_settings(self.check())

    async def close(self) -> None:
        """Nothing is held: the pool belongs to the house."""

    async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        answers: list[Answer] = [Accepted()] * len(batch)
        lanes: dict[int, list[int]] = defaultdict(list)
        for index, outgoing in enumerate(batch):
            if refusal := _refuse(outgoing):
                answers[index] = refusal
            else:
                lanes[lane_of(outgoing.customer_id, self._settings.context.lanes)].append(index)
        for lane, indexes in lanes.items():
            answer = await self._insert(lane, [batch[index] for index in indexes])
            for index in indexes:
                answers[index] = answer
        return answers

    async def _insert(self, lane: int, batch: Sequence[Outgoing]) -> Answer:
        """One statement, so all of it is kept or none."""
        pool = self._settings.context.pool
        assert pool is not None
        items = [outgoing.payload for outgoing in batch if isinstance(outgoing.payload, InApp)]
        try:
            connection = await pool.acquire(timeout=10)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return Retry("inbox.unavailable", f"the database cannot be reached: {error}"[:300], down=True)
        try:
            await connection.execute(
                sql("channels.insert_inbox_items"),
                lane,
                [outgoing.customer_id for outgoing in batch],
                [outgoing.message_id for outgoing in batch],
                [item.title for item in items],
                [item.body for item in items],
                [item.url for item in items],
                self._clock(),
            )
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return Unknown(f"the database did not confirm: {type(error).__name__}: {error}"[:300])
        finally:
            await pool.release(connection)
        return Accepted()

    def read_callback(self, headers: Mapping[str, str], body: bytes, url: str) -> list[Receipt]:
        raise refuse_callback("unsupported", "the inbox is ours and calls nobody back")


def _refuse(outgoing: Outgoing) -> Rejected | None:
    """What PostgreSQL would not keep, told before it takes the rest of the batch with it."""
    item = outgoing.payload
    if not isinstance(item, InApp):
        return Rejected("provider.wrong_payload", "this is not an in-app message")
    text = item.title + item.body + item.url
    if "\0" in text:
        return Rejected("inbox.bad_text", "the text has a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        return Rejected("inbox.bad_text", "the text has half of a surrogate pair")
    return None
