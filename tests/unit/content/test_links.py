from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motet.content.links import LinkSigner
from motet.core.ids import uuid7
from motet.core.words import Channel

SIGNER = LinkSigner(b"a secret of the house", "https://go.shop.example/")
CUSTOMER, MESSAGE = uuid7(1_000), uuid7(2_000)
TARGETS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)


def _token(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2]


def test_an_open_link_says_who_opened_what() -> None:
    url = SIGNER.open_url(CUSTOMER, MESSAGE)
    assert url.startswith("https://go.shop.example/t/o/")
    assert url.endswith(".gif")
    found = SIGNER.read_open(_token(url))
    assert found is not None
    assert (found.customer_id, found.message_id) == (CUSTOMER, MESSAGE)
    assert SIGNER.read_open(_token(url).removesuffix(".gif")) == found


@given(TARGETS)
def test_a_click_link_leads_to_what_was_signed(target: str) -> None:
    parts = urlsplit(SIGNER.click_url(CUSTOMER, MESSAGE, target))
    assert parts.path.startswith("/t/c/")
    carried = unquote(parts.query.removeprefix("u="))
    assert carried == target
    found = SIGNER.read_click(_token(parts.geturl()), carried)
    assert found is not None
    assert (found.customer_id, found.message_id, found.target) == (CUSTOMER, MESSAGE, target)


def test_a_click_link_survives_a_query_parser() -> None:
    target = "https://shop.example/a?b=1&c=%20x+y#z"
    assert parse_qs(urlsplit(SIGNER.click_url(CUSTOMER, MESSAGE, target)).query) == {"u": [target]}


@given(TARGETS, TARGETS)
def test_a_click_link_cannot_be_sent_elsewhere(signed: str, other: str) -> None:
    token = _token(SIGNER.click_url(CUSTOMER, MESSAGE, signed).partition("?")[0])
    assert (SIGNER.read_click(token, other) is None) == (signed != other)


@pytest.mark.parametrize("channel", list(Channel))
def test_an_unsubscribe_link_names_its_channel(channel: Channel) -> None:
    url = SIGNER.unsubscribe_url(CUSTOMER, MESSAGE, channel)
    assert url.startswith("https://go.shop.example/u/")
    found = SIGNER.read_unsubscribe(_token(url))
    assert found is not None
    assert (found.customer_id, found.message_id, found.channel) == (CUSTOMER, MESSAGE, channel)


def test_an_inbox_token_names_its_customer() -> None:
    found = SIGNER.read_inbox(SIGNER.inbox_token(CUSTOMER))
    assert found is not None
    assert found.customer_id == CUSTOMER


def test_a_token_of_one_kind_is_worthless_as_another() -> None:
    opened = _token(SIGNER.open_url(CUSTOMER, MESSAGE)).removesuffix(".gif")
    leaving = _token(SIGNER.unsubscribe_url(CUSTOMER, MESSAGE, Channel.EMAIL))
    assert SIGNER.read_click(opened, "") is None
    assert SIGNER.read_unsubscribe(opened) is None
    assert SIGNER.read_inbox(opened) is None
    assert SIGNER.read_open(leaving) is None
    assert SIGNER.read_open(SIGNER.inbox_token(CUSTOMER)) is None


def test_another_secret_makes_other_links() -> None:
    other = LinkSigner(b"another secret", "https://go.shop.example")
    assert other.read_open(_token(SIGNER.open_url(CUSTOMER, MESSAGE))) is None


@given(st.integers(0, 63), st.sampled_from("ABCxyz019-_"))
def test_a_changed_token_is_refused(place: int, letter: str) -> None:
    token = _token(SIGNER.open_url(CUSTOMER, MESSAGE)).removesuffix(".gif")
    changed = token[:place] + letter + token[place + 1 :]
    assert (SIGNER.read_open(changed) is None) == (changed != token)


@given(st.text(max_size=300))
def test_noise_is_refused_without_an_error(noise: str) -> None:
    assert SIGNER.read_open(noise) is None
    assert SIGNER.read_click(noise, noise) is None
    assert SIGNER.read_unsubscribe(noise) is None
    assert SIGNER.read_inbox(noise) is None


def test_a_target_of_a_megabyte_is_refused() -> None:
    target = "https://shop.example/" + "a" * 1_000_000
    token = _token(SIGNER.click_url(CUSTOMER, MESSAGE, "x").partition("?")[0])
    assert SIGNER.read_click(token, target) is None


def test_the_mac_is_hmac_sha256() -> None:
    import base64
    import hashlib
    import hmac

    key = hmac.digest(b"a secret of the house", b"motet.links.v1.open", "sha256")
    ids = CUSTOMER.bytes + MESSAGE.bytes
    mac = hmac.new(key, ids, hashlib.sha256).digest()[:16]
    expected = base64.urlsafe_b64encode(ids + mac).rstrip(b"=").decode()
    assert _token(SIGNER.open_url(CUSTOMER, MESSAGE)) == f"{expected}.gif"
