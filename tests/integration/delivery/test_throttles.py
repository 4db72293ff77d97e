"""Throttles on a real PostgreSQL: what may go, what waits, and who waits for nobody."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from time import monotonic
from typing import Any
from uuid import UUID

from delivering import Scripted, a_pool, approved, serve_all, statuses
from motet.core.messages import Accepted, Email, Outgoing
from motet.core.words import Channel, MessageStatus
from motet.delivery.limits import Limits, read_limits
from motet.delivery.queue import Ready, Waiting
from motet.delivery.throttles import Throttles
from motet.storage.pool import Pool, open_pool
from stage import NOW, Clock

ID = UUID(int=1)


def letters(count: int, domain: str = "a.example") -> list[Ready]:
    waiting = Waiting(ID, ID, ID, ID, 0, 2, 0, NOW)
    mail = Email("news@shop.example", f"ada@{domain}", b"")
    out = Outgoing(message_id=ID, customer_id=ID, payload=mail, idempotency_key="")
    return [Ready(waiting, out)] * count


def throttles(pool: Pool, *entries: str) -> Throttles:
    return Throttles(pool, Channel.EMAIL, read_limits(entries))


async def test_several_processes_never_take_more_than_burst_and_rate_in_any_interval(database: str) -> None:
    rate, burst = 150.0, 20.0
    pools = [await open_pool(database, size=1) for _ in range(4)]
    taken: list[tuple[float, float, int]] = []
    end = monotonic() + 1.2

    async def race(pool: Pool) -> None:
        mine = throttles(pool, f"email={rate:g}/s+{burst:g}")
        while monotonic() < end:
            before = monotonic()
            went, _ = await mine.admit(letters(3), NOW, first=True)
            taken.append((before, monotonic(), len(went)))

    await asyncio.gather(*(race(pool) for pool in pools))
    for pool in pools:
        await pool.close()
    got = [each for each in taken if each[2]]
    assert sum(n for _, _, n in got) > burst + rate * 0.8  # and what there is is taken
    for start, _, _ in got:
        inside = sorted((e, n) for s, e, n in got if s >= start)
        total = 0
        for stop, n in inside:
            total += n
            assert total <= burst + rate * (stop - start) + 1e-6


async def test_a_bucket_outlives_who_emptied_it_and_a_clock_that_stands_before_it_adds_nothing(pool: Pool) -> None:
    assert len((await throttles(pool, "email=1/h+5").admit(letters(9), NOW, first=True))[0]) == 5
    assert len((await throttles(pool, "email=1/h+5").admit(letters(9), NOW, first=True))[0]) == 0
    await pool.execute("UPDATE throttle SET at = now() + interval '1 day'")
    assert len((await throttles(pool, "email=1000/s+5").admit(letters(9), NOW, first=True))[0]) == 0
    await pool.execute("UPDATE throttle SET at = now() - interval '1 day'")
    assert len((await throttles(pool, "email=1000/s+5").admit(letters(9), NOW, first=True))[0]) == 5


async def test_tokens_that_another_bucket_made_useless_are_given_back(pool: Pool) -> None:
    both = throttles(pool, "email=1/h+2", "email.to.a.example=1/h+50")
    went, late = await both.admit(letters(10), NOW, first=True)
    assert (len(went), len(late)) == (2, 8)
    assert await pool.fetchval("SELECT round(tokens) FROM throttle WHERE key = 'email.to.a.example'") == 48


async def test_who_finds_the_bucket_empty_stands_in_line_at_the_rate(pool: Pool) -> None:
    slow = throttles(pool, "email.to.*=10/s+1")
    waits = []
    for _ in range(3):  # three batches, one line
        _, late = await slow.admit(letters(20), NOW, first=False)
        waits += [(at - NOW).total_seconds() for _, at in late]
    assert len(waits) == 59
    assert all(later >= sooner - 0.2 for sooner, later in pairwise(waits))
    assert 4 < waits[-1] < 7  # 59 at ten a second


async def test_bulk_leaves_a_tenth_of_a_burst_to_what_is_transactional(pool: Pool) -> None:
    limited = throttles(pool, "email=1/h+50")
    assert len((await limited.admit(letters(80), NOW, first=False))[0]) == 45
    assert len((await limited.admit(letters(80), NOW, first=False))[0]) == 0
    went, late = await limited.admit(letters(8), NOW, first=True)
    assert (len(went), len(late)) == (5, 3)


async def test_a_domain_that_is_throttled_holds_up_no_other_and_spends_no_attempt(pool: Pool) -> None:
    _, ids = await approved(pool, 80)
    slow = ids[:60]
    await pool.execute("UPDATE customer SET email = external_id || '@slow.example' WHERE id = ANY ($1)", slow)
    provider = Scripted(lambda one: Accepted())
    clock = Clock()
    channel = a_pool(pool, provider, clock, read_limits(["email.to.slow.example=2/s+10"]))
    await serve_all(channel)
    went = Counter(_domain(one) for one in provider.sent)
    assert went["example.com"] == 20
    assert 8 <= went["slow.example"] <= 12
    rest = await pool.fetch("SELECT send_at, attempts FROM message WHERE status = 1")
    assert len(rest) == 80 - len(provider.sent)
    assert {row["attempts"] for row in rest} == {0}
    assert all(NOW < row["send_at"] < NOW + timedelta(seconds=40) for row in rest)
    await pool.execute("UPDATE throttle SET at = at - interval '1 hour'")
    clock.now = NOW + timedelta(minutes=1)
    for _ in range(10):
        await serve_all(channel)
        await pool.execute("UPDATE throttle SET at = at - interval '1 hour'")
        clock.now += timedelta(minutes=1)
    assert sorted(one.customer_id for one in provider.sent) == sorted(ids)
    assert await statuses(pool) == {MessageStatus.ACCEPTED: 80}


async def test_without_settings_of_its_own_a_channel_asks_the_database_nothing() -> None:
    nowhere: Any = None
    for limits in (Limits(), read_limits(["sms=1/s"])):
        went, late = await Throttles(nowhere, Channel.EMAIL, limits).admit(letters(5), NOW, first=False)
        assert (len(went), late) == (5, [])


def _domain(one: Outgoing) -> str:
    assert isinstance(one.payload, Email)
    return one.payload.rcpt_to.partition("@")[2]
