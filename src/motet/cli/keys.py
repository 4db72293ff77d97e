"""Write keys at the terminal: `keys list | add | revoke`."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from motet.cli.house import in_house
from motet.cli.options import Json
from motet.cli.printing import out, print_json, print_line, print_table
from motet.core.errors import Problem, Refused


def list_keys(*, json: Json = False) -> int:
    """List the write keys. The keys themselves cannot be read again."""
    from motet.ingest.keys import list_keys as list_rows

    rows = in_house("keys", lambda house: list_rows(house.pool))
    if json:
        print_json({"keys": rows})
    elif not rows:
        print_line("there are no write keys yet: `motet keys add website` makes one")
    else:
        print_table(
            ("id", "name", "for", "made", "revoked"),
            [
                (str(r.id), r.name, "pages" if r.page else "servers", f"{r.created_at:%Y-%m-%d}",
                 f"{r.revoked_at:%Y-%m-%d}" if r.revoked_at else "")
                for r in rows
            ],
        )  # fmt: skip
    return 0


def add_key(name: str, /, *, page: bool = False, json: Json = False) -> int:
    """Make a write key and print it, this once.

    Parameters
    ----------
    name: What will send with it, such as website.
    page: It stands in pages or an app, where everybody can read it: it cannot make two known customers one.
    """
    from motet.ingest.keys import add_key as add

    made = in_house("keys", lambda house: add(house.pool, name, datetime.now(UTC), page=page))
    if json:
        print_json(made)
    else:
        out.print(f"[bold]{made.key}[/]")
        print_line("keep it: it cannot be shown again", "warning")
    return 0


def revoke_key(id: str, /, *, json: Json = False) -> int:
    """Revoke a write key; within seconds nothing is taken with it.

    Parameters
    ----------
    id: The id that `motet keys list` shows.
    """
    from motet.ingest.keys import revoke_key as revoke

    try:
        key = UUID(id)
    except ValueError:
        problem = Problem("key.bad_id", f"{id[:60]!r} is not the id of a key", "ID", "see `motet keys list`")
        raise Refused([problem]) from None
    in_house("keys", lambda house: revoke(house.pool, key, datetime.now(UTC)))
    if json:
        print_json({"id": str(key), "revoked": True})
    else:
        print_line("revoked", "ok")
    return 0
