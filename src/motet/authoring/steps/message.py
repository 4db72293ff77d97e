"""`message`: one channel, or several with a delay each, counted from the step's beginning."""

from __future__ import annotations

from motet.authoring.message import read_args, read_send_time
from motet.authoring.steps.base import Draft, Form
from motet.core.content import CONTENT
from motet.core.program import Step
from motet.core.sheet import Sheet
from motet.core.words import Channel

MAX_CHANNELS = 10  # of one step
_SAID = ("channel", "content", "fallback", "priority")
_OF_ONE = (*_SAID, "delay", "delay_seconds", "conditions", "send_time")


def read(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    if sheet.has("channels"):
        return _read_several(sheet, name, draft)
    return _read_one(sheet, name, draft)


def _read_one(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    channel = _read_channel(sheet)
    return [*_clock(sheet, name), Step(name, "message", read_args(sheet, channel, draft))]


def _read_several(sheet: Sheet, name: str, draft: Draft) -> list[Step]:
    """In the order in which they are due; each waits for what is left of its delay."""
    for field in (*_SAID, "send_time"):
        if sheet.has(field):
            sheet.note("journey.two_messages", "belongs to one channel", field, "put it into `channels`")
    raw = sheet.raw["channels"]
    if not isinstance(raw, list) or not raw or len(raw) > MAX_CHANNELS:
        fix = "such as [{channel: email, content: {…}}, {channel: push, delay: 1h, content: {…}}]"
        sheet.note("journey.no_channels", f"must be a list of 1 to {MAX_CHANNELS} messages", "channels", fix)
        return []
    found: list[tuple[float, Sheet, Channel | None]] = []
    for index, part in enumerate(raw):
        place = sheet.at(f"channels[{index}]")
        if not isinstance(part, dict):
            sheet.note("document.not_a_mapping", "must be a mapping of fields", f"channels[{index}]")
            continue
        inner = Sheet(part, place, sheet.problems, _OF_ONE)
        channel = _read_channel(inner)
        found.append((draft.seconds(inner, "delay", "delay_seconds") or 0.0, inner, channel))
    return _in_turn(found, name, draft)


def _in_turn(found: list[tuple[float, Sheet, Channel | None]], name: str, draft: Draft) -> list[Step]:
    """The whole step's conditions are asked again when a later message is due."""
    steps: list[Step] = []
    due, taken = 0.0, set[str]()
    for delay, inner, channel in sorted(found, key=lambda one: one[0]):
        part = _name(f"{name}:{channel.word if channel else 'message'}", taken)
        if delay > due:
            steps.append(Step(f"{part}:delay", "delay", {"seconds": delay - due, "since": "now"}))
        due = delay
        args = read_args(inner, channel, draft)
        if draft.conditions and due > 0:
            own = args.get("conditions")
            args["conditions"] = {"$and": [draft.conditions, own]} if own else draft.conditions
        steps += [*_clock(inner, part), Step(part, "message", args)]
    return steps


def _name(wanted: str, taken: set[str]) -> str:
    """The second on the same channel is `welcome:sms-2`."""
    same = sum(1 for name in taken if name == wanted or name.startswith(f"{wanted}-"))
    name = f"{wanted}-{same + 1}" if same else wanted
    taken.add(name)
    return name


def _clock(sheet: Sheet, name: str) -> list[Step]:
    clock = read_send_time(sheet)
    return [Step(f"{name}:send_time", "wait_until", clock)] if clock else []


def _read_channel(sheet: Sheet) -> Channel | None:
    if not sheet.need("channel", f"one of: {', '.join(c.word for c in CONTENT)}"):
        return None
    return sheet.channel("channel", CONTENT)


FORM = Form(
    kind="message",
    words=("message", "multi_channel_message"),
    fields=(*_SAID, "send_time", "channels"),
    read=read,
    own_conditions=lambda sheet: not sheet.has("channels"),
)
