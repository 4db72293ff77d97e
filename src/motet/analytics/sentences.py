"""Decisions in a person's words: why something was sent, held or dropped. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from motet.analytics.words import CHANNEL_NAMES
from motet.core.reasons import TEXT, Reason
from motet.core.words import Channel, MessageStatus, Verdict


def describe_decision(
    verdict: Verdict,
    channel: Channel | None,
    reasons: Sequence[Reason],
    *,
    at: datetime,
    until: datetime | None = None,
    zone: str | None = None,
    status: MessageStatus | None = None,
    entry: bool = False,
) -> str:
    """Why something was sent, held or dropped, in one sentence. Times are in the customer's timezone when known."""
    why = describe_reasons(reasons)
    name = CHANNEL_NAMES[channel] if channel else "message"
    match verdict:
        case Verdict.HOLD if until is not None:
            return f"Held until {tell_moment(until, at, zone)}: {why}."
        case Verdict.HOLD:
            return f"Held: {why}."
        case Verdict.DROP:
            return f"Did not enter: {why}." if entry else f"The {name} was not sent: {why}."
    return f"{_SENT_AS.get(status, 'Sent') if status else 'Sent'} {_by(channel)}: {why}."


_SENT_AS = {
    MessageStatus.APPROVED: "Approved to go",
    MessageStatus.SENDING: "Going out",
    MessageStatus.REJECTED: "Approved to go",
    MessageStatus.DROPPED: "Approved to go",
    MessageStatus.UNKNOWN: "Approved to go",
}


def _by(channel: Channel | None) -> str:
    return f"by {CHANNEL_NAMES[channel]}" if channel else "out"


_WENT = ("delivered_at", "opened_at", "clicked_at", "converted_at")


def describe_fate(status: MessageStatus, times: Mapping[str, Any], zone: str | None) -> str:
    """What became of a message: `Sent 09:01, then delivered and opened.`"""
    error = f": {times['error']}" if times["error"] else ""
    match status:
        case MessageStatus.APPROVED:
            later = times["send_at"]
            if error and later:
                return f"To be tried again at {tell_moment(later, times['approved_at'], zone)}{error}."
            return "Approved, and waits to be sent."
        case MessageStatus.SENDING:
            return "Being sent now."
        case MessageStatus.REJECTED:
            return f"The provider refused it{error}."
        case MessageStatus.BOUNCED:
            return "It was sent, and it bounced."
        case MessageStatus.DROPPED if error.startswith(": answer_lost"):
            return "The provider's answer was lost and no receipt came, so it may or may not have been sent."
        case MessageStatus.DROPPED:
            return f"Not sent: the last look before sending stood against it{error}."
        case MessageStatus.UNKNOWN if times["sent_at"] is None and times["delivered_at"] is None:
            return "The provider's answer was lost, so it may or may not have been sent."
    sent = times["sent_at"]
    told = f"Sent at {tell_moment(sent, times['approved_at'], zone)}" if sent else "Sent"
    went = [name.removesuffix("_at") for name in _WENT if times[name] is not None]
    if not went:
        return f"{told}."
    return f"{told}, then {' and '.join(filter(None, [', '.join(went[:-1]), went[-1]]))}."


def describe_reasons(reasons: Sequence[Reason]) -> str:
    """The reasons in the order in which they came about, as one clause."""
    if Reason.FALLBACK_USED in reasons:
        rest = [TEXT[r] for r in reasons if r is not Reason.FALLBACK_USED]
        return TEXT[Reason.FALLBACK_USED] + (f" (there, {'; '.join(rest)})" if rest else "")
    return "; ".join(TEXT[r] for r in reasons) if reasons else "no reason was kept"


def tell_moment(moment: datetime, seen_from: datetime, zone: str | None) -> str:
    """`09:00 their time`, with the day when it is another one; in UTC without a known timezone."""
    known = _zone(zone)
    local, base = moment.astimezone(known or UTC), seen_from.astimezone(known or UTC)
    clock = f"{local:%H:%M}" if moment - seen_from >= timedelta(minutes=2) else f"{local:%H:%M:%S}"
    suffix = " their time" if known else " UTC"
    if local.date() == base.date():
        return f"{clock}{suffix}"
    if local.date() == base.date() + timedelta(days=1):
        return f"{clock}{suffix} tomorrow"
    return f"{local.day} {local:%B} {clock}{suffix}"


@lru_cache(maxsize=1024)
def _zone(name: str | None) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
