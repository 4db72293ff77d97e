"""The short channels: SMS, push, in-app and webhook. Plain text, so nothing is escaped; addresses are tracked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from motet.content.handlebars import Template, compile_nodes, compile_template
from motet.content.helpers import cut
from motet.content.nodes import Nodes
from motet.content.occasion import Occasion, clean_url
from motet.content.parser import parse
from motet.content.runtime import failed
from motet.content.segments import count_segments
from motet.content.tracking import track_text
from motet.core.content import InAppContent, PushContent, SmsContent, WebhookContent
from motet.core.messages import InApp, Push, Sms, Webhook

MAX_SMS_SEGMENTS = 10  # what providers take at most
_PLATFORM = "fcm"  # the devices that the push providers of today serve; others' tokens must not reach them
_MAX_TITLE, _MAX_BODY = 200, 1_000  # characters; more does not fit the 4,096 bytes of a push message


def compile_sms(content: SmsContent) -> Callable[[Occasion], Sms]:
    text = _compile_text(content.text)

    def make(occasion: Occasion) -> Sms:
        if not occasion.customer.phone:
            raise failed("content.no_address", "the customer has no phone number")
        words = text.render(occasion.view, occasion.run()).strip()
        if not words:
            raise failed("content.empty", "the text is empty for this customer")
        if count_segments(words).count > MAX_SMS_SEGMENTS:
            raise failed("content.too_long", f"the text takes more than {MAX_SMS_SEGMENTS} SMS", "shorten it")
        return Sms(occasion.customer.phone, words)

    return make


def compile_push(content: PushContent) -> Callable[[Occasion], Push]:
    title, body = compile_template(content.title), compile_template(content.body)
    address = compile_template(content.url)
    data = [(key, compile_template(value)) for key, value in content.data.items()]

    def make(occasion: Occasion) -> Push:
        tokens = tuple(device.token for device in occasion.customer.devices if device.platform == _PLATFORM)
        if not tokens:
            raise failed("content.no_address", "the customer has no device that push reaches")
        return Push(
            tokens,
            cut(_line(title, occasion), _MAX_TITLE),
            cut(_line(body, occasion), _MAX_BODY),
            occasion.link(_line(address, occasion)),
            {key: template.render(occasion.view, occasion.run()) for key, template in data},
        )

    return make


def compile_in_app(content: InAppContent) -> Callable[[Occasion], InApp]:
    title, body = compile_template(content.title), _compile_text(content.body)
    address = compile_template(content.url)

    def make(occasion: Occasion) -> InApp:
        return InApp(_line(title, occasion), _line(body, occasion), occasion.link(_line(address, occasion)))

    return make


def compile_webhook(content: WebhookContent) -> Callable[[Occasion], Webhook]:
    """Its links are not tracked: a program follows them, not a person."""
    address, body = compile_template(content.url), _compile_json(content.body)

    def make(occasion: Occasion) -> Webhook:
        url = clean_url(_line(address, occasion))
        if not url.lower().startswith(("http://", "https://")):
            raise failed("content.bad_url", "the webhook's url does not begin with http:// or https://")
        return Webhook(url, body(occasion))

    return make


def _compile_text(source: str) -> Template:
    nodes: Nodes = track_text(parse(source))
    return compile_nodes(nodes, source=source)


def _line(template: Template, occasion: Occasion) -> str:
    return template.render(occasion.view, occasion.run()).strip()


def _compile_json(value: Any) -> Callable[[Occasion], Any]:
    """The same shape with every string in it rendered; keys stay as they are."""
    if isinstance(value, str):
        template = compile_template(value)
        return lambda occasion: template.render(occasion.view, occasion.run())
    if isinstance(value, dict):
        fields = [(key, _compile_json(item)) for key, item in value.items()]
        return lambda occasion: {key: make(occasion) for key, make in fields}
    if isinstance(value, list):
        items = [_compile_json(item) for item in value]
        return lambda occasion: [make(occasion) for make in items]
    return lambda occasion: value
