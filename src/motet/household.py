"""What `motet up` runs: it prepares the home, the database and the providers, and lists the processes.

One household lives in a home: a lock says so, and `running.json` beside it tells other commands of the same home
which providers it uses (a `motet launch` in a second terminal must see the local outbox as well). The file is
believed only while the lock is held, so what a killed household left behind misleads nobody.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from motet.app import prepare_database, run
from motet.config import Config, read_config
from motet.core.errors import Problem, Refused
from motet.core.words import Channel
from motet.outbox.credentials import outbox_providers
from motet.storage.embedded import EmbeddedServer
from motet.supervisor import ChildSpec, Say, Supervisor

_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not listened on


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller of `motet up` asked for."""

    demo: bool = False
    outbox: bool | None = None  # None: when no provider is set up at all
    log_level: str = "info"
    seed: int = 7  # of the demonstration
    customers: int = 3000  # of the demonstration


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What a living household tells other commands of its home."""

    pid: int
    url: str
    env: dict[str, str]  # variables that its processes have and the terminal has not


def live(config: Config, env: Mapping[str, str], wishes: Wishes, say: Say) -> int:
    """Runs the household until it is stopped. Returns the exit code.

    Raises Refused when another household has the home or the port.
    """
    with _hold_home(config.home):
        _check_port(config)
        server = None if config.database_url else EmbeddedServer(config.home)
        if server is not None:
            server.start()
        try:
            database_url = config.database_url or (server.url if server else "")
            run(prepare_database(database_url, config.lanes))
            extra, ports = _borrow_outbox(config, wishes)
            extra["MOTET_DATABASE_URL"] = database_url
            _write_running(config, {k: v for k, v in extra.items() if k != "MOTET_DATABASE_URL"})
            children = _list_children({**env, **extra}, wishes, ports)
            return Supervisor(children, database=server, health_url=f"{local_url(config)}/healthz", say=say).run()
        finally:
            _forget_running(config.home)
            if server is not None:
                server.stop()


def local_url(config: Config) -> str:
    """Where this machine reaches the web process."""
    host = _ANY_ADDRESS.get(config.host, config.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{config.port}"


def read_surroundings(env: Mapping[str, str] | None = None) -> Config:
    """The configuration, with what a living household of the same home adds. The environment wins."""
    given = dict(os.environ if env is None else env)
    config = read_config(given)
    running = read_running(config.home)
    return config if running is None else read_config({**running.env, **given})


def read_running(home: Path) -> Running | None:
    """What the household that lives in `home` tells, or None when nobody lives there."""
    lock = home / "up.lock"
    if not lock.exists():
        return None
    with open(lock, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with suppress(OSError, msgspec.MsgspecError):
                return msgspec.json.decode((home / "running.json").read_bytes(), type=Running)
    return None


@contextmanager
def _hold_home(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with open(home / "up.lock", "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            running = read_running(home)
            place = f" at {running.url}" if running else ""
            problem = Problem(
                "up.already_running",
                f"a `motet up` runs in {home} already{place}",
                "MOTET_HOME",
                "use that one, stop it, or set MOTET_HOME to another folder",
            )
            raise Refused([problem]) from None
        yield


def _write_running(config: Config, env: dict[str, str]) -> None:
    path = config.home / "running.json"
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # provider URLs carry secrets
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(Running(pid=os.getpid(), url=local_url(config), env=env)))


def _forget_running(home: Path) -> None:
    (home / "running.json").unlink(missing_ok=True)


def _check_port(config: Config) -> None:
    """Says now, in words, what the web process would only die of."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.host, config.port))
        except OSError as error:
            problem = Problem(
                "up.port_taken",
                f"cannot listen on {config.host}:{config.port}: {error.strerror}",
                "MOTET_PORT",
                "stop what listens there, or set MOTET_PORT to a free port",
            )
            raise Refused([problem]) from None


def _borrow_outbox(config: Config, wishes: Wishes) -> tuple[dict[str, str], tuple[int, int] | None]:
    """The variables that point every channel without a provider at the local outbox, and its (SMTP, HTTP) ports."""
    wanted = not config.providers if wishes.outbox is None else wishes.outbox
    if not wanted:
        return {}, None
    http_port = _free_port(config.port + 1, set())
    smtp_port = _free_port(config.port + 2, {http_port})
    providers = outbox_providers(config.home, smtp_port, http_port)
    extra = {f"MOTET_{c.name}_URL": url for c, url in providers.items() if c not in config.providers}
    extra["MOTET_OUTBOX_URL"] = f"http://127.0.0.1:{http_port}"
    extra["MOTET_EGRESS_ALLOW"] = ",".join((*config.egress_allow, f"127.0.0.1:{http_port}"))
    return extra, (smtp_port, http_port)


def _free_port(wanted: int, taken: set[int]) -> int:
    """`wanted` if nobody listens there, else one that the system picks. Loopback only."""
    for port in (wanted, 0, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                continue
            found = int(probe.getsockname()[1])
            if found not in taken:
                return found
    raise Refused([Problem("up.no_port", "no free port was found for the local outbox", fix="close some programs")])


def _list_children(env: dict[str, str], wishes: Wishes, ports: tuple[int, int] | None) -> list[ChildSpec]:
    """In the order in which they stop: what feeds the others comes first."""
    motet = (sys.executable, "-m", "motet.cli")
    log = ("--log-level", wishes.log_level)

    def child(name: str, *argv: str, optional: bool = False) -> ChildSpec:
        return ChildSpec(name, (*motet, *argv, *log), env, optional)

    channels = ",".join(c.word for c in Channel)
    children = [
        child("serve", "serve"),
        child("engine", "work", "--engine"),
        child("delivery", "work", "--channels", channels),
        child("archive", "work", "--archive"),
    ]
    if ports is not None:
        smtp_port, http_port = ports
        children.append(child("outbox", "outbox", "--smtp-port", str(smtp_port), "--http-port", str(http_port)))
    if wishes.demo:
        options = ("--seed", str(wishes.seed), "--customers", str(wishes.customers))
        children.insert(0, child("demo", "demo", *options, optional=True))
    return children
