"""Makers of valid words for tests: each argument that is not given has a plain value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from motet.core.clock import to_ms
from motet.core.customers import Customer
from motet.core.events import Event
from motet.core.facts import Enrollment, Facts
from motet.core.ids import derive_enrollment_id, derive_message_id, uuid7
from motet.core.messages import Message
from motet.core.program import Policy, Program, Step
from motet.core.words import Channel, MessageStatus, Priority

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ALL = frozenset(Channel)
CAUSE = UUID(int=3)


def a_customer(**fields: Any) -> Customer:
    plain: dict[str, Any] = {
        "id": uuid7(to_ms(NOW)),
        "external_id": "ada",
        "email": "ada@example.com",
        "phone": "+12025550123",
        "created_at": NOW,
    }
    return Customer(**plain | fields)


def a_program(*steps: Step, **fields: Any) -> Program:
    plain: dict[str, Any] = {"id": uuid7(1), "revision_id": uuid7(2), "name": "hello", "steps": steps}
    return Program(**plain | fields)


_CONTENT = {
    "email": {"subject": "Hi", "html": "<p>Hi</p>"},
    "sms": {"text": "Hi"},
    "push": {"title": "Hi", "body": "Hi"},
    "in_app": {"title": "Hi", "body": "Hi"},
    "webhook": {"url": "https://hooks.example/x", "body": {"text": "Hi"}},
}


def say(channel: str = "email", name: str = "say", **args: Any) -> Step:
    return Step(name, "message", {"channel": channel, "content": {channel: _CONTENT[channel]}, **args})


def wait(seconds: float, since: str = "entry") -> Step:
    return Step(f"wait-{seconds:g}", "delay", {"seconds": seconds, "since": since})


def an_enrollment(customer: Customer, program: Program, *, entered_at: datetime = NOW, **fields: Any) -> Enrollment:
    id = derive_enrollment_id(customer.id, program.id, CAUSE, to_ms(entered_at))
    plain: dict[str, Any] = {
        "id": id,
        "customer_id": customer.id,
        "program_id": program.id,
        "revision_id": program.revision_id,
        "entered_at": entered_at,
        "arrived_at": entered_at,
        "due_at": entered_at,
    }
    return Enrollment(**plain | fields)


def a_message(
    customer: Customer,
    program: Program,
    channel: Channel = Channel.EMAIL,
    *,
    ago: timedelta = timedelta(),
    visit: int = 1,
    **fields: Any,
) -> Message:
    at = NOW - ago
    enrollment = derive_enrollment_id(customer.id, program.id, CAUSE, to_ms(at))
    plain: dict[str, Any] = {
        "id": derive_message_id(enrollment, visit, channel),
        "customer_id": customer.id,
        "campaign_id": program.id,
        "revision_id": program.revision_id,
        "step": 0,
        "channel": channel,
        "priority": Priority.MEDIUM,
        "status": MessageStatus.ACCEPTED,
        "approved_at": at,
    }
    return Message(**plain | fields)


def some_facts(customer: Customer | None = None, **fields: Any) -> Facts:
    plain: dict[str, Any] = {"customer": customer or a_customer(), "now": NOW, "channels": ALL}
    return Facts(**plain | fields)


def an_event(customer_id: UUID, name: str, at: datetime = NOW, **fields: Any) -> Event:
    return Event(**{"id": uuid7(to_ms(at)), "customer_id": customer_id, "name": name, "at": at} | fields)


LOOSE = Policy(daily_per_channel=1000)
