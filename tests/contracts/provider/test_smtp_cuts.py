"""A connection is cut at every point of the dialogue, and the ledger is never told a lie.

Accepted: the server took it once. Retry and Rejected: it never did. Unknown: it may have.
"""

from __future__ import annotations

from collections import Counter
from uuid import uuid4

import pytest

from contracts.provider.smtp_server import POINTS, Cut, SmtpServer
from motet.channels.base import Context, read_settings
from motet.channels.email.smtp import SmtpProvider
from motet.core.messages import Accepted, Answer, Email, Outgoing, Rejected, Retry, Unknown
from motet.core.words import Channel

PLAIN = ("SIZE 10485760", "8BITMIME")
PIPELINED = ("PIPELINING", *PLAIN)
BODY = b"Subject: hello\r\n\r\n" + b"a line of text\r\n" * 50
LONG = b"Subject: hello\r\n\r\n" + (b"x" * 76 + b"\r\n") * 100_000  # more than the kernel holds for a slow reader


def email(receiver: str, raw: bytes = BODY) -> Outgoing:
    payload = Email("news@shop.example", receiver, raw)
    return Outgoing(message_id=uuid4(), customer_id=uuid4(), payload=payload, idempotency_key="")


async def send(server: SmtpServer, receivers: list[str], *, pool: int = 1, raw: bytes = BODY) -> list[Answer]:
    port = await server.start()
    url = f"smtp://127.0.0.1:{port}?pool={pool}&timeout=2&body_timeout=2"
    provider = SmtpProvider(read_settings(Channel.EMAIL, url, Context()))
    await provider.open()
    try:
        return await provider.send([email(receiver, raw) for receiver in receivers])
    finally:
        await provider.close()
        await server.stop()


def check_truth(server: SmtpServer, receivers: list[str], answers: list[Answer]) -> None:
    assert server.violations == []
    assert len(answers) == len(receivers)
    taken = Counter(receiver for receiver, _ in server.taken)
    for receiver, answer in zip(receivers, answers, strict=True):
        if isinstance(answer, Accepted):
            assert taken[receiver] == 1, f"{receiver} was accepted and taken {taken[receiver]} times"
        elif isinstance(answer, Unknown):
            assert taken[receiver] <= 1
        else:
            assert taken[receiver] == 0, f"{receiver} was taken and answered {answer}"


@pytest.mark.parametrize("pool", [1, 3])
@pytest.mark.parametrize("features", [PIPELINED, PLAIN], ids=["pipelined", "plain"])
@pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
@pytest.mark.parametrize("envelope", [0, 2, 4])
@pytest.mark.parametrize("point", POINTS)
async def test_one_cut_loses_no_message_and_doubles_none(
    point: str, envelope: int, reset: bool, features: tuple[str, ...], pool: int
) -> None:
    server = SmtpServer(features=features, cut=Cut(point, envelope, reset=reset))
    receivers = [f"ok-{n}@example.com" for n in range(5)]
    answers = await send(server, receivers, pool=pool)
    check_truth(server, receivers, answers)
    unknown = [answer for answer in answers if isinstance(answer, Unknown)]
    if point in ("body_half", "body_read"):  # the dot had left and no answer came
        assert len(unknown) == 1
        assert sum(isinstance(answer, Accepted) for answer in answers) == 4
    elif point == "data_replied" or (point == "body_replied" and reset):
        # The client had leave to send the body; or a reset threw the last answer away.
        assert len(unknown) <= 1
        assert len(unknown) + sum(isinstance(answer, Accepted) for answer in answers) == 5
    elif point == "connect" or point == "greeting" or point.startswith("ehlo"):
        assert not unknown
        assert all(isinstance(answer, Accepted | Retry) for answer in answers)
    else:  # certain not to have been sent, so the message goes out on another connection
        assert [type(answer) for answer in answers] == [Accepted] * 5
        assert len(server.taken) == 5


