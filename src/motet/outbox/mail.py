"""The SMTP server of the outbox (aiosmtpd). It takes any login and any message, and keeps it.

Two local parts answer otherwise, so that refusals can be seen: `bounce+...@` is an unknown mailbox (550 5.1.1),
`defer+...@` is greylisted (451 4.7.1).
"""

from __future__ import annotations

import asyncio
import logging
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from motet.core.words import Channel
from motet.outbox.letters import read_headers
from motet.outbox.received import ReceivedEmail
from motet.outbox.store import Store

MAX_MESSAGE = 10 * 1024 * 1024  # bytes, said in SIZE (RFC 1870)


class _Mailbox:
    """The hooks that aiosmtpd calls by name."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offers PIPELINING (RFC 2920) as well: aiosmtpd reads commands from a stream, in order."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        local = address.rpartition("@")[0].lower()
        if local.startswith("bounce+"):
            return "550 5.1.1 There is no such mailbox here"
        if local.startswith("defer+"):
            return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content
        assert isinstance(raw, bytes)
        subject, sender = read_headers(raw)
        kept = None
        for address in envelope.rcpt_tos:
            kept = self._store.add(
                Channel.EMAIL,
                to=address,
                sender=sender or envelope.mail_from or "",
                title=subject,
                body=ReceivedEmail(raw),
            )
        assert kept is not None  # aiosmtpd takes no DATA without a recipient
        return f"250 2.0.0 OK {kept.id}"


def _welcome_anybody(server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: object) -> AuthResult:
    """Any login will do, but it has to be one."""
    filled = isinstance(login, LoginPassword) and bool(login.login)
    return AuthResult(success=filled, handled=False)


class MailServer:
    """Fills a store with what comes over SMTP."""

    def __init__(self, store: Store) -> None:
        self._mailbox = _Mailbox(store)
        self._server: asyncio.Server | None = None
        self._sessions: WeakSet[SMTP] = WeakSet()

    async def open(self, host: str, port: int) -> int:
        """Listens and returns the port. Raises OSError when it is taken."""
        logging.getLogger("mail.log").setLevel(logging.ERROR)  # at every login it warns of a field of its own
        self._server = await asyncio.get_running_loop().create_server(self._session, host, port)
        listening: int = self._server.sockets[0].getsockname()[1]
        return listening

    def close(self) -> None:
        """Stops listening and breaks the connections that are open."""
        if self._server is not None:
            self._server.close()
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()

    def _session(self) -> SMTP:
        session = SMTP(
            self._mailbox,
            hostname="outbox.motet.example",
            ident="Motet outbox",
            data_size_limit=MAX_MESSAGE,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=_welcome_anybody,
            loop=asyncio.get_running_loop(),
        )
        self._sessions.add(session)
        return session
