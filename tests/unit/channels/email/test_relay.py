from __future__ import annotations

import ssl

import pytest

from motet.channels.base import Context, read_settings
from motet.channels.email.relay import Relay, read_relay
from motet.core.words import Channel


def relay(url: str) -> Relay:
    read, problems = read_relay(read_settings(Channel.EMAIL, url, Context()))
    assert problems == []
    return read


@pytest.mark.parametrize(
    ("url", "tls", "port", "verify"),
    [
        ("smtp://mail.example", "starttls", 25, False),
        ("smtp://127.0.0.1:1025", "starttls", 1025, False),
        ("smtp://a:b@127.0.0.1:1025", "starttls", 1025, False),
        ("smtp://a:b@mail.example", "require", 587, True),
        ("smtp://a:b@mail.example?tls=starttls", "starttls", 587, True),
        ("smtp://mail.example:465", "implicit", 465, True),
        ("smtps://mail.example", "implicit", 465, True),
        ("smtp://mail.example?tls=none", "none", 25, False),
    ],
)
def test_tls_is_as_strict_as_what_is_at_stake(url: str, tls: str, port: int, verify: bool) -> None:
    read = relay(url)
    assert (read.tls, read.port, read.verify) == (tls, port, verify)
    context = read.make_tls()
    assert (context is None) == (tls == "none")
    if context is not None:
        assert context.check_hostname is verify
        assert (context.verify_mode is ssl.CERT_REQUIRED) is verify


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("smtp://a:b@mail.example?tls=starttls", False),
        ("smtp://a:b@mail.example?tls=none", True),
        ("smtp://a:b@127.0.0.1", True),
    ],
)
def test_password_goes_in_plain_text_only_where_that_was_chosen(url: str, may: bool) -> None:
    assert relay(url).may_sign_in is may


def test_relay_shows_no_password() -> None:
    assert "hunter2" not in repr(relay("smtp://ann:hunter2@mail.example"))
