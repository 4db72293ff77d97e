"""One message of a campaign, read into its steps: wait, wait for the clock, speak."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from typing import Any

import msgspec

from motet.core.content import CONTENT
from motet.core.errors import Problem
from motet.core.program import Step
from motet.core.sheet import Sheet, read_aware
from motet.core.spelling import suggest
from motet.core.words import Channel

ContentCheck = Callable[[Channel, dict[str, Any]], list[Problem]]

EXIT = "exit"
_FIELDS = (
    "name",
    "channel",
    "delay",
    "delay_seconds",
    "delay_from",
    "send_time",
    "conditions",
    "priority",
    "fallback",
    "content",
)
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


class Reading(msgspec.Struct):
    """What reading one message after the other carries along."""

    problems: list[Problem]
    check: ContentCheck | None
    scale: float
    names: set[str]
    due: float = 0.0  # seconds after entry at which the last message goes out


def read_message(raw: Any, index: int, reading: Reading) -> list[Step]:
    """The steps of one message; what is wrong with it goes to `reading.problems`."""
    path = f"messages[{index}]"
    if not isinstance(raw, dict):
        fix = "such as {channel: sms, content: {text: Hello}}"
        reading.problems.append(Problem("document.not_a_mapping", "must be a mapping of fields", path, fix))
        return []
    sheet = Sheet(raw, path, reading.problems, _FIELDS)
    channel = None
    if sheet.need("channel", f"one of: {', '.join(c.word for c in CONTENT)}"):
        channel = sheet.channel("channel", CONTENT)
    name = _read_name(sheet, channel, index, reading)
    delay, since = _read_delay(sheet, reading)
    clock = read_send_time(sheet)
    steps: list[Step] = []
    if delay:
        args: dict[str, Any] = {"seconds": delay / reading.scale}
        steps.append(Step(f"{name}:delay", "delay", args | ({"since": "now"} if since == "previous" else {})))
    if clock:
        steps.append(Step(f"{name}:send_time", "wait_until", clock))
    steps.append(Step(name, "message", read_args(sheet, channel, reading)))
    return steps


def _read_name(sheet: Sheet, channel: Channel | None, index: int, reading: Reading) -> str:
    """The name given, else one of the channel and the place."""
    name = f"{channel.word if channel else 'message'}-{index + 1}"
    if sheet.has("name"):
        name = sheet.slug("name") or name
    if name in reading.names or name == EXIT:
        sheet.note("campaign.name_taken", f"another step is called {name!r}", "name", "give each its own name")
    reading.names.add(name)
    return name


def _read_delay(sheet: Sheet, reading: Reading) -> tuple[float, str]:
    """Seconds before scaling, and what they count from. Messages must stand in the order in which they fall due."""
    sheet.exclude("delay", "delay_seconds")
    field = "delay_seconds" if sheet.has("delay_seconds") else "delay"
    given = sheet.duration(field)
    delay = given or 0.0
    since = sheet.choice("delay_from", ("start", "previous"), "start")
    if since == "previous":
        reading.due += delay
    elif given is None and sheet.has(field):
        pass  # no duration: noted already
    elif delay < reading.due:
        message = "falls due before the message above it"
        fix = "put messages in the order in which they go out, or count with `delay_from: previous`"
        sheet.note("campaign.delay_out_of_order", message, field, fix)
    else:
        reading.due = delay
    return delay, since


def read_send_time(sheet: Sheet) -> dict[str, Any]:
    """`HH:MM` on the customer's wall, or a moment."""
    value = sheet.raw.get("send_time")
    if value is None:
        return {}
    if isinstance(value, str) and _CLOCK.fullmatch(value.strip()):
        return {"local_time": value.strip()}
    moment = read_aware(value)
    if moment is None:
        fix = 'such as "09:00", or "2026-12-01T09:00:00+01:00"'
        sheet.note("campaign.bad_send_time", "must be a time of day or a moment with an offset", "send_time", fix)
        return {}
    return {"at": moment.astimezone(UTC).isoformat()}


