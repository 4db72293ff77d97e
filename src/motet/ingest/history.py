"""`motet import events`: rows of a file into the event log, as history or as news.

Each row has a key: the sender's own id of the event, or the file's content and the row's number. A file that was read
to its end is not read again in the same way unless one asks for it; within seven days not even that doubles an event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from motet.audience.fields import Wrong, clean_email, clean_phone, clean_text
from motet.audience.guard import USUAL, Guard, load_guard
from motet.audience.people import Person, clear_person
from motet.core.clock import EPOCH, to_ms
from motet.core.errors import Problem, Refused
from motet.core.events import HISTORY
from motet.ingest.append import AHEAD, EventIds, append_events
from motet.ingest.columns import Columns
from motet.ingest.customers import too_many_cells
from motet.ingest.facts import RawEvent, check_event, check_identifier
from motet.ingest.fingerprint import read_source
from motet.ingest.importing import ImportResult, Source, Wish, Written, import_rows
from motet.ingest.reading import Row
from motet.ingest.tracking.bodies import Call
from motet.ingest.tracking.calls import CallReader, Unfit, problem_of, read_message_id
from motet.ingest.vocabulary import EVENTS
from motet.storage.pool import Connection, Pool

__all__ = ["EventRows", "import_events"]

_NEWS = "import"  # the source of imported events that may start journeys
_CLEANERS = (
    ("customer", clean_text),
    ("user_id", clean_text),
    ("anonymous_id", clean_text),
    ("email", clean_email),
    ("phone", clean_phone),
)
_CALLS = frozenset({"identify", "track", "page", "screen", "group", "alias"})
_SECONDS, _MILLISECONDS = 100_000_000_000, 100_000_000_000_000  # numbers of a moment below these are in that unit


async def import_events(
    pool: Pool,
    path: Path,
    *,
    lanes: int,
    now: datetime,
    mapping: Mapping[str, str] | None = None,
    event: str | None = None,
    live: bool = False,
    wish: Wish | None = None,
) -> ImportResult:
    """Reads the file into the log and returns what became of its rows.

    `event` names the events of rows that have no name of their own. Without `live` they are history: counted, and no
    campaign is started, ended or credited by them. Raises as `import_customers` does.
    """
    mapping = mapping or {}
    source = await asyncio.to_thread(read_source, path, "events", mapping, event)
    guard = await load_guard(pool)
    kind = EventRows(source, mapping, lanes, now=now, event=event, live=live, guard=guard)
    return await import_rows(pool, source, kind, wish or Wish(again=False), now=now)


class EventRows:
    """A row is an event; in JSON lines it may be a call of Segment's specification as well."""

    word = "events"

    def __init__(
        self,
        source: Source,
        mapping: Mapping[str, str],
        lanes: int,
        *,
        now: datetime,
        event: str | None = None,
        live: bool = False,
        guard: Guard = USUAL,
    ) -> None:
        """Raises Refused for a mapping that cannot be used, and when no column says what happened, or when."""
        self._header = source.layout.header
        self.columns = Columns(self._header, mapping, EVENTS)
        self.name = self.columns.name
        self._event = _check_name(event)
        if self._header and (missing := find_missing(self.columns, self._event)):
            raise Refused(missing)
        self._lanes, self._content = lanes, source.content
        self._source = _NEWS if live else HISTORY
        self._latest = now + AHEAD
        self._guard = guard
        self._ids = EventIds()
        self._calls = CallReader()

    def check(self, row: Row) -> RawEvent | list[Problem]:
        if self._header:
            try:
                raw = self.columns.read_cells(row.cells)
            except IndexError:
                return [too_many_cells(row, self._header)]
            if not raw:
                return []  # a row of empty cells is an empty row
        elif is_call(row.cells):
            return self._check_call(row)
        else:
            raw = self.columns.read_object(row.cells)
        return self._check(raw, row.number)

    def _check(self, raw: dict[str, Any], number: int) -> RawEvent | list[Problem]:
        problems: list[Problem] = []
        person = self._clear(_read_person(raw, problems), problems)
        once = self._read_key(raw.pop("key", None), number, problems)
        if (at := raw.get("at")) is not None:
            raw["at"] = read_moment(at)
        if self._event is not None:
            raw.setdefault("name", self._event)
        raw["customer"] = "somebody"  # `person` says who
        fact = check_event(raw)
        if isinstance(fact, list):
            return problems + fact + (self._check_moment(None) if at is None else [])
        problems += self._check_moment(fact.at)
        if person is None or problems:
            return problems
        return RawEvent(
            customer=person, name=fact.name, at=fact.at, properties=fact.properties, value=fact.value,
            source=self._source, once=once,
        )  # fmt: skip

    def _check_call(self, row: Row) -> RawEvent | list[Problem]:
        """A call's clock is believed: when the file was written says nothing about it."""
        fields = row.cells
        if fields.get("timestamp") is None and fields.get("originalTimestamp") is None:
            fields["timestamp"] = fields.get("receivedAt") or fields.get("sentAt")
        fields.pop("sentAt", None)
        try:
            call = self._calls.read(msgspec.convert(fields, Call), None, self._latest, None)
        except Unfit as unfit:
            return [unfit.problem]
        except msgspec.ValidationError as error:
            return [Problem("event.bad_type", str(error))]
        problems = self._check_moment(call.at)
        person = self._clear(call.customer, problems)
        if person is None or problems:
            return problems
        return RawEvent(
            customer=person, name=call.name, at=call.at, properties=call.properties, value=call.value,
            source=self._source, once=call.once or self._digest(row.number), previous=call.previous,
        )  # fmt: skip

    def _clear(self, person: Any, problems: list[Problem]) -> str | Person | None:
        """Who a row is about, without what names nobody; when that is all, the problem is told."""
        if isinstance(person, Person):
            if (cleared := clear_person(person, self._guard)) is not None:
                return cleared
            value = next(filter(None, (person.user_id, person.anonymous_id, person.email, person.phone)), "")
        elif isinstance(person, str):
            value = person
            if not self._guard.blocks(value):
                return person
        else:
            if not problems:
                told = "nothing says who this is about"
                problems.append(Problem("event.no_identifier", told, fix="name the customer"))
            return None
        if (blocked := check_identifier(self._guard, value, "")) is not None:
            problems.append(blocked)
        return None

    def _check_moment(self, at: datetime | None) -> list[Problem]:
        if at is None:
            return [Problem("event.missing_field", "nothing says when this happened", "at", "give its time")]
        if at > self._latest:
            told = f"{at:%Y-%m-%d %H:%M} is more than a day ahead"
            return [Problem("event.in_the_future", told, "at", "check the date and its order")]
        return []

    def _read_key(self, key: Any, number: int, problems: list[Problem]) -> UUID | None:
        try:
            return read_message_id(key) or self._digest(number)
        except Wrong as wrong:
            problems.append(problem_of(wrong, "key"))
            return None

    def _digest(self, number: int) -> UUID:
        return UUID(bytes=blake2b(f"{self._content}:{number}".encode(), digest_size=16, person=b"row").digest())

    async def write(self, connection: Connection, items: Sequence[RawEvent], now: datetime) -> Written:
        ids = self._ids.take_many(to_ms(now), len(items))
        done = await append_events(connection, items, ids, lanes=self._lanes, now=now, guard=self._guard)
        return Written(sum(one.id is not None for one in done))


