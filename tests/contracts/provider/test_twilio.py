"""What is Twilio's own: its error codes, its form, its signed callbacks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import pytest
import pytest_asyncio

from contracts.provider.cases import TwilioCase
from contracts.provider.twilio_server import SID, TOKEN
from motet.channels.base import Context
from motet.channels.registry import open_provider
from motet.channels.sms.twilio import TwilioProvider, sign
from motet.core.errors import Refused
from motet.core.messages import Accepted, Outgoing, Receipt, Rejected, Retry, Sms, Unknown
from motet.core.words import Channel

CUSTOMER, MESSAGE = UUID(int=1), UUID(int=2)
URL = f"https://motet.example/hooks/twilio?c={CUSTOMER}&m={MESSAGE}"


@pytest_asyncio.fixture
async def case(tmp_path: Path) -> AsyncIterator[TwilioCase]:
    made = TwilioCase(tmp_path, None)
    await made.start()
    yield made
    await made.stop()


def sms(to: str, text: str = "Hello", status_url: str = "") -> Outgoing:
    payload = Sms(to, text, status_url)
    return Outgoing(message_id=MESSAGE, customer_id=CUSTOMER, payload=payload, idempotency_key="")


@pytest.mark.parametrize(
    ("to", "answer"),
    [
        ("+15550109001", Rejected("twilio.21211", "The 'To' number +15550109001 is not a valid phone number.", True)),
        ("+15550109002", Rejected("twilio.21610", "Attempt to send to unsubscribed recipient", True)),
        ("+15550109003", Retry("twilio.20429", "Too Many Requests", 7.0)),
        ("+15550109006", Unknown("Twilio answered 500")),
        ("+15550109007", Retry("twilio.20503", "Service unavailable", down=True)),
        ("+15550100001", Accepted("SM00000000000000000000000000000001")),
    ],
)
async def test_answers_by_error_code(case: TwilioCase, to: str, answer: object) -> None:
    assert await case.provider.send([sms(to)]) == [answer]


async def test_form_says_who_what_and_where_to_report(case: TwilioCase) -> None:
    text = "50% off & more: ümläut + emoji 🎉"
    await case.provider.send([sms("+15550100001", text), sms("+15550100002", text, "https://else.example/x")])
    forms = sorted(case.server.forms, key=lambda form: form["To"])
    assert forms[0] == {"To": "+15550100001", "Body": text, "From": "+15550100", "StatusCallback": URL}
    assert forms[1]["StatusCallback"] == "https://else.example/x"


async def test_wrong_token_gives_no_message_up(case: TwilioCase) -> None:
    url = f"twilio://{SID}:wrong@127.0.0.1:{case.server.port}?service=MG1&scheme=http"
    provider = open_provider(Channel.SMS, url, case.context())
    await provider.open()
    assert await provider.send([sms("+15550100001")]) == [Retry("twilio.20003", "Authenticate", down=True)]


def make(public_url: str = "https://motet.example") -> TwilioProvider:
    url = f"twilio://{SID}:{TOKEN}@api.twilio.com?from=+15550100"
    provider = open_provider(Channel.SMS, url, Context(public_url=public_url))
    assert isinstance(provider, TwilioProvider)
    return provider


def test_no_callback_is_asked_for_where_twilio_cannot_reach_us() -> None:
    assert make("http://127.0.0.1:8000")._callback_url(sms("+15550100001")) == ""
    assert make()._callback_url(sms("+15550100001")) == URL


def test_signature_is_the_one_of_the_reference() -> None:
    """The example of https://www.twilio.com/docs/usage/security."""
    form = [
        ("Digits", "1234"),
        ("To", "+18005551212"),
        ("From", "+12349013030"),
        ("Caller", "+12349013030"),
        ("CallSid", "CA1234567890ABCDE"),
    ]
    assert sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


def call(form: dict[str, str], *, url: str = URL, asked: str = URL, token: str = TOKEN) -> list[Receipt]:
    headers = {"x-twilio-signature": sign(token, url, list(form.items()))}
    return make().read_callback(headers, urlencode(form).encode(), asked)


@pytest.mark.parametrize(
    ("status", "error", "interaction", "permanent"),
    [
        ("delivered", "", "delivered", False),
        ("undelivered", "30005", "bounced", True),
        ("undelivered", "30003", "failed", False),
        ("failed", "30006", "bounced", True),
        ("failed", "", "failed", False),
    ],
)
def test_status_becomes_a_receipt(status: str, error: str, interaction: str, permanent: bool) -> None:
    form = {"MessageStatus": status, "MessageSid": "SM1", "To": "+15550100001"} | (
        {"ErrorCode": error} if error else {}
    )
    [receipt] = call(form)
    assert (receipt.message_id, receipt.customer_id, receipt.provider_ref) == (MESSAGE, CUSTOMER, "SM1")
    assert (receipt.interaction, receipt.permanent) == (interaction, permanent)


@pytest.mark.parametrize("status", ["accepted", "queued", "sending", "sent", ""])
def test_status_on_the_way_is_no_receipt(status: str) -> None:
    assert call({"MessageStatus": status}) == []


@pytest.mark.parametrize("asked", [URL.replace("https://motet.example", "http://10.0.0.7:8000"), URL])
@pytest.mark.parametrize("port", ["", ":443"])
def test_signature_holds_behind_a_proxy_and_with_the_port_written(asked: str, port: str) -> None:
    url = URL.replace("motet.example", f"motet.example{port}")
    assert len(call({"MessageStatus": "delivered"}, url=url, asked=asked)) == 1


@pytest.mark.parametrize(
    "forged",
    [
        {"token": "another"},
        {"asked": URL.replace(str(MESSAGE), str(UUID(int=3)))},
        {"url": URL.replace("motet.example", "evil.example")},
    ],
)
def test_forged_callback_is_refused(forged: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        call({"MessageStatus": "delivered"}, **forged)
    assert refused.value.problems[0].code == "callback.bad_signature"


def test_signed_callback_without_our_ids_is_malformed() -> None:
    url = "https://motet.example/hooks/twilio?c=x"
    with pytest.raises(Refused) as refused:
        call({"MessageStatus": "delivered"}, url=url, asked=url)
    assert refused.value.problems[0].code == "callback.malformed"


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&".join(b"a=%d" % n for n in range(300))])
def test_body_that_is_no_form_is_malformed(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        make().read_callback({"X-Twilio-Signature": "x"}, body, URL)
    assert refused.value.problems[0].code == "callback.malformed"
