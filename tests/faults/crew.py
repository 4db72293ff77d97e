"""The workers of one test, what they hold, and the events that keep them busy."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from faults.nursery import Nursery, Worker
from motet.core.clock import to_ms
from motet.core.ids import lane_of, uuid7
from motet.storage.pool import TROUBLE, Pool
from stage import LANES

_ENDED = "SELECT count(*) FROM enrollment WHERE status <> 1"
_OF = "(SELECT id FROM worker WHERE split_part(detail, ':', 2) = $1::text)"


class Crew:
    """Starts workers; whoever is left is ended by `close`."""

    def __init__(self, nursery: Nursery, env: dict[str, str], log: Path) -> None:
        self._nursery, self._env, self._log = nursery, env, log
        self.workers: list[Worker] = []

    def engine(self, *, hasty: bool = True) -> Worker:
        return self._start("work", "--engine", hasty=hasty)

    def sender(self, channels: str = "webhook,email", *, hasty: bool = True) -> Worker:
        return self._start("work", "--channels", channels, hasty=hasty)

    def said(self) -> str:
        """The end of everybody's log."""
        return self._log.read_text()[-3000:] if self._log.exists() else ""

    def close(self) -> None:
        for worker in self.workers:
            worker.end()

    def _start(self, *argv: str, hasty: bool) -> Worker:
        self.workers.append(self._nursery.start(*argv, env=self._env, log=self._log, hasty=hasty))
        return self.workers[-1]


async def held_by(pool: Pool, worker: Worker) -> set[int]:
    """The lanes that an engine owns by the database's word."""
    rows = await pool.fetch(f"SELECT lane FROM lane WHERE owner IN {_OF}", str(worker.pid))
    return {row["lane"] for row in rows}


async def in_hand_of(pool: Pool, worker: Worker) -> set[UUID]:
    """The messages that a sender has claimed and not recorded."""
    rows = await pool.fetch(f"SELECT message_ids FROM delivery_claim WHERE worker_id IN {_OF}", str(worker.pid))
    return {id for row in rows for id in row["message_ids"]}


async def waits_for(pool: Pool) -> list[str]:
    """Who waits for whose lock in the database: for a person to read."""
    rows = await pool.fetch(
        "SELECT a.pid, pg_blocking_pids(a.pid) AS by, a.application_name, a.state, now() - a.state_change AS since, "
        "left(regexp_replace(a.query, '\\s+', ' ', 'g'), 60) AS query FROM pg_stat_activity a "
        "WHERE a.datname = current_database() AND (cardinality(pg_blocking_pids(a.pid)) > 0 OR a.state LIKE 'idle in%')"
    )
    return [", ".join(f"{key}={value}" for key, value in row.items()) for row in rows]


async def tell(pool: Any, customers: Sequence[UUID], name: str = "go", *, wake: bool = True) -> None:
    """One event for each customer, as the API appends them: in one transaction, with a word to the engine."""
    now = datetime.now(UTC)
    rows = [(lane_of(c, LANES), c, uuid7(to_ms(now)), name, now, "api") for c in customers]
    columns = ("lane", "customer_id", "id", "name", "at", "source")
    await pool.copy_records_to_table("event", records=rows, columns=columns)
    if wake:
        lanes = ",".join(str(lane) for lane in sorted({row[0] for row in rows}))
        await pool.execute("SELECT pg_notify('motet_work', $1)", f"lanes:{lanes}")


class Feed:
    """`async with`: tells a crowd little by little, so that a fault lands in the middle. `told` are those so far. No
    more are told while `AHEAD` have not been heard to the end: a slow machine gets a small crowd, not a backlog."""

    AHEAD = 400

    def __init__(self, pool: Pool, crowd: Sequence[UUID], *, at_once: int = 20, every: float = 0.1) -> None:
        self._pool, self._crowd, self._at_once, self._every = pool, crowd, at_once, every
        self.told: list[UUID] = []

    async def __aenter__(self) -> Feed:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    async def stop(self) -> list[UUID]:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return self.told

    async def _run(self) -> None:
        for start in range(0, len(self._crowd), self._at_once):
            part = self._crowd[start : start + self._at_once]
            telling = asyncio.create_task(tell(self._pool, part))
            self.told.extend(part)
            await asyncio.shield(telling)
            await asyncio.sleep(self._every * random.uniform(0.5, 1.5))
            while len(self.told) - await self._pool.fetchval(_ENDED) > self.AHEAD:
                await asyncio.sleep(0.1)


async def until(
    pool: Pool, question: str, *args: Any, crew: Crew | None = None, seconds: float = 180, every: float = 0.05
) -> None:
    """Asks until the answer is true; a database that is away is asked again."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    if await pool.fetchval(question, *args):
                        return
                except TROUBLE:
                    await asyncio.sleep(0.2)
                await asyncio.sleep(every)
    except TimeoutError:
        told = crew.said() if crew else ""
        raise AssertionError(f"it did not come true within {seconds} s: {question} {args}\n{told}") from None


async def until_ended(pool: Pool, people: int, *, crew: Crew, seconds: float = 180) -> None:
    """Every enrollment is over, and every message has its answer."""
    await until(
        pool, "SELECT count(*) = $1 FROM enrollment WHERE status <> 1", people, crew=crew, seconds=seconds, every=0.2
    )
    try:
        waiting = "SELECT NOT EXISTS (SELECT FROM message WHERE status IN (1, 2))"
        await until(pool, waiting, crew=crew, seconds=seconds / 2, every=0.2)
    except AssertionError as late:
        raise AssertionError(f"{await _tell_waiting(pool)}\n{late}") from None


async def _tell_waiting(pool: Pool) -> str:
    """What still waits, and who has it in hand."""
    rows = await pool.fetch(
        "SELECT m.channel, m.status, m.attempts, m.send_at - now() AS due_in, c.id AS claim, w.detail AS of, "
        "w.seen_at - now() AS seen, count(*) FROM message m "
        "LEFT JOIN delivery_claim c ON c.lane = m.lane AND m.id = ANY (c.message_ids) "
        "LEFT JOIN worker w ON w.id = c.worker_id WHERE m.status IN (1, 2) GROUP BY 1, 2, 3, 4, 5, 6, 7 LIMIT 10"
    )
    return "\n".join(", ".join(f"{key}={value}" for key, value in row.items()) for row in rows)
