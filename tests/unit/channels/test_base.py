from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from motet.channels.base import Context, read_settings, retry_after, send_each
from motet.channels.registry import PROVIDERS, open_provider
from motet.core.errors import Refused
from motet.core.messages import Accepted, Answer, Outgoing, Sms, Unknown
from motet.core.words import Channel


def test_url_is_taken_apart_with_percent_encoding_undone() -> None:
    settings = read_settings(Channel.EMAIL, "smtp://ann%40x:p%3A%2F@Mail.Example:587?tls=require&ehlo=a%20b", Context())
    assert (settings.user, settings.password) == ("ann@x", "p:/")
    assert (settings.host, settings.port) == ("mail.example", 587)
    assert settings.options == {"tls": "require", "ehlo": "a b"}
    assert settings.problems == ()


def test_plus_in_an_option_is_a_plus() -> None:
    settings = read_settings(Channel.SMS, "twilio://AC1:t@api.twilio.com?from=+15550100", Context())
    assert settings.options["from"] == "+15550100"


@pytest.mark.parametrize("url", ["smtp://user:hunter2@host:port", "smtp://user:hunter2@[::1"])
def test_url_that_cannot_be_read_is_a_problem_that_shows_no_password(url: str) -> None:
    settings = read_settings(Channel.EMAIL, url, Context())
    assert [problem.code for problem in settings.problems] == ["provider.bad_url"]
    assert "hunter2" not in f"{settings.problems} {settings!r}"


def test_settings_show_no_secret() -> None:
    settings = read_settings(Channel.EMAIL, "smtp://ann:hunter2@host", Context(secret=b"hunter3"))
    assert "hunter" not in repr(settings)


@pytest.mark.parametrize("url", ["carrier-pigeon://loft", "hunter2", "twilio://AC1:hunter2@api.twilio.com"])
def test_unknown_provider_is_refused_with_the_ones_there_are(url: str) -> None:
    with pytest.raises(Refused) as refused:
        open_provider(Channel.EMAIL, url, Context())
    [problem] = refused.value.problems
    assert problem.code == "provider.unknown"
    assert problem.path == "MOTET_EMAIL_URL"
    assert problem.fix == "use smtp:// or smtps://"
    assert "hunter2" not in str(problem)


def test_channel_without_a_provider_says_so() -> None:
    with pytest.raises(Refused) as refused:
        open_provider(Channel.SOCIAL, "x://y", Context())
    assert refused.value.problems[0].fix == "this channel has no provider yet"


def test_schemes_are_unique_and_providers_serve_the_channel_they_stand_under() -> None:
    assert len({(channel, scheme) for channel, scheme, _ in PROVIDERS}) == len(PROVIDERS)
    for channel, scheme, _ in PROVIDERS:
        assert open_provider(channel, f"{scheme}://x", Context()).channel is channel


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("99999999", 86_400.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2026 07:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("٣", None),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(raw: str, seconds: float | None) -> None:
    now = datetime(2026, 10, 21, 7, 28, tzinfo=UTC)
    assert retry_after({"Retry-After": raw}, now) == seconds


async def test_one_failure_in_our_own_code_costs_one_message_and_not_the_batch() -> None:
    batch = [
        Outgoing(message_id=uuid4(), customer_id=uuid4(), payload=Sms(to, "x"), idempotency_key="") for to in "abc"
    ]

    async def send(outgoing: Outgoing) -> Answer:
        assert isinstance(outgoing.payload, Sms)
        if outgoing.payload.to == "b":
            raise RuntimeError("a mistake of ours")
        return Accepted(outgoing.payload.to)

    answers = await send_each(batch, send)
    assert answers == [Accepted("a"), Unknown("unexpected RuntimeError: a mistake of ours"), Accepted("c")]
