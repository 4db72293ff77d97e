"""Customers out, and why one heard what they heard: `export customers`, `explain`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from motet.cli.options import Json
from motet.cli.printing import out, print_json, print_line
from motet.core.errors import NotFound, Problem, Refused

if TYPE_CHECKING:
    from motet.analytics.explain import Explained

_MARKS = {"send": "[green]send[/]", "hold": "[yellow]hold[/]", "drop": "[red]drop[/]"}


def export_customers(
    file: Annotated[Path | None, Parameter(help="Where to write; standard output without it.")] = None,
    /,
    *,
    form: Annotated[
        Literal["csv", "jsonl"] | None, Parameter(name="--format", help="csv or jsonl [by the file's name, else csv].")
    ] = None,
    json: Json = False,
) -> int:
    """Write every customer as CSV or JSON lines, streamed; `import customers` reads both back."""
    from motet.app import open_house, run
    from motet.household import read_surroundings
    from motet.ingest.export import export_customers as export_file
    from motet.ingest.export import stream_customers

    if file is None and json:
        raise Refused([Problem("cli.no_file", "the customers and the JSON would mix", fix="name a file to write to")])

    async def work() -> int:
        async with open_house(read_surroundings(), name="export", size=2) as house:
            if file is not None:
                return await export_file(house.pool, file, format=form)
            count = 0
            async for chunk, customers in stream_customers(house.pool, form or "csv"):
                sys.stdout.buffer.write(chunk)
                count += customers
            sys.stdout.buffer.flush()
            return count

    try:
        written = run(work())
    except OSError as error:
        if file is None or error.filename is None:
            raise
        problem = Problem("file.unwritable", f"{error.strerror}", str(file), "write to a folder that you own")
        raise Refused([problem]) from None
    if json:
        print_json({"customers": written, "path": str(file)})
    elif file is not None:
        print_line(f"{written:,} customers are in {file}", "ok")
    return 0


def explain(
    *,
    customer: Annotated[str, Parameter(help="External id, email, phone or Motet's own id.")],
    limit: Annotated[int, Parameter(help="How many decisions, newest first.")] = 50,
    json: Json = False,
) -> int:
    """Tell why a customer was or was not written to: each decision with its reasons."""
    from motet.analytics.reports import Reports
    from motet.app import open_house, run
    from motet.audience.profiles import find_customer
    from motet.household import read_surroundings

    if limit < 1:
        raise Refused([Problem("cli.bad_limit", "is less than 1", "--limit", "ask for one decision at least")])

    async def work() -> Explained:
        async with open_house(read_surroundings(), name="explain", size=2) as house:
            found = await find_customer(house.pool, house.lanes, customer)
            if found is None:
                raise NotFound("customer", customer)
            return await Reports(house.pool, house.lanes).explain.read(found, limit=limit)

    explained = run(work())
    if json:
        print_json(explained)
        return 0
    if not explained.explanations:
        print_line(f"nothing was decided about {explained.customer} yet")
    for one in explained.explanations:
        place = f"{one.campaign}{f' / {one.step}' if one.step else ''}"
        out.print(f"{one.at:%Y-%m-%d %H:%M:%S}  {_MARKS.get(one.verdict, one.verdict)}  [bold]{place}[/]")
        print_line(f"                           {one.sentence}")
    return 0
