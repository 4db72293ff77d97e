from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from motet.channels.email.envelope import Features, read_features, write_body, write_commands
from motet.core.messages import Email, Rejected

ALL = Features(pipelining=True, size=0, eight_bit=True, utf8=True)
PIECES = st.sampled_from([b".", b"..", b"\r", b"\n", b"\r\n", b"a", b"\r\n.\r\n", b"text", b"\xff"])


def read_body(wire: bytes) -> bytes:
    """What a server that goes by RFC 5321, 4.5.2 keeps of a body."""
    lines = wire.split(b"\r\n")
    return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)


@given(st.lists(PIECES, max_size=30).map(b"".join))
@example(b"a\r\n.\r\nb")
@example(b".")
@example(b"\r")
def test_no_body_can_end_itself_or_lose_a_line(raw: bytes) -> None:
    wire = write_body(raw)
    assert wire.endswith(b"\r\n")
    bare = wire.replace(b"\r\n", b"")
    assert b"\r" not in bare
    assert b"\n" not in bare
    assert b".\r\n" not in {line + b"\r\n" for line in wire.split(b"\r\n")}
    normal = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    assert read_body(wire) == (normal if normal.endswith(b"\r\n") else normal + b"\r\n")


@given(st.text(max_size=30), st.text(max_size=30))
@example("a@x.example>\r\nRCPT TO:<b@x.example", "x")
@example("a@x.example> SIZE=1", "x")
@example("a\x00@x.example", "x")
def test_no_address_can_break_out_of_its_command(receiver: str, sender: str) -> None:
    for email in (Email("news@shop.example", receiver, b"x"), Email(sender, "a@x.example", b"x")):
        written = write_commands(email, ALL)
        if isinstance(written, Rejected):
            continue
        for command in written:
            assert command.endswith(b"\r\n")
            assert command.count(b"\n") == command.count(b"\r") == 1
            assert command.count(b"<") == command.count(b">") == 1


@pytest.mark.parametrize(
    "address", ["", "a", "@x.example", "a@", "a b@x.example", "<a@x.example>", "a@x@y", "a" * 65 + "@x.example"]
)
def test_what_is_no_address_is_rejected_and_suppressed(address: str) -> None:
    written = write_commands(Email("news@shop.example", address, b"x"), ALL)
    assert isinstance(written, Rejected)
    assert (written.code, written.suppress) == ("smtp.bad_address", True)


def test_bad_sender_is_not_the_receivers_fault() -> None:
    written = write_commands(Email("shop", "a@x.example", b"x"), ALL)
    assert isinstance(written, Rejected)
    assert not written.suppress


def test_commands_use_what_the_server_offers() -> None:
    plain = Email("news@shop.example", "a@x.example", b"hello")
    assert write_commands(plain, Features(size=-1)) == (
        b"MAIL FROM:<news@shop.example>\r\n",
        b"RCPT TO:<a@x.example>\r\n",
    )
    assert write_commands(plain, ALL) == (b"MAIL FROM:<news@shop.example> SIZE=5\r\n", b"RCPT TO:<a@x.example>\r\n")
    foreign = write_commands(Email("news@shop.example", "jürgen@x.example", "ü".encode()), ALL)
    assert foreign == (
        b"MAIL FROM:<news@shop.example> SMTPUTF8 BODY=8BITMIME SIZE=2\r\n",
        "RCPT TO:<jürgen@x.example>\r\n".encode(),
    )


def test_foreign_domain_goes_out_in_ascii() -> None:
    written = write_commands(Email("news@shop.example", "a@bücher.example", b"x"), Features())
    assert not isinstance(written, Rejected)
    assert written[1] == b"RCPT TO:<a@xn--bcher-kva.example>\r\n"


@pytest.mark.parametrize(
    ("email", "code"),
    [
        (Email("a@x.example", "ü@x.example", b"x"), "smtp.needs_smtputf8"),
        (Email("a@x.example", "b@x.example", b"\xff"), "smtp.needs_8bitmime"),
        (Email("a@x.example", "b@x.example", b"x" * 101), "smtp.too_big"),
    ],
)
def test_what_a_server_cannot_take_is_rejected_without_asking_it(email: Email, code: str) -> None:
    written = write_commands(email, Features(size=100))
    assert isinstance(written, Rejected)
    assert written.code == code
    assert not written.suppress


def test_offers_are_read_in_any_case_and_order() -> None:
    lines = ["mail.example greets you", "Pipelining", "size 1000", "AUTH plain LOGIN", "AUTH=GSSAPI", "8bitmime", ""]
    features = read_features(lines)
    assert features == Features(
        pipelining=True, size=1000, eight_bit=True, auth=frozenset({"PLAIN", "LOGIN", "GSSAPI"})
    )
    assert read_features(["PIPELINING"]) == Features(size=-1), "the first line is a greeting and offers nothing"
    assert read_features(["x", "SIZE"]).size == 0
    assert read_features(["x", "SIZE lots"]).size == 0
