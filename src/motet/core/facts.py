"""What the pure code is told: a customer, what was said to them lately, and the moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.core.customers import Customer
from motet.core.ids import enrollment_of
from motet.core.measures import History, NoHistory
from motet.core.messages import Message
from motet.core.timezones import infer_timezone
from motet.core.words import Channel, EnrollmentStatus


class Enrollment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One customer in one revision of a program."""

    id: UUID
    customer_id: UUID
    program_id: UUID
    revision_id: UUID
    step: int = 0
    visit: int = 0  # counts the steps visited; the visit of a message step is part of its message's id
    status: EnrollmentStatus = EnrollmentStatus.ACTIVE
    entered_at: datetime
    arrived_at: datetime  # at the present step
    due_at: datetime | None = None  # when to look again; None when it has ended
    ended_at: datetime | None = None
    exit_reason: str | None = None
    context: dict[str, Any] = {}  # the properties of the event that started it, and what steps kept
    state: dict[str, Any] = {}  # what the present step remembers; gone when it is left
    reached_at: datetime | None = None  # when the first of the program's goals was reached
    holds: int = 0  # how often in a row the present step was held
    failures: int = 0  # how often in a row the present step broke


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a decision about one customer may look at."""

    customer: Customer
    now: datetime
    messages: tuple[Message, ...] = ()  # recent ones, over all programs, oldest first
    enrollments: tuple[Enrollment, ...] = ()  # all of this customer's
    channels: frozenset[int] = frozenset()  # channels that have a provider set up
    history: History | None = None  # None: nothing is counted
    traits: Mapping[str, Any] | None = None  # computed traits by name, for templates
    local: datetime | None = None  # `now` in the brand's timezone; None: `now` as it is


# What a view tells about itself, for filters over events and time. No field name begins with a dollar.
SPECIAL = ("$now", "$id", "$history")

_NO_HISTORY = NoHistory()


def profile_view(
    customer: Customer, now: datetime, history: History | None = None, traits: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The customer as filters and templates see one: attributes first, then what Motet knows.

    Attributes never hide the fixed names. Shape: a flat dict with nested attributes left nested, and the special keys:
    `$now` (in the brand's timezone, for calendar windows), `$id`, and `$history`, what is counted of the past.
    `traits` are the values of computed traits, for templates: filters read them from the history.
    """
    seen = customer.last_interaction_at or customer.created_at
    view: dict[str, Any] = {
        **customer.attributes,
        "customer_id": customer.external_id,
        "external_id": customer.external_id,
        "email": customer.email,
        "phone": customer.phone,
        "tags": list(customer.tags),
        "segments": [*customer.tags, *customer.segments],
        "lifecycle_stage": customer.lifecycle_stage,
        "timezone": customer.timezone,
        "locale": customer.locale,
        "devices": [{"platform": d.platform, "token": d.token} for d in customer.devices],
        "handles": customer.handles,
        "topics": customer.topics,
        "preferences": customer.preferences,
        "consents": customer.consents,
        "traits": traits or {},
        "last_interaction_at": customer.last_interaction_at,
        "last_purchase_at": customer.last_purchase_at,
        "created_at": customer.created_at,
        "days_since_last_interaction": (now - seen).total_seconds() / 86400 if seen else None,
        "$now": now,
        "$id": customer.id,
        "$history": history or _NO_HISTORY,
    }
    return view


def lay_over(view: dict[str, Any], properties: Mapping[str, Any]) -> None:
    """Puts an event's properties over a view; they cannot pass for what the view tells about itself."""
    special = [(key, view[key]) for key in SPECIAL if key in view]
    view.update(properties)
    view.update(special)
    view["event"] = properties


def spoken_view(facts: Facts, context: dict[str, Any]) -> dict[str, Any]:
    """What templates see: the customer, then the event that started the enrollment.

    A timezone that nobody said is the one that phone, country or locale tell.
    The event's properties win over attributes of the same name, since they are nearer to the matter; `event`
    holds them whole.
    """
    view = profile_view(facts.customer, facts.local or facts.now, facts.history, facts.traits)
    if not view["timezone"]:
        view["timezone"] = infer_timezone(facts.customer)
    lay_over(view, context)
    return view


def enrollment_view(facts: Facts, enrollment: Enrollment) -> dict[str, Any]:
    """What a message's condition sees: `spoken_view`, and what the enrollment's messages brought so far.

    `email_sent`, `email_opened`, `email_clicked` (and so on for each channel) are False until one was.
    """
    view = spoken_view(facts, enrollment.context)
    view.update(engagement(facts.messages, enrollment.id))
    return view


_NOTHING_YET = {f"{c.word}_{what}": False for c in Channel for what in ("sent", "delivered", "opened", "clicked")}


def engagement(messages: tuple[Message, ...], enrollment_id: UUID) -> dict[str, bool]:
    """`{channel}_{sent|delivered|opened|clicked}` over one enrollment's messages."""
    seen = dict(_NOTHING_YET)
    for message in messages:
        if enrollment_of(message.id) != enrollment_id:
            continue
        word = message.channel.word
        seen[f"{word}_sent"] |= message.sent_at is not None
        seen[f"{word}_delivered"] |= message.delivered_at is not None
        seen[f"{word}_opened"] |= message.opened_at is not None
        seen[f"{word}_clicked"] |= message.clicked_at is not None
    return seen
