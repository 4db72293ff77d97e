"""Where implementations meet interfaces: from a configuration to running parts.

Comes in: a Config. Goes out: an open house (pool, lanes), providers, the brand, and the loops of each process. No
other module picks an implementation. A loop ends when `stop` is set; one that breaks ends its process, and whoever
watches the process starts it again.

What only one process needs is imported where that process begins: a delivery worker never loads the web.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import structlog
import uvloop

from motet.channels.base import Context, Provider
from motet.channels.egress import Egress
from motet.channels.registry import open_provider
from motet.config import Config
from motet.content.check import check_content
from motet.content.dkim import DkimSigner
from motet.content.links import LinkSigner
from motet.content.render import Brand
from motet.core.clock import to_ms
from motet.core.errors import Conflict, Problem, Refused
from motet.core.ids import uuid7
from motet.core.words import Channel
from motet.storage.embedded import EmbeddedServer
from motet.storage.lanes import LEASE
from motet.storage.migrate import available, migrate, read_lanes
from motet.storage.pool import Pool, open_pool
from motet.storage.sql import sql

T = TypeVar("T")
Loop: TypeAlias = Callable[[asyncio.Event], Coroutine[Any, Any, None]]

LOOPBACK = "127.0.0.1"
_INBOX = {Channel.IN_APP: "inbox://"}  # the one channel that needs nobody outside

log = structlog.get_logger("motet")


class House(msgspec.Struct, frozen=True, kw_only=True):
    """An open database and what every part needs beside it."""

    config: Config
    pool: Pool
    lanes: int


class Demonstration(msgspec.Struct, frozen=True, kw_only=True):
    """What the made-up brand is told."""

    url: str  # of the API
    seed: int
    customers: int  # at the start
    speed: float  # 1: a day of a campaign takes a minute


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs async work to its end in a loop of its own."""
    tame_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def run_until_stopped(work: Callable[[asyncio.Event], Coroutine[Any, Any, T]]) -> T:
    """Runs `work(stop)`; SIGTERM and SIGINT set `stop`."""

    async def watch() -> T:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, stop.set)
        return await work(stop)

    return run(watch())


