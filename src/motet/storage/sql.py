"""Named queries. Each file in `queries/` holds `-- name: verb_noun` blocks; `sql("file.verb_noun")` is one.

Raises KeyError for a name that no file has, and ValueError at load when a name stands twice.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@cache
def _load(area: str) -> dict[str, str]:
    text = files("motet.storage").joinpath("queries", f"{area}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)[1:]
    found: dict[str, str] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if name in found:
            raise ValueError(f"query {area}.{name} stands twice")
        found[name] = body.strip().rstrip(";")
    return found


def sql(name: str) -> str:
    """The text of the query `area.verb_noun`."""
    area, _, verb = name.partition(".")
    return _load(area)[verb]
