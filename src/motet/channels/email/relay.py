"""Where SMTP goes: the provider URL of email, read and checked.

`smtp://user:password@host:port?tls=require&pool=10`. `smtps://` means TLS from the first byte.
Options:
  tls       none | starttls (if offered) | require (refuse to go on without) | implicit. Unset: implicit on port 465,
            require when there is a password and the host is not this machine, else starttls.
  pool      connections at most (1 to 200; 10)
  ehlo      the name we greet with; unset: this machine's full name, else its address
  timeout   seconds to wait for an answer, except to a body (60)
  body_timeout  seconds to wait for the answer to a body (600, as RFC 5321, 4.5.3.2.6 asks)
  idle      seconds that an unused connection is kept (30)
  ca        a file of certificates to trust instead of the system's
"""

from __future__ import annotations

import ssl
from pathlib import Path

import msgspec

from motet.channels.base import Settings
from motet.core.errors import Problem

_OPTIONS = ("tls", "pool", "ehlo", "timeout", "body_timeout", "idle", "ca")
_TLS = ("none", "starttls", "require", "implicit")


class Relay(msgspec.Struct, frozen=True, kw_only=True):
    """A mail server, and how we speak with it. Times are seconds."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: str = "starttls"
    verify: bool = True  # whether the certificate must be right
    pool: int = 10
    ehlo: str = ""
    timeout: float = 60.0
    body_timeout: float = 600.0
    idle: float = 30.0
    ca: str | None = None
    local: bool = False

    def __repr__(self) -> str:
        return f"Relay({self.host}:{self.port}, tls={self.tls})"

    @property
    def may_sign_in(self) -> bool:
        """Whether a password may go over a connection without TLS."""
        return self.local or self.tls == "none"

    def make_tls(self) -> ssl.SSLContext | None:
        """The TLS settings, or None where TLS is not spoken. Raises OSError when the `ca` file cannot be read."""
        if self.tls == "none":
            return None
        context = ssl.create_default_context(cafile=self.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not self.verify:
            # Encrypted if offered, without a promise (RFC 7435): better than the plain text it would else be.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def read_relay(settings: Settings) -> tuple[Relay, list[Problem]]:
    """Reads the URL; the problems say what is wrong with it, and the relay then is not to be used."""
    problems = [*settings.problems, *settings.unknown_options(_OPTIONS)]
    if not settings.host and not settings.problems:
        problems.append(settings.problem("missing_host", "names no mail server", "such as smtp://mail.example.com:587"))
    if bool(settings.user) != bool(settings.password):
        problems.append(settings.problem("half_credentials", "has a user or a password, but not both"))
    tls = settings.options.get("tls") or _default_tls(settings)
    if tls not in _TLS:
        problems.append(settings.problem("bad_option", f"tls={tls} is not known", f"use {', '.join(_TLS)}"))
    ca = settings.options.get("ca")
    if ca and not Path(ca).is_file():
        problems.append(settings.problem("bad_option", f"ca={ca} is not a file"))
    relay = Relay(
        host=settings.host,
        port=settings.port or {"implicit": 465}.get(tls, 587 if settings.user else 25),
        user=settings.user,
        password=settings.password,
        tls=tls,
        verify=tls in ("require", "implicit") or bool(settings.user and not settings.local),
        pool=int(_number(settings, "pool", 10, 1, 200, problems)),
        ehlo=settings.options.get("ehlo", ""),
        timeout=_number(settings, "timeout", 60, 0.05, 3600, problems),
        body_timeout=_number(settings, "body_timeout", 600, 0.05, 3600, problems),
        idle=_number(settings, "idle", 30, 0.05, 3600, problems),
        ca=ca,
        local=settings.local,
    )
    if not relay.ehlo.isascii() or any(c.isspace() for c in relay.ehlo):
        problems.append(settings.problem("bad_option", "ehlo is not a host name"))
    return relay, problems


def _default_tls(settings: Settings) -> str:
    if settings.scheme == "smtps" or settings.port == 465:
        return "implicit"
    return "require" if settings.user and not settings.local else "starttls"


def _number(settings: Settings, name: str, default: float, low: float, high: float, problems: list[Problem]) -> float:
    raw = settings.options.get(name)
    if raw is None:
        return default
    try:
        value = float(raw)
    except ValueError:
        value = -1.0
    if not low <= value <= high:
        problems.append(settings.problem("bad_option", f"{name}={raw} is not a number from {low:g} to {high:g}"))
        return default
    return value
