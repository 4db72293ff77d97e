"""Google's door: the OAuth 2.0 token endpoint and Firebase Cloud Messaging HTTP v1.

`POST /token` takes the signed assertion of a service account (RFC 7523) and checks it: RS256 signature, issuer,
audience, scope, times. `POST /v1/projects/{project}/messages:send` takes one message for one device.
Tokens that begin with `dead-` are UNREGISTERED, as after an uninstall; `quota-` is answered 429, `down-` 503.
Source: firebase.google.com/docs/reference/fcm/rest/v1/projects.messages, .../docs/cloud-messaging/error-codes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from typing import Any

import msgspec
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from motet.core.words import Channel
from motet.outbox.credentials import PROJECT, Credentials
from motet.outbox.received import ReceivedPush
from motet.outbox.store import Store

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_GOOGLE = "https://oauth2.googleapis.com/token"  # google-auth names this audience wherever the token comes from
_LIFETIME = 3600  # seconds that an access token, and an assertion at most, lives
_SKEW = 60  # seconds by which clocks may differ
_PAYLOAD_LIMIT = 4096
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


class _Notification(msgspec.Struct, frozen=True):
    title: str = ""
    body: str = ""
    image: str = ""


class _FcmMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: str = ""
    name: str = ""
    data: dict[str, str] = {}
    notification: _Notification = _Notification()
    android: dict[str, Any] = {}
    webpush: dict[str, Any] = {}
    apns: dict[str, Any] = {}
    fcm_options: dict[str, Any] = {}


class _SendRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    message: _FcmMessage
    validate_only: bool = False


class Refusal(Exception):
    """An assertion that is not good, with OAuth's word for it (RFC 6749, 5.2)."""

    def __init__(self, error: str, description: str) -> None:
        self.error, self.description = error, description
        super().__init__(description)


