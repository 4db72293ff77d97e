"""Tracking calls as facts: every kind, identities, times, what is wrong and where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from motet.audience.people import Person
from motet.core.errors import Problem
from motet.ingest.facts import RESERVED, RawEvent
from motet.ingest.tracking.bodies import Call
from motet.ingest.tracking.calls import CallReader, Unfit
from motet.storage.pool import Json

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def read(
    call: dict[str, Any], kind: str | None = None, sent_at: Any = None, reader: CallReader | None = None
) -> RawEvent:
    return (reader or CallReader()).read(msgspec.convert(call, Call), kind, NOW, sent_at, "batch[3]")


def refusal(call: dict[str, Any], kind: str | None = None) -> Problem:
    with pytest.raises(Unfit) as unfit:
        read(call, kind)
    return unfit.value.problem


def properties(fact: RawEvent) -> Any:
    return msgspec.json.decode(fact.properties.json) if isinstance(fact.properties, Json) else fact.properties


def test_track_keeps_its_name_and_properties():
    fact = read({"type": "track", "userId": "u1", "event": "Product Added", "properties": {"sku": "x", "n": [1, {}]}})
    assert (fact.name, properties(fact), fact.source, fact.value) == (
        "Product Added", {"sku": "x", "n": [1, {}]}, "segment", 0.0,
    )  # fmt: skip
    assert (fact.customer.user_id, fact.customer.anonymous_id, fact.customer.given) == ("u1", None, None)
    assert (fact.at, fact.once) == (None, None)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"revenue": 25, "total": 27.5}, 25.0),
        ({"total": "27.50"}, 27.5),
        ({"value": 3, "revenue": 25}, 3.0),
        ({"revenue": "n/a"}, 0.0),
        ({}, 0.0),
    ],
)
def test_a_completed_order_is_worth_its_revenue(given: dict[str, Any], value: float):
    order = {"userId": "u", "event": "Order Completed", "properties": given}
    assert read(order, "track").value == value
    assert read({**order, "event": "Order Refunded"}, "track").value == 0.0


def test_identify_fills_the_profile_and_is_an_event():
    traits = {"email": "Ann@Example.com", "phone": "+1 202 555 0123", "firstName": "Ann", "plan": {"tier": 2},
              "createdAt": 1_700_000_000, "timezone": "europe/berlin", "tags": ["vip"]}  # fmt: skip
    fact = read({"type": "identify", "userId": 7, "anonymousId": "a-1", "traits": traits})
    given = fact.customer.given
    assert (fact.customer.user_id, fact.customer.anonymous_id) == ("7", "a-1")
    assert (fact.customer.email, fact.customer.phone) == ("Ann@example.com", "+12025550123")
    assert given.attributes == {"first_name": "Ann", "plan": {"tier": 2}}
    assert (given.timezone, given.tags) == ("Europe/Berlin", ("vip",))
    assert given.created_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert (fact.name, properties(fact), fact.notes) == ("identify", traits, ())


def test_traits_of_rudderstack_are_in_the_context():
    fact = read({"userId": "u", "context": {"traits": {"plan": "pro"}, "library": {"name": "x"}}}, "identify")
    assert (fact.customer.given.attributes, properties(fact)) == ({"plan": "pro"}, {"plan": "pro"})


def test_a_trait_that_does_not_fit_its_field_is_kept_and_told():
    fact = read({"userId": "u", "traits": {"phone": "555", "email": "test@test.com", "name": "Ann"}}, "identify")
    assert fact.customer.given.attributes == {"phone": "555", "email": "test@test.com", "name": "Ann"}
    assert (fact.customer.phone, fact.customer.email) == (None, None)
    assert [(p.code, p.path) for p in fact.notes] == [
        ("customer.bad_phone", "traits.phone"), ("customer.blocked_identifier", "traits.email"),
    ]  # fmt: skip


def test_a_null_takes_away_and_a_blank_says_nothing():
    traits = {"email": None, "phone": "", "plan": None, "lastName": None, "topics": {"news": True}}
    given = read({"userId": "u", "traits": traits}, "identify").customer.given
    assert set(given.clear) == {"email", "attributes.plan", "attributes.last_name"}
    assert (given.topics, given.phone, given.attributes) == ({"news": True}, None, {})


def test_pages_and_screens_have_their_name_among_the_properties():
    page = {"url": "https://example.com/a", "path": "/a", "title": "A", "referrer": ""}
    fact = read({"userId": "u", "name": "Pricing", "category": "Docs", "properties": {"title": "Mine"},
                 "context": {"page": page}}, "page")  # fmt: skip
    assert fact.name == "page"
    assert properties(fact) == {
        "url": "https://example.com/a", "path": "/a", "title": "Mine", "name": "Pricing", "category": "Docs",
    }  # fmt: skip
    screen = read({"anonymousId": "a", "name": "Home"}, "screen")
    assert (screen.name, properties(screen)) == ("screen", {"name": "Home"})


def test_a_group_is_an_attribute_and_an_event():
    fact = read({"userId": "u", "groupId": 12, "traits": {"name": "Initech", "id": "wrong"}}, "group")
    assert fact.customer.given.attributes == {"group": {"name": "Initech", "id": "12"}}
    assert (fact.name, properties(fact)) == ("group", {"name": "Initech", "id": "wrong", "groupId": "12"})


def test_an_alias_says_who_the_customer_was():
    fact = read({"userId": "u", "previousId": "a-1"}, "alias")
    assert (fact.name, fact.previous, properties(fact)) == ("alias", "a-1", {"previousId": "a-1"})


def test_ids_of_your_own_come_as_segment_s_external_ids():
    ids = [{"type": "loyalty", "id": "123", "collection": "users"}, {"type": "", "id": "4"}, "5"]
    fact = read({"type": "track", "event": "x", "userId": "u", "context": {"externalIds": ids}})
    assert isinstance(fact.customer, Person)
    assert fact.customer.custom == {"loyalty": "123"}
    assert [note.path for note in fact.notes] == ["context.externalIds[1]", "context.externalIds[2]"]


def test_what_surrounds_a_call_goes_into_the_profile_once():
    reader = CallReader()
    token = "ab12" * 16
    context = {"timezone": "America/New_York", "locale": "en-us", "device": {"type": "ios", "token": token}}
    call = {"userId": "u", "event": "e", "context": context}
    given = read(call, "track", reader=reader).customer.given
    assert (given.timezone, given.locale) == ("America/New_York", "en-US")
    assert [(d.token, d.platform) for d in given.devices] == [(token, "apns")]
    assert read(call, "track", reader=reader).customer.given is None
    assert read({**call, "userId": "v"}, "track", reader=reader).customer.given is not None
    elsewhere = {**call, "context": {**context, "timezone": "Europe/Paris"}}
    assert read(elsewhere, "track", reader=reader).customer.given.timezone == "Europe/Paris"
    assert read(call, "track", reader=reader).customer.given.timezone == "America/New_York"
    reader.told.forget()
    assert read(call, "track", reader=reader).customer.given is not None


def test_a_surrounding_that_cannot_be_read_is_left_out_and_told():
    fact = read(
        {"userId": "u", "event": "e", "context": {"timezone": "Mars/One", "device": {"token": "\x00"}}}, "track"
    )
    assert fact.customer.given is None
    assert [p.path for p in fact.notes] == ["context.timezone", "context.device.token"]


def test_a_token_of_firebase_on_an_iphone_is_firebases():
    device = {"type": "iOS", "token": "fcm:token-with-colons"}
    fact = read({"userId": "u", "event": "e", "context": {"device": device}}, "track")
    assert fact.customer.given.devices[0].platform == "fcm"


@pytest.mark.parametrize(
    ("timestamp", "sent", "at"),
    [
        ("2026-11-24T08:00:00Z", "2026-11-24T09:30:00Z", "2026-11-24T08:00:00Z"),
        ("2026-11-24T09:00:00Z", "2026-11-24T10:30:00Z", "2026-11-24T08:00:00Z"),  # a clock an hour fast
        ("2016-01-01T00:00:00Z", "2016-01-01T00:00:10Z", "2026-11-24T09:29:50Z"),  # ten years slow
        ("2026-11-24T08:00:00.123456789+02:00", None, "2026-11-24T06:00:00.123456Z"),
        (1_700_000_000, None, "2023-11-14T22:13:20Z"),
        (1_700_000_000_000, None, "2023-11-14T22:13:20Z"),
        ("2026-11-24T08:00:00Z", "yesterday", "2026-11-24T08:00:00Z"),
        ("2026-11-24T08:00:00Z", "9998-01-01T00:00:00Z", "2026-11-24T08:00:00Z"),
        ("1900-01-01T00:00:00Z", "1900-01-01T00:00:00Z", "1900-01-01T00:00:00Z"),
    ],
)
def test_times_are_corrected_by_the_moment_of_sending(timestamp: Any, sent: Any, at: str):
    call = {"userId": "u", "event": "e", "timestamp": timestamp}
    assert read(call, "track", sent).at == datetime.fromisoformat(at)
    assert read({**call, "sentAt": sent}, "track", "1999-01-01T00:00:00Z" if sent else None).at == (
        datetime.fromisoformat(at)
    )


def test_the_original_timestamp_stands_in():
    call = {"userId": "u", "event": "e", "originalTimestamp": "2026-11-24T08:00:00Z"}
    assert read(call, "track").at == NOW - timedelta(hours=1, minutes=30)
    assert read({**call, "timestamp": "2026-01-01T00:00:00Z"}, "track").at == datetime(2026, 1, 1, tzinfo=UTC)


def test_an_id_of_a_message_is_one_over_all_customers():
    one = read({"userId": "u", "event": "e", "messageId": "m-1"}, "track")
    two = read({"anonymousId": "a", "event": "e", "messageId": "m-1"}, "track")
    other = read({"userId": "u", "event": "e", "messageId": "m-2"}, "track")
    assert one.once is not None
    assert one.once == two.once != other.once
    assert read({"userId": "u", "event": "e", "messageId": ""}, "track").once is None


def test_an_id_that_names_nobody_is_not_one():
    fact = read({"userId": "null", "anonymousId": "a-1", "event": "e"}, "track")
    assert (fact.customer.user_id, fact.customer.anonymous_id) == (None, "a-1")
    assert [(p.code, p.path) for p in fact.notes] == [("customer.blocked_identifier", "userId")]
    told = refusal({"userId": "undefined", "event": "e"}, "track")
    assert (told.code, told.path) == ("event.blocked_identifier", "batch[3].userId")


@pytest.mark.parametrize(
    ("call", "code", "path"),
    [
        ({"type": "track", "event": "e"}, "event.no_identifier", ""),
        ({"type": "track", "event": "e", "userId": "", "anonymousId": None}, "event.no_identifier", ""),
        ({"userId": "u", "event": "e"}, "event.missing_field", ".type"),
        ({"type": "trick", "userId": "u"}, "event.unknown_type", ".type"),
        ({"type": ["track"], "userId": "u"}, "event.unknown_type", ".type"),
        ({"type": "track", "userId": "u"}, "event.missing_field", ".event"),
        ({"type": "track", "userId": "u", "event": " "}, "event.empty", ".event"),
        ({"type": "track", "userId": "u", "event": "x" * 256}, "event.too_long", ".event"),
        ({"type": "track", "userId": "u", "event": {"a": 1}}, "event.bad_type", ".event"),
        ({"type": "track", "userId": "u" * 4096, "event": "e"}, "event.too_long", ".userId"),
        ({"type": "track", "userId": "a\x00b", "event": "e"}, "event.bad_text", ".userId"),
        ({"type": "track", "userId": True, "event": "e"}, "event.bad_type", ".userId"),
        ({"type": "track", "anonymousId": {}, "event": "e"}, "event.bad_type", ".anonymousId"),
        ({"type": "track", "userId": "u", "event": "e", "properties": [1]}, "event.bad_type", ".properties"),
        ({"type": "track", "userId": "u", "event": "e", "properties": {"a": "\x00"}}, "event.bad_text", ".properties"),
        ({"type": "track", "userId": "u", "event": "e", "timestamp": "40000-01-01T00:00:00Z"}, "event.bad_time",
         ".timestamp"),
        ({"type": "track", "userId": "u", "event": "e", "timestamp": 1e300}, "event.bad_time", ".timestamp"),
        ({"type": "track", "userId": "u", "event": "e", "originalTimestamp": "?"}, "event.bad_time",
         ".originalTimestamp"),
        ({"type": "track", "userId": "u", "event": "e", "messageId": {}}, "event.bad_type", ".messageId"),
        ({"type": "identify", "userId": "u", "traits": "x"}, "event.bad_type", ".traits"),
        ({"type": "identify", "userId": "u", "traits": {"": 1}}, "event.empty", ".traits"),
        ({"type": "identify", "userId": "u", "traits": {"a": "\x00"}}, "event.bad_text", ".traits"),
        ({"type": "group", "userId": "u"}, "event.missing_field", ".groupId"),
        ({"type": "alias", "userId": "u"}, "event.missing_field", ".previousId"),
        ({"type": "alias", "anonymousId": "a", "previousId": "b"}, "event.missing_field", ".userId"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(call: dict[str, Any], code: str, path: str):
    told = refusal(call)
    assert (told.code, told.path) == (code, f"batch[3]{path}")


@pytest.mark.parametrize("depth", [8, 9])
def test_properties_are_nested_so_far_and_no_further(depth: int):
    nested: Any = 1
    for _ in range(depth - 1):
        nested = {"a": nested}
    call = {"userId": "u", "event": "e", "properties": {"a": nested}}
    if depth <= 8:
        assert read(call, "track")
    else:
        assert refusal(call, "track").code == "event.too_deep"


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_nobody_outside_writes_an_event_of_ours(name: str):
    assert refusal({"userId": "u", "event": name}, "track").code == "event.reserved_name"
