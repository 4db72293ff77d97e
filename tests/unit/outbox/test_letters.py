from __future__ import annotations

from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st

from motet.outbox.letters import read_headers, read_letter


def test_html_alone_gives_a_text_without_styles() -> None:
    message = EmailMessage()
    message["Subject"] = "s"
    message.set_content("<head><style>p{}</style></head><p>One</p><p>two &amp; three</p>", subtype="html")
    letter = read_letter(bytes(message))
    assert letter.text == "One two & three"
    assert letter.html is not None


def test_an_unknown_charset_is_read_as_well_as_it_can_be() -> None:
    raw = b"Subject: s\r\nContent-Type: text/plain; charset=x-nobody\r\n\r\nplain words\r\n"
    assert "plain words" in read_letter(raw).text


def test_headers_are_read_without_the_body() -> None:
    raw = b"From: =?utf-8?q?Gr=C3=BCn?= <a@example.com>\r\nSubject: =?utf-8?q?h=C3=A9?=\r\n\r\nSubject: other\r\n"
    assert read_headers(raw) == ("hé", "Grün <a@example.com>")


@given(st.binary(max_size=400))
def test_any_bytes_can_be_read(raw: bytes) -> None:
    letter = read_letter(raw)
    assert isinstance(letter.text, str)
    read_headers(raw)
