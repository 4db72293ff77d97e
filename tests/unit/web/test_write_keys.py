"""A key is found by its digest, and the spellings of a header that are remembered are few and short."""

from __future__ import annotations

import tracemalloc
from base64 import b64encode
from typing import Any, cast

from motet.ingest.keys import digest_key
from motet.web.write_keys import WriteKeys


def keys() -> WriteKeys:
    made = WriteKeys(cast("Any", None))
    made._known = {digest_key("wk_a"): True}
    return made


def basic(text: str) -> bytes:
    return b"Basic " + b64encode(text.encode())


def test_the_user_of_http_basic_is_the_key() -> None:
    known = keys()
    assert known.find_basic(basic("wk_a:")) is known.find_basic(basic("wk_a:anything")) is True
    assert known.find_basic(basic("wk_b:")) is None
    assert known.find_basic(b"Bearer wk_a") is known.find_basic(b"Basic %%") is None


def test_what_stands_behind_a_good_key_is_not_remembered() -> None:
    """The key of a website is known to everybody."""
    known = keys()
    tracemalloc.start()
    try:
        for index in range(50):
            assert known.find_basic(basic(f"wk_a:{index}{'x' * 100_000}")) is True
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
