"""`wait_until`: a time on the customer's wall, on some days of the week if you like; or a moment."""

from __future__ import annotations

import re
from datetime import UTC
from typing import Any

from motet.authoring.steps.base import Draft, Form
from motet.core.program import Step
from motet.core.sheet import Sheet
from motet.core.spelling import suggest

WEEKDAYS = {
    "monday": "mon",
    "tuesday": "tue",
    "wednesday": "wed",
    "thursday": "thu",
    "friday": "fri",
    "saturday": "sat",
    "sunday": "sun",
}
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


def read(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    if sheet.has("moment"):
        for field in ("time", "weekdays"):
            sheet.exclude("moment", field)
        moment = sheet.moment("moment")
        return [Step(name, "wait_until", {"at": moment.astimezone(UTC).isoformat()} if moment else {})]
    if not sheet.has("time") and not sheet.has("weekdays"):
        sheet.need("time", 'such as "09:00"; or give weekdays, or a moment')
    args: dict[str, Any] = {}
    if time := sheet.text("time"):
        if not _CLOCK.fullmatch(time):
            sheet.note("journey.bad_time", "must be a time of day", "time", 'such as "09:00"')
        args["local_time"] = time
    if days := _read_days(sheet):
        args["weekdays"] = days
    return [Step(name, "wait_until", args)]


def _read_days(sheet: Sheet) -> list[str]:
    """In the order of the week, each once."""
    known = {**WEEKDAYS, **{short: short for short in WEEKDAYS.values()}}
    given = [day.lower() for day in sheet.texts("weekdays")]
    for day in given:
        if day not in known:
            sheet.note("journey.bad_weekday", f"{day!r} is no day of the week", "weekdays", suggest(day, known))
    wanted = {known.get(day) for day in given}
    return [day for day in WEEKDAYS.values() if day in wanted]


FORM = Form(
    kind="wait_until",
    words=("wait_until",),
    fields=("time", "weekdays", "moment"),
    read=read,
    waits=lambda args: "local_time" in args or "weekdays" in args,  # round again: on another day
)
