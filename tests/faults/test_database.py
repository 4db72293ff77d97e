"""PostgreSQL as a fault: stopped hard, held up by a transaction, gone between a commit and its answer."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from delivering import Scripted, a_pool, approved, serve_all
from faults.crew import Crew, tell, until, until_ended
from faults.oracle import judge
from faults.providers import MailServer, Receiver
from making import a_program, say
from motet.core.errors import Unavailable
from motet.core.messages import Accepted
from motet.core.program import Step, Trigger
from motet.core.words import Channel, MessageStatus
from motet.storage.embedded import EmbeddedServer
from motet.storage.migrate import migrate
from motet.storage.pool import Pool, open_pool
from motet.storage.sql import sql
from stage import LANES, Clock, put_campaign, put_customers, put_launch

PEOPLE = 2_000
ANSWER_WITHIN = 9.0  # seconds
GREET, LISTEN, REMIND, LEAVE, THANK, EXIT = range(6)  # the journey's steps
MOMENTS = (  # each stop in the middle of something else: the launch, its messages, answers, timers
    "SELECT count(*) > 0 FROM enrollment",
    "SELECT count(*) > 200 FROM message WHERE status = 3",
    "SELECT count(*) > 800 FROM message WHERE status = 3",
    "SELECT count(*) > 1400 FROM message WHERE status = 3",
    f"SELECT count(*) > 200 FROM message WHERE step = {REMIND}",
)


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    """A PostgreSQL that may be broken: nobody else's."""
    home = Path(tempfile.mkdtemp(prefix="motet-fault-"))
    opened = EmbeddedServer(home)
    opened.start()
    yield opened
    opened.stop()
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(opened.sockets, ignore_errors=True)


@pytest_asyncio.fixture
async def own_pool(own_server: EmbeddedServer) -> AsyncIterator[Pool]:
    opened = await open_pool(own_server.url, size=4)
    await migrate(opened, lanes=LANES, now=datetime.now(UTC))
    yield opened
    opened.terminate()


