"""What is simulated is what the engine does: the same people, events and clock, through PostgreSQL and in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from motet.audience.segments.store import apply_document
from motet.authoring.blueprints import read_blueprint
from motet.core.events import Event
from motet.core.ids import lane_of
from motet.core.words import Channel, MessageStatus
from motet.engine.batch import Effects
from motet.engine.loop import Engine
from motet.simulation.forecast.crowd import begin, limit, live_all, made_up, meet
from motet.simulation.forecast.forecast import Order, set_scene
from motet.simulation.forecast.house import read_surroundings
from motet.simulation.forecast.life import Life
from motet.simulation.forecast.people import Someone
from motet.simulation.forecast.scene import Look, Scene, Surroundings
from motet.storage.pool import Pool
from stage import LANES, Clock, an_engine, put_campaign, put_launch, turn_all

START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
PEOPLE = 24
Happening = tuple[datetime, UUID, list[Event], bool]  # when, to whom, what is heard, whether a launch comes

SAY = {"channel": "sms", "content": {"text": "Hi"}}
BROADCAST = {
    "name": "all-hands",
    "messages": [
        {"name": "first", **SAY},
        {"name": "second", "channel": "email", "send_time": "09:30", "content": {"subject": "Hi", "html": "<p>Hi</p>"}},
        {"name": "third", "delay": "2d", "conditions": {"email_opened": True}, **SAY},
    ],
    "frequency": {"max_sms_per_week": 1},
}

JOURNEY = {
    "kind": "journey",
    "name": "second-basket",
    "trigger": {"event": "cart_abandoned"},
    "reentry": "after_exit",
    "max_entries": 40,
    "success": {"bought": {"event": "purchase"}},
    "exit": {"after": "4d"},
    "steps": [
        {"name": "hello", "type": "message", "channel": "email", "content": {"subject": "Hi", "html": "<p>Hi</p>"}},
        {"name": "look", "type": "wait_for_engagement", "engagement": ["click"], "timeout": "6h", "engaged": "coin"},
        {"name": "nudge", "type": "message", "channel": "push", "content": {"title": "Hi", "body": "Hi"}},
        {"name": "coin", "type": "split", "paths": [
            {"name": "a", "percent": 50, "go": "mark"}, {"name": "b", "percent": 50, "go": "order"}]},
        {"name": "mark", "type": "update_profile", "set": {"tier": "gold"}, "add_tags": ["marked"]},
        {"name": "tell", "type": "emit_event", "event": "was_marked", "properties": {"by": "{{first_name}}"}},
        {"name": "order", "type": "wait_for_event", "event": "purchase", "timeout": "1d", "arrived": "exit"},
        {"name": "which", "type": "branch", "paths": [{"name": "gold", "when": {"tier": "gold"}, "go": "last"}],
         "otherwise": "exit"},
        {"name": "last", "type": "message", "channel": "sms", "send_time": "10:00", "content": {"text": "Hi"}},
    ],
}  # fmt: skip


RECENT = {
    "kind": "segment",
    "name": "recent-buyers",
    "title": "Recent buyers",
    "where": {"last_purchase_at": {"$gt": {"$ago": "36h"}}},
}
COOLED = {
    "name": "cooled",
    "trigger": {"leaves": "recent-buyers"},
    "reentry": "always",
    "messages": [{"name": "again", "delay": "3h", **SAY}],
}


def a_scene(document: dict[str, Any], days: int, around: Surroundings = Surroundings()) -> Scene:  # noqa: B008
    wishes = {
        "events": {"cart_abandoned": {"per_month": 12}, "purchase": {"per_month": 8}},
        "channels": {"email": {"opens": 0.9, "clicks": 0.6, "bounces": 0.1}, "sms": {"clicks": 0.5}},
    }
    order = Order(document=document, customers=PEOPLE, days=days, seed=11, start=START, wishes=wishes)
    return set_scene(order, START, around)


class Diary:
    """Everything that was heard, and when a turn was taken."""

    def __init__(self) -> None:
        self.happenings: list[Happening] = []

    def watch(self, life: Life, now: datetime, events: list[Event], effects: Effects) -> None:
        launched = bool(effects.launched)
        self.happenings.append((now, life.customer.id, list(events), launched))


async def put_people(pool: Pool, people: list[Someone]) -> None:
    columns = ("lane", "id", "external_id", "email", "phone", "tags", "attributes", "devices", "preferences", "caps",
               "lifecycle_stage", "timezone", "locale", "last_interaction_at", "last_purchase_at", "created_at",
               "updated_at")  # fmt: skip
    records = [
        (lane_of(c.id, LANES), c.id, c.external_id, c.email, c.phone, list(c.tags), c.attributes,
         msgspec.to_builtins(c.devices), c.preferences, c.caps, c.lifecycle_stage, c.timezone, c.locale,
         c.last_interaction_at, c.last_purchase_at, c.created_at, c.created_at)
        for c in (someone.customer for someone in people)
    ]  # fmt: skip
    await pool.copy_records_to_table("customer", records=records, columns=columns)


async def put_heard(pool: Pool, event: Event) -> None:
    await pool.execute(
        "INSERT INTO event (lane, customer_id, id, name, at, properties, message_id, value, source) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        lane_of(event.customer_id, LANES), event.customer_id, event.id, event.name, event.at, event.properties,
        event.message_id, event.value, event.source,
    )  # fmt: skip


async def replay(pool: Pool, engine: Engine, clock: Clock, happenings: list[Happening], launch: Look | None) -> None:
    """The engine hears the same at the same moments; a postman accepts at once what it approves."""
    launched = False
    for now, customer, events, is_launch in sorted(happenings, key=lambda h: (h[0], h[1])):
        clock.now = now
        if is_launch and launch is not None and not launched:
            launched = True
            await pool.execute("UPDATE launch_lane SET done = false WHERE launch_id = $1", launch.id)
        for event in events:
            if event.source not in ("journey", "segment"):  # the engine emits these itself
                await put_heard(pool, event)
        while await engine.turn(lane_of(customer, LANES)):
            pass
        await pool.execute(
            "UPDATE message SET status = $1, sent_at = $2, send_at = NULL WHERE status = $3 AND send_at <= $2",
            int(MessageStatus.ACCEPTED), now, int(MessageStatus.APPROVED),
        )  # fmt: skip


def told(messages: Any) -> list[tuple[Any, ...]]:
    return sorted((m["customer_id"], m["step"], m["channel"], m["approved_at"], m["id"]) for m in messages)


async def compare(pool: Pool, document: dict[str, Any], days: int) -> int:
    """Runs both, and returns how many messages they agree on."""
    scene, diary = a_scene(document, days), Diary()
    scene = limit(scene, live_all(scene, made_up(PEOPLE))) or scene
    people = list(meet(scene, range(PEOPLE)))
    lives = [begin(scene, someone, diary.watch) for someone in people]
    for life in lives:
        life.live()

    await put_people(pool, people)
    await put_campaign(pool, scene.program)
    clock = Clock(START)
    engine = await an_engine(pool, clock, tuple(Channel))
    look = scene.looks[0] if scene.looks else None
    if look is not None:
        await launch(pool, scene, look)
    engine.forget_world()
    await replay(pool, engine, clock, diary.happenings, look)

    simulated = [msgspec.to_builtins(m, builtin_types=(datetime, UUID)) for li in lives for m in li.messages.values()]
    real = await pool.fetch("SELECT customer_id, step, channel, approved_at, id FROM message")
    assert told(real) == told(simulated)
    stands = [
        (e.id, e.step, int(e.status), e.exit_reason, e.entered_at, e.ended_at)
        for li in lives for e in li.enrollments.values()
    ]  # fmt: skip
    rows = await pool.fetch("SELECT id, step, status, exit_reason, entered_at, ended_at FROM enrollment")
    assert sorted(tuple(row) for row in rows) == sorted(stands)
    return len(simulated)


async def launch(pool: Pool, scene: Scene, look: Look) -> None:
    """The launch with the simulation's id, which lies ready until its moment."""
    made = await put_launch(pool, scene.program, look.kind)
    await pool.execute("UPDATE launch SET id = $1 WHERE id = $2", look.id, made)
    await pool.execute("UPDATE launch_lane SET launch_id = $1, done = true WHERE launch_id = $2", look.id, made)


