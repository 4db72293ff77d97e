"""TLS, sign-in, the pool and the end of a session, against strict servers, aiosmtpd and Postfix's smtp-sink."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from contracts.provider.certificates import make_certificate
from contracts.provider.smtp_server import Cut, SmtpServer
from motet.channels.base import Context, read_settings
from motet.channels.email.smtp import SmtpProvider
from motet.core.errors import Refused
from motet.core.messages import Accepted, Answer, Email, Outgoing, Rejected, Retry, Unknown
from motet.core.words import Channel

BODY = b"Subject: hello\r\n\r\n" + b"a line of text\r\n" * 50
LONG = b"Subject: hello\r\n\r\n" + (b"x" * 76 + b"\r\n") * 30_000
OFFERS = ("PIPELINING", "SIZE 10485760", "8BITMIME", "ENHANCEDSTATUSCODES")


def email(receiver: str = "ok-1@example.com", raw: bytes = BODY, sender: str = "news@shop.example") -> Outgoing:
    payload = Email(sender, receiver, raw)
    return Outgoing(message_id=uuid4(), customer_id=uuid4(), payload=payload, idempotency_key="")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[SmtpProvider]:
    provider = SmtpProvider(read_settings(Channel.EMAIL, url, Context()))
    await provider.open()
    try:
        yield provider
    finally:
        await provider.close()


@asynccontextmanager
async def serving(server: SmtpServer, *, implicit: bool = False) -> AsyncIterator[int]:
    port = await server.start(implicit=implicit)
    try:
        yield port
    finally:
        await server.stop()


async def send_one(port: int, options: str, login: str = "", scheme: str = "smtp", raw: bytes = BODY) -> Answer:
    async with opened(f"{scheme}://{login}127.0.0.1:{port}?timeout=2&{options}") as provider:
        [answer] = await provider.send([email(raw=raw)])
        return answer


@pytest.mark.parametrize("raw", [BODY, LONG], ids=["short", "long"])
async def test_starttls_encrypts_before_anything_else_is_said(tmp_path: Path, raw: bytes) -> None:
    tls, trusted = make_certificate(tmp_path)
    server = SmtpServer(features=(*OFFERS, "STARTTLS", "AUTH PLAIN LOGIN"), tls=tls, logins={"ann": "s3cret:@/"})
    async with serving(server) as port:
        answer = await send_one(port, f"tls=require&ca={trusted}", "ann:s3cret%3A%40%2F@", raw=raw)
    assert isinstance(answer, Accepted), answer
    verbs = [command.split(" ")[0] for command in server.commands]
    assert verbs[:5] == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL"]
    assert server.taken == [("ok-1@example.com", raw)]


async def test_implicit_tls_by_scheme(tmp_path: Path) -> None:
    tls, trusted = make_certificate(tmp_path)
    server = SmtpServer(tls=tls)
    async with serving(server, implicit=True) as port:
        assert isinstance(await send_one(port, f"ca={trusted}", scheme="smtps", raw=LONG), Accepted)
    assert server.taken == [("ok-1@example.com", LONG)]


async def test_certificate_of_a_stranger_is_refused_where_tls_is_required(tmp_path: Path) -> None:
    tls, _ = make_certificate(tmp_path)
    server = SmtpServer(features=(*OFFERS, "STARTTLS"), tls=tls)
    async with serving(server) as port:
        required = await send_one(port, "tls=require")
        offered = await send_one(port, "tls=starttls")
    assert isinstance(required, Retry)
    assert required.code == "smtp.tls"
    assert isinstance(offered, Accepted), "opportunistic TLS promises nothing and takes what it gets"


async def test_tls_required_and_not_offered_sends_nothing() -> None:
    server = SmtpServer()
    async with serving(server) as port:
        answer = await send_one(port, "tls=require")
    assert isinstance(answer, Retry)
    assert answer.code == "smtp.tls"
    assert not any(command.startswith("MAIL") for command in server.commands)


@pytest.mark.parametrize("slipped", [b"250-hello\r\n250 AUTH PLAIN\r\n", b"250-hello\r\n", b"250-AU"])
async def test_plain_text_behind_starttls_is_not_believed(tmp_path: Path, slipped: bytes) -> None:
    """CVE-2011-0411: a man in the middle slips replies in before the encryption begins."""
    _, trusted = make_certificate(tmp_path)
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        await reader.readline()
        writer.write(b"250-hello\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go ahead\r\n" + slipped)
        heard.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    answer = await send_one(server.sockets[0].getsockname()[1], f"tls=require&ca={trusted}")
    server.close()
    assert isinstance(answer, Retry)
    assert "did not answer in time" not in answer.detail
    assert b"".join(heard) == b"", "TLS was not begun"


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN"])
async def test_sign_in(method: str) -> None:
    server = SmtpServer(features=(*OFFERS, f"AUTH {method}"), logins={"ann": "right"})
    async with serving(server) as port:
        assert isinstance(await send_one(port, "", "ann:right@"), Accepted)
        wrong = await send_one(port, "", "ann:wrong@")
        absent = await send_one(port, "")
    assert isinstance(wrong, Retry)
    assert wrong.code == "smtp.auth"
    assert isinstance(absent, Retry), "a missing sign-in is our fault: no message is given up for it"
    assert len(server.taken) == 1


async def test_too_many_connections_leave_the_work_to_those_that_were_let_in() -> None:
    server = SmtpServer()
    original = server._say
    busy = 0

    async def say(session: object, *lines: str) -> None:
        nonlocal busy
        if lines[0].startswith("220 test") and (busy := busy + 1) > 2:
            lines = ("421 4.7.0 too many connections",)
        await original(session, *lines)  # type: ignore[arg-type]

    server._say = say  # type: ignore[method-assign,assignment]
    async with serving(server) as port, opened(f"smtp://127.0.0.1:{port}?pool=8") as provider:
        answers = await provider.send([email(f"ok-{n}@example.com") for n in range(200)])
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert server.connections == 8, "a refusal is not answered with more attempts"


async def test_calls_share_the_connections_and_keep_their_own_order() -> None:
    server = SmtpServer()
    async with serving(server) as port, opened(f"smtp://127.0.0.1:{port}?pool=3") as provider:
        calls = [
            [email(f"{'ok' if n % 3 else 'reject'}-{call}-{n}@example.com") for n in range(40)] for call in range(4)
        ]
        answers = await asyncio.gather(*(provider.send(call) for call in calls))
        assert await provider.send([]) == []
    for call in answers:
        assert [isinstance(answer, Accepted) for answer in call] == [bool(n % 3) for n in range(40)]
    assert server.connections == 3
    assert server.violations == []


async def test_idle_connection_is_ended_politely_and_opened_again() -> None:
    server = SmtpServer()
    async with serving(server) as port, opened(f"smtp://127.0.0.1:{port}?idle=0.1") as provider:
        await provider.send([email()])
        await asyncio.sleep(0.4)
        assert server.commands[-1] == "QUIT"
        [answer] = await provider.send([email()])
    assert isinstance(answer, Accepted)
    assert server.connections == 2


async def test_cancelled_call_takes_its_waiting_messages_back() -> None:
    server = SmtpServer()
    async with serving(server) as port, opened(f"smtp://127.0.0.1:{port}?pool=1&body_timeout=30") as provider:
        call = asyncio.create_task(
            provider.send([email("stall-1@example.com"), *[email(f"ok-{n}@x.example") for n in range(9)]])
        )
        while not server.taken:
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert [receiver for receiver, _ in server.taken] == ["stall-1@example.com"]


async def test_closing_answers_what_waits_and_what_is_on_the_wire() -> None:
    server = SmtpServer()
    async with serving(server) as port:
        url = f"smtp://127.0.0.1:{port}?pool=1&timeout=0.5&body_timeout=30"
        provider = SmtpProvider(read_settings(Channel.EMAIL, url, Context()))
        await provider.open()
        async with asyncio.TaskGroup() as group:
            call = group.create_task(provider.send([email("stall-1@example.com"), *(email() for _ in range(5))]))
            while not server.taken:
                await asyncio.sleep(0.01)
            await provider.close()
        [late] = await provider.send([email()])
    assert [type(answer) for answer in call.result()] == [Unknown] + [Retry] * 5
    assert isinstance(late, Retry)
    assert len(server.taken) == 1


async def test_garbage_from_the_server_is_no_answer() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while (line := await reader.readline()) and not line.startswith(b"DATA"):
            writer.write(b"250 fine\r\n")
        writer.write(b"354 go\r\n")
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"\xff\xfe\x00 what?\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    answer = await send_one(server.sockets[0].getsockname()[1], "tls=none")
    server.close()
    assert isinstance(answer, Unknown)


async def test_endless_reply_is_cut_off() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220-" + b"x" * 1_000_000)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    answer = await send_one(server.sockets[0].getsockname()[1], "tls=none")
    server.close()
    assert isinstance(answer, Retry)


async def test_message_that_the_server_refuses_before_it_is_whole() -> None:
    """A server may answer in the middle of a long body; what it said counts, and the connection is of no more use."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            if line.startswith(b"DATA"):
                writer.write(b"354 go\r\n")
                await reader.read(1000)
                writer.write(b"552 5.3.4 too much\r\n")
                await asyncio.sleep(5)
            writer.write(b"250 fine\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    answer = await send_one(server.sockets[0].getsockname()[1], "tls=none", raw=LONG * 4)
    server.close()
    assert isinstance(answer, Rejected)
    assert answer.code == "smtp.552"


async def test_addresses_and_bodies_that_would_break_out_of_their_place_stay_in_it() -> None:
    server = SmtpServer()
    smuggled = b"Subject: x\r\n\r\nhello\n.\nMAIL FROM:<evil@x.example>\r\n.\r\n..end\rbare\n"
    async with serving(server) as port, opened(f"smtp://127.0.0.1:{port}") as provider:
        answers = await provider.send(
            [
                email("a@x.example>\r\nRCPT TO:<b@x.example"),
                email(sender="a b@x.example"),
                email("nobody"),
                email(raw=smuggled),
                email(raw=b".first\r\n"),
            ]
        )
    assert [type(answer) for answer in answers] == [Rejected, Rejected, Rejected, Accepted, Accepted]
    assert server.violations == []
    assert [body for _, body in server.taken] == [
        b"Subject: x\r\n\r\nhello\r\n.\r\nMAIL FROM:<evil@x.example>\r\n.\r\n..end\r\nbare\r\n",
        b".first\r\n",
    ]


class _Handler:
    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes, list[str]]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.taken.append((envelope.rcpt_tos[0], envelope.content, envelope.mail_options))
        return "250 2.0.0 Ok"


