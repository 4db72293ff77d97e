"""Every provider there is, by the scheme of its URL. A new one is one import and one line here."""

from __future__ import annotations

from collections.abc import Callable

from motet.channels.base import Context, Provider, Settings, read_settings
from motet.channels.email.smtp import SmtpProvider
from motet.channels.in_app.inbox import InboxProvider
from motet.channels.push.fcm import FcmProvider
from motet.channels.sms.twilio import TwilioProvider
from motet.channels.webhook.standard import StandardWebhookProvider
from motet.core.errors import Problem, Refused
from motet.core.words import Channel

PROVIDERS: tuple[tuple[Channel, str, Callable[[Settings], Provider]], ...] = (
    (Channel.EMAIL, "smtp", SmtpProvider),
    (Channel.EMAIL, "smtps", SmtpProvider),
    (Channel.SMS, "twilio", TwilioProvider),
    (Channel.PUSH, "fcm", FcmProvider),
    (Channel.IN_APP, "inbox", InboxProvider),
    (Channel.WEBHOOK, "standard", StandardWebhookProvider),
)


def open_provider(channel: Channel, url: str, context: Context) -> Provider:
    """Makes the provider that `url` names; `check` and `open` are still to be called.

    Raises Refused when the channel has no provider of that scheme. Wrong settings are told by `check`.
    """
    settings = read_settings(channel, url, context)
    for served, scheme, make in PROVIDERS:
        if served is channel and scheme == settings.scheme:
            return make(settings)
    schemes = [f"{scheme}://" for served, scheme, _ in PROVIDERS if served is channel]
    named = f"{settings.scheme}://" if "://" in url else "a text without ://"
    raise Refused(
        [
            Problem(
                "provider.unknown",
                f"{channel.word} has no provider called {named}",
                settings.variable,
                f"use {' or '.join(schemes)}" if schemes else "this channel has no provider yet",
            )
        ]
    )
