"""Random customers, pasts and filters for the tests that hold the evaluator, the folded tallies and DuckDB equal."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import duckdb
import msgspec
from hypothesis import strategies as st

from motet.core.clock import to_ms
from motet.core.customers import Customer, Device
from motet.core.events import Event
from motet.core.facts import profile_view
from motet.core.filters.history import EventHistory
from motet.core.ids import channel_of, derive_enrollment_id, derive_message_id, uuid7

VIENNA = ZoneInfo("Europe/Vienna")
NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=VIENNA)
SEGMENTS = {"big-spenders": 1, "new": 2, "vip": 3, "2026-03-01": 4}
EVENTS = ("purchase", "page", "view", "click")
NAMES = ("country", "plan", "score", "born", "flag", "a/b", "0", "~x", 'q"r', "é", "absent")
SCALARS = (
    None, True, False, 0, 1, 2, -1, 1.0, 1.5, 2**53 + 1, "", "DE", "AT", "de-AT", "1", "true", 'q"\\é😀', "2026-03-01",
    "2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00Z", "2026-11-20T12:00:00Z", "20260301", "2026-02-31", "vip",
)  # fmt: skip
NESTED = (
    "address.city", "address.geo.zip", "items.sku", "items.price", "items.tags", "mixed.sku.deep", "mixed.0", "a.b",
)  # fmt: skip
HUGE = (1e308, -1e308, 10**308, 10**400, -(10**4200), 1e199)  # a sender may say them
PERIODS = (
    "today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_quarter", "last_quarter",
    "this_year", "last_year",
)  # fmt: skip


def _value(dice: random.Random, depth: int = 2) -> Any:
    if depth and dice.random() < 0.25:
        return [_value(dice, depth - 1) for _ in range(dice.randrange(4))]
    if depth and dice.random() < 0.1:
        return {dice.choice(("city", "sku", "deep", "0")): _value(dice, depth - 1)}
    return dice.choice(SCALARS)


def _item(dice: random.Random) -> Any:
    item = {"sku": dice.choice(("a", "b", None, ["a", "c"])), "price": dice.choice((1, 2.5, "x", None))}
    if dice.random() < 0.3:
        item["tags"] = _value(dice)
    return dice.choice((item, item, item, 5, None, [item]))


def _properties(dice: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {name: _value(dice) for name in NAMES[:-1] if dice.random() < 0.4}
    if dice.random() < 0.6:
        made["address"] = dice.choice(({"city": _value(dice), "geo": {"zip": _value(dice)}}, [], "x", None))
    if dice.random() < 0.6:
        made["items"] = [_item(dice) for _ in range(dice.randrange(4))]
    if dice.random() < 0.6:
        made["mixed"] = _value(dice, 3)
    if dice.random() < 0.6:
        lat, lon = dice.choice(((48.2, 16.37), (48.3, 16.4), (51.5, -0.1), ("x", 1), (48, None), (True, 16)))
        place = {"lat": lat, "lon": lon}
        made["location"] = dice.choice((place, place, place, [place, {"lat": 48.21, "lon": 16.3}], "Wien"))
    return made


def _moment(dice: random.Random, now: datetime = NOW) -> datetime:
    """Mostly lately, at times long ago, seldom in the future, with microseconds."""
    days = dice.choice((0.02, 1, 8, 35, 100, 400, 900))
    ago = timedelta(days=dice.random() * days, microseconds=dice.randrange(1000))
    return (now + ago / 50 if dice.random() < 0.05 else now - ago).astimezone(UTC)


def _event(dice: random.Random, customer: UUID) -> Event:
    name = dice.choice(EVENTS)
    made: dict[str, Any] = {"amount": dice.choice((1, 2, 2.5, 10, "x", None, True, dice.choice(HUGE)))}
    if dice.random() < 0.5:
        made |= _properties(dice)
    if dice.random() < 0.3:
        made["value"] = dice.choice((1, 5, 0.25, "5", None, {"deep": 1}))
    if dice.random() < 0.3:
        made["channel"] = dice.choice(("email", "push", 1, None))
    if dice.random() < 0.2:
        made["machine"] = dice.choice((True, False))
    sent = name in ("view", "click") and dice.random() < 0.8
    enrollment = derive_enrollment_id(customer, uuid7(1), uuid7(2), dice.randrange(2**40))
    return Event(
        id=uuid7(to_ms(NOW)),
        customer_id=customer,
        name=name,
        at=_moment(dice),
        properties=made if dice.random() < 0.9 else {},
        message_id=derive_message_id(enrollment, 1, dice.choice((1, 3))) if sent else None,
        value=dice.choice((0.0, 0.0, 1.0, 2.5, 100.25)) if name == "purchase" else 0.0,
    )


def _customer(dice: random.Random) -> Customer:
    channels = ("email", "sms")

    def flags(names: tuple[str, ...]) -> dict[str, bool]:
        return {name: dice.random() < 0.5 for name in names if dice.random() < 0.6}

    return Customer(
        id=UUID(int=dice.getrandbits(128)),
        external_id=dice.choice(("ada", "bob", "1")),
        email=dice.choice((None, "ada@example.com", "DE")),
        phone=dice.choice((None, "+12025550123")),
        devices=tuple(
            Device(dice.choice(("t1", "t2")), dice.choice(("fcm", "apns"))) for _ in range(dice.randrange(3))
        ),
        handles={"telegram": "ada"} if dice.random() < 0.5 else {},
        attributes=_properties(dice),
        tags=tuple(dice.sample(("vip", "newsletter", "2026-03-01", "DE"), dice.randrange(3))),
        segments=tuple(dice.sample(sorted(SEGMENTS), dice.randrange(3))),
        topics=flags(("news", "offers")),
        lifecycle_stage=dice.choice(("prospect", "active")),
        timezone=dice.choice((None, "Europe/Vienna")),
        locale=dice.choice((None, "de-AT")),
        preferences=flags(channels),
        consents=flags(channels),
        last_interaction_at=_moment(dice) if dice.random() < 0.7 else None,
        last_purchase_at=_moment(dice) if dice.random() < 0.5 else None,
        created_at=_moment(dice) if dice.random() < 0.9 else None,
    )


class Person(msgspec.Struct, frozen=True, dict=True):
    customer: Customer
    events: tuple[Event, ...]

    @cached_property
    def now(self) -> dict[str, Any]:
        """The view at NOW, over the raw events."""
        return self.view()

    def view(self, now: datetime = NOW, history: Any = None) -> dict[str, Any]:
        return profile_view(self.customer, now, history or EventHistory(self.events, now))


@lru_cache
def people(seed: int, count: int = 40) -> tuple[Person, ...]:
    """The same people for the same seed."""
    dice = random.Random(seed)
    made = []
    for _ in range(count):
        customer = _customer(dice)
        events = tuple(_event(dice, customer.id) for _ in range(dice.choice((0, 1, 3, 10, 25))))
        made.append(Person(customer, events))
    return tuple(made)


@lru_cache
def columns(seed: int) -> duckdb.DuckDBPyConnection:
    """The relations `customers` and `events` of these people, in a session of another timezone."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'America/New_York'")
    connection.execute(
        "CREATE TABLE customers (id UUID, lane SMALLINT, external_id VARCHAR, email VARCHAR, phone VARCHAR,"
        " lifecycle_stage VARCHAR, timezone VARCHAR, locale VARCHAR, tags VARCHAR[], segments INTEGER[],"
        " attributes JSON, devices JSON, handles JSON, topics JSON, preferences JSON, caps JSON, consents JSON,"
        " last_interaction_at TIMESTAMPTZ, last_purchase_at TIMESTAMPTZ, created_at TIMESTAMPTZ)"
    )
    connection.execute(
        'CREATE TABLE events (customer_id UUID, lane SMALLINT, name VARCHAR, "at" TIMESTAMPTZ, properties JSON,'
        " value DOUBLE, channel SMALLINT)"
    )
    rows = [_row(person.customer, index) for index, person in enumerate(people(seed))]
    connection.executemany(f"INSERT INTO customers VALUES ({', '.join('?' * 20)})", rows)
    events = [_event_row(event) for person in people(seed) for event in person.events]
    connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", events)
    return connection


