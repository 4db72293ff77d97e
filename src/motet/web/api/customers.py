"""Customers: look them up, and bring them in, one or many."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from motet.analytics.explain import Explained
from motet.analytics.profile import CustomerPage, CustomerRow, shape_row
from motet.analytics.timeline import Timeline
from motet.audience.inputs import CustomerInput, check_customer
from motet.audience.profiles import find_customer, search_customers
from motet.audience.upsert import save_customers
from motet.core.customers import Customer
from motet.core.errors import NotFound, Problem, Refused
from motet.web.api.bodies import decode_body, read_list
from motet.web.api.tools import ApiRequest, local_now, tools_of
from motet.web.problems import builtin_problems

MAX_BULK = 10_000

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
Place = Annotated[str | None, QueryParameter(description="The `next` of the page before.")]


class CustomerList(msgspec.Struct, frozen=True):
    """`next` is the `before` of the page after it, or null at the end."""

    customers: list[CustomerRow]
    next: str | None


class RejectedItem(msgspec.Struct, frozen=True):
    """One that was not taken; the others were."""

    index: int
    problems: list[dict[str, str]]


class Saved(msgspec.Struct, frozen=True):
    """`notes` tells of addresses that stayed with the customer who had them first."""

    created: int
    changed: int
    unchanged: int
    rejected: list[RejectedItem]
    notes: list[RejectedItem]


class InboxAddress(msgspec.Struct, frozen=True):
    url: str


@get("/customers", summary="The newest customers, or those that a search finds", tags=["customers"])
async def list_customers(
    request: ApiRequest, q: FromQuery[str] = "", limit: Limit = 50, before: Place = None
) -> CustomerList:
    services = tools_of(request).services
    found = await search_customers(services.pool, services.lanes, q, limit, _read_id(before))
    return CustomerList([shape_row(customer) for customer in found], str(found[-1].id) if len(found) == limit else None)


@post("/customers", status_code=200, summary="Create or update one customer", tags=["customers"])
async def save_customer(request: ApiRequest) -> Saved:
    given = check_customer(decode_body(await request.body()), guard=tools_of(request).services.events.guard)
    if isinstance(given, list):
        raise Refused(given)
    return await _save(request, [given], [0], [])


@post(
    "/customers/bulk",
    status_code=200,
    summary="Create or update up to 10,000 customers",
    description='`{"customers": [...]}`. What is wrong with one is told in `rejected`; the others are saved.',
    tags=["customers"],
)
async def save_customers_in_bulk(request: ApiRequest) -> Saved:
    inputs: list[CustomerInput] = []
    places: list[int] = []
    rejected: list[RejectedItem] = []
    guard = tools_of(request).services.events.guard
    for index, raw in enumerate(read_list(decode_body(await request.body()), "customers", MAX_BULK)):
        if index % 100 == 99:
            await asyncio.sleep(0)  # others are served while a long list is checked
        given = check_customer(raw, f"customers[{index}]", guard=guard)
        if isinstance(given, list):
            rejected.append(RejectedItem(index, builtin_problems(given)))
        else:
            inputs.append(given)
            places.append(index)
    return await _save(request, inputs, places, rejected)


@get("/customers/{ref:str}", summary="One customer", tags=["customers"])
async def read_customer(request: ApiRequest, ref: FromPath[str]) -> CustomerPage:
    """`ref` is our id, the external id, the email address or the phone number."""
    return await tools_of(request).reports.profiles.read(await find(request, ref), local_now(request))


@get("/customers/{ref:str}/timeline", summary="What happened to one customer", tags=["customers"])
async def read_timeline(request: ApiRequest, ref: FromPath[str], limit: Limit = 50, before: Place = None) -> Timeline:
    customer = await find(request, ref)
    return await tools_of(request).reports.timelines.read(customer, limit=limit, before=before)


@get("/customers/{ref:str}/explain", summary="Why one customer heard from us, or did not", tags=["customers"])
async def explain_customer(request: ApiRequest, ref: FromPath[str], limit: Limit = 100) -> Explained:
    return await tools_of(request).reports.explain.read(await find(request, ref), limit=limit)


@get("/customers/{ref:str}/inbox", summary="Where one customer's in-app messages are", tags=["customers"])
async def open_inbox(request: ApiRequest, ref: FromPath[str]) -> InboxAddress:
    """For your own server: hand the address to the page or the app in which this customer is signed in. It is signed
    and opens this inbox only: `{url}/inbox` lists, `{url}/stream` is live, `{url}/{id}/read` and `/click` are told."""
    services = tools_of(request).services
    token = services.signer.inbox_token((await find(request, ref)).id)
    return InboxAddress(f"{services.config.public_url}/in-app/{token}")


async def _save(
    request: ApiRequest, inputs: list[CustomerInput], places: list[int], rejected: list[RejectedItem]
) -> Saved:
    services = tools_of(request).services
    guard = services.events.guard
    saved = await save_customers(services.pool, inputs, lanes=services.lanes, now=datetime.now(UTC), guard=guard)
    notes = [
        RejectedItem(
            places[taken.index],
            builtin_problems(
                [
                    Problem(
                        "customer.address_taken",
                        f"another customer has this {taken.field} already and keeps it",
                        taken.field,
                        "merge the two, or give this one another",
                    )
                ]
            ),
        )
        for taken in saved.taken
    ]
    return Saved(saved.created, saved.changed, saved.unchanged, rejected, notes)


async def find(request: ApiRequest, ref: str) -> Customer:
    """The customer that an address names. Raises NotFound."""
    services = tools_of(request).services
    customer = await find_customer(services.pool, services.lanes, ref)
    if customer is None:
        raise NotFound("customer", ref[:255])
    return customer


def _read_id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text is not None else None
    except ValueError:
        problem = Problem("page.bad_place", "is not a place in this list", "before", "take it from `next`")
        raise Refused([problem]) from None


HANDLERS = (
    list_customers,
    save_customer,
    save_customers_in_bulk,
    read_customer,
    read_timeline,
    explain_customer,
    open_inbox,
)
