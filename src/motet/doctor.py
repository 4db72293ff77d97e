"""What `motet doctor` looks at: one finding a line, each with its fix. It changes nothing but a missing home.

An error keeps Motet from working; a warning is something that a person would regret later.
"""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from motet.app import House, list_missing_migrations, make_egress, make_providers, open_house, provider_urls, read_dkim
from motet.config import Config
from motet.core.errors import Conflict, MotetError, Problem, Refused, Unavailable
from motet.core.ids import ms_of
from motet.core.words import Channel
from motet.delivery.limits import read_limits
from motet.storage.lanes import LEASE
from motet.storage.migrate import BY_DAY, BY_MONTH
from motet.storage.sql import sql

Level = Literal["ok", "warning", "error"]

_OLDEST_POSTGRESQL = 150000  # as server_version_num
_SKEW = timedelta(seconds=2)
_SHORT_KEY = 24  # characters
_ARCHIVE_LATE = timedelta(minutes=15)  # the keeper looks every ten seconds


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the report."""

    level: Level
    topic: str  # home | secret | database | ... : stable words
    text: str
    fix: str = ""
    code: str = ""


async def examine(config: Config) -> list[Finding]:
    """Every finding, in the order in which a person would mend them."""
    findings = [*_look_at_home(config), *_look_at_secret(config)]
    where = "the embedded server" if config.database_url is None else "MOTET_DATABASE_URL"
    try:
        async with open_house(config, name="doctor", size=1) as house:
            findings += [*await _look_at_server(house, where), *await _look_at_schema(house)]
            findings += await _look_at_archive(house) if not await list_missing_migrations(house.pool) else []
            findings += [*_look_at_providers(config, house), *await _look_at_troubles(house)]
    except Conflict as error:
        fix = "run `motet migrate` with the newest version"
        findings.append(Finding("error", "migrations", str(error), fix, error.code))
        findings += _look_at_providers(config, None)
    except Unavailable as error:
        fix = "check the address, the password, and that the server runs" if config.database_url else "see postgres.log"
        findings.append(Finding("error", "database", f"{where}: {error}", fix, error.code))
        findings += _look_at_providers(config, None)
    findings += _look_at_throttles(config)
    findings += _look_at_address(config)
    findings += _look_at_email(config)
    findings += _look_at_api_key(config)
    return findings


def _look_at_home(config: Config) -> list[Finding]:
    home = config.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        writable = os.access(home, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        return [_error("home", f"{home} cannot be written", "set MOTET_HOME to a folder that you own")]
    space = os.statvfs(home)
    free = space.f_bavail * space.f_frsize
    if free < 1 << 30:
        return [_warning("home", f"{home} has {free >> 20} MB left", "free some space: PostgreSQL stops without it")]
    return [_ok("home", f"{home} can be written, {free >> 30} GB free")]


def _look_at_secret(config: Config) -> list[Finding]:
    path = config.home / "secret"
    if os.environ.get("MOTET_SECRET"):
        return [_ok("secret", "comes from MOTET_SECRET")]
    if not path.exists() or not config.secret:
        return [_error("secret", f"{path} is empty or missing", "delete it and start again: links sent before go dead")]
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return [_warning("secret", f"others may read {path}", f"chmod 600 {path}")]
    return [_ok("secret", f"is kept in {path}; back it up: links already sent are signed with it")]


async def _look_at_server(house: House, where: str) -> list[Finding]:
    before = datetime.now(UTC)
    row = await house.pool.fetchrow(sql("doctor.read_clock"))
    assert row is not None
    middle = before + (datetime.now(UTC) - before) / 2
    version = f"PostgreSQL {row['version'] // 10000}"
    findings = [_ok("database", f"{where} answers, {version}")]
    if row["version"] < _OLDEST_POSTGRESQL:
        findings = [_error("database", f"{where} is {version}", "use PostgreSQL 15 or newer")]
    skew = abs(row["now"] - middle)
    told = f"differs from the database's by {skew.total_seconds():.2f} s"
    if skew > _SKEW:
        fix = "set both clocks by NTP: timers come due by this one, leases by the database's"
        findings.append(_error("clock", told, fix))
    else:
        findings.append(_ok("clock", told))
    return findings


async def _look_at_schema(house: House) -> list[Finding]:
    missing = await list_missing_migrations(house.pool)
    if missing:
        return [_error("migrations", f"missing: {', '.join(missing)}", "run `motet migrate`")]
    findings = [_ok("migrations", "all applied")]
    rows = await house.pool.fetch(sql("doctor.list_partitions"), [*BY_DAY, *BY_MONTH])
    there = {row["name"] for row in rows}
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    needed = {f"{t}_{tomorrow:%Y%m%d}" for t in BY_DAY} | {f"{t}_{tomorrow:%Y%m}" for t in BY_MONTH}
    if lacking := sorted(needed - there):
        fix = "run `motet migrate`, and keep a `motet work --engine` running: it makes them hourly"
        findings.append(_error("partitions", f"missing for tomorrow: {', '.join(lacking)}", fix))
    else:
        findings.append(_ok("partitions", f"{len(there)} are there, tomorrow's too"))
    if house.lanes != house.config.lanes and os.environ.get("MOTET_LANES"):
        text = f"MOTET_LANES is {house.config.lanes}; the database was made with {house.lanes}, which counts"
        findings.append(_warning("lanes", text, "unset MOTET_LANES"))
    return findings


async def _look_at_archive(house: House) -> list[Finding]:
    """Whether the columnar log keeps up, and whether its files are where they should be."""
    root = house.config.archive
    files = await house.pool.fetch(sql("archive.list_files"))
    gone = [row["path"] for row in files if not (root / row["path"]).exists()]
    if gone:
        text = f"{len(gone)} of {len(files)} files are not in {root}, the first is {gone[0]}"
        fix = "set MOTET_ARCHIVE to the folder that has them, or restore it from your backup"
        return [_error("archive", text, fix)]
    oldest = await house.pool.fetchval(sql("doctor.read_archive"))
    waiting = datetime.now(UTC) - datetime.fromtimestamp(ms_of(oldest) / 1000, UTC) if oldest else timedelta()
    if waiting > _ARCHIVE_LATE:
        text = f"events wait for {waiting // timedelta(minutes=1)} minutes to be written to files"
        return [_warning("archive", text, "keep `motet work --archive` running, and read its log")]
    return [_ok("archive", f"{len(files)} files in {root}, up to date")]


def _look_at_providers(config: Config, house: House | None) -> list[Finding]:
    served = provider_urls(config)
    providers, problems = make_providers(config, frozenset(Channel), egress=make_egress(config), house=house)
    findings = [Finding("error", "provider", f"{p.path}: {p.message}", p.fix, p.code) for p in problems]
    for channel, provider in sorted(providers.items()):
        findings.append(_ok("provider", f"{channel.word} is served by {provider.name}"))
    for channel in (Channel.EMAIL, Channel.SMS, Channel.PUSH, Channel.WEBHOOK):
        if channel not in served:
            fix = f"set MOTET_{channel.name}_URL, or run `motet up --outbox` to try things out"
            findings.append(_warning("provider", f"{channel.word} has none: campaigns that use it do not launch", fix))
    return findings


async def _look_at_troubles(house: House) -> list[Finding]:
    """Providers that do not answer the workers that live; nothing is asked of a database without the table."""
    if "0008_delivery.sql" in await list_missing_migrations(house.pool):
        return []
    return [
        _warning(
            "delivery",
            f"{Channel(row['channel']).word}: {row['place'] or row['provider']} has not answered since "
            f"{row['since']:%Y-%m-%d %H:%M} UTC, so messages wait: {row['detail']}",
            "they go on by themselves once it answers; check its address, sign-in and status page",
        )
        for row in await house.pool.fetch(sql("delivery.list_troubles"), LEASE)
    ]


def _look_at_throttles(config: Config) -> list[Finding]:
    try:
        read_limits(config.throttles)
    except Refused as refusal:
        return [Finding("error", "throttles", f"{p.path}: {p.message}", p.fix, p.code) for p in refusal.problems]
    return [_ok("throttles", ", ".join(config.throttles))] if config.throttles else []


def _look_at_address(config: Config) -> list[Finding]:
    parts = urlsplit(config.public_url)
    outside = bool(config.providers) and config.outbox_url is None
    if outside and _is_private(parts.hostname or ""):
        text = f"links in messages would lead to {config.public_url}, which customers cannot reach"
        return [_error("public_url", text, "set MOTET_PUBLIC_URL to the https address that customers reach")]
    if outside and parts.scheme != "https":
        text = f"{config.public_url} is not https: mail programs ignore one-click unsubscribe there (RFC 8058)"
        return [_warning("public_url", text, "put a TLS proxy before Motet and set MOTET_PUBLIC_URL to it")]
    return [_ok("public_url", config.public_url)]


def _look_at_email(config: Config) -> list[Finding]:
    if Channel.EMAIL not in config.providers or config.outbox_url is not None:
        return [_ok("email", "goes to no real mail server yet: sender, DKIM and postal address are not checked")]
    findings = []
    domain = parseaddr(config.sender)[1].rpartition("@")[2]
    if not domain:
        findings.append(_error("sender", f"{config.sender!r} has no address", 'such as "Shop <hello@shop.example>"'))
    elif domain == "motet.example":
        findings.append(_error("sender", "is still the example address", "set MOTET_SENDER to your own"))
    if not config.postal_address:
        text = "commercial email without a postal address breaks the law in many countries"
        findings.append(_warning("postal_address", text, "set MOTET_POSTAL_ADDRESS"))
    return findings + _look_at_dkim(config, domain)


def _look_at_dkim(config: Config, domain: str) -> list[Finding]:
    try:
        signer = read_dkim(config.dkim)
    except Refused as refusal:
        return [Finding("error", "dkim", p.message, p.fix, p.code) for p in refusal.problems]
    if signer is None or config.dkim is None:
        fix = "set MOTET_DKIM to selector:domain:path-of-private-key, unless your mail server signs"
        return [_warning("dkim", "email is not signed by Motet", fix)]
    signed = config.dkim.split(":")[1]
    if domain != signed and not domain.endswith(f".{signed}"):
        text = f"signs for {signed}, but the sender is at {domain}: DMARC will not align"
        return [_warning("dkim", text, "sign for the sender's domain")]
    return [_ok("dkim", f"signs for {signed}")]


def _look_at_api_key(config: Config) -> list[Finding]:
    if config.api_key is None:
        return [_ok("api_key", "none is needed: only this machine reaches the API")]
    if len(config.api_key) < _SHORT_KEY:
        fix = "set MOTET_API_KEY to what `openssl rand -base64 32` prints"
        return [_warning("api_key", f"has {len(config.api_key)} characters", fix)]
    return [_ok("api_key", "is set")]


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False


def describe_refusal(error: MotetError) -> list[Finding]:
    """A configuration that cannot even be read, as findings."""
    problems = error.problems if isinstance(error, Refused) else (Problem(error.code, str(error)),)
    return [Finding("error", "configuration", f"{p.path} {p.message}".strip(), p.fix, p.code) for p in problems]


def _ok(topic: str, text: str) -> Finding:
    return Finding("ok", topic, text)


def _warning(topic: str, text: str, fix: str) -> Finding:
    return Finding("warning", topic, text, fix, f"doctor.{topic}")


def _error(topic: str, text: str, fix: str) -> Finding:
    return Finding("error", topic, text, fix, f"doctor.{topic}")
