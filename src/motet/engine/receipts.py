"""What came back: each interaction, applied to the message that caused it and to the customer.

One function an interaction. A machine's open or click counts for nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from motet.core.events import (
    ACTION_ANSWERED,
    CUSTOMER_MERGED,
    DEVICES_GONE,
    JOURNEY,
    LIFECYCLE_CHANGED,
    SEGMENT_ENTERED,
    SEGMENT_LEFT,
    Event,
)
from motet.core.messages import Message
from motet.core.metrics import Metric
from motet.core.words import Channel, Interaction, MessageStatus
from motet.engine.desk import Desk

# Which message a goal is credited to, when the event names none: the last one clicked within
# CLICK_WINDOW, else the last one opened within OPEN_WINDOW.
CLICK_WINDOW = timedelta(days=7)
OPEN_WINDOW = timedelta(days=1)

# What Motet says of a customer is nothing that the customer did.
_SAID = frozenset({SEGMENT_ENTERED, SEGMENT_LEFT, LIFECYCLE_CHANGED, CUSTOMER_MERGED, ACTION_ANSWERED})

_ON_THE_WAY = frozenset({MessageStatus.APPROVED, MessageStatus.SENDING, MessageStatus.ACCEPTED, MessageStatus.UNKNOWN})


def view(desk: Desk, event: Event, message: Message) -> None:
    if not event.properties.get("machine"):
        desk.saw(event.at)
        _opened(desk, message, event.at)


def click(desk: Desk, event: Event, message: Message) -> None:
    if event.properties.get("machine"):
        return
    desk.saw(event.at)
    if message.channel in _OPENED_BY_CLICK:
        message = _opened(desk, message, event.at)
    if message.clicked_at is None:
        desk.touch(msgspec.structs.replace(message, clicked_at=event.at))
        desk.effects.counts.add(message.campaign_id, message.channel, Metric.CLICKED)


def delivered(desk: Desk, event: Event, message: Message) -> None:
    if message.delivered_at is None:
        # What was dropped because its answer was lost did go out, as is known now; nothing else that was dropped did.
        went = message.status in _ON_THE_WAY or message.status is MessageStatus.DROPPED
        status = MessageStatus.DELIVERED if went else message.status
        desk.touch(msgspec.structs.replace(message, delivered_at=event.at, status=status))
        desk.effects.counts.add(message.campaign_id, message.channel, Metric.DELIVERED)


def bounced(desk: Desk, event: Event, message: Message) -> None:
    if message.failed_at is None:
        desk.touch(msgspec.structs.replace(message, failed_at=event.at, status=MessageStatus.BOUNCED))
        desk.effects.counts.add(message.campaign_id, message.channel, Metric.FAILED)
    if event.properties.get("permanent"):
        desk.suppress(message.channel, "bounced", event.at)


def failed(desk: Desk, event: Event, message: Message) -> None:
    """The provider refused. Delivery has written that on the message; a later receipt has not."""
    if message.failed_at is None:
        desk.touch(msgspec.structs.replace(message, failed_at=event.at, status=MessageStatus.REJECTED))
        desk.effects.counts.add(message.campaign_id, message.channel, Metric.FAILED)
    if event.properties.get("suppress"):
        desk.suppress(message.channel, "bounced", event.at)
    if dead := event.properties.get("dead"):
        desk.prune(dead)


def devices_gone(desk: Desk, event: Event, message: Message) -> None:
    desk.prune(event.properties.get("dead", []))


def complaint(desk: Desk, event: Event, message: Message) -> None:
    desk.suppress(message.channel, "complaint", event.at)
    desk.withdraw(message.channel)
    desk.effects.counts.add(message.campaign_id, message.channel, Metric.COMPLAINED)


def unsubscribe(desk: Desk, event: Event, message: Message) -> None:
    channel = message.channel
    if desk.customer.consents.get(channel.word, True):
        desk.effects.counts.add(message.campaign_id, channel, Metric.UNSUBSCRIBED)
    desk.withdraw(channel)


# Whoever clicks in one of these has opened it, seen or not; an SMS is never known to be opened.
_OPENED_BY_CLICK = frozenset({Channel.EMAIL, Channel.PUSH, Channel.IN_APP})

APPLY: dict[str, Callable[[Desk, Event, Message], None]] = {
    Interaction.VIEW.word: view,
    Interaction.CLICK.word: click,
    Interaction.DELIVERED.word: delivered,
    Interaction.BOUNCED.word: bounced,
    Interaction.FAILED.word: failed,
    Interaction.COMPLAINT.word: complaint,
    Interaction.UNSUBSCRIBE.word: unsubscribe,
    DEVICES_GONE: devices_gone,
}


def apply_event(desk: Desk, event: Event) -> None:
    """Writes on the desk what one event means for the customer and their messages."""
    if event.message_id is not None and event.name in APPLY:
        message = desk.messages.get(event.message_id)
        if message is not None:
            APPLY[event.name](desk, event, message)
        return
    if event.name == Interaction.UNSUBSCRIBE.word:
        _unsubscribed(desk, event, "email")
        return
    if event.name not in _SAID and event.source != JOURNEY:
        _seen(desk, event)
    if event.name in desk.world.goals:
        _convert(desk, event)


def remember(desk: Desk, event: Event) -> None:
    """An event of the past that was imported: what it says of the customer holds, and nothing else comes of it."""
    if event.name == Interaction.UNSUBSCRIBE.word:
        _unsubscribed(desk, event, "")
    else:
        _seen(desk, event)


def _unsubscribed(desk: Desk, event: Event, default: str) -> None:
    word = str(event.properties.get("channel", default))
    if word in {c.word for c in Channel}:
        desk.withdraw(Channel.of(word))


def _seen(desk: Desk, event: Event) -> None:
    """The customer did something."""
    desk.saw(event.at)
    if event.name == Interaction.PURCHASE.word:
        desk.bought(event.at)


def _opened(desk: Desk, message: Message, at: datetime) -> Message:
    if message.opened_at is not None:
        return message
    message = msgspec.structs.replace(message, opened_at=at)
    desk.touch(message)
    desk.effects.counts.add(message.campaign_id, message.channel, Metric.OPENED)
    return message


def _convert(desk: Desk, event: Event) -> None:
    """Credits a goal to one message: the one named, else the last touch."""
    campaigns = desk.world.goals[event.name]
    named = desk.messages.get(event.message_id) if event.message_id else None
    message = named or _last_touch([m for m in desk.messages.values() if m.campaign_id in campaigns], event.at)
    if message is None or message.campaign_id not in campaigns:
        return
    if message.converted_at is None:
        desk.touch(msgspec.structs.replace(message, converted_at=event.at))
    first = message.converted_at is None
    desk.effects.counts.add(message.campaign_id, message.channel, Metric.CONVERTED, event.value, int(first))


def _last_touch(messages: list[Message], at: datetime) -> Message | None:
    clicked = [m for m in messages if m.clicked_at and timedelta() <= at - m.clicked_at <= CLICK_WINDOW]
    if clicked:
        return max(clicked, key=lambda m: m.clicked_at or at)
    opened = [m for m in messages if m.opened_at and timedelta() <= at - m.opened_at <= OPEN_WINDOW]
    return max(opened, key=lambda m: m.opened_at or at) if opened else None
