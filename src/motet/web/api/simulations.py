"""Simulations: what a document would do, before anybody is written to."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, post

from motet.authoring.store import get_campaign
from motet.web.api.bodies import decode_body
from motet.web.api.tools import ApiRequest, tools_of
from motet.web.problems import Rejection

MOST_CUSTOMERS = 20_000
MOST_DAYS = 92


class SimulationOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document, or the name of a stored one. With a segment real people of it are simulated, else made-up ones.

    `settings` change how people behave, such as `{"channels": {"email": {"opens": 0.3}}}`.
    """

    document: dict[str, Any] | None = None
    name: str | None = None
    customers: int = 1_000
    days: int = 30
    seed: int = 1
    start: str | None = None
    segment: str | None = None
    settings: dict[str, Any] = {}


@post(
    "/simulations",
    status_code=200,
    summary="Simulate a campaign or a journey",
    description=f"At most {MOST_CUSTOMERS:,} customers over {MOST_DAYS} days. Nothing is written, nothing is sent.",
    tags=["simulations"],
)
async def simulate(request: ApiRequest) -> Response[bytes]:
    """The report of docs/simulation.md."""
    services = tools_of(request).services
    order = _read_order(await request.body())
    document = order.document
    if document is None:
        document = (await get_campaign(services.pool, order.name or "")).document
    options = {name: getattr(order, name) for name in ("customers", "days", "seed", "start", "segment")}
    report = await services.simulate(document, options, order.settings)
    return Response(report, media_type="application/json")


def _read_order(body: bytes) -> SimulationOrder:
    try:
        order = msgspec.convert(decode_body(body), SimulationOrder)
    except msgspec.ValidationError as error:
        fix = 'send {"name": "welcome-series", "customers": 1000, "days": 30, "seed": 1}'
        raise Rejection(400, "simulation.bad_order", str(error), fix) from None
    if (order.document is None) == (order.name is None):
        words = "names neither a document nor a stored one" if order.document is None else "names two documents"
        raise Rejection(400, "simulation.bad_order", words, "send either document or name", "document")
    for name, most in (("customers", MOST_CUSTOMERS), ("days", MOST_DAYS)):
        if not 1 <= getattr(order, name) <= most:
            words = f"{getattr(order, name):,} is not between 1 and {most:,}"
            raise Rejection(400, "simulation.bad_order", words, "larger ones run as `motet simulate`", name)
    return order


HANDLERS = (simulate,)
