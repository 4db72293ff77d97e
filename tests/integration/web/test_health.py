from __future__ import annotations

from making import NOW, a_program, say
from motet.core.ids import uuid7
from motet.core.metrics import Metric
from motet.core.words import Channel
from motet.storage.lanes import beat
from motet.storage.pool import Pool
from motet.storage.sql import sql
from motet.storage.stats import Counts
from siting import Site
from stage import put_campaign


async def test_health_is_well(site: Site) -> None:
    answer = await site.get("/healthz")
    assert (answer.status, await answer.json()) == (200, {"status": "ok", "database": "ok"})


async def test_metrics_count_requests_and_messages(site: Site, pool: Pool) -> None:
    program = a_program(say())
    await put_campaign(pool, program)
    counts = Counts()
    counts.add(program.id, Channel.EMAIL, Metric.SENT, count=3)
    counts.add(program.id, Channel.EMAIL, Metric.CONVERTED, 12.5)
    async with pool.acquire() as connection:
        await counts.save(connection, 1, NOW)
    await site.get("/t/o/nonsense.gif")
    text = await (await site.get("/metrics")).text()
    assert 'motet_http_requests_total{door="open",status="404"} 1.0' in text
    assert 'motet_messages_total{channel="email",metric="sent"} 3.0' in text
    assert 'motet_revenue_total{channel="email"} 12.5' in text
    assert "motet_database_up 1.0" in text


async def test_metrics_tell_who_does_not_answer_the_workers_that_live(site: Site, pool: Pool) -> None:
    assert "motet_provider_down{" not in await (await site.get("/metrics")).text()
    alive, gone = uuid7(1), uuid7(2)
    await beat(pool, alive, "delivery")
    await pool.execute(sql("delivery.tell_troubles"), alive, [1], ["smtp"], [""], [NOW], ["no route"])
    await pool.execute(sql("delivery.tell_troubles"), gone, [6], ["standard"], ["h.example"], [NOW], ["no route"])
    text = await (await site.get("/metrics")).text()
    told = [line for line in text.splitlines() if line.startswith("motet_provider_down{")]
    assert told == ['motet_provider_down{channel="email",host="",provider="smtp"} 1.0']