def tame_collector() -> None:
    """Batches make many objects and few cycles: look for cycles less often, and never among what was imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@asynccontextmanager
async def open_house(
    config: Config,
    *,
    name: str,
    size: int = 4,
    migrating: bool = False,
    idle: timedelta | None = None,
    tidy: bool = True,
) -> AsyncIterator[House]:
    """Opens the database, starting the embedded server when none is named and none runs. `idle`, `tidy`: see
    `open_pool`.

    The embedded database is migrated on the way; an outside one only with `migrating`, else Conflict is raised
    when it lacks a migration: its owner decides when its schema changes.
    """
    server = None if config.database_url else EmbeddedServer(config.home)
    if server is not None:
        await asyncio.to_thread(server.start)
    try:
        url = config.database_url or (server.url if server else "")
        pool = await open_pool(url, size=size, name=f"motet {name}", idle=idle, tidy=tidy)
        try:
            if server is not None or migrating:
                await migrate(pool, lanes=config.lanes, now=datetime.now(UTC))
            elif missing := await list_missing_migrations(pool):
                raise Conflict(f"the database lacks {', '.join(missing)}: run `motet migrate`")
            yield House(config=config, pool=pool, lanes=await read_lanes(pool))
        finally:
            await _close(pool)
    finally:
        if server is not None:
            await asyncio.to_thread(server.stop)


async def prepare_database(url: str, lanes: int) -> list[str]:
    """Migrates the database at `url`. Returns the names of the migrations applied."""
    pool = await open_pool(url, size=1, name="motet migrate")
    try:
        return await migrate(pool, lanes=lanes, now=datetime.now(UTC))
    finally:
        await _close(pool)


async def list_missing_migrations(pool: Pool) -> list[str]:
    """The migrations that ship and that the database has not had."""
    names = [name for name, _ in available()]
    if await pool.fetchval("SELECT to_regclass('migration')") is None:
        return names
    applied = {row["name"] for row in await pool.fetch(sql("doctor.list_migrations"))}
    return [name for name in names if name not in applied]


def make_brand(config: Config) -> Brand:
    """Who speaks: the sender, the signer of links, and DKIM when it is set up. Raises Refused when its key is bad."""
    return Brand(
        sender=config.sender,
        postal_address=config.postal_address,
        signer=LinkSigner(config.secret, config.public_url),
        dkim=read_dkim(config.dkim),
    )


def read_dkim(setting: str | None) -> DkimSigner | None:
    """`selector:domain:path-of-private-key` as a signer. Raises Refused naming what is wrong."""
    if setting is None:
        return None
    selector, _, rest = setting.partition(":")
    domain, _, path = rest.partition(":")
    if not (selector and domain and path):
        fix = "such as news:example.com:/etc/motet/dkim.pem"
        raise Refused([Problem("config.bad_dkim", "has not the form selector:domain:path", "MOTET_DKIM", fix)])
    try:
        key = Path(path).expanduser().read_bytes()
    except OSError as error:
        told = f"{path} cannot be read: {error.strerror}"
        raise Refused([Problem("config.bad_dkim", told, "MOTET_DKIM", "name a readable PEM file")]) from None
    return DkimSigner(selector, domain, key)


def provider_urls(config: Config) -> dict[Channel, str]:
    """Which provider serves which channel; the in-app inbox is always there."""
    return {**_INBOX, **config.providers}


def make_providers(
    config: Config, channels: Collection[Channel], *, egress: Egress, house: House | None
) -> tuple[dict[Channel, Provider], list[Problem]]:
    """The providers of the channels that have one, unopened, and everything that `check` finds wrong.

    Without a house the in-app inbox is left out: it is kept in the database.
    """
    context = Context(
        secret=config.secret,
        public_url=config.public_url,
        egress=egress,
        pool=house.pool if house else None,
        lanes=house.lanes if house else config.lanes,
    )
    providers: dict[Channel, Provider] = {}
    problems: list[Problem] = []
    for channel, url in provider_urls(config).items():
        if channel not in channels or (house is None and channel is Channel.IN_APP):
            continue
        try:
            provider = open_provider(channel, url, context)
        except Refused as refusal:
            problems.extend(refusal.problems)
            continue
        if found := provider.check():
            problems.extend(found)
        else:
            providers[channel] = provider
    return providers, problems


def check_readiness(house: House, channels: Collection[Channel]) -> list[Problem]:
    """What keeps messages on these channels from being sent; told when a campaign is launched."""
    _, problems = make_providers(house.config, channels, egress=make_egress(house.config), house=house)
    served = provider_urls(house.config)
    for channel in sorted(channels):
        if channel not in served:
            problems.append(
                Problem(
                    "provider.missing",
                    f"no provider is set up for {channel.word}",
                    f"MOTET_{channel.name}_URL",
                    "set it, or run `motet up --outbox` to use the local outbox",
                )
            )
    return problems


def make_egress(config: Config) -> Egress:
    """The one HTTP client of a process. It opens nothing before its first request; whoever sends closes it."""
    return Egress(config.egress_allow)


async def serve(config: Config, stop: asyncio.Event) -> None:
    """The web process: API, links, callbacks and screens, in one event loop."""
    from motet.archive.reader import Archive
    from motet.ingest.events import EventBuffer
    from motet.ingest.tap import Tap
    from motet.simulation.forecast.aside import forecast_aside
    from motet.web.notices import Notices
    from motet.web.serve import serve as serve_web
    from motet.web.services import Services
    from motet.web.write_keys import WriteKeys

    async with (
        open_house(config, name="serve", size=16) as house,
        Notices(house.pool) as notices,
        WriteKeys(house.pool) as keys,
    ):
        # For their callbacks only: none is opened, nothing is sent from here.
        providers, _ = make_providers(config, frozenset(Channel), egress=make_egress(config), house=house)
        tap = Tap()
        events = EventBuffer(house.pool, house.lanes, tap=tap)
        archive = Archive(house.pool, house.lanes, config.archive)
        services = Services(
            pool=house.pool,
            lanes=house.lanes,
            config=config,
            events=events,
            signer=LinkSigner(config.secret, config.public_url),
            notices=notices,
            check=check_template,
            ready=lambda channels: check_readiness(house, channels),
            archive=archive,
            keys=keys,
            simulate=forecast_aside,
            tap=tap,
            providers=providers,
        )
        try:
            await serve_web(services, config.host, config.port, stop)
        finally:
            await events.close()
            archive.close()


async def work(
    config: Config, *, engine: bool, channels: Collection[Channel], archive: bool, stop: asyncio.Event
) -> None:
    """The worker process: the engine over its lanes, delivery of `channels`, the keeper of the archive, or several.

    Raises Refused when none of the channels has a sound provider.
    """
    egress = make_egress(config)
    try:
        name = "engine" if engine else "delivery" if channels else "archive"
        async with open_house(config, name=name, size=12, idle=None if archive else LEASE, tidy=archive) as house:
            loops = [_make_engine(house)] if engine else []
            if channels:
                loops.append(_make_delivery(house, channels, egress))
            if archive:
                loops += [_make_keeper(house), _make_importer(house)]
            async with asyncio.TaskGroup() as group:
                for run_loop in loops:
                    group.create_task(run_loop(stop))
    finally:
        await egress.close()


def _make_engine(house: House) -> Loop:
    from motet.engine.loop import Engine

    served, _ = make_providers(house.config, frozenset(Channel), egress=make_egress(house.config), house=house)
    return Engine(
        house.pool,
        lanes=house.lanes,
        worker_id=new_worker_id(),
        channels=frozenset(served),
        zone=ZoneInfo(house.config.timezone),
    ).run


def _make_delivery(house: House, channels: Collection[Channel], egress: Egress) -> Loop:
    """Delivery of every channel that has a sound provider. One that has not is logged and left out."""
    from motet.delivery.limits import read_limits
    from motet.delivery.service import Delivery

    providers, problems = make_providers(house.config, channels, egress=egress, house=house)
    if not providers:
        raise Refused(check_readiness(house, channels))
    for problem in problems:
        log.error("provider left out", problem=str(problem))
    return Delivery(
        house.pool,
        lanes=house.lanes,
        worker_id=new_worker_id(),
        providers=providers,
        brand=make_brand(house.config),
        zone=ZoneInfo(house.config.timezone),
        limits=read_limits(house.config.throttles),
    ).run


def _make_keeper(house: House) -> Loop:
    from motet.archive.keeper import Keeper

    return Keeper(house.pool, house.lanes, house.config.archive, warm_days=house.config.warm_days).run


def _make_importer(house: House) -> Loop:
    """Imports that were started on a screen, out of the folder into which the web of this home put them."""
    from motet.ingest.jobs import run_jobs

    return partial(run_jobs, house.pool, house.lanes, house.config.home / "imports")


async def run_local_outbox(config: Config, smtp_port: int, http_port: int, stop: asyncio.Event) -> None:
    """The outbox process: loopback only."""
    from motet.outbox.server import run_outbox

    await run_outbox(LOOPBACK, smtp_port, http_port, home=config.home, stop=stop)


async def run_demonstration(config: Config, demonstration: Demonstration, stop: asyncio.Event) -> None:
    """The made-up brand, over HTTP like anybody: on the API at `url`, reading the outbox."""
    from motet.simulation.demo import run_demo

    await run_demo(
        demonstration.url,
        config.outbox_url or "",
        demonstration.seed,
        demonstration.customers,
        demonstration.speed,
        stop=stop,
        api_key=config.api_key,
    )


async def migrate_database(config: Config) -> list[str]:
    """Migrates the database that the configuration names. Returns the names of the migrations applied."""
    if config.database_url:
        return await prepare_database(config.database_url, config.lanes)
    server = EmbeddedServer(config.home)
    await asyncio.to_thread(server.start)
    try:
        return await prepare_database(server.url, config.lanes)
    finally:
        await asyncio.to_thread(server.stop)


def check_template(channel: Channel, content: dict[str, Any]) -> list[Problem]:
    """What is wrong in a message's content; handed to `authoring`, which knows no templates."""
    return check_content(channel, content, None)


def new_worker_id() -> UUID:
    """An id for the register of workers."""
    return uuid7(to_ms(datetime.now(UTC)))


async def _close(pool: Pool) -> None:
    """Closes kindly, and at once when the database does not answer."""
    try:
        await asyncio.wait_for(pool.close(), 5)
    except Exception:
        pool.terminate()
