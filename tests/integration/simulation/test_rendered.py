"""What the blueprints really render to is read back the way the demonstration's people read it."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from motet.authoring.blueprints import read_blueprint
from motet.content.links import LinkSigner
from motet.content.render import Brand, compile_content
from motet.core.customers import Customer, Device
from motet.core.ids import uuid7
from motet.core.messages import Email, Push, Sms
from motet.core.words import Channel
from motet.outbox.letters import read_letter
from motet.simulation.brand import adopt, cart_properties, draw_basket
from motet.simulation.demo import CAMPAIGNS
from motet.simulation.links import Links, read_links
from motet.simulation.population import Population

SITE = "http://127.0.0.1:8001/site"
PUBLIC = "http://127.0.0.1:8000"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PERSON = Population(7, 10).person(4)
BRAND = Brand("Fernhollow <hello@fernhollow.example>", "1 Lane", LinkSigner(b"s" * 32, PUBLIC), None)


def messages_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Of a campaign, or of a journey's steps: each with a name."""
    steps = [step for step in document.get("steps", ()) if step["type"] == "message"]
    spoken = [
        {"name": f"{step['name']}:{each['channel']}", **each} for step in steps for each in step.get("channels", [step])
    ]
    return [*document.get("messages", ()), *spoken]


MESSAGES = [
    (document, message)
    for document in (adopt(read_blueprint(name), SITE, 1.0) for name in CAMPAIGNS)
    for message in messages_of(document)
]


def links_in(document: dict[str, Any], message: dict[str, Any]) -> Links:
    channel = Channel.of(message["channel"])
    customer = Customer(
        id=uuid7(1), external_id="x", email=PERSON.email, phone="+12025550123", devices=(Device("demo-4-0-aa"),)
    )
    basket = draw_basket(Random(1), "desk")
    view = {"first_name": PERSON.first_name, **cart_properties(basket, "c1", SITE)}
    renderer = compile_content(channel, message["content"], document["variables"], BRAND)
    payload = renderer.render(customer, view, uuid7(2), NOW)
    match payload:
        case Email(raw=raw):
            letter = read_letter(raw)
            headers = [list(header) for header in letter.headers]
            return read_links({"html": letter.html, "text": letter.text, "headers": headers})
        case Sms(text=text):
            return read_links({"text": text})
        case Push(url=url):
            return read_links({"url": url})
    raise AssertionError(payload)


@pytest.mark.parametrize(("document", "message"), MESSAGES, ids=[f"{d['name']}/{m['name']}" for d, m in MESSAGES])
def test_every_message_of_a_blueprint_can_be_answered(document: dict[str, Any], message: dict[str, Any]) -> None:
    links = links_in(document, message)
    assert links.clicks
    target = parse_qs(urlsplit(links.clicks[0]).query)["u"][0]
    assert target.startswith(SITE)
    if message["channel"] == "email":
        assert links.pixel is not None
        assert links.leave is not None
        assert links.leave.startswith(f"{PUBLIC}/u/")