@pytest.mark.parametrize("name", ["abandoned-cart-recovery", "welcome-series", "onboarding"])
async def test_a_blueprint_says_the_same_simulated_and_real(pool: Pool, name: str) -> None:
    assert await compare(pool, read_blueprint(name), days=5) > PEOPLE


async def test_a_journey_says_the_same_simulated_and_real(pool: Pool) -> None:
    assert await compare(pool, JOURNEY, days=6) > PEOPLE


async def test_segments_move_people_at_the_same_moments_simulated_and_real(pool: Pool) -> None:
    """Who bought comes in, and leaves when time has passed. The engine's own events have other ids: so have those whom
    they start."""
    people = list(meet(a_scene(COOLED, 6), range(PEOPLE)))
    await put_people(pool, people)
    await apply_document(pool, RECENT, START, lanes=LANES)
    clock = Clock(START)
    engine = await an_engine(pool, clock, tuple(Channel))
    await turn_all(engine)
    scene, diary = a_scene(COOLED, 6, await read_surroundings(pool, "UTC")), Diary()
    lives = [begin(scene, someone, diary.watch) for someone in people]
    for life in lives:
        life.live()
    await put_campaign(pool, scene.program)
    await turn_all(engine)
    await replay(pool, engine, clock, diary.happenings, None)
    real = await pool.fetch("SELECT customer_id, step, channel, approved_at FROM message")
    simulated = [(m.customer_id, m.step, int(m.channel), m.approved_at) for li in lives for m in li.messages.values()]
    assert sorted(tuple(row) for row in real) == sorted(simulated)
    assert len(simulated) > 5


async def test_a_broadcast_says_the_same_simulated_and_real(pool: Pool) -> None:
    assert await compare(pool, BROADCAST, days=4) > PEOPLE
