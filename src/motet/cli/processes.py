"""The long-running commands: `up`, and the processes that it runs, each of which runs alone as well."""

from __future__ import annotations

import os
from typing import Annotated

from cyclopts import Parameter

from motet.cli.options import Json, LogLevel, start_log
from motet.cli.printing import out, print_json, print_line
from motet.core.errors import Problem, Refused
from motet.core.words import Channel


def up(
    *,
    demo: Annotated[bool, Parameter(negative="", help="Bring a small brand to life, to watch.")] = False,
    outbox: Annotated[
        bool | None, Parameter(help="Run the local outbox for channels without a provider [when none has one].")
    ] = None,
    customers: Annotated[int, Parameter(help="How many customers the demonstration has.")] = 3000,
    seed: Annotated[int, Parameter(help="The demonstration's random seed.")] = 7,
    log_level: LogLevel = "warning",
    json: Json = False,
) -> int:
    """Run everything: PostgreSQL, the web, the engine, delivery and the local outbox, until Ctrl-C."""
    from motet.config import read_config
    from motet.household import Wishes, live

    config = read_config()
    wishes = Wishes(demo=demo, outbox=outbox, log_level=log_level, seed=seed, customers=customers)

    def say(event: str, text: str) -> None:
        if json:
            print_json({"event": event, "url" if event == "ready" else "text": text})
        elif event == "ready":
            out.print(f"\n  Motet is ready at [bold cyan]{text}[/]\n  Ctrl-C stops it. Data is in {config.home}\n")
        else:
            print_line(text, "warning" if event == "restart" else "")

    if not json:
        print_line("starting")
    return live(config, os.environ, wishes, say)


def serve(*, log_level: LogLevel = "info", json: Json = False) -> int:
    """Run the web process: API, links, provider callbacks and screens."""
    from motet.app import run_until_stopped
    from motet.app import serve as run_web
    from motet.config import read_config

    config = read_config()
    start_log(log_level, "serve", json)
    run_until_stopped(lambda stop: run_web(config, stop))
    return 0


def work(
    *,
    engine: Annotated[bool, Parameter(negative="", help="Turn lanes: events, timers, decisions.")] = False,
    channels: Annotated[str | None, Parameter(help="Deliver these channels, such as email,sms.")] = None,
    archive: Annotated[bool, Parameter(negative="", help="Keep the columnar log and count for segments.")] = False,
    log_level: LogLevel = "info",
    json: Json = False,
) -> int:
    """Run a worker. Without options it does everything: the engine, delivery on every channel, and the archive."""
    from motet.app import run_until_stopped
    from motet.app import work as run_worker
    from motet.config import read_config

    whole = not engine and not archive and channels is None
    served = set(Channel) if whole else set() if channels is None else read_channels(channels)
    parts = [name for name, wanted in (("engine", engine), ("delivery", served), ("archive", archive)) if wanted]
    config = read_config()
    start_log(log_level, parts[0] if len(parts) == 1 else "work", json)
    run_until_stopped(
        lambda stop: run_worker(config, engine=engine or whole, channels=served, archive=archive or whole, stop=stop)
    )
    return 0


def outbox(
    *,
    smtp_port: Annotated[int, Parameter(help="Where the outbox takes email.")] = 8002,
    http_port: Annotated[int, Parameter(help="Where the outbox takes everything else, and shows it.")] = 8001,
    log_level: LogLevel = "info",
    json: Json = False,
) -> int:
    """Run the local outbox: it stands where the providers stand, and keeps what it is given."""
    from motet.app import run_local_outbox, run_until_stopped
    from motet.config import read_config

    config = read_config()
    start_log(log_level, "outbox", json)
    run_until_stopped(lambda stop: run_local_outbox(config, smtp_port, http_port, stop))
    return 0


def demo(
    *,
    url: Annotated[str | None, Parameter(help="The address of a running Motet [the one of this home].")] = None,
    customers: Annotated[int, Parameter(help="How many customers to make.")] = 3000,
    seed: Annotated[int, Parameter(help="The random seed.")] = 7,
    speed: Annotated[float, Parameter(help="At 1 a day of a campaign takes a minute, at 2 half of one.")] = 1.0,
    log_level: LogLevel = "info",
    json: Json = False,
) -> int:
    """Run the demonstration against a running Motet that uses the local outbox."""
    from motet.app import Demonstration, run_demonstration, run_until_stopped
    from motet.household import local_url, read_surroundings

    config = read_surroundings()
    if config.outbox_url is None:
        problem = Problem(
            "demo.no_outbox",
            "the demonstration's people read what the local outbox receives, and none is named",
            "MOTET_OUTBOX_URL",
            "start `motet up --outbox` with the same MOTET_HOME first",
        )
        raise Refused([problem])
    start_log(log_level, "demo", json)
    wanted = Demonstration(url=url or local_url(config), seed=seed, customers=customers, speed=speed)
    run_until_stopped(lambda stop: run_demonstration(config, wanted, stop))
    return 0


def migrate(*, json: Json = False) -> int:
    """Bring the database to this version's schema. Safe to repeat."""
    from motet.app import migrate_database, run
    from motet.config import read_config

    applied = run(migrate_database(read_config()))
    if json:
        print_json({"applied": applied})
    else:
        print_line(f"applied {', '.join(applied)}" if applied else "nothing to do", "ok")
    return 0


def read_channels(text: str) -> set[Channel]:
    """`email,sms` as channels. Raises Refused naming the words that are none."""
    words = [part.strip().lower() for part in text.split(",")]
    known = {c.word: c for c in Channel}
    if wrong := [word for word in words if word not in known]:
        told = f"{', '.join(map(repr, wrong))} is no channel"
        problem = Problem("cli.unknown_channel", told, "--channels", f"use {', '.join(known)}")
        raise Refused([problem])
    return {known[word] for word in words}
