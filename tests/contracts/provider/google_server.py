"""Google's token endpoint (RFC 7523) and FCM HTTP v1, for tests: firebase.google.com/docs/reference/fcm/rest/v1.

The start of a device token says what becomes of a message: gone, stranger, garbled, busy, broken, lost, stall.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from contracts.provider.http_server import HttpServer

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PROJECT = "shop-1234"


class GoogleServer(HttpServer):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []
        self.grants = 0
        self.refuse_grant = False
        self.withdrawn: set[str] = set()  # access tokens that are no good any more

    def write_account(self, folder: Path) -> Path:
        """The key file that this server knows."""
        private = _KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        account = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "k1",
            "private_key": private.decode(),
            "client_email": f"push@{PROJECT}.iam.gserviceaccount.com",
            "token_uri": f"http://127.0.0.1:{self.port}/token",
        }
        path = folder / "service-account.json"
        path.write_text(json.dumps(account))
        return path

    async def answer(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if request.path == "/token":
            return self._grant(body)
        if request.path != f"/v1/projects/{PROJECT}/messages:send":
            return _error(404, "NOT_FOUND", "no such project")
        access = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not access.startswith("ya29.") or access in self.withdrawn:
            return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        message = json.loads(body)["message"]
        return await self._send(request, message, message["token"])

    def _grant(self, body: bytes) -> web.Response:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        public = _KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        claims = jwt.decode(form["assertion"], certs=public, audience=f"http://127.0.0.1:{self.port}/token")
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        assert claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
        if self.refuse_grant:
            return web.json_response({"error": "invalid_grant", "error_description": "account gone"}, status=400)
        self.grants += 1
        return web.json_response({"access_token": f"ya29.{self.grants}", "expires_in": 3599, "token_type": "Bearer"})

    async def _send(self, request: web.Request, message: dict[str, Any], token: str) -> web.StreamResponse:
        match token.split("-")[0]:
            case "gone":
                return _error(404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED")
            case "stranger":
                return _error(403, "PERMISSION_DENIED", "SenderId mismatch", "SENDER_ID_MISMATCH")
            case "garbled":
                what = "The registration token is not a valid FCM registration token"
                return _error(400, "INVALID_ARGUMENT", what, "INVALID_ARGUMENT")
            case "busy":
                return _error(429, "RESOURCE_EXHAUSTED", "slow down", "QUOTA_EXCEEDED", {"Retry-After": "7"})
            case "broken":
                return _error(500, "INTERNAL", "Internal error encountered.", "INTERNAL")
            case "apple":
                return _error(401, "UNAUTHENTICATED", "bad APNs key", "THIRD_PARTY_AUTH_ERROR")
        self.taken.append(token)
        self.messages.append(message)
        if token.startswith(("lost", "stall")):
            return await self.misbehave(request, token.split("-")[0])
        return web.json_response({"name": f"projects/{PROJECT}/messages/{len(self.taken)}"})


def _error(
    status: int, canonical: str, message: str, code: str = "", headers: dict[str, str] | None = None
) -> web.Response:
    error: dict[str, Any] = {"code": status, "message": message, "status": canonical}
    if code:
        kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
        error["details"] = [{"@type": kind, "errorCode": code}]
    return web.json_response({"error": error}, status=status, headers=headers)
