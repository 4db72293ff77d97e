"""Twilio's door over real HTTP: logins, errors, and callbacks whose signature is checked independently."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from typing import Any

import aiohttp
import pytest

from motet.outbox.credentials import Credentials
from motet.outbox.server import Outbox

FORM = {"To": "+12025550123", "From": "+15005550006", "Body": "Your parcel is on its way: https://fern.example/p"}


async def post(
    http: aiohttp.ClientSession, credentials: Credentials, form: dict[str, str], token: str | None = None
) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": aiohttp.encode_basic_auth(credentials.account_sid, token or credentials.auth_token)}
    url = f"/2010-04-01/Accounts/{credentials.account_sid}/Messages.json"
    async with http.post(url, data=form, headers=headers) as answer:
        return answer.status, await answer.json()


async def until(condition: Any, seconds: float = 5.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


async def test_a_text_is_taken_and_can_be_read(http: aiohttp.ClientSession, credentials: Credentials) -> None:
    status, resource = await post(http, credentials, FORM)
    assert status == 201
    assert resource["status"] == "queued"
    assert resource["sid"].startswith("SM")
    assert len(resource["sid"]) == 34
    (row,) = (await (await http.get("/messages?channel=sms")).json())["messages"]
    whole = await (await http.get(f"/messages/{row['id']}")).json()
    assert whole["text"] == FORM["Body"]
    assert (whole["to"], whole["from"]) == (FORM["To"], FORM["From"])


async def test_a_wrong_token_is_refused(http: aiohttp.ClientSession, credentials: Credentials, outbox: Outbox) -> None:
    status, error = await post(http, credentials, FORM, token="wrong")
    assert (status, error["code"], error["status"]) == (401, 20003, 401)
    assert len(outbox.store) == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "12025550123"}, 21211),
        ({"To": "+15005550001"}, 21211),
        ({"To": "+15005550004"}, 21610),
        ({"From": ""}, 21603),
        ({"From": "not a sender at all"}, 21212),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
    ],
)
async def test_a_bad_form_gets_twilios_code(
    http: aiohttp.ClientSession, credentials: Credentials, outbox: Outbox, change: dict[str, str], code: int
) -> None:
    status, error = await post(http, credentials, FORM | change)
    assert (status, error["code"]) == (400, code)
    assert error["more_info"].endswith(f"/{code}")
    assert len(outbox.store) == 0


async def test_delivery_is_reported_in_order_and_signed(
    http: aiohttp.ClientSession, credentials: Credentials, callbacks: Any
) -> None:
    _, resource = await post(http, credentials, FORM | {"StatusCallback": callbacks.url})
    await until(lambda: len(callbacks.posts) == 2)
    assert [form["MessageStatus"] for form, _ in callbacks.posts] == ["sent", "delivered"]
    for form, signature in callbacks.posts:
        assert form["MessageSid"] == resource["sid"]
        text = callbacks.url + "".join(f"{name}{form[name]}" for name in sorted(form))
        digest = hmac.new(credentials.auth_token.encode(), text.encode(), hashlib.sha1).digest()
        assert signature == base64.b64encode(digest).decode()


async def test_numbers_ending_in_0199_are_undelivered(
    http: aiohttp.ClientSession, credentials: Credentials, callbacks: Any
) -> None:
    await post(http, credentials, FORM | {"To": "+12025550199", "StatusCallback": callbacks.url})
    await until(lambda: len(callbacks.posts) == 2)
    form = callbacks.posts[-1][0]
    assert (form["MessageStatus"], form["ErrorCode"]) == ("undelivered", "30003")


async def test_a_report_is_tried_again_when_we_answer_503(
    http: aiohttp.ClientSession, credentials: Credentials, callbacks: Any
) -> None:
    callbacks.answers = [503]
    await post(http, credentials, FORM | {"StatusCallback": callbacks.url})
    await until(lambda: len(callbacks.posts) == 3)
    assert [form["MessageStatus"] for form, _ in callbacks.posts] == ["sent", "sent", "delivered"]
