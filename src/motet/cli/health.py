"""Whether all is well: `doctor` looks at the settings, `status` at what runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from motet.cli.house import in_house
from motet.cli.options import Json
from motet.cli.printing import out, print_json, print_line, print_table
from motet.core.errors import Refused

if TYPE_CHECKING:
    from motet.analytics.overview import Overview
    from motet.app import House


def doctor(*, json: Json = False) -> int:
    """Check the home, the database, the providers and the addresses; each finding has its fix. Exit 1 on an error."""
    from motet.app import run
    from motet.doctor import describe_refusal, examine
    from motet.household import read_surroundings

    try:
        findings = run(examine(read_surroundings()))
    except Refused as refusal:
        findings = describe_refusal(refusal)
    broken = any(f.level == "error" for f in findings)
    if json:
        print_json({"healthy": not broken, "findings": findings})
        return int(broken)
    for finding in findings:
        print_line(f"{finding.topic:<14} {finding.text}", finding.level)
        if finding.fix:
            out.print(f"         [dim]fix:[/] {' ' * 9} {finding.fix}", markup=True)
    return int(broken)


def status(*, json: Json = False) -> int:
    """Show the campaigns with their counts, the workers, and what waits."""
    from motet.analytics.reports import Reports

    async def work(house: House) -> Overview:
        return await Reports(house.pool, house.lanes).overview.read(datetime.now(UTC))

    found = in_house("status", work, size=2)
    if json:
        print_json(found)
        return 0
    keys = ("name", "status", "enrolled", "active", "sent", "delivered", "opened", "clicked", "converted")
    print_table(keys, [[getattr(row, key) for key in keys] for row in found.campaigns], empty="no campaigns yet")
    alive = [worker.kind for worker in found.workers if worker.alive]
    told = ", ".join(f"{alive.count(kind)} {kind}" for kind in sorted(set(alive))) or "none"
    print_line("")
    print_line(f"customers        {found.customers:,}")
    print_line(f"workers alive    {told}")
    print_line(f"messages waiting {found.waiting.approved:,}")
    print_line(f"timers due       {found.waiting.timers_due:,}")
    return 0