def _row(c: Customer, index: int) -> list[Any]:
    """As the database holds a customer: what is empty may be NULL."""

    def json(value: Any) -> str | None:
        return msgspec.json.encode(value).decode() if value or index % 2 else None

    return [
        c.id, 0, c.external_id, c.email, c.phone, c.lifecycle_stage, c.timezone, c.locale,
        list(c.tags) if c.tags or index % 2 else None,
        [SEGMENTS[name] for name in c.segments] if c.segments or index % 2 else None,
        json(c.attributes), json(c.devices), json(c.handles), json(c.topics), json(c.preferences), None,
        json(c.consents), c.last_interaction_at, c.last_purchase_at, c.created_at,
    ]  # fmt: skip


def _event_row(event: Event) -> list[Any]:
    channel = channel_of(event.message_id) if event.message_id else 0
    properties = msgspec.json.encode(event.properties).decode() if event.properties else None
    return [event.customer_id, 0, event.name, event.at, properties, event.value, channel]


# filters -----------------------------------------------------------------------------------------------------------

scalars = st.sampled_from([s for s in SCALARS if s is not None] + [datetime(2026, 3, 1, 10, tzinfo=UTC)])
any_scalars = st.sampled_from(SCALARS)
ordered = st.sampled_from([s for s in SCALARS if s is not None and not isinstance(s, bool)])
spans = st.sampled_from(["30m", "1d", "7d", "30d", "90d", "400d"])
relative = st.builds(lambda word, span: {word: span}, st.sampled_from(["$ago", "$ahead"]), spans)
numbers = st.sampled_from([0, 1, 2, 3, 5, 2.5, 10, 100.25])
COMPARED = ["$gt", "$gte", "$lt", "$lte"]


