"""What commands print: tables and marked lines for a person, one JSON document for a program."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from motet.core.errors import Problem

_WIDE = 200  # columns of a table that goes into a file or a pipe

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document, indented for a terminal and compact for a pipe."""
    encoded = msgspec.json.encode(value, enc_hook=str)
    if sys.stdout.isatty():
        encoded = msgspec.json.format(encoded, indent=2)
    sys.stdout.write(encoded.decode() + "\n")
    sys.stdout.flush()


def print_line(text: str, mark: str = "") -> None:
    """One line; `mark` is ok, warning or error."""
    signs = {"ok": "[green]ok[/]     ", "warning": "[yellow]warning[/]", "error": "[red]error[/]  "}
    out.print(f"{signs[mark]}  {escape(text)}" if mark else escape(text))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str = "nothing") -> None:
    """A plain table; a column whose cells are all numbers is set right."""
    cells = [list(row) for row in rows]
    if not cells:
        print_line(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        numeric = all(isinstance(row[index], int | float) for row in cells)
        table.add_column(column, justify="right" if numeric else "left")
    for row in cells:
        table.add_row(*(escape(_tell(cell)) for cell in row))
    out.print(table)


def print_failure(code: str, message: str, problems: Sequence[Problem], as_json: bool, exit_code: int) -> int:
    """An error: JSON on stdout for a program, lines on stderr for a person. Returns `exit_code`."""
    if as_json:
        print_json({"error": {"code": code, "message": message, "problems": list(problems)}})
        return exit_code
    if not problems:
        err.print(f"[red]error[/]  {escape(message)} {escape(f'[{code}]')}")
    for problem in problems:
        place = f"[bold]{escape(problem.path)}[/]: " if problem.path else ""
        err.print(f"[red]error[/]  {place}{escape(problem.message)} {escape(f'[{problem.code}]')}")
        if problem.fix:
            err.print(f"       [dim]fix:[/] {escape(problem.fix)}")
    return exit_code


def _tell(cell: Any) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:,.2f}" if isinstance(cell, float) else str(cell)
