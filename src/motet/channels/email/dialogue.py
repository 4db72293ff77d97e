"""One SMTP connection: an asyncio.Protocol that keeps an envelope on the wire behind every body.

With PIPELINING one write carries the body of a message and MAIL, RCPT and DATA of the next (RFC 2920, 3.1 allows it),
so each message costs one round trip. What is known of a message when the connection ends follows from what was
written and what was read:

    nothing of it, or its envelope only                    given back: it certainly was not sent
    a refusal of its envelope was read                     that refusal
    its body in part, the closing dot not handed over      given back
    its closing dot was handed over, no answer read        Unknown
    the answer to its body was read                        that answer
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Protocol, cast

from motet.channels.email.envelope import Features, write_body, write_commands
from motet.channels.email.queue import Job
from motet.channels.email.replies import Reply, Stage, read_answer
from motet.core.messages import Rejected, Unknown

_LONGEST_LINE = 4_096  # bytes of a reply; RFC 5321 allows 512
_MOST_LINES = 200
_AT_ONCE = 65_536  # a body up to this is written with its dot in one go; a longer one by pieces of this
_DATA = b"DATA\r\n"


class Source(Protocol):
    """Where a dialogue gets its work."""

    def take(self) -> Job | None:
        """The next job, or None when there is none just now."""

    def give_back(self, job: Job, why: str) -> None:
        """A job whose message certainly was not sent."""

    def ended(self, dialogue: Dialogue) -> None:
        """A dialogue that was started is over; every job it had is answered or given back."""


class Broken(Exception):
    """The connection ended while a reply was waited for."""


class Dialogue(asyncio.Protocol):
    """A connection. First `ask` (the greeting, by `greeting.connect`), then `start`, then it serves itself."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self.features = Features()  # what the server offers; set by the greeting
        self._partial = b""  # of a reply line
        self._lines: list[bytes] = []  # of a reply of several lines
        self._waiter: asyncio.Future[tuple[int, list[str]]] | None = None
        self._expected: deque[Stage] = deque()  # the replies that are due, in order
        self._steps: deque[tuple[Stage, bytes]] = deque()  # commands still to send, without PIPELINING
        self._next: Job | None = None  # its envelope is on the wire
        self._refusal: tuple[Stage, Reply] | None = None  # of `_next`
        self._filling: Job | None = None  # its body is on the wire
        self._upload: memoryview | None = None  # what is still to write of a long body
        self._paused = False  # bytes of ours wait in the transport
        self._dot_sent = False
        self._reset = False  # a refused envelope is to be cleared before the next
        self._started = False
        self._serving = False  # may take jobs
        self.why_ended = ""  # empty while it lives
        self.moved_at = self._loop.time()  # when the dialogue last got on: a reply, or bytes that left

    @property
    def idle(self) -> bool:
        return self._serving and self._next is None and self._filling is None and not self._expected

    @property
    def awaits_body(self) -> bool:
        """Whether the reply that is due is the one to a body that left whole."""
        return bool(self._expected) and self._expected[0] is Stage.BODY and self._upload is None

    # The greeting -----------------------------------------------------------------------------

    async def ask(self, command: bytes = b"") -> tuple[int, list[str]]:
        """Sends a command and returns the code and lines of the reply; without one, those of the greeting.

        Raises Broken.
        """
        if self.why_ended:
            raise Broken(self.why_ended)
        if command:
            self._waiter = self._loop.create_future()
            self._write(command)
        assert self._waiter is not None  # the greeting's is there since the connection was made
        try:
            return await self._waiter
        finally:
            self._waiter = None

    async def encrypt(self, context: ssl.SSLContext, host: str) -> None:
        """Turns to TLS. Raises Broken when the server said more than it should have before (CVE-2011-0411)."""
        if self.why_ended or self._partial or self._lines or self._transport is None:
            raise Broken(self.why_ended or "plain text behind the answer to STARTTLS")
        transport = await self._loop.start_tls(self._transport, self, context, server_hostname=host)
        if transport is None:
            raise Broken("the connection ended while TLS began")
        self._transport = transport

    def start(self) -> None:
        """Takes up work; the greeting is done."""
        self._started = self._serving = True
        self.kick()

    @property
    def local_name(self) -> str:
        """Our side of the connection as an address literal (RFC 5321, 4.1.3)."""
        assert self._transport is not None
        name = self._transport.get_extra_info("sockname")
        host = str(name[0]) if isinstance(name, tuple) else "127.0.0.1"
        return f"[IPv6:{host.partition('%')[0]}]" if ":" in host else f"[{host}]"

    # Sending ----------------------------------------------------------------------------------

    def kick(self) -> None:
        """Takes the next job if nothing is under way."""
        if self.idle and not self.why_ended and (data := self._open_envelope()):
            self._write(data)

    def _open_envelope(self) -> bytes:
        """Takes a job and returns the commands that may be sent for it now; empty when there is none."""
        while job := self._source.take():
            commands = write_commands(job.email, self.features)
            if not isinstance(commands, Rejected):
                break
            job.finish(commands)
        else:
            return b""
        self._next, self._refusal = job, None
        steps = [(Stage.MAIL, commands[0]), (Stage.RCPT, commands[1]), (Stage.DATA, _DATA)]
        if self._reset:
            steps.insert(0, (Stage.RSET, b"RSET\r\n"))
            self._reset = False
        if self.features.pipelining:
            self._expected.extend(stage for stage, _ in steps)
            return b"".join(command for _, command in steps)
        self._steps.extend(steps[1:])
        self._expected.append(steps[0][0])
        return steps[0][1]

    def _send_body(self) -> None:
        """The server waits for the body of `_next`: it goes, and the envelope of the one after goes behind it."""
        assert self._next is not None
        job, self._next = self._next, None
        body = write_body(job.email.raw)
        self._filling, self._dot_sent = job, False
        self._expected.append(Stage.BODY)
        if len(body) <= _AT_ONCE:
            self._end_body(body)
        else:
            # So that `resume_writing` tells when the last byte left: the dot is handed over after that only, and
            # a connection that breaks before leaves no doubt that the message was not sent.
            self._upload = memoryview(body)
            self._limit_buffer(1)
            self._write_piece()

    def _write_piece(self) -> None:
        assert self._upload is not None
        piece, self._upload = self._upload[:_AT_ONCE], self._upload[_AT_ONCE:]
        self._paused = False
        self._write(bytes(piece))
        if not self._paused:
            self.resume_writing()

    def _end_body(self, body: bytes) -> None:
        self._dot_sent = True
        behind = self._open_envelope() if self.features.pipelining else b""
        self._write(b"".join((body, b".\r\n", behind)))

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        """All that was written has left, or enough of it: a long body goes on."""
        self._paused = False
        if self._upload is None or self.why_ended:
            return
        if self._upload:
            self._loop.call_soon(self._go_on_uploading)
        else:
            self._upload = None
            self._limit_buffer(None)
            self._end_body(b"")

    def _go_on_uploading(self) -> None:
        if self._upload and not self.why_ended and not self._paused:
            self._write_piece()

    def _limit_buffer(self, high: int | None) -> None:
        assert self._transport is not None
        self._transport.set_write_buffer_limits(high=high)

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self.moved_at = self._loop.time()
        self._transport.write(data)

    # Hearing ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._waiter = self._loop.create_future()  # the server speaks first, and may before anybody asks

    def data_received(self, data: bytes) -> None:
        lines = (self._partial + data).split(b"\n")
        self._partial = lines.pop()
        if len(self._partial) > _LONGEST_LINE:
            self.end("the server sent a line without an end")
            return
        for line in lines:
            if self.why_ended:
                return
            code, mark = line[:3], line[3:4]
            if mark == b"-" and len(self._lines) < _MOST_LINES and code.isdigit():
                self._lines.append(line)
            elif len(code) == 3 and code.isdigit() and mark in b" \r":
                self._hear(int(code), line)
            else:
                self.end("the server sent something that is no SMTP reply")

    def _hear(self, code: int, line: bytes) -> None:
        lines, self._lines = [*self._lines, line], []
        self.moved_at = self._loop.time()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result((code, [_text(each) for each in lines]))
        elif not self._expected:
            self.end(f"the server ended: {code} {_text(line)}" if code == 421 else "the server answered unasked")
        else:
            self._weigh(self._expected.popleft(), code, lines)

    def _weigh(self, stage: Stage, code: int, lines: list[bytes]) -> None:
        """One reply to one command."""
        if code == 421:  # in place of any reply: the server ends after it (RFC 5321, 3.8)
            self._serving = False
        if stage is Stage.BODY:
            self._close_body(Reply(code, " ".join(map(_text, lines))))
        elif stage is Stage.DATA and code == 354:
            if self._refusal is None:
                self._send_body()
            else:  # DATA went out before the refusal was read; an empty body ends it (RFC 2920, 3.1)
                self._expected.append(Stage.DOT)
                self._write(b".\r\n")
        elif stage is Stage.DOT:
            self._close_envelope()
        elif code // 100 != 2 or stage is Stage.DATA:
            self._hear_refusal(stage, Reply(code, " ".join(map(_text, lines))))
        elif self._steps:
            self._send_step()
        if code == 421:
            self.end(f"the server ended: {_text(lines[-1])}")

    def _hear_refusal(self, stage: Stage, reply: Reply) -> None:
        if stage is Stage.RSET or reply.code // 100 not in (4, 5):
            self.end(f"the server answered {reply.code} to {stage.name}")
            return
        if reply.code != 421 and self._refusal is None:
            self._refusal = (stage, reply)
        if (stage is Stage.DATA or self._steps) and self._refusal is not None:
            self._steps.clear()
            self._close_envelope()

    def _send_step(self) -> None:
        stage, command = self._steps.popleft()
        self._expected.append(stage)
        self._write(command)

    def _close_body(self, reply: Reply) -> None:
        job, self._filling = self._filling, None
        assert job is not None
        kind = reply.code // 100
        if kind not in (2, 4, 5) or (kind == 2 and not self._dot_sent):
            job.finish(Unknown(f"the server answered {reply} to the message"))
            self.end(f"the server answered {reply.code} to the message")
            return
        job.finish(read_answer(Stage.BODY, reply))
        if not self._dot_sent:
            self.end(f"the server refused the message before it was whole: {reply}")
        else:
            self.kick()

    def _close_envelope(self) -> None:
        """The envelope was refused and nothing of it is open any more."""
        job, refusal = self._next, self._refusal
        assert job is not None
        assert refusal is not None
        self._next, self._refusal, self._reset = None, None, True
        job.finish(read_answer(*refusal))
        self.kick()

    # The end ----------------------------------------------------------------------------------

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(f"the connection was lost{f': {exc}' if exc else ''}")

    def quit(self) -> None:
        """Ends politely; only when idle."""
        if not self.why_ended and self._transport is not None:
            self._write(b"QUIT\r\n")
            self._transport.close()
            self.end("we said goodbye", abort=False)

    def end(self, why: str, *, abort: bool = True) -> None:
        """Ends now. Every job is answered as exactly as can be, or given back."""
        if self.why_ended:
            return
        self.why_ended = why
        if abort and self._transport is not None:
            self._transport.abort()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Broken(why))
            self._waiter.exception()  # `why_ended` tells it as well: nobody need be waiting
        filling, self._filling = self._filling, None
        waiting, self._next = self._next, None
        if filling is not None:
            if self._dot_sent:
                filling.finish(Unknown(why))
            else:
                self._source.give_back(filling, why)
        if waiting is not None:
            if self._refusal is not None:
                waiting.finish(read_answer(*self._refusal))
            else:
                self._source.give_back(waiting, why)
        if self._started:
            self._source.ended(self)


def _text(line: bytes) -> str:
    return line[4:].decode("utf-8", "replace").strip()
