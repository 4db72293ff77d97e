"""An example of every kind of step: its args, and how long it stands at most."""

from __future__ import annotations

from typing import Any

import msgspec

from motet.core.steps import LONGEST_WAIT

DAY = 86400.0


class Case(msgspec.Struct, frozen=True):
    """`most`: seconds after which it has let everybody go, if nothing happens; `says`: in its summary."""

    kind: str
    args: dict[str, Any]
    most: float
    says: str
    hears: dict[str, Any] | None = None  # an event that it takes: fields of Event


_CALL = {"webhook": {"url": "https://crm.example/leads", "body": {"who": "{{email}}"}}}
_GOLD = {"plan": "gold", "digest.count": {"$gte": 0}}

CASES = (
    Case("delay", {"seconds": 7200.0}, 7200, "2 hours"),
    Case("delay", {"seconds": 1000 * DAY, "since": "now"}, LONGEST_WAIT, "1000 days"),
    Case("wait_until", {"local_time": "09:00", "weekdays": ["mon", "fri"]}, 8 * DAY, "09:00"),
    Case("wait_until", {"weekdays": ["sun"]}, 8 * DAY, "Sunday"),
    Case("wait_until", {"at": "2036-01-01T00:00:00Z"}, LONGEST_WAIT, "2036"),
    Case(
        "wait_for_engagement",
        {
            "engagement": ["view", "click"],
            "messages": ["hello"],
            "timeout": DAY,
            "engaged": "next",
            "timed_out": "exit",
        },
        DAY,
        "view or click of hello, at most 1 day",
    ),
    Case(
        "wait_for_event",
        {"event": "order_placed", "where": {"total": {"$gt": 5}}, "timeout": 9e9, "arrived": "exit"},
        LONGEST_WAIT,
        "order placed",
        {"name": "order_placed", "properties": {"total": 9}},
    ),
    Case("wait_for_condition", {"condition": {"plan": "gold"}, "timeout": 3 * DAY, "holds": "exit"}, 3 * DAY, "3 days"),
    Case(
        "digest",
        {"event": "comment", "where": {"stars": 5}, "window": 3600, "most": 5},
        3600,
        "comment",
        {"name": "comment", "properties": {"stars": 5}},
    ),
    Case(
        "message",
        {"channel": "email", "content": {"email": {"subject": "Hi", "html": "Hi"}}, "conditions": _GOLD},
        0,
        "email",
    ),
    Case("action", {"content": _CALL, "wait": True, "timeout": 60, "failed": "exit"}, 60, "https://crm.example/leads"),
    Case("action", {"content": _CALL}, 0, "crm.example"),
    Case(
        "branch",
        {"paths": [{"name": "golden", "condition": _GOLD, "go": "exit"}], "otherwise": "next"},
        0,
        "golden or otherwise",
    ),
    Case(
        "split",
        {"paths": [{"name": "a", "weight": 1, "go": "exit"}, {"name": "b", "weight": 3}], "experiment": "tone"},
        0,
        "25% a and 75% b",
    ),
    Case(
        "update_profile",
        {
            "set": {"seen": "{{now}}"},
            "unset": ["old"],
            "add_tags": ["t"],
            "remove_tags": ["u"],
            "topics": {"news": True},
        },
        0,
        "set seen",
    ),
    Case("emit_event", {"event": "lead_scored", "properties": {"score": 3}}, 0, "lead scored"),
    Case("enter", {"program": "win-back", "context": {"why": "{{reason}}"}}, 0, "win-back"),
    Case("exit", {"reason": "not interested"}, 0, "not interested"),
)
