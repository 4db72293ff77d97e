from __future__ import annotations

from datetime import timedelta

import pytest

from making import NOW
from motet.core.ids import uuid7
from motet.core.messages import Accepted, Answer, Rejected, Retry, Unknown
from motet.core.words import MessageStatus
from motet.delivery.fate import BACKOFF, BACKOFF_MOST, MAX_ATTEMPTS, RESEND_UNKNOWN, backoff, settle
from motet.delivery.queue import Fate, Waiting


def waiting(attempts: int = 0) -> Waiting:
    return Waiting(uuid7(1), uuid7(2), uuid7(3), uuid7(4), 0, 2, attempts, NOW)


def fate(answer: Answer, attempts: int = 0, *, idempotent: bool = False, transactional: bool = False) -> Fate:
    return settle(waiting(attempts), answer, NOW, idempotent=idempotent, transactional=transactional)


def test_accepted_is_sent_now_and_says_nothing() -> None:
    told = fate(Accepted("ref-1"))
    assert (told.status, told.sent_at, told.provider_ref, told.event) == (MessageStatus.ACCEPTED, NOW, "ref-1", None)


def test_dead_devices_of_an_accepted_push_are_told_to_the_engine() -> None:
    event = fate(Accepted("", dead=("t1",))).event
    assert event is not None
    assert (event.name, event.properties) == ("devices_gone", {"dead": ["t1"]})


def test_a_rejection_is_final_and_told() -> None:
    told = fate(Rejected("550", "no such user", suppress=True))
    assert (told.status, told.failed_at, told.error) == (MessageStatus.REJECTED, NOW, "550: no such user")
    assert told.event is not None
    assert told.event.name == "failed"
    assert told.event.properties["suppress"] is True


def test_a_retry_waits_as_long_as_the_provider_asks() -> None:
    told = fate(Retry("429", after=90.0))
    assert (told.status, told.send_at) == (MessageStatus.APPROVED, NOW + timedelta(seconds=90))


def test_retries_end() -> None:
    assert fate(Retry("451"), MAX_ATTEMPTS - 2).status is MessageStatus.APPROVED
    ended = fate(Retry("451"), MAX_ATTEMPTS - 1)
    assert ended.status is MessageStatus.REJECTED
    assert ended.event is not None
    assert ended.event.properties["code"] == "retries_exhausted"


@pytest.mark.parametrize(
    ("idempotent", "transactional", "status"),
    [
        (False, False, MessageStatus.UNKNOWN),
        (True, False, MessageStatus.APPROVED),
        (False, True, MessageStatus.APPROVED),
    ],
)
def test_a_lost_answer_is_repeated_only_where_that_is_right(
    idempotent: bool, transactional: bool, status: MessageStatus
) -> None:
    told = fate(Unknown("cut"), idempotent=idempotent, transactional=transactional)
    assert told.status is status
    assert told.sent_at is None
    if transactional:
        assert told.send_at == NOW + RESEND_UNKNOWN


@pytest.mark.parametrize("attempts", range(20))
def test_backoff_grows_spreads_and_has_an_end(attempts: int) -> None:
    most = min(BACKOFF_MOST, BACKOFF * 2**attempts)
    waits = {backoff(attempts) for _ in range(20)}
    assert all(most / 2 <= w <= most for w in waits)
    assert len(waits) > 1
