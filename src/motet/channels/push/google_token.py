"""An access token for a Google API, from the key of a service account (RFC 7523; developers.google.com/identity)."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from urllib.parse import urlencode

import msgspec
from google.auth import crypt, jwt

from motet.channels.base import Settings, retry_after
from motet.channels.egress import Egress, Lost, NotSent
from motet.core.errors import MotetError, Refused

_EARLY = 300.0  # seconds before its end at which a token is replaced
_LIFE = 3600  # seconds; the most that Google grants


class NoToken(MotetError):
    """Google gave no access token; nothing was sent. `after` is the seconds it asked us to wait."""

    code = "google.no_token"

    def __init__(self, detail: str, after: float | None = None) -> None:
        self.after = after
        super().__init__(detail[:300])


class ServiceAccount(msgspec.Struct, frozen=True):
    """What we use of a key file. It has more."""

    project_id: str
    client_email: str
    private_key: str
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - where tokens are given, not one
    private_key_id: str = ""

    def __repr__(self) -> str:
        return f"ServiceAccount({self.client_email})"


class _Grant(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float = _LIFE


def read_account(path: str, settings: Settings) -> ServiceAccount:
    """Reads a key file. Raises Refused when it is missing, is none, or its key cannot be used."""
    if not path:
        fix = "add ?credentials=/path/service-account.json"
        raise Refused([settings.problem("missing_credentials", "names no key file", fix)])
    try:
        account = msgspec.json.decode(Path(path).read_bytes(), type=ServiceAccount)
        _signer(account)
    except OSError as error:
        raise Refused([settings.problem("missing_credentials", f"{path} cannot be read: {error.strerror}")]) from error
    except (msgspec.MsgspecError, ValueError) as error:
        fix = "download a key of a service account (JSON) from the Google Cloud console"
        raise Refused([settings.problem("bad_credentials", f"{path} is no key of a service account", fix)]) from error
    return account


class GoogleToken:
    """A token that is fetched when it is needed and kept until shortly before it ends. One fetch at a time."""

    def __init__(self, account: ServiceAccount, scope: str, egress: Egress) -> None:
        self._account, self._scope, self._egress = account, scope, egress
        self._signer = _signer(account)
        self._access, self._until = "", 0.0
        self._lock = asyncio.Lock()

    async def fetch(self) -> str:
        """The access token. Raises NoToken."""
        async with self._lock:
            if not self._access or time.monotonic() > self._until:
                grant = await self._ask()
                self._access = grant.access_token
                self._until = time.monotonic() + max(grant.expires_in - _EARLY, 1.0)
            return self._access

    def forget(self) -> None:
        """The token is no good any more; the next `fetch` gets a new one."""
        self._access = ""

    async def _ask(self) -> _Grant:
        now = int(time.time())
        claims = {
            "iss": self._account.client_email,
            "scope": self._scope,
            "aud": self._account.token_uri,
            "iat": now,
            "exp": now + _LIFE,
        }
        assertion: bytes = jwt.encode(self._signer, claims)  # type: ignore[no-untyped-call]
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion.decode()}
        try:
            response = await self._egress.request(
                "POST",
                self._account.token_uri,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                data=urlencode(form).encode(),
                trusted=True,
            )
        except (NotSent, Lost) as error:  # a token that nobody heard of harms nobody
            raise NoToken(str(error)) from error
        if response.status != 200:
            said = response.body[:200].decode("utf-8", "replace")
            raise NoToken(f"Google answered {response.status} {said}", retry_after(response.headers))
        try:
            return msgspec.json.decode(response.body, type=_Grant)
        except msgspec.MsgspecError as error:
            raise NoToken("Google's answer holds no token") from error


def _signer(account: ServiceAccount) -> crypt.RSASigner:
    """Raises ValueError when the key cannot be read."""
    signer: crypt.RSASigner = crypt.RSASigner.from_string(  # type: ignore[no-untyped-call]
        account.private_key, account.private_key_id or None
    )
    return signer
