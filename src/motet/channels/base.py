"""What a provider is, and what it is told when it is made.

An answer is exact or it is Unknown: `Retry` means that the message was certainly not sent, `Rejected` that the
provider will never take it, `Accepted` that it took it. Where a connection breaks so that none of these is certain,
the answer is `Unknown`, and whoever called decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import unquote, urlsplit

import msgspec

from motet.channels.egress import Egress
from motet.core.errors import Problem, Refused
from motet.core.messages import Answer, Outgoing, Receipt, Unknown
from motet.core.words import Channel
from motet.storage.pool import Pool

_LONGEST_WAIT = 86_400.0  # seconds: a Retry-After beyond a day is taken as a day
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Provider(Protocol):
    """One way to serve a channel. One object serves many calls at once, inside one event loop."""

    name: str
    channel: Channel
    idempotent: bool  # the same message id again changes nothing, so an Unknown may be sent again
    batch: int  # messages a call, at most
    concurrency: int  # calls at once, at most

    def check(self) -> list[Problem]:
        """What is missing or wrong in the settings; empty when it may be opened. Touches no network."""

    async def open(self) -> None:
        """Gets ready to send. Raises Refused when `check` finds a problem; a provider that is down is no error."""

    async def close(self) -> None:
        """Lets connections go. Messages still under way are answered first, exactly."""

    async def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        """One answer for each message, in order. Never raises for a message's sake."""

    def read_callback(self, headers: Mapping[str, str], body: bytes, url: str) -> list[Receipt]:
        """The receipts in a request that the provider made to us; `body` is raw, `url` as it was asked for.

        Raises Refused: `callback.bad_signature` (answer 403), `callback.malformed` (400), `callback.unsupported` (404).
        """


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What the house gives to every provider. Parts that a provider does not use may be absent."""

    secret: bytes = b""
    public_url: str = ""  # where the world reaches us, without a trailing slash
    egress: Egress | None = None
    pool: Pool | None = None
    lanes: int = 64


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A provider URL, taken apart, and the context. `repr` shows no secret."""

    channel: Channel
    scheme: str
    user: str = ""
    password: str = ""
    host: str = ""
    port: int | None = None
    rest: str = ""  # all between `scheme://` and `?`, as written
    options: dict[str, str] = {}
    context: Context = Context()
    problems: tuple[Problem, ...] = ()

    def __repr__(self) -> str:
        return f"Settings({self.channel.word}, {self.scheme}://{self.host})"

    @property
    def variable(self) -> str:
        """The environment variable that such a URL is set by."""
        return f"MOTET_{self.channel.name}_URL"

    @property
    def local(self) -> bool:
        """Whether the provider is on this machine: the outbox, or a mail server beside us."""
        return self.host in _LOOPBACK

    def unknown_options(self, known: Collection[str]) -> list[Problem]:
        """A problem for each option that the provider does not have: a typing error must not pass in silence."""
        return [
            self.problem("unknown_option", f"{self.scheme}:// has no option {name!r}", f"it has {', '.join(known)}")
            for name in self.options
            if name not in known
        ]

    def problem(self, code: str, message: str, fix: str = "") -> Problem:
        return Problem(f"provider.{code}", message, self.variable, fix)


def read_settings(channel: Channel, url: str, context: Context) -> Settings:
    """Takes a provider URL apart. What cannot be read is in `problems`, for `check` to report."""
    scheme, _, rest = url.partition("://")
    rest, _, query = rest.partition("?")
    settings = Settings(channel=channel, scheme=scheme.lower(), rest=rest, options=_options(query), context=context)
    try:
        parts = urlsplit(f"//{rest}")
        return msgspec.structs.replace(
            settings,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            host=parts.hostname or "",
            port=parts.port,
        )
    except ValueError:  # the message may hold the password, so it is not shown
        wrong = settings.problem("bad_url", "the host or the port cannot be read", "percent-encode /, @, : and # in it")
        return msgspec.structs.replace(settings, problems=(wrong,))


def _options(query: str) -> dict[str, str]:
    """`a=b&c=d`. A plus stays a plus: it begins every phone number."""
    pairs = (part.partition("=") for part in query.split("&") if part)
    return {unquote(name): unquote(value) for name, _, value in pairs}


def refuse_settings(problems: Sequence[Problem]) -> None:
    """Raises Refused when there is a problem; what `open` begins with."""
    if problems:
        raise Refused(problems)


def refuse_callback(code: str, message: str) -> Refused:
    """The error of a callback, to be raised: `code` is bad_signature, malformed or unsupported."""
    return Refused([Problem(f"callback.{code}", message)])


async def send_each(batch: Sequence[Outgoing], send: Callable[[Outgoing], Awaitable[Answer]]) -> list[Answer]:
    """Sends a batch to a provider that takes one message a call, all at once, and keeps the order.

    A failure that `send` did not expect leaves its message Unknown: it may have come after the wire.
    """
    answers = await asyncio.gather(*(send(outgoing) for outgoing in batch), return_exceptions=True)
    return [_settle(answer) for answer in answers]


def _settle(answer: Answer | BaseException) -> Answer:
    if not isinstance(answer, BaseException):
        return answer
    if not isinstance(answer, Exception):  # cancelled: the caller is stopping
        raise answer
    return Unknown(f"unexpected {type(answer).__name__}: {answer}"[:300])


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date (RFC 9110, 10.2.3); None without one."""
    raw = headers.get("Retry-After", "").strip()
    if raw.isdecimal() and raw.isascii():
        return min(float(raw), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(raw)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - (now or datetime.now(UTC))).total_seconds(), 0.0), _LONGEST_WAIT)
