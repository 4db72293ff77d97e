"""What an event means, where it is more than one thing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from motet.core.customers import Customer
from motet.core.events import SEGMENT_ENTERED, Event
from motet.core.ids import derive_enrollment_id, derive_message_id
from motet.core.messages import Message
from motet.core.metrics import Metric
from motet.core.program import Policy, Program
from motet.core.words import CampaignStatus, Channel, MessageStatus, Priority
from motet.engine.desk import Desk
from motet.engine.receipts import apply_event
from motet.engine.world import make_world

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CAMPAIGN, REVISION, ANN = UUID(int=1), UUID(int=2), UUID(int=3)


def test_entering_a_segment_can_be_a_goal_and_is_nothing_that_the_customer_did() -> None:
    program = Program(id=CAMPAIGN, revision_id=REVISION, name="win", conversion=SEGMENT_ENTERED)
    world = make_world({REVISION: program}, {CAMPAIGN: (CampaignStatus.RUNNING, REVISION)}, Policy(), frozenset(), {})
    clicked = Message(
        id=derive_message_id(derive_enrollment_id(ANN, CAMPAIGN, ANN, 9), 1, Channel.EMAIL),
        customer_id=ANN, campaign_id=CAMPAIGN, revision_id=REVISION, step=0, channel=Channel.EMAIL,
        priority=Priority.MEDIUM, status=MessageStatus.ACCEPTED, approved_at=NOW, clicked_at=NOW - timedelta(hours=1),
    )  # fmt: skip
    desk = Desk(Customer(id=ANN, external_id="ann"), [clicked], [], NOW, world)

    apply_event(desk, Event(id=UUID(int=4), customer_id=ANN, name=SEGMENT_ENTERED, at=NOW))

    assert desk.effects.touched[clicked.id].converted_at == NOW
    assert desk.customer.last_interaction_at is None
    assert any(Metric.CONVERTED in key for key in desk.effects.counts.metrics)
