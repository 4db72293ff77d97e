"""Signatures verified by an implementation that is not ours."""

import base64

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from motet.content.dkim import DkimSigner
from motet.core.errors import Refused

RAW = (
    b"From: Shop <hello@shop.example>\r\nTo: ann@x.example\r\nSubject: A\r\n  folded   subject \r\n"
    b"Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n"
    b"List-Unsubscribe: <https://go.shop.example/u/abc>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
)
RSA_KEY = rsa.generate_private_key(65_537, 2_048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def _pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _record(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(public)


KEYS = pytest.mark.parametrize("key", [RSA_KEY, ED_KEY], ids=["rsa", "ed25519"])


def _verifies(message: bytes, key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bool:
    def look_up(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"mail._domainkey.shop.example."
        return _record(key)

    return bool(dkim.verify(message, dnsfunc=look_up))


BODIES = [
    b"", b"\r\n", b"Hello\r\n", b"Hello", b"Hello\r\n\r\n\r\n", b"a  b\t\tc \r\n \r\nd\t \r\n", b"\r\n\r\nx",
    b"  lead\r\n",    b"x\r\n  \r\n\t\r\n",
]  # fmt: skip


@KEYS
@pytest.mark.parametrize("body", BODIES)
def test_a_signed_message_verifies(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, body: bytes) -> None:
    assert _verifies(DkimSigner("mail", "shop.example", _pem(key)).sign(RAW + body), key)


_ED_SIGNER = DkimSigner("mail", "shop.example", _pem(ED_KEY))


@given(st.lists(st.sampled_from([b"a", b"bc", b" ", b"\t", b"\r\n", b"="]), max_size=30))
@settings(max_examples=200)
def test_any_mixture_of_white_space_verifies(pieces: list[bytes]) -> None:
    assert _verifies(_ED_SIGNER.sign(RAW + b"".join(pieces) + b"\r\n"), ED_KEY)


@KEYS
def test_a_changed_message_does_not_verify(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> None:
    signed = DkimSigner("mail", "shop.example", _pem(key)).sign(RAW + b"Hello\r\n")
    assert not _verifies(signed.replace(b"Hello", b"Hallo"), key)
    assert not _verifies(signed.replace(b"folded", b"forged"), key)
    assert not _verifies(signed.replace(b"/u/abc", b"/u/abd"), key)
    assert not _verifies(signed.replace(b"=One-Click", b"=Two-Click"), key)


def test_a_second_from_cannot_be_added() -> None:
    signed = _ED_SIGNER.sign(RAW + b"Hello\r\n")
    assert not _verifies(signed.replace(b"To: ", b"From: evil@x.example\r\nTo: ", 1), ED_KEY)


def test_the_list_headers_are_signed() -> None:
    header = _ED_SIGNER.sign(RAW).split(b"\r\nFrom:")[0]
    names = header.replace(b"\r\n", b"").partition(b" h=")[2].partition(b";")[0].split(b":")
    assert {b"from", b"to", b"subject", b"date", b"message-id"} < set(names)
    assert {b"list-unsubscribe", b"list-unsubscribe-post"} < set(names)
    assert names.count(b"from") == 2


@pytest.mark.parametrize(
    ("selector", "domain", "key", "code"),
    [
        ("mail", "shop.example", b"not a key", "dkim.bad_key"),
        ("mail", "shop.example", _pem(ec.generate_private_key(ec.SECP256R1())), "dkim.bad_key"),
        ("ma il", "shop.example", b"", "dkim.bad_name"),
        ("mail", "shop.example;\r\n x", b"", "dkim.bad_name"),
    ],
)
def test_a_wrong_setting_is_refused(selector: str, domain: str, key: bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        DkimSigner(selector, domain, key)
    assert caught.value.problems[0].code == code
