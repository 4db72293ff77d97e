"""What is FCM's own: several devices a customer, dead tokens, access tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from contracts.provider.cases import FcmCase
from motet.core.messages import Accepted, Answer, Outgoing, Push, Rejected, Retry, Unknown


@pytest_asyncio.fixture
async def case(tmp_path: Path) -> AsyncIterator[FcmCase]:
    made = FcmCase(tmp_path, None)
    await made.start()
    yield made
    await made.stop()


def push(*tokens: str, url: str = "", data: dict[str, str] | None = None) -> Outgoing:
    payload = Push(tokens, "Hello", "Welcome", url, data or {})
    return Outgoing(message_id=uuid4(), customer_id=uuid4(), payload=payload, idempotency_key="")


async def send(case: FcmCase, *tokens: str) -> Answer:
    [answer] = await case.provider.send([push(*tokens)])
    return answer


@pytest.mark.parametrize("word", ["gone", "stranger", "garbled"])
async def test_token_that_is_no_good_any_more_is_dead(case: FcmCase, word: str) -> None:
    answer = await send(case, f"{word}-1")
    assert isinstance(answer, Rejected)
    assert answer.dead == (f"{word}-1",)
    assert not answer.suppress, "the customer may have another device tomorrow"


async def test_one_device_that_takes_it_is_enough_and_the_dead_are_named(case: FcmCase) -> None:
    answer = await send(case, "gone-1", "ok-1", "busy-1", "gone-2", "lost-1")
    assert isinstance(answer, Accepted)
    assert answer.dead == ("gone-1", "gone-2")
    assert answer.provider_ref.startswith("projects/")


@pytest.mark.parametrize(
    ("tokens", "kind"),
    [
        (("gone-1", "lost-1", "busy-1"), Unknown),
        (("gone-1", "busy-1"), Retry),
        (("broken-1", "gone-1"), Unknown),
        (("apple-1",), Retry),
        ((), Rejected),
    ],
)
async def test_without_a_taker_the_least_certain_answer_stands(
    case: FcmCase, tokens: tuple[str, ...], kind: type[Answer]
) -> None:
    assert isinstance(await send(case, *tokens), kind)


async def test_message_carries_its_id_as_tag_so_that_a_device_shows_it_once(case: FcmCase) -> None:
    outgoing = push("ok-1", url="https://shop.example/a", data={"cart": "7", "from": "reserved"})
    await case.provider.send([outgoing])
    [message] = case.server.messages
    id = str(outgoing.message_id)
    assert message["notification"] == {"title": "Hello", "body": "Welcome"}
    assert message["data"] == {"cart": "7", "message_id": id, "url": "https://shop.example/a"}
    assert message["android"]["notification"]["tag"] == id
    assert message["apns"]["headers"]["apns-collapse-id"] == id
    assert message["webpush"] == {"notification": {"tag": id}, "fcm_options": {"link": "https://shop.example/a"}}


async def test_link_that_fcm_would_refuse_travels_as_data_only(case: FcmCase) -> None:
    await case.provider.send([push("ok-1", url="http://127.0.0.1/a")])
    [message] = case.server.messages
    assert message["data"]["url"] == "http://127.0.0.1/a"
    assert "fcm_options" not in message["webpush"]


async def test_access_token_is_fetched_once_for_all_who_wait(case: FcmCase) -> None:
    await asyncio.gather(*(case.provider.send([push(f"ok-{n}")]) for n in range(20)))
    await case.provider.send([push("ok-21")])
    assert case.server.grants == 1


async def test_withdrawn_access_token_is_replaced(case: FcmCase) -> None:
    await send(case, "ok-1")
    case.server.withdrawn.add("ya29.1")
    assert isinstance(await send(case, "ok-2"), Accepted)
    assert case.server.grants == 2


async def test_account_that_google_refuses_gives_no_message_up(case: FcmCase) -> None:
    case.server.refuse_grant = True
    answer = await send(case, "ok-1")
    assert isinstance(answer, Retry)
    assert answer.code == "fcm.no_token"
    assert "invalid_grant" in answer.detail
