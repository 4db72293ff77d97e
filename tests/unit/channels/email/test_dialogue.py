"""The greeting is heard whenever it comes: before it is asked for, or after."""

from __future__ import annotations

import asyncio
from typing import cast
from unittest.mock import Mock

import pytest

from motet.channels.email.dialogue import Broken, Dialogue, Source


def connected() -> Dialogue:
    dialogue = Dialogue(cast(Source, Mock()))
    dialogue.connection_made(Mock(spec=asyncio.Transport))
    return dialogue


async def test_a_greeting_that_comes_before_it_is_asked_for_is_kept() -> None:
    dialogue = connected()
    dialogue.data_received(b"220-mail\r\n220 ready\r\n")
    assert await dialogue.ask() == (220, ["mail", "ready"])


async def test_a_greeting_that_comes_later_is_waited_for() -> None:
    dialogue = connected()
    asking = asyncio.create_task(dialogue.ask())
    await asyncio.sleep(0)
    dialogue.data_received(b"220 ready\r\n")
    assert await asking == (220, ["ready"])


async def test_a_server_that_says_more_than_its_greeting_is_left() -> None:
    dialogue = connected()
    dialogue.data_received(b"220 ready\r\n250 unasked\r\n")
    with pytest.raises(Broken, match="unasked"):
        await dialogue.ask()


async def test_a_connection_lost_before_the_greeting_is_told() -> None:
    dialogue = connected()
    dialogue.connection_lost(None)
    with pytest.raises(Broken, match="lost"):
        await dialogue.ask()
