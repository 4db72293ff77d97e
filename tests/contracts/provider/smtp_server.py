"""An SMTP server for tests, written from RFC 5321 and RFC 2920: strict about what it hears, and it breaks on request.

The local part of a receiver says what becomes of a message: `reject` (550 at RCPT), `retry` (451 at RCPT),
`refuse` and `defer` (554 and 452 after the body), `lost` (taken, then the connection is cut), `stall` (taken, and
silence). A `Cut` ends the connection at one point of one envelope's dialogue.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from dataclasses import dataclass, field

POINTS = (
    "connect", "greeting", "ehlo_read", "ehlo_replied", "mail_read", "mail_replied", "rcpt_read", "rcpt_replied",
    "data_read", "data_replied", "body_half", "body_read", "body_replied",
)  # fmt: skip


@dataclass(frozen=True)
class Cut:
    point: str
    envelope: int = 0  # the number of the envelope, over all connections
    times: int = 1
    reset: bool = False  # RST in place of FIN


@dataclass
class Session:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    encrypted: bool = False
    user: str = ""
    sender: str | None = None
    receiver: str | None = None
    number: int = -1  # of the envelope


class Over(Exception):
    """The connection is to end."""


@dataclass
class SmtpServer:
    features: tuple[str, ...] = ("PIPELINING", "SIZE 10485760", "8BITMIME", "ENHANCEDSTATUSCODES")
    cut: Cut | None = None
    eager_data: bool = False  # answers DATA with 354 though no receiver was accepted
    tls: ssl.SSLContext | None = None
    logins: dict[str, str] = field(default_factory=dict)
    most_envelopes: int = 0  # 421 at MAIL after so many on one connection
    taken: list[tuple[str, bytes]] = field(default_factory=list)  # (receiver, body) whose closing dot was read
    violations: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _envelopes: int = 0
    _cuts: int = 0
    _sessions: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self, *, implicit: bool = False) -> int:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, limit=1 << 25, ssl=self.tls if implicit else None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        self._server.close()
        for writer in list(self._sessions):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._sessions.add(writer)
        session = Session(reader, writer)
        try:
            await self._may_cut(session, "connect", anywhere=True)
            await self._say(session, "220 test.example ESMTP")
            await self._may_cut(session, "greeting", anywhere=True)
            while line := await reader.readline():
                self._look_at(line)
                await self._obey(session, line.decode().rstrip("\r\n"))
        except (Over, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self._sessions.discard(writer)
            writer.close()

    def _look_at(self, line: bytes) -> None:
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            self.violations.append(f"a line with a bare CR or LF: {line!r}")

    async def _obey(self, session: Session, line: str) -> None:
        verb = line.split(" ")[0].upper()
        self.commands.append(line)
        if "PIPELINING" not in self.features and len(session.reader._buffer):  # type: ignore[attr-defined]
            self.violations.append(f"sent behind {line} though PIPELINING was not offered")
        handler = getattr(self, f"_on_{verb.lower()}", None)
        if handler is None:
            await self._say(session, "500 5.5.1 unknown command")
        else:
            await handler(session, line)

    async def _on_ehlo(self, session: Session, line: str) -> None:
        await self._may_cut(session, "ehlo_read", anywhere=True)
        offers = [f for f in self.features if not (session.encrypted and f == "STARTTLS")]
        lines = ["test.example", *offers]
        await self._say(session, *[f"250{'-' if n < len(lines) - 1 else ' '}{each}" for n, each in enumerate(lines)])
        await self._may_cut(session, "ehlo_replied", anywhere=True)

    async def _on_starttls(self, session: Session, line: str) -> None:
        await self._say(session, "220 2.0.0 go ahead")
        await session.writer.start_tls(self.tls)  # type: ignore[arg-type]
        session.encrypted = True

    async def _on_auth(self, session: Session, line: str) -> None:
        import base64

        words = line.split(" ")
        if words[1] == "PLAIN":
            _, user, password = base64.b64decode(words[2]).decode().split("\0")
        else:
            answers = []
            for prompt in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"):
                await self._say(session, f"334 {prompt}")
                answers.append(base64.b64decode(await session.reader.readline()).decode())
            user, password = answers
        if self.logins.get(user) != password:
            await self._say(session, "535 5.7.8 authentication failed")
            return
        session.user = user
        await self._say(session, "235 2.7.0 welcome")

    async def _on_mail(self, session: Session, line: str) -> None:
        session.number, self._envelopes = self._envelopes, self._envelopes + 1
        await self._may_cut(session, "mail_read")
        if self.most_envelopes and session.number >= self.most_envelopes * self.connections:
            await self._say(session, "421 4.7.0 too many messages in this connection")
            raise Over
        if self.logins and not session.user:
            await self._say(session, "530 5.7.0 authentication required")
        elif session.sender is not None:
            self.violations.append("MAIL inside a transaction")
            await self._say(session, "503 5.5.1 nested MAIL")
        else:
            session.sender, session.receiver = line, None
            await self._say(session, "250 2.1.0 Ok")
            await self._may_cut(session, "mail_replied")

    async def _on_rcpt(self, session: Session, line: str) -> None:
        await self._may_cut(session, "rcpt_read")
        address = line[line.index("<") + 1 : line.rindex(">")]
        if session.sender is None:
            await self._say(session, "503 5.5.1 need MAIL")
        elif address.startswith("reject"):
            await self._say(session, "550 5.1.1 no such user here")
        elif address.startswith("retry"):
            await self._say(session, "451 4.7.1 greylisted, come back")
        else:
            session.receiver = address
            await self._say(session, "250 2.1.5 Ok")
        await self._may_cut(session, "rcpt_replied")

    async def _on_data(self, session: Session, line: str) -> None:
        await self._may_cut(session, "data_read")
        if session.receiver is None and not (self.eager_data and session.sender is not None):
            await self._say(session, "554 5.5.1 no valid recipients")
            await self._may_cut(session, "data_replied")
            return
        await self._say(session, "354 end with a dot")
        await self._may_cut(session, "data_replied")
        body = await self._read_body(session)
        receiver, session.sender, session.receiver = session.receiver, None, None
        if receiver is None:
            await self._say(session, "554 5.5.1 no valid recipients" if not body else "250 2.0.0 swallowed")
            if body:
                self.violations.append("a body without a receiver")
            return
        await self._answer_body(session, receiver, body)

    async def _read_body(self, session: Session) -> bytes:
        lines: list[bytes] = []
        size = 0
        half = self._cuts_here(session, "body_half")
        while (line := await session.reader.readline()) != b".\r\n":
            if not line:
                raise Over
            self._look_at(line)
            lines.append(line[1:] if line.startswith(b".") else line)
            size += len(line)
            if half and len(lines) == 3:
                await self._may_cut(session, "body_half")
        return b"".join(lines)

    async def _answer_body(self, session: Session, receiver: str, body: bytes) -> None:
        kind = receiver.split("@")[0].split("-")[0]
        if kind == "refuse":
            await self._say(session, "554 5.7.1 spam")
        elif kind == "defer":
            await self._say(session, "452 4.3.1 no room")
        else:
            self.taken.append((receiver, body))
            await self._may_cut(session, "body_read")
            if kind == "lost":
                raise Over
            if kind == "stall":
                await asyncio.sleep(30)
            await self._say(session, f"250 2.0.0 Ok: queued as Q{len(self.taken)}")
            await self._may_cut(session, "body_replied")

    async def _on_rset(self, session: Session, line: str) -> None:
        session.sender = session.receiver = None
        await self._say(session, "250 2.0.0 Ok")

    async def _on_quit(self, session: Session, line: str) -> None:
        await self._say(session, "221 2.0.0 bye")
        raise Over

    async def _say(self, session: Session, *lines: str) -> None:
        session.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await session.writer.drain()

    def _cuts_here(self, session: Session, point: str, anywhere: bool = False) -> bool:
        cut = self.cut
        if cut is None or cut.point != point or self._cuts >= cut.times:
            return False
        return anywhere or session.number >= cut.envelope

    async def _may_cut(self, session: Session, point: str, *, anywhere: bool = False) -> None:
        if not self._cuts_here(session, point, anywhere):
            return
        self._cuts += 1
        if self.cut is not None and self.cut.reset:
            raw: socket.socket = session.writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            session.writer.transport.abort()
        raise Over
