"""What is in the log and in the profiles: names, kinds and example values, for whoever builds conditions.

Learned of each file when it is written, and kept beside it in the manifest; `Archive.learn` puts it together with what
is learned of the newer rows. Names of events, tags, stages and topics, the counts and the latest moments are those of
all rows, up to the 500 most frequent names of each file; a tag that is gone is told until its lane is written again;
kinds and examples are from a sample of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from motet.archive.duck import Session
from motet.core.filters.values import read_moment

SAMPLE = 4_000  # rows that are looked into, of a file
RARE = 100  # rows of an event of which there are no more are all looked into
MOST_NAMES = 500  # of events, of properties of one, of fields, of tags
MOST_EXAMPLES = 12  # kept of each name
SHOWN = 8  # told of each name
LONGEST = 80  # characters of an example
DEEPEST = 4  # maps in maps

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder().decode


class Trace(msgspec.Struct, omit_defaults=True):
    """What was seen at one name: how often each kind, and how often a value (as JSON)."""

    kinds: dict[str, int] = {}
    examples: dict[str, int] = {}


class EventTrace(msgspec.Struct, omit_defaults=True):
    """Of one event. `last_at` is the latest moment that a row tells."""

    rows: int = 0
    last_at: datetime | None = None
    properties: dict[str, Trace] = {}


class Learned(msgspec.Struct, omit_defaults=True):
    """All of it. Not frozen: it is added to in place."""

    events: dict[str, EventTrace] = {}
    fields: dict[str, Trace] = {}
    tags: dict[str, int] = {}
    stages: dict[str, int] = {}
    topics: dict[str, int] = {}


class Known(msgspec.Struct, frozen=True):
    """A field or a property. `kind` is text, number, truth, moment, list, or mixed."""

    name: str
    kind: str
    examples: list[Any]


class KnownEvent(msgspec.Struct, frozen=True):
    """`count` is of all rows, ever; `last_at` the latest moment at which it happened."""

    name: str
    count: int
    last_at: datetime | None
    properties: list[Known]


class Vocabulary(msgspec.Struct, frozen=True):
    """What conditions can name, the most frequent first."""

    fields: list[Known]
    events: list[KnownEvent]
    tags: list[str]
    stages: list[str]
    topics: list[str]


def learn_events(session: Session, table: str) -> dict[str, Any]:
    """Looks into the events of a table of ours. The answer is JSON, as `Learned`."""
    learned = Learned()
    counted = session.execute(
        f'SELECT name, count(*) AS times, max("at") FROM {table} GROUP BY name ORDER BY times DESC LIMIT {MOST_NAMES}'
    ).fetchall()
    for name, rows, last in counted:
        learned.events[name] = EventTrace(rows, last)
    rare = [name for name, rows, _ in counted if rows <= RARE]
    sample = session.execute(
        f"SELECT name, properties FROM (SELECT name, properties FROM {table} WHERE properties IS NOT NULL "
        f"USING SAMPLE reservoir({SAMPLE} ROWS) REPEATABLE (1)) UNION ALL "
        f"(SELECT name, properties FROM {table} WHERE properties IS NOT NULL AND name IN (SELECT unnest(?)) "
        f"LIMIT {SAMPLE})",
        [rare],
    ).fetchall()
    for name, properties in sample:
        if (event := learned.events.get(name)) is not None:
            _look(event.properties, _decode(properties))
    return _told(learned)


def learn_customers(session: Session, table: str) -> dict[str, Any]:
    """Looks into the customers of a table of ours. The answer is JSON, as `Learned`."""
    learned = Learned(
        tags=_count(session, f"SELECT unnest(tags) AS word FROM {table}"),
        stages=_count(session, f"SELECT lifecycle_stage AS word FROM {table}"),
        topics=_count(session, f"SELECT unnest(json_keys(topics)) AS word FROM {table}"),
    )
    sample = session.execute(
        f"SELECT attributes, timezone, locale, handles FROM {table} "
        f"USING SAMPLE reservoir({SAMPLE} ROWS) REPEATABLE (1)"
    ).fetchall()
    for attributes, timezone, locale, handles in sample:
        _look(learned.fields, _decode(attributes or "{}"))
        _look(learned.fields, {"timezone": timezone, "locale": locale})
        for network in _decode(handles or "{}"):
            _note(learned.fields, f"handles.{network}", "text", None)
    _learn_rare(session, table, learned)
    return _told(learned)


def merge_learned(parts: Iterable[Mapping[str, Any]]) -> Learned:
    """What several files taught, in one."""
    whole = Learned()
    for part in parts:
        other = msgspec.convert(part, Learned)
        for name, event in other.events.items():
            mine = whole.events.setdefault(name, EventTrace())
            mine.rows += event.rows
            mine.last_at = max((m for m in (mine.last_at, event.last_at) if m is not None), default=None)
            _merge_traces(mine.properties, event.properties)
        _merge_traces(whole.fields, other.fields)
        for have, more in ((whole.tags, other.tags), (whole.stages, other.stages), (whole.topics, other.topics)):
            _add(have, more)
    return whole


def to_json(learned: Learned) -> dict[str, Any]:
    """As it is kept in the manifest, cut to what is worth keeping."""
    return _told(learned)


def tell(learned: Learned) -> Vocabulary:
    """As whoever builds conditions is told."""
    events = sorted(learned.events.items(), key=lambda e: (-e[1].rows, e[0]))
    fixed = {name: Known(name, kind, []) for name, kind in _FIXED.items()}
    fixed["lifecycle_stage"] = Known("lifecycle_stage", "text", _by_count(learned.stages)[:SHOWN])
    fixed |= {k.name: k for k in (_known(n, learned.fields[n]) for n in ("timezone", "locale") if n in learned.fields)}
    own = [_known(n, t) for n, t in sorted(learned.fields.items()) if n not in fixed]
    topics = _by_count(learned.topics)
    return Vocabulary(
        fields=[*own, *fixed.values(), *(Known(f"topics.{t}", "truth", [True, False]) for t in topics)],
        events=[
            KnownEvent(name, e.rows, e.last_at, [_known(n, t) for n, t in sorted(e.properties.items())])
            for name, e in events
        ],
        tags=_by_count(learned.tags),
        stages=_by_count(learned.stages),
        topics=topics,
    )


# What every customer has, beside attributes.
_FIXED = {
    "external_id": "text", "email": "text", "phone": "text", "lifecycle_stage": "text", "timezone": "text",
    "locale": "text", "created_at": "moment", "last_interaction_at": "moment", "last_purchase_at": "moment",
    "days_since_last_interaction": "number",
}  # fmt: skip


def _learn_rare(session: Session, table: str, learned: Learned) -> None:
    """Attributes that the sample did not meet: one example of each."""
    known = {name.partition(".")[0] for name in learned.fields}
    met = session.execute(
        f"SELECT word, any_value(attributes) FROM (SELECT unnest(json_keys(attributes)) AS word, attributes "
        f"FROM {table}) WHERE word NOT IN (SELECT unnest(?)) GROUP BY word ORDER BY word LIMIT {MOST_NAMES}",
        [sorted(known) or [""]],
    ).fetchall()
    for name, attributes in met:
        _look(learned.fields, {name: _decode(attributes).get(name)})


def _count(session: Session, query: str) -> dict[str, int]:
    rows = session.execute(
        f"SELECT word, count(*) AS times FROM ({query}) WHERE word IS NOT NULL GROUP BY word "
        f"ORDER BY times DESC, word LIMIT {MOST_NAMES}"
    ).fetchall()
    return dict(rows)


def _look(traces: dict[str, Trace], view: Mapping[str, Any]) -> None:
    for name, value in _flatten(view, "", 1):
        if isinstance(value, list):
            _note(traces, name, "list", None)
            for element in value[:SHOWN]:
                if isinstance(element, (str, int, float)):
                    _note(traces, name, None, element)
        else:
            _note(traces, name, _kind(value), value)


def _flatten(view: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in view.items():
        if value is None or not key or "." in key or key.startswith("$"):
            continue  # a condition cannot name it
        if isinstance(value, dict):
            if depth < DEEPEST:
                yield from _flatten(value, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", value


def _note(traces: dict[str, Trace], name: str, kind: str | None, example: Any) -> None:
    trace = traces.get(name)
    if trace is None:
        if len(traces) >= MOST_NAMES:
            return
        trace = traces[name] = Trace({}, {})
    if kind is not None:
        trace.kinds[kind] = trace.kinds.get(kind, 0) + 1
    if example is not None and not (isinstance(example, str) and len(example) > LONGEST):
        text = _encode(example).decode()
        if text in trace.examples or len(trace.examples) < 4 * MOST_EXAMPLES:
            trace.examples[text] = trace.examples.get(text, 0) + 1


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if read_moment(value) is None else "moment"


def _known(name: str, trace: Trace) -> Known:
    kinds = list(trace.kinds)
    kind = kinds[0] if len(kinds) == 1 else "mixed" if kinds else "text"
    return Known(name, kind, [_decode(text) for text in _by_count(trace.examples)[:SHOWN]])


def _merge_traces(mine: dict[str, Trace], other: Mapping[str, Trace]) -> None:
    for name, trace in other.items():
        if name in mine or len(mine) < MOST_NAMES:
            have = mine.setdefault(name, Trace())
            _add(have.kinds, trace.kinds)
            _add(have.examples, trace.examples)


def _add(mine: dict[str, int], other: Mapping[str, int]) -> None:
    for word, times in other.items():
        mine[word] = mine.get(word, 0) + times


def _by_count(words: Mapping[str, int]) -> list[str]:
    return sorted(words, key=lambda word: (-words[word], word))


def _told(learned: Learned) -> dict[str, Any]:
    cut = _cut(MOST_EXAMPLES)
    for traces in (learned.fields, *(e.properties for e in learned.events.values())):
        for trace in traces.values():
            trace.examples = cut(trace.examples)
    named = _cut(MOST_NAMES)
    learned.tags, learned.topics = named(learned.tags), named(learned.topics)
    told: dict[str, Any] = msgspec.to_builtins(learned)
    return told


def _cut(most: int) -> Callable[[Mapping[str, int]], dict[str, int]]:
    return lambda words: {word: words[word] for word in _by_count(words)[:most]}
