"""Content in, finished messages out. Compile once per step and channel, render once per message.

Compiling checks the shape and every template (Refused lists all that is wrong); rendering can fail for one customer
only (RenderFailed). Nothing here sends, stores, or knows what time it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from motet.content.check import check_content, read_content
from motet.content.dkim import DkimSigner
from motet.content.failure import RenderFailed
from motet.content.letter import compile_email
from motet.content.links import LinkSigner
from motet.content.notes import compile_in_app, compile_push, compile_sms, compile_webhook
from motet.content.occasion import Occasion, merged
from motet.content.runtime import failed
from motet.core.content import EmailContent, InAppContent, PushContent, SmsContent
from motet.core.customers import Customer
from motet.core.errors import Refused
from motet.core.messages import Payload
from motet.core.words import Channel

__all__ = ["Brand", "DkimSigner", "LinkSigner", "RenderFailed", "Renderer", "check_content", "compile_content"]

Make = Callable[[Occasion], Payload]
_BROKEN = (ValueError, TypeError, ArithmeticError, LookupError, RecursionError)


class Brand(msgspec.Struct, frozen=True):
    """Who speaks. `sender` is `Name <address>`; `dkim` None sends unsigned."""

    sender: str
    postal_address: str
    signer: LinkSigner
    dkim: DkimSigner | None = None


class Renderer:
    """Compiled content of one channel. Immutable; may be used from many threads at once."""

    def __init__(self, channel: Channel, variables: dict[str, Any], signer: LinkSigner, make: Make) -> None:
        self.channel = channel
        self._variables, self._signer, self._make = variables, signer, make

    def render(self, customer: Customer, view: dict[str, Any], message_id: UUID, now: datetime) -> Payload:
        """The finished message. `view` is a dict of plain values (`core.facts.enrollment_view`); `now` is aware.

        The same arguments give the same message, byte for byte (an RSA or Ed25519 signature included).
        Raises RenderFailed.
        """
        occasion = Occasion(customer, view, message_id, now, self.channel, self._signer)
        occasion.view = merged(view, self._variables, occasion.unsubscribe_url)
        try:
            return self._make(occasion)
        except _BROKEN as error:
            raise failed("content.broken_value", f"a value could not be used: {error}") from error


def compile_content(
    channel: Channel,
    content: dict[str, Any],
    variables: dict[str, Any],
    brand: Brand,
    *,
    campaign: str = "campaign",
    transactional: bool = False,
) -> Renderer:
    """Compiles the content of one channel. Raises Refused with every problem.

    `variables` are defaults under the customer's own values. `campaign` names the stream in Feedback-ID.
    `transactional` leaves out the footer and the list headers, which belong to marketing.
    """
    problems = check_content(channel, content)
    shape, _ = read_content(channel, content)
    if problems or shape is None:
        raise Refused(problems)
    make: Make
    if isinstance(shape, EmailContent):
        make = compile_email(
            shape, brand.sender, brand.postal_address, brand.dkim, campaign=campaign, transactional=transactional
        )
    elif isinstance(shape, SmsContent):
        make = compile_sms(shape)
    elif isinstance(shape, PushContent):
        make = compile_push(shape)
    elif isinstance(shape, InAppContent):
        make = compile_in_app(shape)
    else:
        make = compile_webhook(shape)
    return Renderer(channel, variables, brand.signer, make)