@pytest.mark.parametrize("features", [PIPELINED, PLAIN], ids=["pipelined", "plain"])
@pytest.mark.parametrize("point", POINTS[: POINTS.index("data_replied")])
async def test_cut_before_the_body_again_and_again_is_retry(point: str, features: tuple[str, ...]) -> None:
    server = SmtpServer(features=features, cut=Cut(point, times=1000))
    receivers = [f"ok-{n}@example.com" for n in range(4)]
    answers = await send(server, receivers, pool=2)
    check_truth(server, receivers, answers)
    assert [type(answer) for answer in answers] == [Retry] * 4
    assert server.connections <= 10, "a server that hangs up is not hammered"


@pytest.mark.parametrize("features", [PIPELINED, PLAIN], ids=["pipelined", "plain"])
@pytest.mark.parametrize("point", ["rcpt_replied", "data_read", "data_replied"])
async def test_refusal_that_was_read_survives_the_cut(point: str, features: tuple[str, ...]) -> None:
    server = SmtpServer(features=features, cut=Cut(point, times=1000))
    [answer] = await send(server, ["reject-1@example.com"])
    assert isinstance(answer, Rejected)
    assert (answer.code, answer.suppress) == ("smtp.550", True)


async def test_long_body_cut_in_the_middle_certainly_was_not_sent() -> None:
    server = SmtpServer(cut=Cut("body_half", times=1000))
    answers = await send(server, ["ok-1@example.com"], raw=LONG)
    check_truth(server, ["ok-1@example.com"], answers)
    assert isinstance(answers[0], Retry)


async def test_long_body_arrives_whole_with_the_next_message_behind_it() -> None:
    server = SmtpServer()
    receivers = [f"ok-{n}@example.com" for n in range(3)]
    answers = await send(server, receivers, raw=LONG)
    check_truth(server, receivers, answers)
    assert [body for _, body in server.taken] == [LONG] * 3


@pytest.mark.parametrize("features", [PIPELINED, PLAIN], ids=["pipelined", "plain"])
@pytest.mark.parametrize("eager_data", [False, True])
async def test_mixed_batch_keeps_order_whatever_is_refused(features: tuple[str, ...], eager_data: bool) -> None:
    kinds = ["ok", "reject", "ok", "retry", "refuse", "ok", "defer", "reject", "reject", "ok", "lost", "ok"]
    server = SmtpServer(features=features, eager_data=eager_data)
    receivers = [f"{kind}-{n}@example.com" for n, kind in enumerate(kinds)]
    answers = await send(server, receivers)
    expected = {"ok": Accepted, "reject": Rejected, "retry": Retry, "refuse": Rejected, "defer": Retry, "lost": Unknown}
    assert [type(answer) for answer in answers] == [expected[kind] for kind in kinds]
    check_truth(server, receivers, answers)


async def test_server_that_ends_a_connection_after_some_messages_gets_the_rest_on_new_ones() -> None:
    server = SmtpServer(most_envelopes=3)
    receivers = [f"ok-{n}@example.com" for n in range(10)]
    answers = await send(server, receivers)
    check_truth(server, receivers, answers)
    assert all(isinstance(answer, Accepted) for answer in answers)


async def test_silence_after_the_body_is_unknown_and_before_it_retry() -> None:
    server = SmtpServer()
    receivers = ["stall-1@example.com", "ok-2@example.com"]
    answers = await send(server, receivers)
    check_truth(server, receivers, answers)
    assert isinstance(answers[0], Unknown)
    assert isinstance(answers[1], Accepted), "the one behind it moves to another connection"


async def test_nobody_listening_is_retry_for_all() -> None:
    server = SmtpServer()
    port = await server.start()
    await server.stop()
    provider = SmtpProvider(read_settings(Channel.EMAIL, f"smtp://127.0.0.1:{port}?pool=3", Context()))
    await provider.open()
    answers = await provider.send([email(f"ok-{n}@example.com") for n in range(20)])
    await provider.close()
    assert {(type(a), a.code) for a in answers if isinstance(a, Retry)} == {(Retry, "smtp.connect")}
    assert len(answers) == 20