def is_call(fields: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a call of Segment's specification, as its archives hold them."""
    kind = fields.get("type")
    return isinstance(kind, str) and kind in _CALLS and ("userId" in fields or "anonymousId" in fields)


def _read_person(raw: dict[str, Any], problems: list[Problem]) -> str | Person | None:
    """Takes out of `raw` who the row is about: one reference, or a person by several names."""
    known: dict[str, Any] = {}
    for field, clean in _CLEANERS:
        value = raw.pop(field, None)
        if value is not None:
            try:
                known[field] = clean(value)
            except Wrong as wrong:
                problems.append(problem_of(Wrong(wrong.code, wrong.message, wrong.fix, field), ""))
    reference = known.pop("customer", None)
    return Person(**known) if known else reference


def read_moment(value: Any) -> Any:
    """Seconds, milliseconds or microseconds since 1970, told apart by their size, as a moment; all else as it is."""
    number = value
    if isinstance(value, str):
        text = value.strip()
        if not text.isdecimal() or len(text) < 9:  # 20240131 is a day
            return value
        number = int(text)
    if isinstance(number, bool) or not isinstance(number, int | float):
        return value
    seconds = number if number < _SECONDS else number / 1e3 if number < _MILLISECONDS else number / 1e6
    try:
        return EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return value


def _check_name(event: str | None) -> str | None:
    """The name for rows that have none. Raises Refused when it cannot name an event."""
    if event is None:
        return None
    checked = check_event({"customer": "somebody", "name": event})
    if isinstance(checked, list):
        raise Refused(checked)
    return checked.name


def find_missing(columns: Columns, event: str | None) -> list[Problem]:
    """What a header lacks: when something happened, and what, unless `event` says it."""
    found = {path for _, path in columns.tell()}
    problems = []
    if "at" not in found:
        told = "no column says when something happened"
        problems.append(Problem("import.no_time", told, "row 1", 'name one with --map "COLUMN=at"'))
    if "name" not in found and event is None:
        told = "no column says what happened"
        fix = 'name one with --map "COLUMN=name", or say what all rows are with --event NAME'
        problems.append(Problem("import.no_event", told, "row 1", fix))
    return problems
