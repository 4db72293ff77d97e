"""Wait until a moment, or until the clock on the customer's wall shows a time, on some days of the week only."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from whenever import Date, Instant, Time, TimeZoneNotFoundError

from motet.core.content import WaitUntilArgs
from motet.core.outcomes import Next, Outcome, Wait
from motet.core.timezones import infer_timezone
from motet.journeys.steps.base import Field, Moment, StepType
from motet.journeys.steps.words import say_list

DAYS = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday",
    "sun": "Sunday",
}  # fmt: skip
_A_MOMENT = timedelta(microseconds=1)
_NUMBERS = {word: number for number, word in enumerate(DAYS, 1)}  # ISO 8601: Monday is 1


def run(args: WaitUntilArgs, moment: Moment) -> Outcome:
    until = _find(args, moment)
    return Next() if until is None or moment.facts.now >= until else Wait(until)


def _find(args: WaitUntilArgs, moment: Moment) -> datetime | None:
    if args.at is not None:
        return args.at
    if args.local_time is None and not args.weekdays:
        return None
    zone = infer_timezone(moment.facts.customer) or "UTC"
    after = moment.enrollment.arrived_at
    if args.local_time is None:
        # Whoever comes round again waits for another day, else they would not wait at all.
        return (
            next_local_time(after + _A_MOMENT, "00:00", zone, args.weekdays)
            if moment.repeats
            else next_weekday(after, args.weekdays, zone)
        )
    return next_local_time(after + _A_MOMENT if moment.repeats else after, args.local_time, zone, args.weekdays)


def next_local_time(after: datetime, clock: str, zone: str, weekdays: Collection[str] = ()) -> datetime:
    """The first moment at or after `after` when the clock in `zone` shows `clock` (HH:MM), on one of `weekdays` (none:
    any).

    A time that a daylight-saving gap skips is taken after the gap; one that occurs twice is taken the
    first time (RFC 5545, 3.3.5). An unknown zone counts as UTC. Raises KeyError for what is no weekday.
    """
    time = Time.parse_iso(clock if clock.count(":") == 2 else f"{clock}:00")
    wanted = {_NUMBERS[word] for word in weekdays} or {*_NUMBERS.values()}
    start = Instant(after)
    zone, today = _today(start, zone)
    for days in range(9):  # today's time may be past, and the one of this day next week is meant then
        day = today.add(days=days)
        # From the date, not from a moment of that day: that would keep the clock as it is then.
        candidate = day.at(time).assume_tz(zone, disambiguation="compatible").to_instant()
        if day.day_of_week().value in wanted and candidate >= start:
            return candidate.to_stdlib().astimezone(UTC)
    raise AssertionError("every week has every day")


def next_weekday(after: datetime, weekdays: Collection[str], zone: str) -> datetime:
    """`after` itself when it is one of the weekdays in `zone`, else the beginning of the next such day there."""
    wanted = {_NUMBERS[word] for word in weekdays}
    zone, today = _today(Instant(after), zone)
    return after if today.day_of_week().value in wanted else next_local_time(after, "00:00", zone, weekdays)


def _today(start: Instant, zone: str) -> tuple[str, Date]:
    """The zone as it is taken, and the date there."""
    try:
        return zone, start.to_tz(zone).date()
    except TimeZoneNotFoundError:
        return "UTC", start.to_tz("UTC").date()


def summary(args: WaitUntilArgs) -> str:
    if args.at is not None:
        return f"Wait until {args.at:%Y-%m-%d %H:%M %Z}"
    days = say_list((DAYS.get(word, word) for word in args.weekdays), "or") if args.weekdays else ""
    if args.local_time is None:
        return f"Wait until it is {days} where the customer is" if days else "Wait for nothing"
    return f"Wait until {args.local_time}{f' on a {days}' if days else ''} where the customer is"


TYPE = StepType(
    kind="wait_until",
    args=WaitUntilArgs,
    run=run,
    summary=summary,
    form=(
        Field("at", "Moment", "moment"),
        Field("local_time", "Local time", "time"),
        Field("weekdays", "Days", "weekdays", tuple(DAYS)),
    ),
)
