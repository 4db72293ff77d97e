"""At most so many messages in a rolling window: of the campaign, of the brand on one channel, of the brand in all.

A message whose cap frees within a day waits for it; else it is dropped. Because one lane's work is serial and
what was approved before is among the facts, no race exceeds a cap.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from motet.core.facts import Facts
from motet.core.messages import Message
from motet.core.program import Cap
from motet.core.reasons import Reason
from motet.core.words import Channel, MessageStatus
from motet.decisions.intent import Intent, Stop

PATIENCE = timedelta(days=1)
_DAY = 86400.0
_NOT_COUNTED = frozenset({MessageStatus.REJECTED, MessageStatus.DROPPED, MessageStatus.BOUNCED})


def campaign_caps(intent: Intent, channel: Channel, facts: Facts) -> Stop | None:
    caps = intent.program.rules.caps
    if not caps:
        return None
    own = [m for m in facts.messages if m.campaign_id == intent.program.id]
    return _first_stop(caps, own, intent, channel, facts.now)


def brand_caps(intent: Intent, channel: Channel, facts: Facts) -> Stop | None:
    if intent.program.transactional:
        return None
    daily = facts.customer.caps.get(channel.word, intent.policy.daily_per_channel)
    caps = (*intent.policy.caps, Cap(daily, _DAY, channel.word))
    return _first_stop(caps, facts.messages, intent, channel, facts.now)


def free_at(cap: Cap, messages: Iterable[Message], channel: Channel, now: datetime) -> datetime | None:
    """When one more message fits under `cap`: None means now. A cap of zero never frees (`datetime.max`)."""
    since = now - timedelta(seconds=cap.seconds)
    counted = [
        m.approved_at
        for m in messages
        if m.approved_at > since and m.status not in _NOT_COUNTED and (cap.channel is None or m.channel is channel)
    ]
    if len(counted) < cap.count:
        return None
    if cap.count <= 0:
        return datetime.max.replace(tzinfo=now.tzinfo)
    counted.sort()
    return counted[len(counted) - cap.count] + timedelta(seconds=cap.seconds)


def _first_stop(
    caps: Iterable[Cap], messages: Iterable[Message], intent: Intent, channel: Channel, now: datetime
) -> Stop | None:
    """The cap that frees last decides how long to wait."""
    latest: datetime | None = None
    reason = Reason.CHANNEL_CAP
    for cap in caps:
        if cap.channel is not None and cap.channel != channel.word:
            continue
        free = free_at(cap, messages, channel, now)
        if free is not None and (latest is None or free > latest):
            latest, reason = free, Reason.GLOBAL_CAP if cap.channel is None else Reason.CHANNEL_CAP
    if latest is None:
        return None
    patient = latest - now <= PATIENCE and latest <= intent.enrollment.arrived_at + PATIENCE
    return Stop(reason, until=latest if patient else None)