@pytest.mark.xfail(reason="once in six runs nothing more was sent after the second stop: not understood yet")
async def test_a_database_stopped_hard_five_times_ends_every_journey_exactly(
    own_server: EmbeddedServer, own_pool: Pool, hire: Callable[[str], Crew], receiver: Receiver, mail: MailServer
) -> None:
    """By turns the postmaster is killed, and stopped as `pg_ctl stop -m immediate` does. Of the greeted some answer in
    time, and are thanked; the others are reminded."""
    journey = a_program(
        receiver.hook("greet"),
        Step("listen", "wait_for_event", {"event": "answer", "timeout": ANSWER_WITHIN, "arrived": "thank"}),
        say("email", "remind"),
        Step("leave", "exit"),
        receiver.hook("thank"),
        Step("exit", "exit"),
        kind="journey",
        segments=("new",),
    )
    await put_campaign(own_pool, journey)
    customers = await put_customers(own_pool, PEOPLE)
    crew = hire(own_server.url)
    workers = [crew.engine(), crew.sender()]
    await until(own_pool, "SELECT count(*) = 2 FROM worker", crew=crew)
    await put_launch(own_pool, journey)
    await own_pool.execute("SELECT pg_notify('motet_work', 'campaigns')")
    away = 0.0
    for stop, moment in enumerate(MOMENTS):
        await until(own_pool, moment, crew=crew, seconds=90, every=0.01)
        if stop:
            await _answer(own_pool)
        await asyncio.sleep(random.uniform(0, 0.1))
        postmaster = int((own_server.data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGQUIT if stop % 2 else signal.SIGKILL)
        began = time.monotonic()
        while own_server.mine:
            await asyncio.sleep(0.02)
        await _start_again(own_server)
        away += time.monotonic() - began
    await until_ended(own_pool, PEOPLE, crew=crew)
    assert all(worker.alive for worker in workers), crew.said()
    figures = await judge(own_pool, {Channel.WEBHOOK: receiver, Channel.EMAIL: mail}, told=customers, steps=2)
    ways = await own_pool.fetch(_WAYS, GREET, THANK, REMIND, ANSWER_WITHIN)
    wrong = [dict(row) for row in ways if row["thanked"] != row["in_time"]]
    assert (len(ways), wrong[:5]) == (PEOPLE, [])
    assert await own_pool.fetchval("SELECT sum(count) FROM stat WHERE metric = 1") == 2 * PEOPLE
    thanked = sum(row["thanked"] for row in ways)
    assert 0 < thanked < PEOPLE
    print(f"{len(MOMENTS)} hard stops, {away:.1f} s away, {thanked} of {PEOPLE} thanked: {figures}")


# Whether each was thanked, and whether the answer happened in time: the wait begins when the greeting is decided.
_WAYS = """
SELECT m.customer_id, o.step = $2 AS thanked, m.approved_at, v.at AS answered_at,
       coalesce(v.at <= m.approved_at + make_interval(secs => $4::float8), false) AS in_time
FROM message m
JOIN message o ON o.lane = m.lane AND o.customer_id = m.customer_id AND o.step IN ($2, $3)
LEFT JOIN event v ON v.lane = m.lane AND v.customer_id = m.customer_id AND v.name = 'answer'
WHERE m.step = $1
"""


async def _answer(pool: Pool) -> None:
    """Some of those who were greeted answer, once each."""
    rows = await pool.fetch(
        "SELECT m.customer_id FROM message m WHERE m.step = $1 AND NOT EXISTS "
        "(SELECT FROM event v WHERE v.lane = m.lane AND v.customer_id = m.customer_id AND v.name = 'answer') "
        "ORDER BY m.approved_at DESC LIMIT 300",
        GREET,
    )
    await tell(pool, [row["customer_id"] for row in rows], "answer")


async def _start_again(server: EmbeddedServer) -> None:
    """Its last backends may still be going."""
    for _ in range(20):
        try:
            return await asyncio.to_thread(server.start)
        except Unavailable:
            await asyncio.sleep(0.5)
    raise AssertionError("PostgreSQL does not come up again")


async def test_a_transaction_that_stays_open_holds_nobody_up_and_is_heard_when_it_commits(
    database: str, pool: Pool, crew: Crew, receiver: Receiver, mail: MailServer
) -> None:
    """Two of them, with old snapshots and an event of every lane each: one commits in the end, one does not."""
    program = a_program(receiver.hook(), trigger=Trigger(event="go"))
    await put_campaign(pool, program)
    customers = await put_customers(pool, 1_200)
    late, never, others = customers[:100], customers[100:200], customers[200:]
    crew.engine()
    crew.sender("webhook")
    committing, giving_up = await asyncpg.connect(database), await asyncpg.connect(database)
    try:
        for connection, silent in ((committing, late), (giving_up, never)):
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            await connection.fetchval("SELECT count(*) FROM event")
            await tell(connection, silent, wake=False)
        began = time.monotonic()
        for start in range(0, len(others), 100):
            await tell(pool, others[start : start + 100])
            await asyncio.sleep(0.4)
        await until(pool, "SELECT count(*) = $1 FROM message WHERE status = 3", len(others), crew=crew)
        held = time.monotonic() - began
        names = {f"c{n}" for n in range(200, len(customers))}
        assert {arrival.to for arrival in receiver.log} == names
        await giving_up.execute("ROLLBACK")
        await committing.execute("COMMIT")
    finally:
        await committing.close()
        await giving_up.close()
    told = [*late, *others]
    await until_ended(pool, len(told), crew=crew)
    figures = await judge(pool, {Channel.WEBHOOK: receiver, Channel.EMAIL: mail}, told=told, steps=1)
    print(f"open for {held:.1f} s while {len(others)} were heard: {figures}")


async def test_a_claim_whose_commit_was_not_heard_of_is_sent_all_the_same(pool: Pool) -> None:
    """The database commits `sending` and dies before it can say so; the worker lives on."""
    await approved(pool, 20)
    provider = Scripted(lambda outgoing: Accepted(), idempotent=True)
    channel = a_pool(pool, provider, Clock())
    channel.pool = losing = _Losing(pool)  # type: ignore[assignment]
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await serve_all(channel)
    await channel.survey()
    await serve_all(channel)
    stuck = await pool.fetchval("SELECT count(*) FROM message WHERE status = $1", MessageStatus.SENDING)
    assert (losing.lost, stuck, len(provider.sent)) == (1, 0, 20)


class _Losing:
    """A pool of connections that loses the answer to the first claim."""

    def __init__(self, pool: Pool) -> None:
        self._pool, self.lost = pool, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    async def fetch(self, query: str, *args: Any) -> Any:
        answer = await self._pool.fetch(query, *args)
        if query == sql("delivery.claim") and not self.lost:
            self.lost += 1
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return answer
