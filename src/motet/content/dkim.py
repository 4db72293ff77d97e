"""DKIM signatures (RFC 6376, and RFC 8463 for Ed25519), relaxed/relaxed, over whole messages.

RSA costs about a quarter of a millisecond and releases the GIL, so callers may sign in threads; Ed25519 a tenth of it.
"""

from __future__ import annotations

import base64
import hashlib
import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from motet.core.errors import Problem, Refused

# RFC 6376, 5.4.1 asks for these; RFC 8058, 4 asks that both List-Unsubscribe fields be signed. From stands twice, so
# that a second From cannot be added after signing (5.4.2).
SIGNED = (
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"mime-version",
    b"content-type",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"feedback-id",
)
_SPACES = re.compile(rb"[ \t]+")
_LINE_SPACES = re.compile(rb"[ \t]+(?=\r\n)")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_MIN_RSA = 1024  # bits; RFC 8301 forbids less


class DkimSigner:
    """Signs for `domain` with the key that DNS publishes at `selector._domainkey.domain`."""

    def __init__(self, selector: str, domain: str, key: bytes) -> None:
        """`key` is a private key in PEM, RSA or Ed25519, without a password. Raises Refused."""
        for what, value in (("selector", selector), ("domain", domain)):
            if not _NAME.match(value):
                raise Refused([Problem("dkim.bad_name", f"{value!r} is not a DNS name", f"dkim.{what}")])
        self._key = _read_key(key)
        algorithm = "rsa-sha256" if isinstance(self._key, RSAPrivateKey) else "ed25519-sha256"
        self._start = f"v=1; a={algorithm}; c=relaxed/relaxed; d={domain}; s={selector};\r\n h=".encode()

    def sign(self, raw: bytes) -> bytes:
        """The message with its DKIM-Signature in front. `raw` has CRLF line ends and an empty line after its header."""
        head, _, body = raw.partition(b"\r\n\r\n")
        names, canonical = _signed_fields(head)
        digest = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest())
        value = self._start + b":".join(names) + b";\r\n bh=" + digest + b";\r\n b="
        own = b"dkim-signature:" + _relaxed_value(value)
        signature = _folded(base64.b64encode(self._sign(canonical + own)))
        return b"DKIM-Signature: " + value + signature + b"\r\n" + raw

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self._key.sign(hashlib.sha256(data).digest())  # RFC 8463, 3: over the hash


def _read_key(pem: bytes) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        problem = Problem("dkim.bad_key", f"the key cannot be read: {error}", "dkim.key", "give a PEM without password")
        raise Refused([problem]) from error
    if isinstance(key, RSAPrivateKey) and key.key_size >= _MIN_RSA:
        return key
    if isinstance(key, Ed25519PrivateKey):
        return key
    raise Refused([Problem("dkim.bad_key", "the key is neither Ed25519 nor RSA of 1024 bits or more", "dkim.key")])


def _signed_fields(head: bytes) -> tuple[list[bytes], bytes]:
    """The names for `h=` and the fields in relaxed form, in that order. From is named once more than it stands."""
    fields: dict[bytes, bytes] = {}
    for line in _FOLD.sub(b"", head).split(b"\r\n"):
        name, _, value = line.partition(b":")
        fields[name.strip().lower()] = value
    names = [name for name in SIGNED if name in fields]
    canonical = b"".join([name + b":" + _relaxed_value(fields[name]) + b"\r\n" for name in names])
    return [*names, b"from"], canonical


def _relaxed_value(value: bytes) -> bytes:
    """RFC 6376, 3.4.2."""
    return _SPACES.sub(b" ", _FOLD.sub(b"", value)).strip(b" ")


def _relaxed_body(body: bytes) -> bytes:
    """RFC 6376, 3.4.4."""
    text = _SPACES.sub(b" ", _LINE_SPACES.sub(b"", body))
    text = text.rstrip(b" ") if not text.endswith(b"\r\n") else text
    while text.endswith(b"\r\n\r\n"):
        text = text[:-2]
    if text == b"\r\n":
        return b""
    return text if text.endswith(b"\r\n") or not text else text + b"\r\n"


def _folded(text: bytes) -> bytes:
    return b"\r\n ".join([text[i : i + 70] for i in range(0, len(text), 70)])