class GoogleDoor:
    """Gives access tokens to one service account, and takes push messages from their bearers."""

    def __init__(self, store: Store, credentials: Credentials) -> None:
        self._store = store
        self._issuer = credentials.client_email
        self._secret = credentials.signing_secret.encode()
        key = serialization.load_pem_private_key(credentials.private_key.encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key.public_key()

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/token", self.give_token), web.post("/v1/projects/{project}/messages:send", self.take)]

    async def give_token(self, request: web.Request) -> web.Response:
        form = await request.post()
        try:
            grant = str(form.get("grant_type", ""))
            if grant != _GRANT:
                raise Refusal("unsupported_grant_type", f"Invalid grant_type: {grant}")
            audience = str(request.url.with_query(None))
            self.check_assertion(str(form.get("assertion", "")), audience, time.time())
        except Refusal as refusal:
            answer = {"error": refusal.error, "error_description": refusal.description}
            return web.json_response(answer, status=400)
        token = self._sign(int(time.time()) + _LIFETIME)
        return web.json_response({"access_token": token, "expires_in": _LIFETIME - 1, "token_type": "Bearer"})

    def check_assertion(self, assertion: str, audience: str, now: float) -> None:
        """Raises Refusal unless the JWT is our service account's, fresh, and for this place and scope."""
        header, claims, signed, signature = _split(assertion)
        if header.get("alg") != "RS256":
            raise Refusal("invalid_grant", "Invalid JWT: the algorithm must be RS256.")
        try:
            self._key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise Refusal("invalid_grant", "Invalid JWT Signature.") from None
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            raise Refusal("invalid_grant", "Invalid JWT: iat and exp are required.")
        if issued > now + _SKEW or expires < now - _SKEW or expires - issued > _LIFETIME:
            raise Refusal("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes).")
        if claims.get("iss") != self._issuer:
            raise Refusal("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") not in (audience, _GOOGLE):
            raise Refusal("invalid_grant", f"Failed audience check. The right audience is {audience}")
        if SCOPE not in str(claims.get("scope", "")).split():
            raise Refusal("invalid_scope", f"The scope must include {SCOPE}")

    async def take(self, request: web.Request) -> web.Response:
        if not self._bears(request.headers.get("Authorization", "")):
            return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if request.match_info["project"] != PROJECT:
            return _error(403, "PERMISSION_DENIED", "The caller does not have permission", "SENDER_ID_MISMATCH")
        raw = await request.read()
        try:
            message = msgspec.json.decode(raw, type=_SendRequest)
        except msgspec.DecodeError as error:
            return _error(400, "INVALID_ARGUMENT", f"Invalid JSON payload received. {error}", "INVALID_ARGUMENT")
        if refusal := _refusal(message.message):
            return refusal
        if not message.validate_only:
            self._keep(message.message)
        return web.json_response({"name": f"projects/{PROJECT}/messages/{secrets.token_hex(8)}"})

    def _keep(self, message: _FcmMessage) -> None:
        push = ReceivedPush(
            title=message.notification.title,
            body=message.notification.body,
            url=_link(message),
            tokens=(message.token,),
            data=message.data,
        )
        self._store.add(Channel.PUSH, to=message.token, sender=PROJECT, title=push.title, body=push)

    def _sign(self, expires: int) -> str:
        mac = hmac.new(self._secret, str(expires).encode(), hashlib.sha256).hexdigest()
        return f"ya29.{expires}.{mac}"

    def _bears(self, header: str) -> bool:
        scheme, _, token = header.partition(" ")
        expires = token.split(".")[1] if token.count(".") == 2 else ""
        if scheme != "Bearer" or not expires.isdecimal() or int(expires) < time.time():
            return False
        return hmac.compare_digest(self._sign(int(expires)).encode(), token.encode())


def _split(assertion: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """The header, the claims, the signed bytes and the signature of a compact JWT (RFC 7515, 7.1)."""
    signed, _, signature = assertion.rpartition(".")
    header, _, claims = signed.partition(".")
    try:
        return (
            msgspec.json.decode(_unbase64(header), type=dict[str, Any]),
            msgspec.json.decode(_unbase64(claims), type=dict[str, Any]),
            signed.encode(),
            _unbase64(signature),
        )
    except ValueError:  # msgspec's and base64's errors are ValueErrors
        raise Refusal("invalid_grant", "Bad Request: the assertion is not a JWT.") from None


def _unbase64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _refusal(message: _FcmMessage) -> web.Response | None:
    if not message.token:
        return _error(400, "INVALID_ARGUMENT", "Recipient of the message is not set.", "INVALID_ARGUMENT")
    if reserved := next((key for key in message.data if _is_reserved(key)), None):
        return _error(400, "INVALID_ARGUMENT", f"Invalid data payload key: {reserved}", "INVALID_ARGUMENT")
    link = _web_link(message)
    if link and not link.startswith("https://"):
        return _error(400, "INVALID_ARGUMENT", "fcm_options.link must be an HTTPS URL", "INVALID_ARGUMENT")
    words = (message.notification.title, message.notification.body, *message.data, *message.data.values())
    if sum(len(word.encode()) for word in words) > _PAYLOAD_LIMIT:
        return _error(400, "INVALID_ARGUMENT", "Android message is too big", "INVALID_ARGUMENT")
    if message.token.startswith("dead-"):
        return _error(404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED")
    if message.token.startswith("quota-"):
        answer = _error(429, "RESOURCE_EXHAUSTED", "Quota exceeded", "QUOTA_EXCEEDED")
        answer.headers["Retry-After"] = "60"
        return answer
    if message.token.startswith("down-"):
        return _error(503, "UNAVAILABLE", "The service is currently unavailable.", "UNAVAILABLE")
    return None


def _is_reserved(key: str) -> bool:
    return key in ("from", "notification", "message_type") or key.startswith(("google.", "gcm."))


def _web_link(message: _FcmMessage) -> str:
    options = message.webpush.get("fcm_options") or message.webpush.get("fcmOptions")
    link = options.get("link") if isinstance(options, dict) else None
    return link if isinstance(link, str) else ""


def _link(message: _FcmMessage) -> str:
    """Where a tap leads: the web link, else the `url` of the data."""
    return _web_link(message) or message.data.get("url", "")


def _error(code: int, status: str, message: str, fcm_code: str | None = None) -> web.Response:
    details = [{"@type": _FCM_ERROR, "errorCode": fcm_code}] if fcm_code else []
    error = {"code": code, "message": message, "status": status, "details": details}
    return web.json_response({"error": error}, status=code)
