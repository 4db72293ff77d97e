"""Who does not answer is told to whoever asks."""

from __future__ import annotations

from pathlib import Path

from delivering import Scripted, a_pool
from motet.config import read_config
from motet.core.ids import uuid7
from motet.core.messages import Accepted, Retry
from motet.core.words import Channel
from motet.delivery.breaker import LIMIT
from motet.delivery.troubles import tell
from motet.doctor import examine
from motet.storage.lanes import LEASE, beat, forget
from motet.storage.pool import Pool
from motet.storage.sql import sql
from stage import Clock, rows


async def test_trouble_is_written_while_it_lasts_and_a_dead_worker_s_means_nothing(
    pool: Pool, database: str, tmp_path: Path
) -> None:
    worker = uuid7(1)
    await beat(pool, worker, "delivery")
    channel = a_pool(pool, Scripted(lambda one: Accepted()), Clock())
    pools = {Channel.EMAIL: channel}
    assert await tell(pool, worker, pools, []) == []
    channel.gates.hear([""] * LIMIT, [Retry("x", "no\x00route", down=True)] * LIMIT)
    told = await tell(pool, worker, pools, [])
    assert await tell(pool, worker, pools, told) == told
    config = read_config({"MOTET_HOME": str(tmp_path), "MOTET_DATABASE_URL": database, "MOTET_THROTTLES": "x=1/s"})
    findings = {f.topic: f for f in await examine(config)}
    assert (findings["delivery"].level, "noroute" in findings["delivery"].text) == ("warning", True)
    assert (findings["throttles"].level, findings["throttles"].code) == ("error", "config.bad_throttle")
    await forget(pool, worker)
    assert await pool.fetch(sql("delivery.list_troubles"), LEASE) == []
    channel.gates.hear([""], [Accepted()])
    assert await tell(pool, worker, pools, told) == []
    assert await rows(pool, "delivery_trouble", "since") == []
