"""Wait until a moment, or until the clock on the customer's wall shows a time."""

from __future__ import annotations

from datetime import UTC, datetime

from whenever import Instant, Time, TimeZoneNotFoundError, ZonedDateTime

from motet.core.content import WaitUntilArgs
from motet.core.outcomes import Next, Outcome, Wait
from motet.core.timezones import infer_timezone
from motet.journeys.steps.base import Field, Moment, StepType


def run(args: WaitUntilArgs, moment: Moment) -> Outcome:
    if args.at is not None:
        return Next() if moment.facts.now >= args.at else Wait(args.at)
    if args.local_time is None:
        return Next()
    zone = infer_timezone(moment.facts.customer) or "UTC"
    until = next_local_time(moment.enrollment.arrived_at, args.local_time, zone)
    return Next() if moment.facts.now >= until else Wait(until)


def next_local_time(after: datetime, clock: str, zone: str) -> datetime:
    """The first moment at or after `after` when the clock in `zone` shows `clock` (HH:MM).

    A time that a daylight-saving gap skips is taken after the gap; one that occurs twice is taken the
    first time (RFC 5545, 3.3.5). An unknown zone counts as UTC.
    """
    time = Time.parse_iso(clock if clock.count(":") == 2 else f"{clock}:00")
    start = Instant(after)
    try:
        local = start.to_tz(zone)
    except TimeZoneNotFoundError:
        local = start.to_tz("UTC")
    candidate = _at(local, time)
    if candidate.to_instant() < start:
        candidate = _at(local.add(days=1, disambiguation="compatible"), time)
    return candidate.to_instant().to_stdlib().astimezone(UTC)


def _at(day: ZonedDateTime, time: Time) -> ZonedDateTime:
    return day.replace_time(time, disambiguation="compatible")


def summary(args: WaitUntilArgs) -> str:
    if args.at is not None:
        return f"Wait until {args.at:%Y-%m-%d %H:%M %Z}"
    return f"Wait until {args.local_time} where the customer is"


TYPE = StepType(
    kind="wait_until",
    args=WaitUntilArgs,
    run=run,
    summary=summary,
    form=(Field("at", "Moment", "moment"), Field("local_time", "Local time", "time")),
)
