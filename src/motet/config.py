"""Configuration: one validated, frozen object, built from the environment at the edge.

A channel's provider is named by one URL (`MOTET_EMAIL_URL=smtp://user:password@host:587`); its scheme picks the
provider from `channels.registry`, which reads the rest. No other module reads the environment.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import msgspec

from motet.core.errors import Problem, Refused
from motet.core.words import Channel

DEFAULT_LANES = 64
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that Motet is told from outside. `secret` and `providers` never appear in logs."""

    home: Path
    database_url: str | None  # None: the embedded server
    host: str
    port: int
    secret: bytes
    public_url: str  # where customers reach the links, without a trailing slash
    api_key: str | None  # None: no sign-in, allowed on loopback only
    lanes: int = DEFAULT_LANES
    providers: dict[Channel, str] = {}  # channel -> provider URL
    sender: str = "Motet <hello@motet.example>"  # the From of email
    postal_address: str = ""
    outbox_url: str | None = None  # the local outbox, when it runs
    egress_allow: tuple[str, ...] = ()  # hosts or networks that may be private
    throttles: tuple[str, ...] = ()  # how fast messages may go, such as email.to.gmail.com=20/s
    dkim: str | None = None  # selector:domain:path-of-private-key
    timezone: str = "UTC"  # of the brand: where its days, weeks and months begin
    archive: Path  # where the columnar log is
    warm_days: int = 90  # how long events stay in PostgreSQL once they are in the columnar log

    def __repr__(self) -> str:
        return (
            f"Config(home={self.home}, host={self.host}, port={self.port}, channels={[c.word for c in self.providers]})"
        )


_PROVIDER_VARS = {f"MOTET_{c.name}_URL": c for c in Channel}


def read_config(env: Mapping[str, str] | None = None) -> Config:
    """Reads and checks the environment. Raises Refused naming each variable that is wrong."""
    env = os.environ if env is None else env
    problems: list[Problem] = []
    home = Path(env.get("MOTET_HOME", "motet-data")).expanduser()
    host = env.get("MOTET_HOST", "127.0.0.1")
    port = _integer(env, "MOTET_PORT", 8000, 1, 65535, problems)
    lanes = _integer(env, "MOTET_LANES", DEFAULT_LANES, 1, 1024, problems)
    warm_days = _integer(env, "MOTET_WARM_DAYS", 90, 31, 3650, problems)
    timezone = _timezone(env, problems)
    api_key = env.get("MOTET_API_KEY") or None
    if host not in _LOOPBACK and api_key is None:
        problems.append(
            Problem(
                "config.open_without_key",
                f"MOTET_HOST is {host}, which others can reach, and there is no API key",
                "MOTET_API_KEY",
                "set MOTET_API_KEY to a long random text, or MOTET_HOST to 127.0.0.1",
            )
        )
    public_url = env.get("MOTET_PUBLIC_URL", _own_url(host, port)).rstrip("/")
    problems += _check_public_url(public_url, host, api_key)
    if problems:
        raise Refused(problems)
    return Config(
        home=home,
        database_url=env.get("MOTET_DATABASE_URL") or None,
        host=host,
        port=port,
        secret=_secret(env, home),
        public_url=public_url,
        api_key=api_key,
        lanes=lanes,
        providers={c: env[var] for var, c in _PROVIDER_VARS.items() if env.get(var)},
        sender=env.get("MOTET_SENDER", "Motet <hello@motet.example>"),
        postal_address=env.get("MOTET_POSTAL_ADDRESS", ""),
        outbox_url=env.get("MOTET_OUTBOX_URL") or None,
        egress_allow=_list(env, "MOTET_EGRESS_ALLOW"),
        throttles=_list(env, "MOTET_THROTTLES"),
        dkim=env.get("MOTET_DKIM") or None,
        timezone=timezone,
        archive=Path(env.get("MOTET_ARCHIVE") or home / "archive").expanduser(),
        warm_days=warm_days,
    )


def _own_url(host: str, port: int) -> str:
    """Where this machine finds a server that listens on `host`."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _check_public_url(url: str, host: str, api_key: str | None) -> list[Problem]:
    """A public address means a proxy in front: whoever reaches that reaches the API."""
    try:
        parts = urlsplit(url)
        named = parts.hostname or ""
    except ValueError:
        return [Problem("config.bad_url", "cannot be read", "MOTET_PUBLIC_URL")]
    if parts.scheme not in ("http", "https") or not named:
        return [Problem("config.bad_url", "must start with http:// or https:// and a host", "MOTET_PUBLIC_URL")]
    if api_key is None and named not in _LOOPBACK | {host}:
        return [
            Problem(
                "config.open_without_key",
                f"MOTET_PUBLIC_URL is {url}, so others reach this server through a proxy, and there is no API key",
                "MOTET_API_KEY",
                "set MOTET_API_KEY to a long random text",
            )
        ]
    return []


def _timezone(env: Mapping[str, str], problems: list[Problem]) -> str:
    name = env.get("MOTET_TIMEZONE") or "UTC"
    if name not in available_timezones():
        fix = "write an IANA name, such as Europe/Berlin"
        problems.append(Problem("config.bad_timezone", f"{name!r} is not a timezone", "MOTET_TIMEZONE", fix))
    return name


def _list(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in env.get(name, "").split(",") if part.strip())


def _integer(env: Mapping[str, str], name: str, default: int, low: int, high: int, problems: list[Problem]) -> int:
    raw = env.get(name)
    if not raw:
        return default
    if not raw.isdecimal() or not low <= int(raw) <= high:
        problems.append(Problem("config.bad_number", f"{raw!r} is not a number from {low} to {high}", name))
        return default
    return int(raw)


def _secret(env: Mapping[str, str], home: Path) -> bytes:
    """`MOTET_SECRET`, else one that is made once and kept in the home, readable by its owner only."""
    if given := env.get("MOTET_SECRET"):
        if len(given) < 16:
            raise Refused(
                [
                    Problem(
                        "config.short_secret", "is shorter than 16 characters", "MOTET_SECRET", "use a long random text"
                    )
                ]
            )
        return given.encode()
    path = home / "secret"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
    return path.read_text().strip().encode()