async def test_aiosmtpd_takes_addresses_outside_ascii() -> None:
    handler = _Handler()

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        return AuthResult(success=True)

    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, enable_SMTPUTF8=True, authenticator=authenticate, auth_require_tls=False), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    async with opened(f"smtp://ann:secret@127.0.0.1:{port}") as provider:
        answers = await provider.send(
            [email("jürgen@example.com"), email("ok@bücher.example"), email(raw="Grüße\r\n".encode()), email()]
        )
    server.close()
    assert [type(answer) for answer in answers] == [Accepted] * 4
    taken = {receiver: options for receiver, _, options in handler.taken}
    assert "SMTPUTF8" in taken["jürgen@example.com"]
    assert "SMTPUTF8" not in taken["ok@xn--bcher-kva.example"]


async def test_server_without_smtputf8_never_sees_such_an_address() -> None:
    server = SmtpServer()
    async with serving(server) as port, opened(f"smtp://127.0.0.1:{port}") as provider:
        [answer] = await provider.send([email("jürgen@example.com")])
    assert isinstance(answer, Rejected)
    assert answer.code == "smtp.needs_smtputf8"


@pytest.fixture
def sink(tmp_path: Path) -> object:
    """Debian's smtp-sink, which Motet did not write; it counts what it took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["/usr/sbin/smtp-sink", "-u", "nobody", "-c", f"127.0.0.1:{port}", "100"]
    with open(tmp_path / "sink", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.01)
    yield port, tmp_path / "sink"
    process.terminate()
    process.wait()


async def test_smtp_sink_takes_every_message_over_twenty_connections(sink: tuple[int, Path]) -> None:
    port, log = sink
    async with opened(f"smtp://127.0.0.1:{port}?pool=20") as provider:
        calls = [[email(f"c{n}@example.com") for n in range(250)] for _ in range(8)]
        answers = await asyncio.gather(*(provider.send(call) for call in calls))
    assert sum(isinstance(answer, Accepted) for call in answers for answer in call) == 2000
    await asyncio.sleep(0.1)
    counts = re.findall(rb"sess=(\d+)\s+quit=\d+\s+mesg=(\d+)", log.read_bytes())
    assert counts[-1][1] == b"2000"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("smtp://", "missing_host"),
        ("smtp://user@mail.example", "half_credentials"),
        ("smtp://mail.example?tls=maybe", "bad_option"),
        ("smtp://mail.example?pool=0", "bad_option"),
        ("smtp://mail.example?timeout=soon", "bad_option"),
        ("smtp://mail.example?ca=/nowhere.pem", "bad_option"),
        ("smtp://mail.example?ehlo=two%20words", "bad_option"),
        ("smtp://mail.example:port", "bad_url"),
        ("smtp://mail.example?pol=3", "unknown_option"),
    ],
)
async def test_wrong_settings_are_told_before_the_first_send(url: str, code: str) -> None:
    provider = SmtpProvider(read_settings(Channel.EMAIL, url, Context()))
    assert [problem.code for problem in provider.check()] == [f"provider.{code}"]
    assert provider.check()[0].path == "MOTET_EMAIL_URL"
    with pytest.raises(Refused):
        await provider.open()


async def test_cut_while_greeting_does_not_outlive_the_call() -> None:
    server = SmtpServer(cut=Cut("ehlo_read", times=1000))
    async with serving(server) as port, opened(f"smtp://127.0.0.1:{port}?pool=5") as provider:
        started = asyncio.get_running_loop().time()
        answers = await provider.send([email() for _ in range(50)])
        assert asyncio.get_running_loop().time() - started < 2
    assert all(isinstance(answer, Retry) for answer in answers)
    assert server.connections == 5