def read_args(sheet: Sheet, channel: Channel | None, reading: Reading) -> dict[str, Any]:
    """The args of a message step, as `core.content.MessageArgs` has them."""
    contents: dict[str, Any] = {}
    if sheet.need("content", _example(channel)):
        contents |= _read_content(sheet, channel, reading)
    args: dict[str, Any] = {"channel": channel.word if channel else "", "content": contents}
    fallback = _read_fallback(sheet, channel, contents, reading)
    if fallback:
        args["fallback"] = fallback.word
    if priority := sheet.priority("priority"):
        args["priority"] = priority.word
    if conditions := sheet.filter("conditions"):
        args["conditions"] = conditions
    return args


def _read_fallback(sheet: Sheet, first: Channel | None, contents: dict[str, Any], reading: Reading) -> Channel | None:
    """A channel's word, or {channel, content}. Without content of its own the first channel's is adapted."""
    value = sheet.raw.get("fallback")
    if value is None:
        return None
    if isinstance(value, dict):
        inner = Sheet(value, sheet.at("fallback"), sheet.problems, ("channel", "content"))
        if not inner.need("channel", f"one of: {', '.join(c.word for c in CONTENT)}"):
            return None
        channel, place = inner.channel("channel", CONTENT), "fallback.channel"
        if inner.has("content"):
            contents |= _read_content(inner, channel, reading)
    else:
        channel, place = sheet.channel("fallback", CONTENT), "fallback"
    if channel is not None and channel is first:
        sheet.note("campaign.same_fallback", "is the channel that it stands in for", place, "name another channel")
        return None
    return channel


def _read_content(sheet: Sheet, channel: Channel | None, reading: Reading) -> dict[str, Any]:
    """`{channel: content}`, checked against the channel's shape and then by the templates' own check."""
    content = {k: v for k, v in sheet.mapping("content", _example(channel)).items() if v is not None}
    if channel is None or not isinstance(sheet.raw["content"], dict):
        return {}
    check_content(channel, content, sheet.at("content"), reading)
    return {channel.word: content}


def check_content(channel: Channel, content: dict[str, Any], path: str, reading: Reading) -> None:
    """Notes what is wrong with content that stands at `path`: its shape first, then its templates."""
    before = len(reading.problems)
    reading.problems.extend(_check_shape(channel, content, path))
    if reading.check is not None and len(reading.problems) == before:
        for problem in reading.check(channel, content):
            place = f"{path}.{problem.path}" if problem.path else path
            reading.problems.append(msgspec.structs.replace(problem, path=place))


def _check_shape(channel: Channel, content: dict[str, Any], path: str) -> list[Problem]:
    shape = CONTENT[channel]
    fields = {f.name: f for f in msgspec.structs.fields(shape)}
    problems = [
        Problem("content.unknown_field", f"{channel.word} has no field {n!r}", f"{path}.{n}", suggest(n, fields))
        for n in content
        if n not in fields
    ]
    problems += [
        Problem("content.missing_field", f"{channel.word} needs it", f"{path}.{name}", _example(channel))
        for name, field in fields.items()
        if field.required and content.get(name) in (None, "")
    ]
    for name, value in content.items():
        if name in fields and (value not in (None, "") or not fields[name].required):
            try:
                msgspec.convert(value, fields[name].type)
            except msgspec.ValidationError as error:
                problems.append(Problem("content.bad_type", _plain(error), f"{path}.{name}"))
    return problems


def _plain(error: msgspec.ValidationError) -> str:
    """msgspec's sentence in our words: "Expected `str`, got `int`"."""
    return str(error).replace("`str`", "a text").replace("`object`", "a mapping").replace("Expected", "expected")


def _example(channel: Channel | None) -> str:
    return _EXAMPLES.get(channel, "") if channel else ""


_EXAMPLES = {
    Channel.EMAIL: 'such as {subject: "Hello", html: "<p>Hello</p>"}',
    Channel.SMS: 'such as {text: "Hello"}',
    Channel.PUSH: 'such as {title: "Hello", body: "There you are"}',
    Channel.IN_APP: 'such as {title: "Hello", body: "There you are"}',
    Channel.WEBHOOK: 'such as {url: "https://example.com/hook", body: {}}',
}
