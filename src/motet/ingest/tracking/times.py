"""When a call happened, by our clock: `timestamp + (received - sentAt)`.

The sender's clock may be wrong, but it was as wrong when it sent the call as when it wrote the call down.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from motet.audience.fields import Wrong, clean_moment

_MILLISECONDS = 1e11  # a number from here on counts milliseconds since 1970, a smaller one seconds
_MOST = timedelta(days=36_500)  # a clock further off says nothing


def read_moment(value: Any) -> datetime:
    """A moment as ISO 8601, or as a number since 1970. Raises Wrong."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            value = datetime.fromtimestamp(value / 1000 if abs(value) >= _MILLISECONDS else value, UTC)
        except (ValueError, OverflowError, OSError):
            raise Wrong("customer.bad_time", f"{value!r} is not a time", "write 2026-11-24T09:30:00Z") from None
    return clean_moment(value)


def read_sent(value: Any) -> datetime | None:
    """The moment of sending; None when there is none, or none that can be read: then the clock is believed."""
    if value is None:
        return None
    try:
        return read_moment(value)
    except Wrong:
        return None


def correct(at: datetime, sent: datetime | None, received: datetime) -> datetime:
    """`at` by our clock."""
    if sent is None:
        return at
    slow = received - sent
    return at + slow if abs(slow) < _MOST else at
