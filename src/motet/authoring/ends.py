"""What a journey is for and what ends it: `success`, `exit`, and the lists of typed checks that say the same."""

from __future__ import annotations

from typing import Any

from motet.authoring.steps.base import Draft, read_where
from motet.core.errors import Problem
from motet.core.program import EventTest, Exits, Goal
from motet.core.sheet import Sheet
from motet.core.spelling import show, suggest
from motet.core.steps import LONGEST_WAIT
from motet.core.words import Channel

_CHECKS = ("profile_check", "engagement_check", "time_check")
_UNITS = {"days": 86_400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}
# To unsubscribe from one of these is to unsubscribe.
_DEFAULT_CHANNELS = (Channel.EMAIL.word, Channel.SMS.word, Channel.PUSH.word, Channel.IN_APP.word)
_CRITERIA = "success_criteria"
_LIST = "such as [{type: profile_check, field: country, value: DE}]"


def read_goals(outer: Sheet) -> tuple[Goal, ...]:
    """Any of them is success."""
    goals = [*_read_success(outer), *_read_criteria(outer)]
    names = [goal.name for goal in goals]
    for name in sorted({name for name in names if names.count(name) > 1}):
        outer.note("journey.name_taken", f"two goals are called {name!r}", "success", "give each its own name")
    return tuple(goals)


def _read_success(outer: Sheet) -> list[Goal]:
    """`{name: {event: …, where: …}}` or `{name: {when: …}}`."""
    raw = outer.mapping("success", "such as {profile_done: {when: {profile_completed: true}}}")
    goals: list[Goal] = []
    for name, spec in raw.items():
        place = f"success.{name}"
        if not isinstance(spec, dict):
            fix = "such as {event: purchase} or {when: {profile_completed: true}}"
            outer.note("document.not_a_mapping", "must be a mapping of fields", place, fix)
            continue
        sheet = Sheet(spec, place, outer.problems, ("event", "where", "when"))
        sheet.exclude("event", "when")
        if sheet.has("event"):
            goals.append(Goal(name, event=EventTest(sheet.text("event") or "", sheet.filter("where"))))
            continue
        if sheet.has("where"):
            sheet.note("campaign.trigger_mismatch", "belongs to a goal by event", "where", "use `when`")
        before = len(sheet.problems)
        state = sheet.filter("when")
        if not state and len(sheet.problems) == before:
            sheet.note("journey.no_condition", "says nothing", "when", "name an event, or a condition")
        goals.append(Goal(name, state=state))
    return goals


def _read_criteria(outer: Sheet) -> list[Goal]:
    """The conditions in the list hold together; an event in it counts by itself."""
    goals: list[Goal] = []
    states: list[dict[str, Any]] = []
    for index, spec in enumerate(_read_list(outer, _CRITERIA)):
        place = f"{_CRITERIA}[{index}]"
        if isinstance(spec, dict) and spec.get("type") == "event":
            test = _read_event(spec, place, outer, ("type",))
            goals.append(Goal(f"{test.event}-{index + 1}", event=test))
        elif state := read_where(spec, place, outer.problems):
            states.append(state)
    if states:
        goals.append(Goal("success", state=states[0] if len(states) == 1 else {"$and": states}))
    return goals


def read_exits(outer: Sheet, draft: Draft, channels: tuple[str, ...]) -> Exits:
    """What ends an enrollment wherever it stands. `channels` are those that the journey speaks on."""
    found = _Found(draft, channels or _DEFAULT_CHANNELS)
    raw = outer.mapping("exit", "such as {after: 7d, unsubscribed: true}")
    sheet = Sheet(raw, "exit", outer.problems, ("after", "events", "when", "unsubscribed", "goal"))
    if (after := draft.seconds(sheet, "after")) is not None:
        found.limit(after, sheet, "after")
    found.events += _read_events(sheet)
    if state := sheet.filter("when"):
        found.states.append(state)
    found.unsubscribed += _read_unsubscribed(sheet, found.channels)
    found.goal = sheet.flag("goal")
    for index, spec in enumerate(_read_list(outer, "exit_conditions")):
        _read_condition(spec, f"exit_conditions[{index}]", outer, found)
    return found.exits()


