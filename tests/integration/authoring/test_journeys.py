"""Journeys in a real PostgreSQL: what a new revision does with who is in it, and those who were set aside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from motet.authoring.blueprints import read_blueprint
from motet.authoring.moves import PlanStep
from motet.authoring.store import apply, cancel, get_campaign, launch, plan, retry
from motet.core.clock import to_ms
from motet.core.errors import Conflict, NotFound
from motet.core.ids import uuid7
from motet.core.metrics import Metric
from motet.core.words import CampaignStatus, EnrollmentStatus
from motet.storage.pool import Pool

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
LANES = 8
SMS = {"channel": "sms", "content": {"text": "Hello"}}
HI = {"name": "hi", **SMS}
ASK = {"name": "ask", "type": "wait", "for": "1d"}
BYE = {"name": "bye", **SMS}
TOUR: dict[str, Any] = {"kind": "journey", "name": "tour", "trigger": {"event": "user_signup"}, "steps": [HI, ASK, BYE]}


async def stand(pool: Pool, revision: UUID, **people: int) -> None:
    """People on the steps of a revision, over two lanes."""
    steps = {"hi": 0, "ask": 1, "bye": 2, "exit": 3}
    rows = [(lane, revision, steps[name], 10 + count, 10) for name, count in people.items() for lane in (0, 5)]
    await pool.executemany("INSERT INTO step_stat VALUES ($1, $2, $3, $4, $5)", rows)


async def running(pool: Pool) -> UUID:
    await apply(pool, TOUR, NOW)
    await launch(pool, "tour", now=NOW, lanes=LANES)
    return (await get_campaign(pool, "tour")).revision_id


async def test_a_journey_is_kept_and_launched_as_campaigns_are(pool: Pool) -> None:
    await apply(pool, read_blueprint("onboarding"), NOW)
    await launch(pool, "onboarding", now=NOW, lanes=LANES)
    journey = await get_campaign(pool, "onboarding")
    assert (journey.program.kind, journey.status) == ("journey", CampaignStatus.RUNNING)
    assert (await plan(pool, read_blueprint("onboarding"))).action == "unchanged"


async def test_a_journey_does_not_become_a_campaign(pool: Pool) -> None:
    await apply(pool, TOUR, NOW)
    with pytest.raises(Conflict, match="tour is a journey"):
        await apply(pool, {"name": "tour", "messages": [SMS]}, NOW)
    with pytest.raises(Conflict, match="tour is a journey"):
        await plan(pool, {"name": "tour", "messages": [SMS]})
    assert (await get_campaign(pool, "tour")).revision == 1


async def test_a_plan_says_what_becomes_of_everybody_in_it(pool: Pool) -> None:
    await stand(pool, await running(pool), hi=3, ask=2, bye=0)
    new = {**TOUR, "steps": [HI, BYE]}
    assert (await plan(pool, new)).steps == (PlanStep(1, "hi", 6, "stays"), PlanStep(1, "ask", 4, "stays"))
    moving = {**new, "existing": "move"}
    assert (await plan(pool, moving)).steps == (PlanStep(1, "hi", 6, "moves", "hi"), PlanStep(1, "ask", 4, "stays"))
    for target, row in (("bye", ("moves", "bye")), ("exit", ("leaves", None))):
        planned = await plan(pool, {**moving, "moves": {"ask": target}})
        assert planned.steps[1] == PlanStep(1, "ask", 4, *row)
    assert (await plan(pool, TOUR)).steps == ()
    assert await pool.fetchval("SELECT count(*) FROM launch WHERE kind = 'move'") == 0


async def test_people_of_every_revision_are_planned_for(pool: Pool) -> None:
    await stand(pool, await running(pool), ask=1)
    await apply(pool, {**TOUR, "title": "Tour"}, LATER)
    await stand(pool, (await get_campaign(pool, "tour")).revision_id, bye=2)
    planned = await plan(pool, {**TOUR, "existing": "move", "steps": [{**BYE, "delay": 5}]})
    assert planned.steps == (PlanStep(1, "ask", 2, "stays"), PlanStep(2, "bye", 4, "moves", "bye"))


async def test_a_move_is_a_launch_over_every_lane(pool: Pool) -> None:
    first = await running(pool)
    await apply(pool, {**TOUR, "steps": [HI, BYE], "existing": "move", "moves": {"ask": "bye"}}, LATER)
    journey = await get_campaign(pool, "tour")
    row = await pool.fetchrow("SELECT id, campaign_id, revision_id, kind FROM launch")
    assert row is not None
    assert (row["campaign_id"], row["revision_id"], row["kind"]) == (journey.id, journey.revision_id, "move")
    assert journey.revision_id > first
    lanes = await pool.fetch(
        "SELECT lane, customers, done FROM launch_lane WHERE launch_id = $1 ORDER BY lane", row["id"]
    )
    assert [(r["lane"], r["customers"], r["done"]) for r in lanes] == [(lane, None, False) for lane in range(LANES)]


async def test_helper_steps_of_older_revisions_have_a_place_in_the_new_one(pool: Pool) -> None:
    await apply(
        pool, {**TOUR, "steps": [{**HI, "delay": 60, "conditions": {"a": 1}}, {**ASK, "conditions": {"b": 1}}]}, NOW
    )
    await launch(pool, "tour", now=NOW, lanes=LANES)
    await apply(pool, {**TOUR, "steps": [HI, BYE], "existing": "move", "moves": {"ask": "bye"}}, LATER)
    moves = (await get_campaign(pool, "tour")).program.moves
    assert moves == {"ask": "bye", "hi:delay": "hi", "ask:conditions": "bye"}


@pytest.mark.parametrize("existing", ["stay", "move"])
async def test_nobody_moves_in_a_draft_or_when_they_are_to_stay(pool: Pool, existing: str) -> None:
    if existing == "stay":
        await running(pool)
    else:
        await apply(pool, TOUR, NOW)
    await apply(pool, {**TOUR, "steps": [HI, BYE], "existing": existing}, LATER)
    assert await pool.fetchval("SELECT count(*) FROM launch WHERE kind = 'move'") == 0


async def enroll(pool: Pool, lane: int, customer: UUID, status: EnrollmentStatus, at: datetime = NOW) -> UUID:
    journey = await get_campaign(pool, "tour")
    id, due = uuid7(to_ms(at)), NOW if status is EnrollmentStatus.ACTIVE else None
    await pool.execute(
        """INSERT INTO enrollment (lane, customer_id, id, campaign_id, revision_id, step, visit, status, failures,
                                   entered_at, arrived_at, due_at, ended_at, exit_reason)
           VALUES ($1, $2, $3, $4, $5, 1, 1, $6, 5, $7, $7, $8, $7, 'quarantined: it broke')""",
        lane, customer, id, journey.id, journey.revision_id, int(status), NOW, due,
    )  # fmt: skip
    return id


async def test_who_was_set_aside_goes_on_and_is_counted_as_being_there(pool: Pool) -> None:
    revision = await running(pool)
    await stand(pool, revision, ask=0)
    journey = await get_campaign(pool, "tour")
    hour = LATER.replace(minute=0)
    await pool.execute("INSERT INTO stat VALUES (5, $1, $2, 0, 12, 7, 0)", journey.id, hour)
    aside = [await enroll(pool, lane, uuid7(to_ms(NOW)), EnrollmentStatus.QUARANTINED) for lane in (0, 5, 5)]
    done = await enroll(pool, 5, uuid7(to_ms(NOW)), EnrollmentStatus.COMPLETED)
    assert (await retry(pool, "tour", now=LATER, lanes=LANES)).enrollments == 3
    rows = {r["id"]: r for r in await pool.fetch("SELECT * FROM enrollment")}
    for id in aside:
        row = rows[id]
        assert (row["status"], row["due_at"], row["step"]) == (EnrollmentStatus.ACTIVE, LATER, 1)
        assert (row["ended_at"], row["exit_reason"], row["failures"]) == (None, None, 0)
    assert rows[done]["status"] == EnrollmentStatus.COMPLETED
    present = await pool.fetch("SELECT lane, entered - departed AS n FROM step_stat WHERE step = 1 ORDER BY lane")
    assert [(r["lane"], r["n"]) for r in present] == [(0, 1), (5, 2)]
    finished = await pool.fetch("SELECT lane, count FROM stat WHERE metric = $1 ORDER BY lane", int(Metric.FINISHED))
    assert [(r["lane"], r["count"]) for r in finished] == [(0, -1), (5, 5)]
    assert (await retry(pool, "tour", now=LATER, lanes=LANES)).enrollments == 0


async def test_who_is_in_it_again_is_not_in_it_twice(pool: Pool) -> None:
    await running(pool)
    customer, other = uuid7(to_ms(NOW)), uuid7(to_ms(NOW))
    await enroll(pool, 3, customer, EnrollmentStatus.QUARANTINED)
    await enroll(pool, 3, customer, EnrollmentStatus.ACTIVE, LATER)
    older = await enroll(pool, 3, other, EnrollmentStatus.QUARANTINED)
    newer = await enroll(pool, 3, other, EnrollmentStatus.QUARANTINED, LATER)
    assert (await retry(pool, "tour", now=LATER, lanes=LANES)).enrollments == 1
    active = await pool.fetch("SELECT id FROM enrollment WHERE status = 1 AND customer_id = $1", other)
    assert [r["id"] for r in active] == [newer] != [older]


async def test_nothing_is_tried_again_in_what_was_cancelled(pool: Pool) -> None:
    await running(pool)
    await cancel(pool, "tour", now=LATER)
    with pytest.raises(Conflict):
        await retry(pool, "tour", now=LATER, lanes=LANES)
    with pytest.raises(NotFound):
        await retry(pool, "nobody", now=LATER, lanes=LANES)