def compared(words: list[str], operands: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda word, operand: {word: operand}, st.sampled_from(words), operands)


between = st.sampled_from([[0, 2], [1, 1.5], ["AT", "DE"], ["2026-01-01", "2026-11-22"], ["1", "9"]])
still = st.one_of(
    compared(["$eq", "$ne"], any_scalars),
    compared(COMPARED, ordered),
    compared(["$in", "$nin"], st.lists(any_scalars, max_size=4)),
    st.sampled_from([{"$in": ["DE", *"abcdefghijklmno", None, "2026-03-01"]}, {"$in": [*range(20), 1.5, 2**53 + 1]}]),
    st.just({"$nin": [*(f"2026-03-{n:02}" for n in range(1, 30)), "2026-11-20T12:00:00Z", "x", 1, False]}),
    compared(["$exists"], st.booleans()),
    compared(["$contains"], scalars.filter(lambda s: s != "")),
    compared(["$startsWith"], st.sampled_from(["d", "20", "vi", "DE"])),
    compared(["$between"], between),
)
moving = st.one_of(
    compared(COMPARED, relative),
    st.just({"$between": [{"$ago": "30d"}, {"$ago": "1d"}]}),
    st.just({"$between": ["2026-01-01", {"$ago": "7d"}]}),
)
near = st.sampled_from([5, 25, 2000]).map(lambda km: {"$near": {"lat": 48.2, "lon": 16.37, "km": km}})
PLAIN = [
    *NAMES, *NESTED, "customer_id", "external_id", "email", "phone", "lifecycle_stage", "timezone", "locale", "tags",
    "devices", "devices.platform", "devices.token", "handles", "handles.telegram", "topics.news", "preferences.sms",
    "consents.email", "last_interaction_at", "last_purchase_at", "created_at", "email.x", "tags.x",
]  # fmt: skip
members = st.one_of(
    compared(["$eq", "$ne", "$contains"], st.sampled_from([*SEGMENTS, "newsletter", "nobody"])),
    compared(["$in", "$nin"], st.lists(st.sampled_from([*SEGMENTS, "newsletter"]), max_size=3)),
)
profile_tests = st.one_of(
    st.builds(lambda name, test: {name: test}, st.sampled_from(PLAIN), still),
    st.builds(lambda name, test: {name: test}, st.sampled_from(["born", "last_purchase_at", "created_at"]), moving),
    st.builds(lambda test: {"segments": test}, members),
    st.builds(lambda test: {"location": test}, near),
    compared(COMPARED, numbers).map(lambda test: {"days_since_last_interaction": test}),
    st.builds(lambda of: {"$percent": {"of": of, "salt": "x"}}, st.sampled_from([0, 33.3, 50, 100])),
    st.just({"type": "time_check", "condition": "business_hours"}),
    st.just({"type": "engagement_check", "hours": 240, "min_interactions": 2}),
    st.just({"type": "profile_check", "field": "country", "operator": "not_equals", "value": "DE"}),
)
event_tests = st.one_of(
    st.builds(lambda name, test: {name: test}, st.sampled_from([*NAMES, *NESTED, "channel", "value.deep"]), still),
    st.builds(lambda test: {"value": test}, still),
    st.builds(lambda test: {"amount": test}, compared(COMPARED, numbers)),
    st.just({"machine": {"$ne": True}}),
    st.builds(lambda test: {"location": test}, near),
    st.builds(lambda one, two: {"$or": [{"amount": one}, {"country": two}]}, compared(COMPARED, numbers), still),
)
windows = st.one_of(
    st.just({}),
    spans.map(lambda span: {"within": span}),
    st.sampled_from([("60d", "30d"), ("7d", "1d"), ("400d", "90d")]).map(
        lambda pair: {"within": pair[0], "until": pair[1]}
    ),
    st.sampled_from(PERIODS).map(lambda period: {"during": period}),
    st.sampled_from([{"since": "2026-10-01"}, {"before": "2026-11-01T00:00:00.5+01:00"}]),
    st.just({"since": "2026-06-01", "before": "2026-11-20"}),
)
counts = st.one_of(
    st.integers(0, 4),
    compared([*COMPARED, "$ne"], numbers),
    compared(["$in"], st.lists(st.integers(0, 3), max_size=3)),
    st.just({"$between": [1, 3]}),
)
takes = st.one_of(
    st.just({}),
    counts.map(lambda test: {"count": test}),
    st.builds(
        lambda take, test, of: {take: test, **of},
        st.sampled_from(["sum", "average", "min", "max"]),
        st.one_of(compared([*COMPARED, "$eq", "$ne"], numbers), compared(["$exists"], st.booleans())),
        st.sampled_from([{}, {"of": "amount"}, {"of": "score"}, {"of": "address.city"}, {"of": "channel"}]),
    ),
    st.builds(
        lambda take, test: {take: test},
        st.sampled_from(["first", "last"]),
        st.one_of(compared(COMPARED, relative), compared(COMPARED, st.just("2026-11-01"))),
    ),
    st.builds(
        lambda test, of: {"most": test, "of": of},
        still,
        st.sampled_from(["amount", "country", "channel", "value", "items.sku", "address.city"]),
    ),
    st.builds(lambda count, most: {"count": count, "sum": {"$gt": most}}, counts, numbers),
)
whos = st.sampled_from([*EVENTS, ["purchase", "page"], ["view", "click", "purchase"]])
dids = st.builds(
    lambda word, event, where, window, take: {word: {"event": event, "where": where, **window, **take}},
    st.sampled_from(["$did", "$did_not"]),
    whos,
    st.just({}) | event_tests,
    windows,
    takes,
)
messages = st.builds(
    lambda did, channel, window: {"$message": {"did": did, "channel": channel, **window}},
    st.sampled_from(["opened", "clicked", ["opened", "clicked"]]),
    st.sampled_from([None, "email", "push", ["email", "push"]]),
    windows,
)
leaves = st.one_of(profile_tests, profile_tests, dids, dids, messages)
filters: st.SearchStrategy[dict[str, Any]] = st.one_of(
    leaves,
    st.recursive(
        leaves,
        lambda inner: st.builds(
            lambda word, parts: {word: parts},
            st.sampled_from(["$and", "$or", "$nor"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        max_leaves=4,
    ),
)
