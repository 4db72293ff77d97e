"""A world is made of whatever is stored: one campaign that is wrong stops nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from motet.core.program import Policy, Program, Step, Trigger
from motet.core.words import CampaignStatus
from motet.engine.world import make_world

CAMPAIGN, REVISION = UUID(int=1), UUID(int=2)


def test_a_trait_that_is_not_there_has_no_value_and_stops_nobody() -> None:
    program = Program(
        id=CAMPAIGN,
        revision_id=REVISION,
        name="typo",
        trigger=Trigger(event="signup", where={"traits.typo": {"$gt": 5}}),
        steps=(Step("exit", "exit"),),
    )
    world = make_world(
        {REVISION: program}, {CAMPAIGN: (CampaignStatus.RUNNING, REVISION)}, Policy(), frozenset(), {}
    )  # fmt: skip
    [runnable] = world.by_event["signup"]
    assert runnable.where is not None
    assert not runnable.where.matches({"$now": datetime(2026, 11, 24, tzinfo=UTC)})
