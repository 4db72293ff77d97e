"""`motet simulate`: what a campaign or a journey would do, before anybody is written to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from motet.cli.options import Json
from motet.cli.printing import print_json
from motet.core.errors import Problem, Refused

if TYPE_CHECKING:  # so that `motet --help` stays quick
    from motet.config import Config
    from motet.simulation.forecast.forecast import Order
    from motet.simulation.forecast.report import Report
    from motet.simulation.forecast.scene import Surroundings


def simulate(
    document: Annotated[str, Parameter(allow_leading_hyphen=True)],  # `-` is standard input
    /,
    *,
    customers: Annotated[int | None, Parameter(help="So many made-up people; of a segment, at most so many.")] = None,
    segment: Annotated[str | None, Parameter(help="Real people: who is in this segment, or has this tag.")] = None,
    real: Annotated[int | None, Parameter(help="Real people: so many of them, whoever they are.")] = None,
    days: Annotated[int, Parameter(help="For how many days.")] = 30,
    seed: Annotated[int, Parameter(help="The same seed gives the same answer.")] = 1,
    start: Annotated[str | None, Parameter(help="The first day or moment; without it, today.")] = None,
    set: Annotated[
        list[str], Parameter(negative="", help="Change how people behave: channels.email.opens=0.3. May be repeated.")
    ] = [],  # noqa: B006 - read only
    alone: Annotated[
        bool, Parameter(negative="", help="Leave out the house: its running campaigns, policy and segments.")
    ] = False,
    processes: Annotated[int | None, Parameter(help="How many processes work; without it, one a core.")] = None,
    json: Json = False,
) -> int:
    """Run a document on a clock of its own and tell what it would do. Nothing is written, nothing is sent.

    Parameters
    ----------
    document: A file (- reads standard input), or the name of a stored campaign or journey, or of a blueprint.
    """
    from motet.household import read_surroundings

    if segment is not None and real is not None:
        fix = "use --segment S --customers N"
        raise Refused([Problem("cli.segment_and_real", "does not go with --segment", "--real", fix)])
    config = read_surroundings()
    ask = _Asking(config, customers, segment, real, days, seed, start, set, alone, processes)
    report = ask.run(document)
    if json:
        print_json(report)
    else:
        from motet.cli.forecast_tables import print_report

        print_report(report)
    return 0


class _Asking:
    """What one command asks for."""

    def __init__(
        self, config: Config, customers: int | None, segment: str | None, real: int | None, days: int, seed: int,
        start: str | None, settings: Sequence[str], alone: bool, processes: int | None,
    ) -> None:  # fmt: skip
        self.config = config
        self.customers = customers
        self.segment = segment
        self.real = real
        self.days = days
        self.seed = seed
        self.start = start
        self.settings = settings
        self.alone = alone
        self.processes = processes

    def run(self, document: str) -> Report:
        from motet.app import check_template
        from motet.simulation.forecast.forecast import forecast

        now = datetime.now(UTC)
        if self._is_real:
            return self._run_real(document, now)
        around, read = self._look_around(document)
        return forecast(self._order(read), now, around=around, check=check_template, processes=self.processes)

    @property
    def _is_real(self) -> bool:
        return self.segment is not None or self.real is not None

    def _look_around(self, document: str) -> tuple[Surroundings, dict[str, Any]]:
        """The house, where there is one and it is wanted; and the document. All is closed again when people live."""
        from motet.app import open_house, run
        from motet.simulation.forecast.house import read_stored, read_surroundings
        from motet.simulation.forecast.scene import Surroundings

        found = _read_local(document)
        config, stored = self.config, found is None
        if not stored and (self.alone or not _has_house(config)):
            return Surroundings(zone=config.timezone), found or {}

        async def work() -> tuple[Surroundings, dict[str, Any]]:
            async with open_house(config, name="simulate") as house:
                read = await read_stored(house.pool, document) if found is None else found
                around = await read_surroundings(house.pool, config.timezone)
                return Surroundings(zone=config.timezone) if self.alone else around, read

        return run(work())

    def _run_real(self, document: str, now: datetime) -> Report:
        import msgspec

        from motet.app import check_template, open_house, run
        from motet.simulation.forecast.house import Wanted, forecast_real, read_stored, read_surroundings

        found = _read_local(document)
        wanted = Wanted(self.segment, self.real if self.segment is None else self.customers)

        async def work() -> Report:
            async with open_house(self.config, name="simulate") as house:
                read = await read_stored(house.pool, document) if found is None else found
                around = await read_surroundings(house.pool, self.config.timezone)
                if self.alone:  # segments stay: they say who the people are
                    around = msgspec.structs.replace(around, programs={}, campaigns={})
                order = self._order(read)
                return await forecast_real(house.pool, house.lanes, order, wanted, now, around, check_template)

        return run(work())

    def _order(self, document: dict[str, Any]) -> Order:
        from motet.simulation.forecast.forecast import Order, read_start
        from motet.simulation.forecast.parameters import merge, read_setting

        wishes: dict[str, Any] = {}
        for setting in self.settings:
            wishes = merge(wishes, read_setting(setting))
        return Order(
            document=document,
            customers=1_000 if self.customers is None else self.customers,
            days=self.days,
            seed=self.seed,
            start=None if self.start is None else read_start(self.start, self.config.timezone),
            wishes=wishes,
        )


def _read_local(document: str) -> dict[str, Any] | None:
    """The document in a file, or a blueprint; None: one of that name must be in the house. Raises Refused."""
    from motet.authoring.blueprints import NAMES, read_blueprint
    from motet.authoring.reading import read_documents
    from motet.cli.campaigns import read_text

    path = Path(document)
    if document == "-" or path.suffix in (".yaml", ".yml", ".json") or path.is_file():
        documents = read_documents(read_text(path), document)
        if len(documents) != 1:
            words = f"holds {len(documents)} documents"
            raise Refused([Problem("document.not_one", words, document, "simulate one at a time")])
        return documents[0]
    return read_blueprint(document) if document in NAMES else None


def _has_house(config: Config) -> bool:
    """Whether there is a database to look into: one is named, or one was made here before."""
    return config.database_url is not None or (config.home / "postgres" / "PG_VERSION").exists()