class _Found:
    """What was read so far of what ends an enrollment."""

    def __init__(self, draft: Draft, channels: tuple[str, ...]) -> None:
        self.draft = draft
        self.channels = channels
        self.after: float | None = None
        self.events: list[EventTest] = []
        self.states: list[dict[str, Any]] = []
        self.unsubscribed: list[str] = []
        self.goal = False

    def limit(self, seconds: float, sheet: Sheet, field: str) -> None:
        """Of two limits the nearer one counts."""
        if seconds <= 0:
            sheet.note("journey.no_time", "takes no time", field, "such as 7d")
        self.after = seconds if self.after is None else min(self.after, seconds)

    def exits(self) -> Exits:
        states = self.states
        return Exits(
            after=self.after,
            events=tuple(self.events),
            state=None if not states else states[0] if len(states) == 1 else {"$or": states},
            unsubscribed=tuple(dict.fromkeys(self.unsubscribed)),
            goal=self.goal,
        )


def _read_condition(spec: Any, place: str, outer: Sheet, found: _Found) -> None:
    """One of `exit_conditions`: each is an end by itself."""
    kind = spec.get("type") if isinstance(spec, dict) else None
    match kind:
        case "time_limit":
            _read_limit(Sheet(spec, place, outer.problems, ("type", "after", *_UNITS)), found)
        case "customer_unsubscribe":
            sheet = Sheet(spec, place, outer.problems, ("type", "channels"))
            given = sheet.raw.get("channels", True)
            inner = Sheet({"unsubscribed": given}, place, outer.problems, ("unsubscribed",))
            found.unsubscribed += _read_unsubscribed(inner, found.channels)
        case "goal_reached":
            Sheet(spec, place, outer.problems, ("type",))
            found.goal = True
        case "event":
            found.events.append(_read_event(spec, place, outer, ("type",)))
        case str() if kind not in _CHECKS:
            words = ("time_limit", "customer_unsubscribe", "goal_reached", "event", *_CHECKS)
            fix = suggest(kind, words)
            outer.note("journey.unknown_condition", f"{show(kind)} is no condition", f"{place}.type", fix)
        case _:
            if state := read_where(spec, place, outer.problems):
                found.states.append(state)


def _read_limit(sheet: Sheet, found: _Found) -> None:
    """`{days: 7}`, `{days: 1, hours: 12}`, `{after: 7d}`."""
    if (after := found.draft.seconds(sheet, "after")) is not None:
        found.limit(after, sheet, "after")
    given = [unit for unit in _UNITS if sheet.has(unit)]
    parts = [(sheet.number(unit, 0, 731 * 86_400) or 0.0) * _UNITS[unit] for unit in given]
    if not given and not sheet.has("after"):
        sheet.need("days", "such as 7; or hours, minutes, seconds")
    elif given:
        seconds = sum(parts) / found.draft.scale
        if seconds > LONGEST_WAIT * 2:
            sheet.note("journey.waits_too_long", "is longer than two years", given[0], "such as 30")
        found.limit(seconds, sheet, given[0])


def _read_unsubscribed(sheet: Sheet, channels: tuple[str, ...]) -> list[str]:
    """`true`: from any channel on which the journey speaks; or the channels."""
    value = sheet.raw.get("unsubscribed")
    if value is None or value is False:
        return []
    if value is True:
        return list(channels)
    words = sheet.texts("unsubscribed")
    known = [channel.word for channel in Channel]
    for word in words:
        if word not in known:
            sheet.note("campaign.unknown_channel", f"{show(word)} is no channel", "unsubscribed", suggest(word, known))
    return list(words)


def _read_events(sheet: Sheet) -> list[EventTest]:
    """Names of events, or `{event: …, where: …}`."""
    value = sheet.raw.get("events")
    if value is None:
        return []
    parts = value if isinstance(value, list) else [value]
    found: list[EventTest] = []
    for index, part in enumerate(parts):
        if isinstance(part, str) and part.strip():
            found.append(EventTest(part.strip()))
        else:
            found.append(_read_event(part, sheet.at(f"events[{index}]"), sheet, ()))
    return found


def _read_event(spec: Any, place: str, outer: Sheet, more: tuple[str, ...]) -> EventTest:
    if not isinstance(spec, dict):
        fix = "such as purchase, or {event: purchase, where: {value: {$gt: 50}}}"
        message = "must be the name of an event, or a mapping"
        outer.problems.append(Problem("document.not_a_mapping", message, place, fix))
        return EventTest("")
    sheet = Sheet(spec, place, outer.problems, ("event", "event_name", "where", *more))
    sheet.exclude("event", "event_name")
    field = "event_name" if sheet.has("event_name") else "event"
    sheet.need(field, "such as purchase")
    return EventTest(sheet.text(field) or "", sheet.filter("where"))


def _read_list(sheet: Sheet, field: str) -> list[Any]:
    value = sheet.raw.get(field)
    if value is None:
        return []
    if not isinstance(value, list):
        sheet.note("document.not_a_list", "must be a list of conditions", field, _LIST)
        return []
    return value
