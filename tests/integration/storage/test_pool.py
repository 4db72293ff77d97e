from __future__ import annotations

import pytest

from motet.core.errors import Unavailable
from motet.storage.pool import open_pool


@pytest.mark.parametrize("url", ["postgres://u:s3cr3t/pw@localhost:5432/x", "postgres://u:s3cr3t@localhost:abc/x"])
async def test_an_address_that_cannot_be_read_shows_no_password(url: str) -> None:
    with pytest.raises(Unavailable) as caught:
        await open_pool(url)
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__suppress_context__
