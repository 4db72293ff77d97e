"""The accounts that Motet has at its own outbox: made once, kept in the home, readable by their owner only.

`motet up` takes its provider URLs from here; the outbox reads the same files, so that logins and signatures are
checked for real on both sides.
"""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from motet.core.words import Channel

PROJECT = "motet-outbox"
SMS_SENDER = "+15005550006"  # Twilio's own test sender
_ACCOUNTS = "accounts.json"
_SERVICE_ACCOUNT = "service-account.json"


class Credentials(msgspec.Struct, frozen=True):
    """What both sides know. `signing_secret` signs access tokens and never leaves the outbox."""

    account_sid: str
    auth_token: str
    webhook_secret: str  # Standard Webhooks: whsec_ and base64
    signing_secret: str
    client_email: str
    private_key: str  # PEM, PKCS #8

    def __repr__(self) -> str:
        return f"Credentials(account_sid={self.account_sid!r})"


def read_credentials(home: Path) -> Credentials:
    """Reads the outbox's accounts under `home`, making them the first time."""
    path = home / "outbox" / _ACCOUNTS
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_once(path, msgspec.json.encode(_make()))
    return msgspec.json.decode(path.read_bytes(), type=Credentials)


def outbox_providers(home: Path, smtp_port: int, http_port: int, *, host: str = "127.0.0.1") -> dict[Channel, str]:
    """The provider URL of every channel that the outbox (and our own inbox) serves; writes the service account."""
    credentials = read_credentials(home)
    account = home.resolve() / "outbox" / _SERVICE_ACCOUNT
    _replace(account, msgspec.json.format(msgspec.json.encode(service_account(credentials, host, http_port))))
    return {
        Channel.EMAIL: f"smtp://motet:outbox@{host}:{smtp_port}?tls=none",
        Channel.SMS: (
            f"twilio://{credentials.account_sid}:{credentials.auth_token}@{host}:{http_port}"
            f"?from={quote(SMS_SENDER)}&scheme=http"
        ),
        Channel.PUSH: f"fcm://{host}:{http_port}?credentials={quote(str(account), safe='')}&scheme=http",
        Channel.IN_APP: "inbox://",
        Channel.WEBHOOK: f"standard://{credentials.webhook_secret}",
    }


def service_account(credentials: Credentials, host: str, http_port: int) -> dict[str, Any]:
    """The file that Google gives for a service account, with the outbox as the place to get tokens."""
    return {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "outbox",
        "private_key": credentials.private_key,
        "client_email": credentials.client_email,
        "client_id": "100000000000000000000",
        "token_uri": f"http://{host}:{http_port}/token",
    }


def _make() -> Credentials:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Credentials(
        account_sid=f"AC{secrets.token_hex(16)}",
        auth_token=secrets.token_hex(16),
        webhook_secret=_make_webhook_secret(),
        signing_secret=secrets.token_hex(32),
        client_email=f"motet@{PROJECT}.iam.gserviceaccount.com",
        private_key=pem.decode(),
    )


def _make_webhook_secret() -> str:
    """24 random bytes in base64, of letters and digits only, so that it is the same written in a URL."""
    while True:
        text = base64.b64encode(secrets.token_bytes(24)).decode()
        if text.isalnum():
            return f"whsec_{text}"


def _write_once(path: Path, content: bytes) -> None:
    """Creates the file whole, or leaves the one that another process made meanwhile."""
    draft = _draft(path, content)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _replace(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        _draft(path, content).replace(path)


def _draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    return draft
