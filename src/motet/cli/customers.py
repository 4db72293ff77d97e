"""Customers in and out, and why one heard what they heard: `import customers`, `export customers`, `explain`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from motet.cli.options import Json
from motet.cli.printing import err, out, print_json, print_line
from motet.core.errors import NotFound, Problem, Refused

if TYPE_CHECKING:
    from motet.analytics.explain import Explained
    from motet.ingest.customers import ImportResult, Progress

_MARKS = {"send": "[green]send[/]", "hold": "[yellow]hold[/]", "drop": "[red]drop[/]"}


def import_customers(
    file: Path,
    /,
    *,
    mapping: Annotated[
        list[str] | None, Parameter(name="--map", help='A column and its field, such as "E-mail=email"; repeatable.')
    ] = None,
    rejects: Annotated[Path | None, Parameter(help="Where refused rows go [FILE.rejects.csv].")] = None,
    json: Json = False,
) -> int:
    """Read customers from CSV or JSON lines. Killed and run again, it goes on where it stopped.

    Parameters
    ----------
    file: A CSV file with a header, or a file of JSON lines.
    """
    from motet.app import open_house, run
    from motet.household import read_surroundings
    from motet.ingest.customers import import_customers as import_file

    fields = read_mapping(mapping or [])
    if not file.is_file():
        raise Refused([Problem("file.unreadable", "there is no such file", str(file), "check the name")])
    config = read_surroundings()

    async def work() -> ImportResult:
        async with open_house(config, name="import", size=2) as house:
            with _bar(file.stat().st_size, shown=not json) as progress:
                return await import_file(
                    house.pool,
                    file,
                    lanes=house.lanes,
                    mapping=fields,
                    now=datetime.now(UTC),
                    progress=progress,
                    rejects_path=rejects,
                )

    result = run(work())
    if json:
        print_json(result)
    else:
        print_line(str(result), "warning" if result.rejected else "ok")
    return 0


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


def read_mapping(pairs: list[str]) -> dict[str, str]:
    """`Column=field` pairs as a dict. Raises Refused naming the pair that has no equals sign."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        column, equals, field = pair.rpartition("=")
        if not (equals and column and field):
            problem = Problem("cli.bad_mapping", f"{pair!r} is not Column=field", "--map", 'such as "E-mail=email"')
            raise Refused([problem])
        mapping[column] = field
    return mapping


@contextmanager
def _bar(size: int, *, shown: bool) -> Iterator[Callable[[Progress], None]]:
    """A progress bar on stderr, with rows a second; nothing when it is not shown or nobody looks."""
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rejected]:,} rejected"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=err, disable=not (shown and err.is_terminal), transient=True) as bar:
        task = bar.add_task("import", total=size, rows=0, rejected=0)

        def tell(progress: Progress) -> None:
            bar.update(task, completed=progress.position, rows=progress.rows, rejected=progress.rejected)

        yield tell
