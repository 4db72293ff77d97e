"""What the words about events, messages, shares, places and time mean: one row a rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from motet.core.clock import to_ms
from motet.core.customers import Customer, Device
from motet.core.events import Event
from motet.core.facts import lay_over, profile_view
from motet.core.filters import compile_filter
from motet.core.filters.history import EventHistory
from motet.core.filters.traits import read_trait
from motet.core.ids import derive_enrollment_id, derive_message_id, uuid7
from motet.core.measures import Measure, NotCounted

VIENNA = ZoneInfo("Europe/Vienna")
NOW = datetime(2026, 11, 24, 12, tzinfo=VIENNA)  # a Tuesday
ADA = UUID("018f0000-0000-7000-8000-00000000ada0")


def happened(name: str, at: str, value: float = 0.0, channel: int = 0, **properties: Any) -> Event:
    moment = datetime.fromisoformat(at).replace(tzinfo=VIENNA)
    enrollment = derive_enrollment_id(ADA, uuid7(1), uuid7(2), 3)
    message = derive_message_id(enrollment, 1, channel) if channel else None
    return Event(
        id=uuid7(to_ms(moment)), customer_id=ADA, name=name, at=moment, properties=properties, value=value,
        message_id=message,
    )  # fmt: skip


PAST = (
    happened("purchase", "2025-12-31T23:30", 10, sku="boots"),
    happened("purchase", "2026-10-31T12:00", 20.5, sku="hat", items=[{"sku": "a"}, {"sku": "b"}]),
    happened("purchase", "2026-11-02T12:00", 0.1, sku="hat"),
    happened("purchase", "2026-11-22T23:59", 0.2, sku="scarf"),
    happened("purchase", "2026-11-23T00:00", 100, sku="boots", gift=True),
    happened("view", "2026-11-20T09:00", channel=1),
    happened("view", "2026-11-21T09:00", channel=1, machine=True),
    happened("click", "2026-11-20T09:01", channel=3),
    happened("rating", "2026-11-20T09:00", stars=4),
    happened("rating", "2026-11-21T09:00", stars=5, value=7),
    happened("rating", "2026-11-22T09:00", stars=None),
)
CUSTOMER = Customer(
    id=ADA, external_id="ada", devices=(Device("t"),), segments=("vip",), tags=("new",),
    attributes={"location": {"lat": 48.2082, "lon": 16.3738}, "born": "1990-05-01"},
    last_purchase_at=NOW - timedelta(days=1), last_interaction_at=NOW - timedelta(days=3),
)  # fmt: skip


def did(**fields: Any) -> dict[str, Any]:
    return {"$did": {"event": "purchase", **fields}}


def view_at(now: datetime = NOW) -> dict[str, Any]:
    return profile_view(CUSTOMER, now, EventHistory(PAST, now))


HOLDS: list[Any] = [
    {"$did": "purchase"},
    did(count=5),
    did(count={"$gte": 5, "$lt": 6}),
    did(count={"$in": [1, 5]}),
    did(count={"$ne": 4}),
    did(count={"$not": {"$gt": 5}}),
    did(count={"$exists": True}),
    did(where={"sku": "hat"}, count=2),
    did(where={"items.sku": "b"}, count=1),
    did(where={"gift": {"$ne": True}}, count=4),
    did(where={"value": {"$gte": 20}}, count=2),
    did(where=[{"sku": "boots"}, {"gift": True}], count=1),
    did(where={"$or": [{"sku": "hat"}, {"gift": True}]}, count=3),
    {"$did_not": {"event": "refund"}},
    {"$not": {"$did": {"event": "refund", "during": "this_year"}}},
    # rolling windows: after now - 30d
    did(within="30d", count=4),
    did(within="P30D", count=4),
    did(within=30 * 86_400, count=4),
    did(within="37h", count=2),
    did(within="36h 1s", count=1),
    did(within="36h", count=0),
    did(within="30d", until="2d", count=2),
    # the calendar, in the timezone of now, weeks from Monday
    did(during="today", count=0),
    did(during="yesterday", count=1),
    did(during="this_week", count=1),
    did(during="last_week", count=1),
    did(during="this_month", count=3),
    did(during="last_month", count=1),
    did(during="this_quarter", count=4),
    did(during="last_quarter", count=0),
    did(during="this_year", count=4),
    did(during="last_year", count=1),
    # fixed moments: from since on, before before; without an offset UTC
    did(since="2026-11-02T12:00+01:00", count=3),
    did(since="2026-11-02T12:00:00.001+01:00", count=2),
    did(before="2026-11-02T12:00+01:00", count=2),
    did(since="2026-11-01", before="2026-11-22T23:00", count=2),
    # aggregates
    did(sum={"$between": [130.7, 130.9]}),
    did(sum=0.3, since="2026-11-02", before="2026-11-22T22:59:59Z") | {"customer_id": "ada"},
    did(sum=130.8),
    did(average=26.16),
    did(min=0.1, max=100),
    did(max={"$gte": 100}, within="30d"),
    did(most="boots", of="sku"),  # twice, as the hat: the smaller text
    did(most={"$in": ["hat"]}, of="sku", during="this_year"),
    did(first={"$lt": "2026-01-01"}),
    did(last={"$gt": {"$ago": "2d"}}),
    did(last={"$between": [{"$ago": "2d"}, {"$ago": "1d"}]}),
    did(first={"$gte": "2026-11-02"}, within="24d"),
    did(count={"$gte": 2}, sum={"$gt": 100}, within="30d"),
    {"$did": {"event": "rating", "average": 4.5, "of": "stars"}},
    {"$did": {"event": "rating", "sum": 7}},
    {"$did": {"event": "refund", "sum": 0}},
    {"$did": {"event": "refund", "count": 0}},
    {"$did": {"event": "refund", "average": {"$exists": False}}},
    {"$did": {"event": "refund", "most": None}},
    # several events count together
    {"$did": {"event": ["purchase", "rating"], "count": 8}},
    {"$did": {"event": ["view", "click"], "count": 3, "within": "30d"}},
    # messages: what people did, not machines
    {"$message": {"did": "opened", "channel": "email", "within": "30d", "count": 1}},
    {"$message": {"did": "clicked"}},
    {"$message": {"did": ["opened", "clicked"], "count": 2}},
    {"$not": {"$message": {"did": "clicked", "channel": ["email", "sms"]}}},
    # segments, devices, places, moments told from now
    {"segments": "vip"},
    {"segments": "new"},
    {"segments": {"$nin": ["gone"]}},
    {"devices.platform": "fcm"},
    {"location": {"$near": {"lat": 48.2, "lon": 16.37, "km": 2}}},
    {"location": {"$not": {"$exists": False}}},
    {"last_purchase_at": {"$gt": {"$ago": "2 days"}}},
    {"last_purchase_at": {"$lt": {"$ahead": "1h"}}},
    {"born": {"$between": ["1990-01-01", {"$ago": "500d"}]}},
    {"days_since_last_interaction": {"$between": [2, 4]}},
    {"$percent": {"of": 100}},
    {"type": "profile_check", "field": "born", "operator": "contains", "value": "1990"},
    {"type": "profile_check", "field": "onboarding_completed", "value": False},
    {"type": "profile_check", "field": "born", "operator": "exists"},
    {"type": "engagement_check", "hours": 120, "min_interactions": 4},
    {"type": "engagement_check", "hours": 24 * 400},
    {"type": "time_check", "condition": "business_hours"},
    {"type": "time_check", "condition": "weekday"},
    [{"type": "profile_check", "field": "born", "operator": "not_equals", "value": "x"}, {"$did": "rating"}],
]
FAILS: list[Any] = [
    did(count={"$gte": 6}),
    did(within="30d", count=5),
    did(average={"$lt": 26}),
    did(last={"$lt": {"$ago": "2d"}}),
    did(most="scarf", of="sku"),
    {"$did": {"event": "refund"}},
    {"$did": {"event": "refund", "average": {"$gte": 0}}},
    {"$did": {"event": "refund", "last": {"$lt": {"$ago": "1d"}}}},
    {"$did": {"event": "rating", "sum": {"$gt": 0}, "of": "nothing"}},
    {"$did_not": {"event": "purchase"}},
    {"$message": {"did": "opened", "channel": "push"}},
    {"location": {"$near": {"lat": 48.2, "lon": 16.37, "km": 0.5}}},
    {"born": {"$near": {"lat": 48.2, "lon": 16.37, "km": 20_000}}},
    {"last_purchase_at": {"$lt": {"$ago": "1d 1h"}}},
    {"$percent": {"of": 0}},
    {"type": "time_check", "condition": "weekend"},
    {"type": "engagement_check", "hours": 24, "min_interactions": 1},
]


@pytest.mark.parametrize("spec", HOLDS, ids=str)
def test_it_holds(spec: Any) -> None:
    assert compile_filter(spec).matches(view_at()) is True


@pytest.mark.parametrize("spec", FAILS, ids=str)
def test_it_does_not_hold(spec: Any) -> None:
    assert compile_filter(spec).matches(view_at()) is False


def test_a_moment_in_the_future_counts_as_now() -> None:
    view = profile_view(CUSTOMER, NOW, EventHistory([happened("page", "2026-12-24T12:00")], NOW))
    assert compile_filter({"$did": {"event": "page", "within": "1h"}}).matches(view)
    assert compile_filter({"$did": {"event": "page", "during": "today"}}).matches(view)
    assert compile_filter({"$did_not": {"event": "page", "within": "2d", "until": "1d"}}).matches(view)


def test_a_percentage_is_a_steady_share_and_salts_draw_apart() -> None:
    ids = [uuid7(n) for n in range(4000)]

    def drawn(of: float, salt: str) -> set[UUID]:
        condition = compile_filter({"$percent": {"of": of, "salt": salt}})
        return {id for id in ids if condition.matches({"$id": id})}

    ten = drawn(10, "a")
    assert 320 < len(ten) < 480
    assert ten < drawn(20, "a")
    assert len(ten & drawn(10, "b")) < 90


TRAITS = {
    "total_spent": {"event": "purchase", "take": "sum"},
    "orders": {"event": "purchase", "within": "30d"},
    "favourite": {"event": "purchase", "take": "most", "of": "sku", "title": "Favourite"},
}


def test_a_computed_trait_is_its_aggregate() -> None:
    for spec in (
        {"traits.total_spent": {"$gt": 130}},
        {"traits.orders": 4},
        {"traits.favourite": {"$startsWith": "bo"}},
        {"traits.total_spent": {"$not": {"$gt": 131}}},
    ):
        condition = compile_filter(spec, traits=TRAITS)
        assert condition.matches(view_at()), spec
        assert condition.needs.fields == frozenset()
    orders = {"event": "purchase", "count": {"$gte": 2}, "within": "30d"}
    assert compile_filter({"traits.orders": {"$gte": 2}}, traits=TRAITS).tree == compile_filter({"$did": orders}).tree


def test_without_their_documents_traits_are_values_of_the_view() -> None:
    condition = compile_filter({"traits.total_spent": {"$gt": 130}})
    assert condition.matches(profile_view(CUSTOMER, NOW, traits={"total_spent": 131.0}))
    assert condition.needs.fields == {"traits"}


def test_a_trait_tells_its_value() -> None:
    told = {name: read_trait(document).value(view_at()) for name, document in TRAITS.items()}
    assert told == {"total_spent": 130.8, "orders": 4, "favourite": "boots"}
    assert [read_trait(d).timed for d in TRAITS.values()] == [False, True, False]
    assert read_trait(TRAITS["orders"]).measures == (Measure(event="purchase", keep=30 * 86_400.0),)


@pytest.mark.parametrize(
    ("spec", "depth", "keep"),
    [
        (did(), 0, None),
        (did(within="30d"), 1, 2_592_000),
        (did(within="30d", count={"$gte": 3}), 3, 2_592_000),
        (did(within="30d", count={"$gte": 2.5}), 3, 2_592_000),
        (did(within="30d", count={"$gt": 3}), 4, 2_592_000),
        (did(within="30d", count={"$lt": 3}), 3, 2_592_000),
        (did(within="30d", count={"$lte": 3}), 4, 2_592_000),
        (did(within="30d", count=3), 4, 2_592_000),
        (did(within="30d", count={"$ne": 3}), 4, 2_592_000),
        (did(within="30d", count={"$between": [1, 3]}), 4, 2_592_000),
        (did(within="30d", count={"$in": [5, 2]}), 6, 2_592_000),
        (did(within="30d", count=0), 1, 2_592_000),
        (did(within="30d", count={"$gte": 1000}), 1000, 2_592_000),
        (did(within="30d", count={"$gte": 1001}), 0, 2_592_000),
        (did(within="30d", last={"$lt": {"$ago": "1d"}}), 1, 2_592_000),
        (did(within="30d", first={"$lt": {"$ago": "1d"}}), 0, 2_592_000),
        (did(within="30d", sum={"$gt": 1}), 0, 2_592_000),
        (did(within="30d", until="1d"), 0, 2_592_000),
        (did(during="today"), 1, 2 * 86_400),
        (did(during="yesterday"), 0, 3 * 86_400),
        (did(during="last_year"), 0, 733 * 86_400),
        (did(since="2026-01-01"), 0, None),
    ],
)
def test_no_more_of_the_past_is_kept_than_decides(spec: dict[str, Any], depth: int, keep: float | None) -> None:
    (measure,) = compile_filter(spec).needs.measures
    assert (measure.depth, measure.keep) == (depth, keep)


def test_needs_name_what_the_answer_hangs_on() -> None:
    needs = compile_filter(
        {
            "address.city": "Wien",
            "segments": {"$in": ["vip", "new"]},
            "$or": [did(), did(count={"$gte": 9}), {"location": {"$near": {"lat": 1, "lon": 1, "km": 1}}}],
        }
    ).needs
    assert needs.fields == {"address", "segments", "location"}
    assert needs.segments == {"vip", "new"}
    assert needs.measures == (Measure(event="purchase"),)
    assert not needs.timed
    for spec in (
        did(within="1d"),
        {"x": {"$lt": {"$ago": "1d"}}},
        {"days_since_last_interaction": {"$gt": 3}},
        {"type": "time_check", "condition": "weekend"},
    ):
        assert compile_filter({"$not": spec}).needs.timed


def test_a_where_is_kept_as_json_has_it() -> None:
    (measure,) = compile_filter(did(where={"at": {"$gt": datetime(2026, 3, 1)}})).needs.measures  # noqa: DTZ001
    assert measure.where == {"at": {"$gt": "2026-03-01T00:00:00+00:00"}}
    assert compile_filter(did(where=[{"a": 1}, {"b": {"$in": (1, 2)}}])).needs.measures[0].where == {
        "$and": [{"a": 1}, {"b": {"$in": [1, 2]}}]
    }


def test_without_a_history_nothing_is_guessed() -> None:
    condition = compile_filter({"customer_id": "ada", **did()})
    with pytest.raises(NotCounted):
        condition.matches(profile_view(CUSTOMER, NOW))
    with pytest.raises(NotCounted):
        condition.matches({"customer_id": "ada"})
    assert condition.matches({"customer_id": "bob"}) is False  # what is cheap is asked first


def test_filters_without_events_and_time_ask_nothing_else_of_a_view() -> None:
    assert compile_filter({"country": "DE"}).matches({"country": "DE"})
    assert compile_filter({"country": "DE"}).flips({"country": "DE"}) is None


def test_properties_of_an_event_cannot_pass_for_what_the_view_tells_of_itself() -> None:
    view = view_at()
    lay_over(view, {"$now": 1, "$id": 2, "$history": 3, "country": "DE"})
    assert (view["$now"], view["$id"]) == (NOW, ADA)
    assert compile_filter({"country": "DE", **did(), "event.country": "DE"}).matches(view)


def test_attributes_never_hide_what_motet_knows() -> None:
    customer = Customer(id=ADA, external_id="ada", attributes={"segments": ["vip"], "$now": 1, "topics": 5, "x": 1})
    view = profile_view(customer, NOW)
    assert (view["segments"], view["$now"], view["topics"], view["x"]) == ([], NOW, {}, 1)


def test_seconds_of_a_span_pass_evenly_when_clocks_change() -> None:
    after = datetime(2026, 3, 29, 12, tzinfo=VIENNA)  # clocks went on at 02:00
    condition = compile_filter({"at": {"$gte": {"$ago": "1d"}}})
    day_before = (after.astimezone(UTC) - timedelta(days=1)).isoformat()
    assert condition.matches({"at": day_before, "$now": after})
    early = (after.astimezone(UTC) - timedelta(days=1, seconds=1)).isoformat()
    assert not condition.matches({"at": early, "$now": after})
