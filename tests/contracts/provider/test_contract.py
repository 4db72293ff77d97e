"""What every provider promises (`channels/base.py`), held against each of them over a real connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.provider.cases import CASES, Case
from motet.channels.base import Context
from motet.channels.registry import PROVIDERS, open_provider
from motet.core.errors import Refused
from motet.core.messages import Accepted, Outgoing, Rejected, Retry, Sms, Unknown, Webhook
from motet.core.words import Channel
from motet.storage.pool import Pool

REMOTE = [name for name, case in CASES.items() if "lost" in case.kinds]  # their answers cross a network
IDEMPOTENT = ["standard", "inbox"]


@pytest.fixture(params=CASES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def its_pool(name: str, request: pytest.FixtureRequest) -> Pool | None:
    return request.getfixturevalue("pool") if name == "inbox" else None


@pytest_asyncio.fixture
async def case(name: str, its_pool: Pool | None, tmp_path: Path) -> AsyncIterator[Case]:
    made = CASES[name](tmp_path, its_pool)
    await made.start()
    yield made
    await made.stop()


def test_every_provider_has_a_case() -> None:
    assert {scheme for _, scheme, _ in PROVIDERS} == {*CASES, "smtps"}


async def test_accepts_a_whole_batch(case: Case) -> None:
    batch = [case.outgoing("ok", n) for n in range(min(case.provider.batch, 100))]
    answers = await case.provider.send(batch)
    assert [type(answer) for answer in answers] == [Accepted] * len(batch)
    assert await case.count() == len(batch)


async def test_empty_batch_is_no_work(case: Case) -> None:
    assert await case.provider.send([]) == []


async def test_answers_stand_in_the_order_of_the_messages(case: Case) -> None:
    kinds = [kind for kind in ("ok", "reject", "ok", "retry", "ok", "reject") if kind in case.kinds | {"ok"}]
    expected = {"ok": Accepted, "reject": Rejected, "retry": Retry}
    answers = await case.provider.send([case.outgoing(kind, n) for n, kind in enumerate(kinds)])
    assert [type(answer) for answer in answers] == [expected[kind] for kind in kinds]
    assert await case.count() == kinds.count("ok")


async def test_refusal_names_its_cause(case: Case) -> None:
    [answer] = await case.provider.send([case.outgoing("reject")])
    assert isinstance(answer, Rejected)
    assert "." in answer.code
    assert answer.detail


@pytest.mark.parametrize("name", REMOTE, indirect=True)
async def test_retry_carries_the_wait_that_was_asked_for(case: Case) -> None:
    [answer] = await case.provider.send([case.outgoing("retry")])
    assert isinstance(answer, Retry)
    assert answer.after == case.wait


@pytest.mark.parametrize("name", REMOTE, indirect=True)
@pytest.mark.parametrize("kind", ["lost", "stall"])
async def test_answer_that_never_comes_is_unknown(case: Case, kind: str) -> None:
    answers = await case.provider.send([case.outgoing(kind), case.outgoing("ok", 2)])
    assert [type(answer) for answer in answers] == [Unknown, Accepted]
    assert await case.count() == 2


@pytest.mark.parametrize("name", REMOTE, indirect=True)
async def test_server_that_is_down_is_retry_and_a_later_call_succeeds(case: Case) -> None:
    await case.server.stop()
    answers = await case.provider.send([case.outgoing("ok", n) for n in range(3)])
    assert [type(answer) for answer in answers] == [Retry] * 3
    await case.server.start()
    [answer] = await case.provider.send([case.outgoing("ok")])
    assert isinstance(answer, Accepted)


async def test_payload_of_another_channel_is_refused(case: Case) -> None:
    payload = Sms("+15550100", "hi") if case.channel is not Channel.SMS else Webhook("http://x.example", {})
    outgoing = case.outgoing("ok")
    wrong = Outgoing(
        message_id=outgoing.message_id,
        customer_id=outgoing.customer_id,
        payload=payload,
        idempotency_key=outgoing.idempotency_key,
    )
    answers = await case.provider.send([wrong, case.outgoing("ok")])
    assert isinstance(answers[0], Rejected)
    assert answers[0].code == "provider.wrong_payload"
    assert isinstance(answers[1], Accepted)


async def test_calls_at_once_do_not_mix(case: Case) -> None:
    calls = [[case.outgoing("ok", call * 10 + n) for n in range(10)] for call in range(case.provider.concurrency)]
    answers = await asyncio.gather(*(case.provider.send(call) for call in calls))
    assert [[type(answer) for answer in call] for call in answers] == [[Accepted] * 10] * len(calls)


@pytest.mark.parametrize("name", IDEMPOTENT, indirect=True)
async def test_idempotent_provider_does_not_double(case: Case) -> None:
    assert case.provider.idempotent
    outgoing = case.outgoing("ok")
    for _ in range(2):
        assert isinstance((await case.provider.send([outgoing]))[0], Accepted)
    ids = set(case.server.ids) if case.server is not None else set(range(await case.count()))
    assert len(ids) == 1


async def test_callback_of_a_stranger_is_refused(case: Case) -> None:
    url = f"https://motet.example/hooks/{case.provider.name}?c={case.outgoing('ok').customer_id}"
    with pytest.raises(Refused) as refused:
        case.provider.read_callback({"X-Twilio-Signature": "bm9uZQ=="}, b"MessageStatus=delivered", url)
    assert refused.value.problems[0].code in ("callback.bad_signature", "callback.unsupported")


@pytest.mark.parametrize(
    ("channel", "url", "code"),
    [(case.channel, url, code) for case in CASES.values() for url, code in case.broken_urls],
)
async def test_check_tells_what_is_missing_and_open_refuses(channel: Channel, url: str, code: str) -> None:
    provider = open_provider(channel, url, Context())
    problems = {problem.code: problem for problem in provider.check()}
    assert f"provider.{code}" in problems
    assert problems[f"provider.{code}"].path == f"MOTET_{channel.name}_URL"
    with pytest.raises(Refused):
        await provider.open()
