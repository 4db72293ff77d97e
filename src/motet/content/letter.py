"""Email: subject, HTML and text compiled to quoted-printable pieces, and the customer's letter made of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from motet.content.dkim import DkimSigner
from motet.content.failure import RenderFailed
from motet.content.handlebars import Template, compile_nodes, compile_template
from motet.content.headers import clean_address, read_sender
from motet.content.masking import mask
from motet.content.mime import Envelope, Letterhead
from motet.content.occasion import Occasion
from motet.content.outputs import MIME_HTML, MIME_TEXT, Output
from motet.content.page import Imprint, html_source, text_source
from motet.content.parser import parse
from motet.content.plain import derive_text
from motet.content.runtime import failed
from motet.content.tracking import track_text
from motet.core.content import EmailContent
from motet.core.errors import Problem, Refused
from motet.core.messages import Email

_MAX_SUBJECT = 500  # characters; a longer one is a mistake in the data
_FEEDBACK = re.compile(r"[^A-Za-z0-9_.-]+")


def compile_email(
    content: EmailContent,
    sender: str,
    postal_address: str,
    dkim: DkimSigner | None,
    *,
    campaign: str,
    transactional: bool,
) -> Callable[[Occasion], Email]:
    """What makes the email of one occasion. The content has been checked. Raises Refused for a wrong sender."""
    try:
        who = read_sender(sender)
    except RenderFailed as error:
        problem = Problem("content.bad_sender", f"{sender!r} holds no email address", "sender", "Name <name@domain>")
        raise Refused([problem]) from error
    imprint = None if transactional else Imprint(who.name, postal_address)
    subject = compile_template(content.subject)
    html, text = _compile_parts(content, imprint)
    feedback = f"{_FEEDBACK.sub('-', campaign)[:64]}:email:motet"
    letterhead = Letterhead(who, feedback)

    def make(occasion: Occasion) -> Email:
        to = _recipient(occasion)
        customer, message_id, view = occasion.customer, occasion.message_id, occasion.view
        opened = occasion.signer.open_url(customer.id, message_id)
        envelope = Envelope(
            to,
            _name(customer.attributes),
            subject.render(view, occasion.run())[:_MAX_SUBJECT],
            message_id,
            occasion.now,
            "" if transactional else occasion.unsubscribe_url,
        )
        body = text.render(view, occasion.run()), html.render(view, occasion.run(opened))
        raw = letterhead.message(envelope, *body)
        return Email(who.address, to, dkim.sign(raw) if dkim else raw)

    return make


def _compile_parts(content: EmailContent, imprint: Imprint | None) -> tuple[Template, Template]:
    html = _compiled(html_source(content.html, content.preheader, imprint), MIME_HTML)
    written = content.text if content.text is not None else derive_text(mask(content.html))
    source = text_source(written, imprint)
    return html, compile_nodes(track_text(parse(source)), MIME_TEXT, source)


def _compiled(source: str, output: Output) -> Template:
    return compile_nodes(parse(source), output, source)


def _recipient(occasion: Occasion) -> str:
    if not occasion.customer.email:
        raise failed("content.no_address", "the customer has no email address")
    return clean_address(occasion.customer.email)


def _name(attributes: dict[str, Any]) -> str:
    """The customer's name for To, when the profile has one. (An event's `name` in the view would be a thing's.)"""
    name = attributes.get("name")
    if type(name) is str:
        return name
    first, last = attributes.get("first_name"), attributes.get("last_name")
    if type(first) is not str:
        return ""
    return f"{first} {last}" if type(last) is str else first
