"""Customers who are one: `merge` makes one of two, `merges` lists what was merged and takes it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

from cyclopts import Parameter

from motet.cli.house import in_house
from motet.cli.options import Json
from motet.cli.printing import print_json, print_line, print_table
from motet.core.errors import NotFound, Problem, Refused

if TYPE_CHECKING:
    from motet.app import House
    from motet.audience.merges import Merge
    from motet.core.customers import Customer

T = TypeVar("T")


def merge(
    loser: Annotated[str, Parameter(help="External id, email, phone or Motet's own id of the one who goes.")],
    winner: Annotated[str, Parameter(help="The same of the one who stays.")],
    /,
    *,
    json: Json = False,
) -> int:
    """Make one customer of two: LOSER becomes part of WINNER. It can be undone for 30 days."""
    from motet.audience.merges import ask_merge

    async def work(house: House) -> Merge:
        goes, stays = await _find(house, loser), await _find(house, winner)
        return await ask_merge(house.pool, goes.id, stays.id, lanes=house.lanes, now=datetime.now(UTC))

    asked = in_house("people", work)
    if json:
        print_json(asked)
    else:
        print_line(f"{loser} becomes part of {winner}; `motet merges --undo {asked.id}` takes it back", "ok")
    return 0


def merges(
    customer: Annotated[str | None, Parameter(help="External id, email, phone or Motet's own id.")] = None,
    /,
    *,
    undo: Annotated[UUID | None, Parameter(help="The id of a merge that is to be taken back.")] = None,
    json: Json = False,
) -> int:
    """List who became part of CUSTOMER, or take a merge back."""
    from motet.audience.merges import list_merges, undo_merge

    if (customer is None) == (undo is None):
        fix = "say `motet merges CUSTOMER`, or `motet merges --undo ID`"
        raise Refused([Problem("cli.no_customer", "name a customer, or a merge to undo", fix=fix)])

    async def work(house: House) -> Sequence[Merge]:
        now = datetime.now(UTC)
        if undo is not None:
            return [await undo_merge(house.pool, undo, lanes=house.lanes, now=now)]
        assert customer is not None
        return await list_merges(house.pool, (await _find(house, customer)).id, now=now)

    found = in_house("people", work)
    if json:
        print_json({"merges": found})
    elif undo is not None:
        print_line(f"{found[0].external_id} is a customer of their own again", "ok")
    else:
        rows = [(m.id, f"{m.at:%Y-%m-%d %H:%M}", m.external_id, m.status, m.cause, m.undoable, m.reason) for m in found]
        columns = ("id", "at", "customer", "status", "cause", "undoable", "reason")
        print_table(columns, rows, f"nobody became part of {customer}")
    return 0


async def _find(house: House, reference: str) -> Customer:
    from motet.audience.profiles import find_customer

    found = await find_customer(house.pool, house.lanes, reference)
    if found is None:
        raise NotFound("customer", reference)
    return found
