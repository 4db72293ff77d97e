"""Google's door, driven by Google's own library: a service account gets a token, and sends with it."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import google.auth.crypt
import google.auth.jwt
import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from motet.core.words import Channel
from motet.outbox.credentials import PROJECT, outbox_providers
from motet.outbox.fcm import SCOPE
from motet.outbox.server import Outbox

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def account(home: Path, outbox: Outbox) -> dict[str, Any]:
    """The service account file that `motet up` would name in the provider URL."""
    outbox_providers(home, outbox.smtp_port, outbox.http_port)
    return json.loads((home / "outbox" / "service-account.json").read_text())


async def refresh(account: dict[str, Any], scope: str = SCOPE) -> str:
    credentials = service_account.Credentials.from_service_account_info(account, scopes=[scope])
    await asyncio.to_thread(credentials.refresh, Request())
    return str(credentials.token)


async def push(http: aiohttp.ClientSession, bearer: str, message: Any, project: str = PROJECT) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {bearer}"}
    url = f"/v1/projects/{project}/messages:send"
    async with http.post(url, json={"message": message}, headers=headers) as answer:
        return answer.status, await answer.json()


def message(token: str = "device-1") -> dict[str, Any]:
    return {
        "token": token,
        "notification": {"title": "Back in stock", "body": "The oak stool is here again"},
        "webpush": {"fcm_options": {"link": "https://fern.example/oak"}},
        "data": {"message_id": "m1"},
    }


async def test_googles_library_gets_a_token_and_the_push_is_kept(
    account: dict[str, Any], http: aiohttp.ClientSession, outbox: Outbox
) -> None:
    status, answer = await push(http, await refresh(account), message())
    assert status == 200
    assert answer["name"].startswith(f"projects/{PROJECT}/messages/")
    (kept,) = outbox.store.page(channel=Channel.PUSH, q="", limit=5, before=None)
    whole = await (await http.get(f"/messages/{kept.id}")).json()
    assert (whole["title"], whole["body"]) == ("Back in stock", "The oak stool is here again")
    assert (whole["url"], whole["tokens"]) == ("https://fern.example/oak", ["device-1"])


async def test_an_assertion_signed_by_another_key_gets_no_token(account: dict[str, Any], tmp_path: Path) -> None:
    outbox_providers(tmp_path / "other", 1, 2)
    other = json.loads((tmp_path / "other" / "outbox" / "service-account.json").read_text())
    with pytest.raises(RefreshError, match="Invalid JWT Signature"):
        await refresh(account | {"private_key": other["private_key"]})


async def test_a_scope_without_messaging_gets_no_token(account: dict[str, Any]) -> None:
    with pytest.raises(RefreshError, match="invalid_scope"):
        await refresh(account, "https://www.googleapis.com/auth/drive")


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"aud": "https://login.example/token"}, "audience"),
        ({"exp": -7200, "iat": -10800}, "short-lived"),
        ({"exp": 86400}, "short-lived"),
        ({"iss": "somebody@else.example"}, "account not found"),
    ],
)
async def test_claims_that_are_not_right_get_no_token(
    account: dict[str, Any], http: aiohttp.ClientSession, claims: dict[str, Any], error: str
) -> None:
    now = int(time.time())
    right = {
        "iss": account["client_email"],
        "aud": account["token_uri"],
        "scope": SCOPE,
        "iat": now,
        "exp": now + 3600,
    }
    moved = {name: now + value if isinstance(value, int) else value for name, value in claims.items()}
    signer = google.auth.crypt.RSASigner.from_service_account_info(account)
    assertion = google.auth.jwt.encode(signer, right | moved).decode()
    async with http.post("/token", data={"grant_type": GRANT, "assertion": assertion}) as answer:
        assert answer.status == 400
        assert error in (await answer.json())["error_description"]


@pytest.mark.parametrize("assertion", ["", "a.b.c", "....", "e30.e30.e30"])
async def test_what_is_no_jwt_is_refused(http: aiohttp.ClientSession, assertion: str) -> None:
    async with http.post("/token", data={"grant_type": GRANT, "assertion": assertion}) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"] == "invalid_grant"


async def test_a_forged_bearer_is_refused(http: aiohttp.ClientSession, outbox: Outbox) -> None:
    status, answer = await push(http, f"ya29.{int(time.time()) + 60}.{'0' * 64}", message())
    assert (status, answer["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert len(outbox.store) == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (message("dead-1"), 404, "UNREGISTERED"),
        (message("quota-1"), 429, "QUOTA_EXCEEDED"),
        (message("down-1"), 503, "UNAVAILABLE"),
        ({"notification": {"title": "to nobody"}}, 400, "INVALID_ARGUMENT"),
        ({"token": "device-1", "data": {"count": 3}}, 400, "INVALID_ARGUMENT"),
        ({"token": "device-1", "data": {"from": "x"}}, 400, "INVALID_ARGUMENT"),
        ({"token": "device-1", "webpush": {"fcm_options": {"link": "http://x.example"}}}, 400, "INVALID_ARGUMENT"),
        ({"token": "device-1", "titel": "x"}, 400, "INVALID_ARGUMENT"),
        ({"token": "device-1", "data": {"much": "x" * 5000}}, 400, "INVALID_ARGUMENT"),
    ],
)
async def test_a_device_or_message_that_is_bad_gets_fcms_error(
    account: dict[str, Any], http: aiohttp.ClientSession, outbox: Outbox, body: Any, status: int, code: str
) -> None:
    got, answer = await push(http, await refresh(account), body)
    assert (got, answer["error"]["details"][0]["errorCode"]) == (status, code)
    assert len(outbox.store) == 0
