"""The outbox is driven over SMTP by the standard library's client."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage

import aiohttp
import pytest

from motet.outbox.server import Outbox


def compose(to: str = "ada@example.com", subject: str = "Grüße aus Köln") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Fernhollow <hello@fernhollow.example>"
    message["To"] = to
    message["Subject"] = subject
    message["List-Unsubscribe"] = "<https://fernhollow.example/u/1>"
    message.set_content("Good morning Ada\n\n.a line that begins with a dot\n")
    message.add_alternative("<h1>Good morning Ada</h1><p>ünï</p>", subtype="html")
    return message


async def send(outbox: Outbox, *messages: EmailMessage, login: bool = True) -> None:
    def work() -> None:
        with smtplib.SMTP("127.0.0.1", outbox.smtp_port, timeout=10) as client:
            if login:
                client.login("motet", "outbox")
            for message in messages:
                client.send_message(message)

    await asyncio.to_thread(work)


async def test_an_email_is_read_back_as_its_receiver_sees_it(outbox: Outbox, http: aiohttp.ClientSession) -> None:
    await send(outbox, compose())
    listing = await (await http.get("/messages")).json()
    (row,) = listing["messages"]
    assert listing["counts"] == {"email": 1}
    assert row["title"] == "Grüße aus Köln"
    assert row["to"] == "ada@example.com"
    assert row["from"] == "Fernhollow <hello@fernhollow.example>"
    assert row["channel"] == "email"
    assert row["preview"] == "Good morning Ada .a line that begins with a dot"
    whole = await (await http.get(f"/messages/{row['id']}")).json()
    assert whole["subject"] == "Grüße aus Köln"
    assert whole["html"].strip() == "<h1>Good morning Ada</h1><p>ünï</p>"
    assert "\n.a line" in whole["text"].replace("\r", "")
    assert ["List-Unsubscribe", "<https://fernhollow.example/u/1>"] in whole["headers"]


async def test_a_login_is_optional(outbox: Outbox) -> None:
    await send(outbox, compose(), login=False)
    assert len(outbox.store) == 1


@pytest.mark.parametrize(("local", "code"), [("bounce+ada", 550), ("defer+ada", 451)])
async def test_marked_addresses_are_refused(outbox: Outbox, local: str, code: int) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        await send(outbox, compose(to=f"{local}@example.com"))
    assert refused.value.recipients[f"{local}@example.com"][0] == code
    assert len(outbox.store) == 0


async def test_pipelined_envelopes_are_answered_in_order(outbox: Outbox) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", outbox.smtp_port)
    await reader.readline()
    writer.write(b"EHLO client.example\r\n")
    offered = b""
    while not offered.endswith(b"250 HELP\r\n"):
        offered += await reader.readline()
    assert b"250-PIPELINING\r\n" in offered
    assert b"250-SIZE 10485760\r\n" in offered
    envelope = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<%b@example.com>\r\nDATA\r\n"
    body = b"Subject: %b\r\n\r\nhello\r\n.\r\n"
    writer.write(envelope % b"one")
    replies = [(await reader.readline())[:3] for _ in range(3)]
    writer.write(body % b"one" + envelope % b"two")  # the next envelope behind the body
    replies += [(await reader.readline())[:3] for _ in range(4)]
    writer.write(body % b"two" + b"QUIT\r\n")
    replies += [(await reader.readline())[:3] for _ in range(2)]
    writer.close()
    assert replies == [b"250", b"250", b"354", b"250", b"250", b"250", b"354", b"250", b"221"]
    titles = [message.title for message in outbox.store.page(channel=None, q="", limit=10, before=None)]
    assert titles == ["two", "one"]


async def test_several_recipients_of_one_message_each_have_their_own(outbox: Outbox) -> None:
    message = compose()
    message.replace_header("To", "ada@example.com, bob@example.com")
    await send(outbox, message)
    assert {m.to for m in outbox.store.page(channel=None, q="", limit=10, before=None)} == {
        "ada@example.com",
        "bob@example.com",
    }
