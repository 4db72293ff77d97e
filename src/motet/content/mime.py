"""The message around the parts: multipart/alternative (RFC 2046, 5.1.4) joined from pieces made beforehand.

Comes in: the parts already quoted-printable, each ending in a line end. Only the header is made anew for each message.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from motet.content.headers import Sender, date_value, mailbox, text_header

# "=_" cannot stand in quoted-printable text, so the boundary cannot appear in a part (RFC 2045, 6.7).
_BOUNDARY = "=_motet_alternative"
_PART = "Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_OPENING = f"--{_BOUNDARY}\r\n{_PART.format(kind='plain')}"
_BETWEEN = f"--{_BOUNDARY}\r\n{_PART.format(kind='html')}"
_CLOSING = f"--{_BOUNDARY}--\r\n"
_TYPE = f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n'


class Envelope(msgspec.Struct, frozen=True):
    """What the header says of one message, as plain values."""

    to: str  # a clean address
    name: str
    subject: str
    message_id: UUID
    now: datetime
    unsubscribe_url: str  # empty: no list headers


class Letterhead:
    """The header of every message of one content: what stays is made once."""

    def __init__(self, sender: Sender, feedback: str) -> None:
        """`feedback` is Gmail's Feedback-ID without the sender's own part, such as `welcome:email`."""
        self._from = f"From: {sender.header}\r\nTo: "
        self._id_end = f"@{sender.domain}>\r\n"
        self._end = f"Feedback-ID: {feedback}:{sender.domain}\r\n{_TYPE}\r\n{_OPENING}"

    def message(self, envelope: Envelope, text: str, html: str) -> bytes:
        """The whole message. `text` and `html` are quoted-printable and end in a line end."""
        leave = ""
        if envelope.unsubscribe_url:  # RFC 2369 and RFC 8058
            leave = (
                f"List-Unsubscribe: <{envelope.unsubscribe_url}>\r\n"
                "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
            )
        return "".join(
            (
                self._from,
                mailbox(envelope.name, envelope.to),
                "\r\n",
                text_header("Subject", envelope.subject),
                "Date: ",
                date_value(envelope.now.replace(microsecond=0)),
                "\r\nMessage-ID: <",
                envelope.message_id.hex,
                self._id_end,
                leave,
                self._end,
                text,
                _BETWEEN,
                html,
                _CLOSING,
            )
        ).encode()
