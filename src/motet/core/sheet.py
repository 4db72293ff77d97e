"""One mapping of a document, read field by field. What is wrong is noted with its place and its fix, never raised."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from motet.core.durations import EXAMPLES, read_duration
from motet.core.errors import Problem, Refused
from motet.core.filters import compile_filter
from motet.core.spelling import show, suggest
from motet.core.words import Channel, Priority

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_LONGEST_NAME = 200
_TOLD = 20  # unknown fields of one mapping that are told


class Sheet:
    """The fields of `raw`, which stands at `path`. A null field counts as absent; unknown fields are noted at once."""

    def __init__(self, raw: Mapping[str, Any], path: str, problems: list[Problem], known: Collection[str]) -> None:
        self.raw = raw
        self.path = path
        self.problems = problems
        strange = [name for name in raw if name not in known]
        for name in strange[:_TOLD]:
            self.note("document.unknown_field", f"there is no field {show(name)} here", name, suggest(name, known))

    def at(self, name: str) -> str:
        """The path of a field."""
        return f"{self.path}.{name}" if self.path and name else self.path or name

    def note(self, code: str, message: str, name: str, fix: str = "") -> None:
        self.problems.append(Problem(code, message, self.at(name), fix))

    def has(self, name: str) -> bool:
        return self.raw.get(name) is not None

    def need(self, name: str, fix: str) -> bool:
        """Whether the field is there; notes it when it is not."""
        if not self.has(name):
            self.note("document.missing_field", "is missing", name, fix)
        return self.has(name)

    def exclude(self, first: str, second: str) -> None:
        """Notes it when both fields are there."""
        if self.has(first) and self.has(second):
            self.note("document.two_fields", f"says the same as {first!r}", second, "keep one of the two")

    def text(self, name: str, limit: int = _LONGEST_NAME) -> str | None:
        value = self.raw.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self.note("document.not_a_text", "must be a text", name, "put it in quotes")
            return None
        if len(value) > limit:
            self.note("document.too_long", f"is longer than {limit:,} characters", name, "shorten it")
        return value.strip()

    def slug(self, name: str) -> str | None:
        value = self.text(name)
        if value is None or _SLUG.fullmatch(value):
            return value
        mended = re.sub(r"[^a-z0-9_-]+", "-", value.lower()).strip("-_")[:64]
        fix = f"such as {mended!r}" if mended else "such as 'spring-sale'"
        self.note("document.bad_name", "must be small letters, digits, - and _, at most 64", name, fix)
        return None

    def flag(self, name: str) -> bool:
        value = self.raw.get(name)
        if value is not None and not isinstance(value, bool):
            self.note("document.not_a_flag", "must be true or false", name, "write true or false without quotes")
        return value is True

    def choice(self, name: str, words: Collection[str], default: str) -> str:
        value = self.raw.get(name)
        if value is None:
            return default
        if isinstance(value, str) and value in words:
            return value
        self.note("document.not_a_choice", f"cannot be {show(value)}", name, suggest(str(value), words))
        return default

    def channel(self, name: str, served: Collection[Channel]) -> Channel | None:
        """A channel that campaigns can use."""
        value = self.raw.get(name)
        words = [c.word for c in served]
        if isinstance(value, str) and value in words:
            return Channel.of(value)
        if isinstance(value, str) and value.upper() in Channel.__members__:
            message = f"campaigns do not speak on {value} yet"
            self.note("campaign.channel_unavailable", message, name, f"use one of: {', '.join(words)}")
        else:
            self.note("campaign.unknown_channel", f"{show(value)} is no channel", name, suggest(str(value), words))
        return None

    def priority(self, name: str) -> Priority | None:
        if not self.has(name):
            return None
        return Priority.of(self.choice(name, [p.word for p in Priority], Priority.MEDIUM.word))

    def duration(self, name: str) -> float | None:
        """Seconds."""
        if not self.has(name):
            return None
        try:
            return read_duration(self.raw[name])
        except ValueError as error:
            self.note("document.bad_duration", str(error), name, EXAMPLES)
            return None

    def count(self, name: str, high: int) -> int | None:
        value = self.raw.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= high:
            self.note("document.bad_number", f"must be a whole number from 1 to {high:,}", name)
            return None
        return value

    def number(self, name: str, low: float, high: float) -> float | None:
        value = self.raw.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            self.note("document.bad_number", f"must be a number from {low:,g} to {high:,g}", name)
            return None
        return float(value)

    def moment(self, name: str) -> datetime | None:
        value = self.raw.get(name)
        if value is None:
            return None
        moment = read_aware(value)
        if moment is None:
            fix = 'with its offset, such as "2026-12-01T09:00:00+01:00" or "2026-12-01T08:00:00Z"'
            self.note("document.bad_moment", "must be a date and time with an offset", name, fix)
        return moment

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; one text stands for a list of one."""
        value = self.raw.get(name)
        if value is None:
            return ()
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(v, str) and v.strip() for v in values):
            self.note("document.not_a_list", "must be a list of texts", name, "such as [new_signup, previous_customer]")
            return ()
        return tuple(dict.fromkeys(v.strip() for v in values))

    def mapping(self, name: str, fix: str = "") -> dict[str, Any]:
        value = self.raw.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.note("document.not_a_mapping", "must be a mapping of fields", name, fix)
            return {}
        return value

    def filter(self, name: str) -> dict[str, Any]:
        """A condition, checked; a list of them means that all hold."""
        value = self.raw.get(name)
        if value is None:
            return {}
        try:
            compile_filter(value, self.at(name))
        except Refused as refusal:
            self.problems.extend(refusal.problems)
            return {}
        return join_filters(value)


def join_filters(spec: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One mapping that means the same as the spec."""
    if isinstance(spec, Mapping):
        return dict(spec)
    parts = [join_filters(part) for part in spec]
    return parts[0] if len(parts) == 1 else {"$and": parts} if parts else {}


def read_aware(value: object) -> datetime | None:
    """An ISO 8601 date and time that carries its offset; None for anything else."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment if moment.utcoffset() is not None else None
