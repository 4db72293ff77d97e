"""Campaigns in a real PostgreSQL: revisions, statuses, launches, and two who write at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from motet.authoring.blueprints import list_blueprints
from motet.authoring.store import apply, cancel, get_campaign, launch, list_campaigns, pause, plan, resume
from motet.core.clock import to_ms
from motet.core.errors import Conflict, NotFound, Problem, Refused
from motet.core.ids import lane_of, lane_of_text, uuid7
from motet.core.words import CampaignStatus, Channel
from motet.storage.pool import Pool
from motet.storage.programs import load_programs

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
LANES = 8
SMS = {"channel": "sms", "content": {"text": "Hello"}}
SALE: dict[str, Any] = {"name": "sale", "segments": ["vip"], "messages": [SMS]}
CART: dict[str, Any] = {"name": "cart", "trigger": {"event": "cart_abandoned"}, "messages": [SMS]}
QUIET: dict[str, Any] = {"name": "quiet", "trigger": {"state": {"lifecycle_stage": "inactive"}}, "messages": [SMS]}


async def add_customers(pool: Pool, *names: str) -> dict[str, UUID]:
    """Only what a launch looks at: the claim of the external id."""
    ids = {name: uuid7(to_ms(NOW)) for name in names}
    rows = [(lane_of_text(name, LANES), 1, name, id) for name, id in ids.items()]
    await pool.executemany("INSERT INTO identifier VALUES ($1, $2, $3, $4)", rows)
    return ids


async def lanes_of(pool: Pool, launch_id: UUID | None) -> dict[int, set[UUID] | None]:
    rows = await pool.fetch("SELECT lane, customers FROM launch_lane WHERE launch_id = $1", launch_id)
    return {r["lane"]: None if r["customers"] is None else set(r["customers"]) for r in rows}


@pytest_asyncio.fixture
async def heard(database: str) -> AsyncIterator[asyncio.Queue[str]]:
    """What the workers would hear."""
    said: asyncio.Queue[str] = asyncio.Queue()
    connection = await asyncpg.connect(database)
    await connection.add_listener("motet_work", lambda *args: said.put_nowait(str(args[3])))
    yield said
    await connection.close()


async def test_a_new_document_becomes_a_draft(pool: Pool) -> None:
    applied = await apply(pool, SALE, NOW)
    assert (applied.name, applied.revision, applied.changed) == ("sale", 1, True)
    campaign = await get_campaign(pool, "sale")
    assert (campaign.id, campaign.status, campaign.title) == (applied.campaign_id, CampaignStatus.DRAFT, "Sale")
    assert (campaign.document, campaign.kind, campaign.started_at) == (SALE, "broadcast", None)
    assert (campaign.program.id, campaign.program.revision_id) == (campaign.id, campaign.revision_id)


async def test_the_same_document_changes_nothing(pool: Pool) -> None:
    document = {**SALE, "variables": {"x": 1e3, "y": 0.1, "z": None, "big": 1e22}}
    first = await apply(pool, document, NOW)
    again = await apply(pool, document, LATER)
    assert (again.revision, again.changed, again.campaign_id) == (1, False, first.campaign_id)
    assert (await get_campaign(pool, "sale")).updated_at == NOW
    assert await pool.fetchval("SELECT count(*) FROM revision") == 1


async def test_a_changed_document_becomes_a_revision_and_the_campaign_runs_on(pool: Pool) -> None:
    first = await apply(pool, CART, NOW)
    await launch(pool, "cart", now=NOW, lanes=LANES)
    before = await get_campaign(pool, "cart")
    applied = await apply(pool, {**CART, "title": "Carts", "exit_on": "purchase"}, LATER)
    after = await get_campaign(pool, "cart")
    assert (applied.revision, applied.changed, applied.campaign_id) == (2, True, first.campaign_id)
    assert (after.status, after.title, after.program.exit_on) == (CampaignStatus.RUNNING, "Carts", "purchase")
    assert after.revision_id != before.revision_id
    assert after.program.id == before.program.id
    kept = await pool.fetchval("SELECT document FROM revision WHERE id = $1", before.revision_id)
    assert kept == CART


async def test_a_wrong_document_is_refused_and_nothing_is_written(pool: Pool) -> None:
    with pytest.raises(Refused, match=r"messages\[0\]\.channel"):
        await apply(pool, {**SALE, "messages": [{**SMS, "channel": "smss"}]}, NOW)
    with pytest.raises(Refused, match=r"template\.bad"):
        await apply(pool, SALE, NOW, lambda channel, content: [Problem("template.bad", "is wrong", "text")])
    assert await list_campaigns(pool) == []


async def test_two_who_apply_at_once_write_one_campaign(pool: Pool) -> None:
    documents = [{**SALE, "title": f"Sale {n}"} for n in range(6)]
    applied = await asyncio.gather(*(apply(pool, document, NOW) for document in documents))
    assert len({a.campaign_id for a in applied}) == 1
    assert sorted(a.revision for a in applied) == [1, 2, 3, 4, 5, 6]


async def test_a_plan_says_what_would_change(pool: Pool) -> None:
    assert (await plan(pool, SALE)).action == "create"
    await apply(pool, SALE, NOW)
    assert (await plan(pool, SALE)).action == "unchanged"
    planned = await plan(pool, {**SALE, "messages": [{**SMS, "delay": "1h"}], "priority": "high"})
    assert (planned.action, planned.changes) == ("update", ("messages[0].delay", "priority"))
    assert (await get_campaign(pool, "sale")).revision == 1
    with pytest.raises(Refused):
        await plan(pool, {"name": "sale"})


async def test_a_broadcast_is_launched_over_every_lane(pool: Pool, heard: asyncio.Queue[str]) -> None:
    await apply(pool, SALE, NOW)
    launched = await launch(pool, "sale", now=LATER, lanes=LANES)
    assert (launched.status, launched.customers) == ("running", None)
    assert await lanes_of(pool, launched.launch_id) == dict.fromkeys(range(LANES))
    row = await pool.fetchrow("SELECT kind, revision_id, campaign_id FROM launch")
    campaign = await get_campaign(pool, "sale")
    assert row is not None
    assert tuple(row) == ("audience", campaign.revision_id, campaign.id)
    assert campaign.started_at == LATER
    assert [await asyncio.wait_for(heard.get(), 5) for _ in range(2)] == ["campaigns", "launch"]


async def test_named_customers_are_launched_in_their_own_lanes(pool: Pool) -> None:
    ids = await add_customers(pool, "ada", "bob", "cleo")
    await apply(pool, SALE, NOW)
    launched = await launch(pool, "sale", now=NOW, lanes=LANES, customers=["ada", "bob", "ada"])
    assert launched.customers == 2
    lanes = await lanes_of(pool, launched.launch_id)
    assert set().union(*(part or set() for part in lanes.values())) == {ids["ada"], ids["bob"]}
    assert all(part and {lane_of(c, LANES) for c in part} == {lane} for lane, part in lanes.items())
    assert await pool.fetchval("SELECT kind FROM launch") == "customers"


async def test_unknown_customers_are_named_and_nothing_starts(pool: Pool) -> None:
    await add_customers(pool, "ada")
    await apply(pool, SALE, NOW)
    with pytest.raises(Refused, match=r"'nobody', 'never'.*launch\.unknown_customer"):
        await launch(pool, "sale", now=NOW, lanes=LANES, customers=["ada", "nobody", "never"])
    with pytest.raises(Refused, match=r"launch\.nobody"):
        await launch(pool, "sale", now=NOW, lanes=LANES, customers=[])
    assert (await get_campaign(pool, "sale")).status is CampaignStatus.DRAFT
    assert await pool.fetchval("SELECT count(*) FROM launch") == 0


async def test_a_channel_that_is_not_ready_stops_the_launch(pool: Pool) -> None:
    asked: list[set[Channel]] = []

    def ready(channels: set[Channel]) -> list[Problem]:
        asked.append(channels)
        return [Problem("provider.missing", "no provider", "MOTET_EMAIL_URL")]

    await apply(pool, {**SALE, "messages": [{**SMS, "fallback": "email"}]}, NOW)
    with pytest.raises(Refused, match="MOTET_EMAIL_URL"):
        await launch(pool, "sale", now=NOW, lanes=LANES, ready=ready)
    assert asked == [{Channel.SMS, Channel.EMAIL}]
    assert (await get_campaign(pool, "sale")).status is CampaignStatus.DRAFT


async def test_a_triggered_campaign_enrols_nobody_by_itself(pool: Pool) -> None:
    await apply(pool, CART, NOW)
    launched = await launch(pool, "cart", now=NOW, lanes=LANES)
    assert (launched.status, launched.launch_id) == ("running", None)
    with pytest.raises(Conflict, match="cart is running already"):
        await launch(pool, "cart", now=NOW, lanes=LANES)
    again = await launch(pool, "cart", now=NOW, lanes=LANES, audience=True)
    assert await lanes_of(pool, again.launch_id) == dict.fromkeys(range(LANES))


async def test_a_state_is_looked_at_soon_after_launch(pool: Pool) -> None:
    await apply(pool, QUIET, NOW)
    assert (await get_campaign(pool, "quiet")).next_scan_at is None
    await launch(pool, "quiet", now=LATER, lanes=LANES)
    campaign = await get_campaign(pool, "quiet")
    assert (campaign.kind, campaign.next_scan_at) == ("state", LATER)


async def test_a_changed_state_of_a_running_campaign_is_looked_at_soon(pool: Pool) -> None:
    await apply(pool, QUIET, NOW)
    await launch(pool, "quiet", now=NOW, lanes=LANES)
    tomorrow = NOW + timedelta(days=1)
    await pool.execute("UPDATE campaign SET next_scan_at = $1", tomorrow)
    await apply(pool, {**QUIET, "title": "Quiet ones"}, LATER)
    assert (await get_campaign(pool, "quiet")).next_scan_at == tomorrow
    await apply(pool, {**QUIET, "trigger": {"state": {"lifecycle_stage": "lost"}}}, LATER)
    assert (await get_campaign(pool, "quiet")).next_scan_at == LATER
    await apply(pool, {**CART, "name": "quiet"}, LATER)
    assert (await get_campaign(pool, "quiet")).next_scan_at is None


async def test_a_scheduled_launch_goes_out_as_last_written(pool: Pool) -> None:
    ahead = {**SALE, "starts_at": "2026-12-01T09:00:00Z"}
    await apply(pool, ahead, NOW)
    launched = await launch(pool, "sale", now=NOW, lanes=LANES)
    assert launched.status == "scheduled"
    await apply(pool, {**ahead, "messages": [{"channel": "sms", "content": {"text": "Better"}}]}, LATER)
    campaign = await get_campaign(pool, "sale")
    assert campaign.started_at is None
    assert await pool.fetchval("SELECT revision_id FROM launch") == campaign.revision_id


async def test_a_running_launch_keeps_its_revision(pool: Pool) -> None:
    await apply(pool, SALE, NOW)
    await launch(pool, "sale", now=NOW, lanes=LANES)
    before = (await get_campaign(pool, "sale")).revision_id
    await apply(pool, {**SALE, "title": "New"}, LATER)
    assert await pool.fetchval("SELECT revision_id FROM launch") == before


async def test_pause_and_resume(pool: Pool, heard: asyncio.Queue[str]) -> None:
    await apply(pool, CART, NOW)
    await launch(pool, "cart", now=NOW, lanes=LANES)
    assert (await pause(pool, "cart", now=LATER)).status is CampaignStatus.PAUSED
    with pytest.raises(Conflict, match="resume it first"):
        await launch(pool, "cart", now=LATER, lanes=LANES)
    resumed = await resume(pool, "cart", now=LATER)
    assert (resumed.status, resumed.started_at) == (CampaignStatus.RUNNING, NOW)
    assert [await asyncio.wait_for(heard.get(), 5) for _ in range(4)] == [
        "campaigns",
        "launch",
        "campaigns",
        "campaigns",
    ]


async def test_a_cancelled_campaign_is_over(pool: Pool) -> None:
    await apply(pool, CART, NOW)
    cancelled = await cancel(pool, "cart", now=LATER)
    assert (cancelled.status, cancelled.ended_at) == (CampaignStatus.CANCELLED, LATER)
    with pytest.raises(Conflict, match="new name"):
        await launch(pool, "cart", now=LATER, lanes=LANES)
    with pytest.raises(Conflict, match="new name"):
        await apply(pool, {**CART, "title": "Again"}, LATER)
    assert not (await apply(pool, CART, LATER)).changed


async def test_a_completed_campaign_can_be_launched_again(pool: Pool) -> None:
    await apply(pool, SALE, NOW)
    await launch(pool, "sale", now=NOW, lanes=LANES)
    await pool.execute("UPDATE campaign SET status = 5, ended_at = $1", LATER)
    assert (await launch(pool, "sale", now=LATER, lanes=LANES)).status == "running"
    campaign = await get_campaign(pool, "sale")
    assert (campaign.started_at, campaign.ended_at) == (NOW, None)


@pytest.mark.parametrize("act", [pause, resume, cancel])
async def test_a_campaign_that_is_not_there_is_not_found(pool: Pool, act: Any) -> None:
    with pytest.raises(NotFound, match="no campaign called 'ghost'"):
        await act(pool, "ghost", now=NOW)


async def test_of_two_pauses_at_once_one_wins(pool: Pool) -> None:
    await apply(pool, CART, NOW)
    await launch(pool, "cart", now=NOW, lanes=LANES)
    told = await asyncio.gather(*(pause(pool, "cart", now=LATER) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(t, Conflict) for t in told) == 3


async def test_campaigns_are_listed_newest_first(pool: Pool) -> None:
    await apply(pool, SALE, NOW)
    await apply(pool, CART, LATER)
    assert [c.name for c in await list_campaigns(pool)] == ["cart", "sale"]


async def test_the_blueprints_are_applied_launched_and_loaded_by_the_workers(pool: Pool) -> None:
    for blueprint in list_blueprints():
        await apply(pool, blueprint.document, NOW)
        await launch(pool, blueprint.name, now=NOW, lanes=LANES, audience=True)
        assert not (await apply(pool, blueprint.document, LATER)).changed
    programs, campaigns = await load_programs(pool)
    for campaign in await list_campaigns(pool):
        assert campaigns[campaign.id] == (CampaignStatus.RUNNING, campaign.revision_id)
        assert programs[campaign.revision_id] == campaign.program


async def test_a_campaign_that_names_no_trait_there_is_is_refused(pool: Pool) -> None:
    document = {"name": "typo", "trigger": {"event": "x", "where": {"traits.typo": 1}}, "messages": [SMS]}
    for act in (plan(pool, document), apply(pool, document, NOW)):
        with pytest.raises(Refused) as refused:
            await act
        assert [p.path for p in refused.value.problems] == ["trigger.where.traits.typo"]
    assert await pool.fetchval("SELECT count(*) FROM campaign") == 0
