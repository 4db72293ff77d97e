"""The segments, traits and stages of the demonstration's brand, as its marketer would write them."""

from __future__ import annotations

from typing import Any

TRAITS: tuple[dict[str, Any], ...] = (
    {"kind": "trait", "name": "total_spent", "title": "Total spent", "event": "purchase", "take": "sum"},
    {"kind": "trait", "name": "favourite_category", "title": "Looks most at", "event": "product_viewed", "take": "most",
     "of": "category"},
)  # fmt: skip

SEGMENTS: tuple[dict[str, Any], ...] = (
    {
        "kind": "segment",
        "name": "big-spenders",
        "title": "Big spenders",
        "description": "200 or more in 90 days.",
        "where": {"$did": {"event": "purchase", "sum": {"$gte": 200}, "within": "90d"}},
    },
    {
        "kind": "segment",
        "name": "window-shoppers",
        "title": "Window shoppers",
        "description": "Looked at something today and bought nothing this month.",
        "where": {
            "$did": {"event": "product_viewed", "during": "today"},
            "$did_not": {"event": "purchase", "during": "this_month"},
        },
    },
    {
        "kind": "segment",
        "name": "engaged-readers",
        "title": "Engaged readers",
        "description": "Opened an email within the hour, or clicked in anything within a day.",
        "where": {
            "$or": [
                {"$message": {"did": "opened", "channel": "email", "within": "1h"}},
                {"$message": {"did": "clicked", "within": "1d"}},
            ]
        },
    },
    {
        "kind": "segment",
        "name": "basket-waits",
        "title": "A basket waits",
        "description": "Left a basket worth 100 or more in the last 10 minutes.",
        "where": {"$did": {"event": "cart_abandoned", "where": {"cart_value": {"$gte": 100}}, "within": "10m"}},
    },
    {
        "kind": "segment",
        "name": "quiet-customers",
        "title": "Quiet customers",
        "description": "Bought once and have not been seen for 30 days.",
        "where": {"tags": "previous_customer", "last_interaction_at": {"$lt": {"$ago": "30d"}}},
    },
)
