"""Events in: one, or many at once; answered after the commit."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import post

from motet.core.errors import Problem, Refused
from motet.ingest.events import Appended, RawEvent, check_event
from motet.ingest.tap import KEPT
from motet.web.api.bodies import decode_body, read_list
from motet.web.api.customers import RejectedItem
from motet.web.api.tools import ApiRequest, tools_of
from motet.web.problems import builtin_problems

MAX_BATCH = 10_000


class Taken(msgspec.Struct, frozen=True):
    """`duplicate` ones were known by their key already, and count for nothing twice."""

    accepted: int
    duplicate: int
    rejected: list[RejectedItem]


@post(
    "/events",
    status_code=200,
    summary="Tell what happened",
    description='One event, `{"customer": "c1", "name": "purchase", "value": 59.9}`, or `{"events": [...]}`.',
    tags=["events"],
)
async def add_events(request: ApiRequest) -> Taken:
    """What is wrong with one of many is told in `rejected`; the others are taken. One alone is refused with 400."""
    body = decode_body(await request.body())
    services = tools_of(request).services
    events = services.events
    if not (isinstance(body, dict) and "events" in body):
        given = check_event(body, guard=events.guard)
        if isinstance(given, list):
            services.tap.refuse(body, given, source="api", now=datetime.now(UTC))
            raise Refused(given)
        return _tell(await events.add([given]), [])
    facts: list[RawEvent] = []
    rejected: list[RejectedItem] = []
    refused: deque[tuple[Any, list[Problem]]] = deque(maxlen=KEPT)
    for index, raw in enumerate(read_list(body, "events", MAX_BATCH)):
        if index % 100 == 99:
            await asyncio.sleep(0)  # others are served while a long list is checked
        given = check_event(raw, f"events[{index}]", guard=events.guard)
        if isinstance(given, list):
            rejected.append(RejectedItem(index, builtin_problems(given)))
            refused.append((raw, given))
        else:
            facts.append(given)
    for raw, problems in refused:
        services.tap.refuse(raw, problems, source="api", now=datetime.now(UTC))
    return _tell(await events.add(facts), rejected)


def _tell(written: list[Appended], rejected: list[RejectedItem]) -> Taken:
    duplicate = sum(one.duplicate for one in written)
    return Taken(len(written) - duplicate, duplicate, rejected)


HANDLERS = (add_events,)
