"""What the columns of a file may be: the fields of a customer or of an event, and the names that people give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from motet.audience.inputs import CLEANERS
from motet.core.words import Channel


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """`aliases` are in snake_case. `rest` is the map that takes what nobody knows. `typed` are fields whose cell is a
    number, a flag or JSON when it is spelled so; the others stay texts."""

    fields: Sequence[str]
    maps: frozenset[str]
    aliases: Mapping[str, str]
    rest: str
    typed: frozenset[str]
    identifiers: frozenset[str]  # one of them must have a column


def _name_customers() -> dict[str, str]:
    names = {
        **{name: name for name in CLEANERS},
        **dict.fromkeys(("id", "customer_id", "user_id", "userid", "uid", "customer"), "external_id"),
        **dict.fromkeys(("e_mail", "mail", "email_address", "e_mail_address"), "email"),
        **dict.fromkeys(
            ("phone_number", "mobile", "mobile_phone", "mobile_number", "telephone", "tel", "cell"), "phone"
        ),
        **dict.fromkeys(("tz", "time_zone"), "timezone"),
        **dict.fromkeys(("language", "lang"), "locale"),
        **dict.fromkeys(("tag", "segments", "segment"), "tags"),
        **dict.fromkeys(("lifecycle", "stage"), "lifecycle_stage"),
        **dict.fromkeys(("created", "signup_date", "signed_up_at", "joined_at"), "created_at"),
        **dict.fromkeys(("last_seen", "last_seen_at", "last_interaction", "last_activity"), "last_interaction_at"),
        **dict.fromkeys(("last_purchase", "last_order_at"), "last_purchase_at"),
        **dict.fromkeys(("device_token", "device_tokens", "push_token", "fcm_token", "device"), "devices"),
        "unsubscribed": "!consents.email",
    }
    for channel in Channel:
        for words in ("{}_consent", "consent_{}", "{}_opt_in", "{}_subscribed"):
            names[words.format(channel.word)] = f"consents.{channel.word}"
        for words in ("{}_opt_out", "{}_unsubscribed", "unsubscribed_{}"):
            names[words.format(channel.word)] = f"!consents.{channel.word}"
    return names


CUSTOMERS = Vocabulary(
    fields=tuple(CLEANERS),
    maps=frozenset({"attributes", "handles", "preferences", "caps", "consents"}),
    aliases=_name_customers(),
    rest="attributes",
    typed=frozenset({"devices"}),
    identifiers=frozenset({"external_id", "email", "phone"}),
)

_EVENT_FIELDS = ("customer", "user_id", "email", "phone", "anonymous_id", "name", "at", "value", "key", "properties")

EVENTS = Vocabulary(
    fields=_EVENT_FIELDS,
    maps=frozenset({"properties"}),
    aliases={
        **{name: name for name in _EVENT_FIELDS},
        **dict.fromkeys(("customer_id", "external_id", "userid", "uid", "distinct_id", "profile_id"), "user_id"),
        **dict.fromkeys(("e_mail", "mail", "email_address", "customer_email", "user_email"), "email"),
        **dict.fromkeys(("phone_number", "mobile", "telephone", "tel"), "phone"),
        **dict.fromkeys(("anonymousid", "device_id", "visitor_id"), "anonymous_id"),
        **dict.fromkeys(("event", "event_name", "event_type", "action"), "name"),
        **dict.fromkeys(
            ("timestamp", "time", "date", "datetime", "occurred_at", "happened_at", "event_time", "event_date",
             "original_timestamp", "created_at", "ordered_at", "order_date", "purchased_at"), "at"
        ),
        **dict.fromkeys(("revenue", "amount", "total", "order_total"), "value"),
        **dict.fromkeys(("message_id", "messageid", "event_id", "insert_id", "id", "uuid", "dedupe_key"), "key"),
    },
    rest="properties",
    typed=frozenset({"value", "properties"}),
    identifiers=frozenset({"customer", "user_id", "email", "phone", "anonymous_id"}),
)  # fmt: skip
