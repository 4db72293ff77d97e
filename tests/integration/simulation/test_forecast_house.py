"""Real people, and what runs in the house: read, and never written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from making import a_program, say
from motet.authoring.store import apply
from motet.core.errors import NotFound
from motet.core.program import Cap, Policy
from motet.simulation.forecast.forecast import Order, forecast
from motet.simulation.forecast.house import Wanted, forecast_real, read_stored, read_surroundings
from motet.simulation.forecast.report import Report
from motet.storage.pool import Pool
from stage import LANES, NOW, Clock, an_engine, put_campaign, put_customers, put_event, put_launch, turn_all

TEXT = {"channel": "sms", "content": {"text": "Hi"}}
NEWS = {"name": "news", "messages": [TEXT, {"delay": "1d", **TEXT}]}
KEPT = ("customer", "event", "enrollment", "message", "decision", "launch", "campaign", "revision", "stat", "standing")


async def run(pool: Pool, document: dict[str, Any], wanted: Wanted, **order: Any) -> Report:
    around = await read_surroundings(pool, "UTC")
    given = Order(document=document, **{"days": 5, "start": NOW, **order})
    return await forecast_real(pool, LANES, given, wanted, NOW, around)


async def contents(pool: Pool) -> dict[str, Any]:
    return {table: await pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2") for table in KEPT}


async def test_real_people_are_simulated_and_nothing_is_written(pool: Pool) -> None:
    await put_customers(pool, 30, tags=["vip"])
    before = await contents(pool)
    report = await run(pool, NEWS, Wanted("vip"))
    assert (report.people, report.segment, report.totals.customers) == ("segment", "vip", 30)
    assert report.totals.entered == 30
    assert report.totals.sent == 60
    assert {example.customer for example in report.examples} <= {f"c{n}" for n in range(30)}
    assert await contents(pool) == before


async def test_at_most_so_many_real_people_are_read(pool: Pool) -> None:
    await put_customers(pool, 30)
    assert (await run(pool, NEWS, Wanted(most=7))).totals.customers == 7


async def test_a_segment_with_nobody_in_it_is_refused(pool: Pool) -> None:
    with pytest.raises(NotFound):
        await run(pool, NEWS, Wanted("nobody-is-here"))


async def test_what_was_said_before_counts_for_the_caps(pool: Pool) -> None:
    """A campaign spoke to half of them an hour ago, and the brand speaks once in thirty days."""
    ids = await put_customers(pool, 10)
    program = a_program(say("sms"))
    await put_campaign(pool, program)
    await put_launch(pool, program, "customers", ids[:5])
    await turn_all(await an_engine(pool, Clock(NOW - timedelta(hours=1))))
    await pool.execute("INSERT INTO setting (key, value) VALUES ('policy', $1)",
                       {"caps": [{"count": 1, "seconds": 30 * 86_400.0}]})  # fmt: skip
    report = await run(pool, NEWS, Wanted(most=100))
    assert (report.totals.entered, report.totals.sent) == (10, 5)
    assert {count.word for step in report.steps for count in step.dropped} == {"global_cap"}


async def test_a_running_campaign_speaks_along_unless_it_is_left_out(pool: Pool) -> None:
    other = {"name": "other", "trigger": {"event": "cart_abandoned"}, "messages": [TEXT]}
    applied = await apply(pool, other, NOW)
    await pool.execute("UPDATE campaign SET status = 3 WHERE id = $1", applied.campaign_id)
    around = await read_surroundings(pool, "UTC")
    wishes = {"events": {"cart_abandoned": {"per_month": 30}}}
    order = Order(document=NEWS, customers=20, days=5, start=NOW, wishes=wishes)
    beside, alone = forecast(order, NOW, around=around, processes=1), forecast(order, NOW, processes=1)
    assert beside.beside == ("other",)
    assert [count.word for count in beside.others] == ["other"]
    assert alone.others == alone.beside == ()


async def test_a_new_revision_is_simulated_beside_those_who_stand_in_the_old_one(pool: Pool) -> None:
    ids = await put_customers(pool, 6)
    document = {"name": "hello", "trigger": {"event": "cart_abandoned"}, "messages": [{"delay": "2d", **TEXT}]}
    applied = await apply(pool, document, NOW)
    await pool.execute("UPDATE campaign SET status = 3 WHERE id = $1", applied.campaign_id)
    for id in ids[:3]:
        await put_event(pool, id, "cart_abandoned", NOW)
    await turn_all(await an_engine(pool, Clock(NOW)))
    wishes = {"events": {"cart_abandoned": {"once": True}}}
    report = await run(pool, await read_stored(pool, "hello"), Wanted(most=6), wishes=wishes, days=8)
    assert report.totals.entered == 3  # who has been in it does not enter again
    assert [count.word for count in report.refused] == ["already_enrolled"]


async def test_a_policy_of_the_house_holds_for_made_up_people(pool: Pool) -> None:
    around = await read_surroundings(pool, "UTC")
    assert around.policy == Policy()
    strict = msgspec.structs.replace(around, policy=Policy(caps=(Cap(1, 7 * 86_400.0),)))
    order = Order(document=NEWS, customers=20, days=5, start=NOW)
    report = forecast(order, NOW, around=strict, processes=1)
    phones = report.totals.sent
    assert 0 < phones <= 20
    assert max(report.steps[-2].sent.values(), default=0) == 0
