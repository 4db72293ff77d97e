from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from making import NOW
from motet.core.ids import uuid7
from motet.core.messages import Accepted, Answer, Rejected, Retry, Unknown
from motet.core.words import MessageStatus
from motet.delivery.fate import (
    BACKOFF,
    BACKOFF_MOST,
    LOST_AFTER,
    MAX_ATTEMPTS,
    RESEND_UNKNOWN,
    RESENDS,
    backoff,
    is_lost,
    settle,
    strip,
)
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


def test_a_retry_waits_at_least_as_long_as_the_provider_asks() -> None:
    told = [fate(Retry("429", after=90.0)) for _ in range(20)]
    assert {t.status for t in told} == {MessageStatus.APPROVED}
    waits = [(t.send_at - NOW).total_seconds() for t in told if t.send_at is not None]
    assert len(set(waits)) > 1
    assert all(90 <= wait <= 90 + 15 for wait in waits)


def test_retries_end() -> None:
    assert fate(Retry("451"), MAX_ATTEMPTS - 2).status is MessageStatus.APPROVED
    ended = fate(Retry("451"), MAX_ATTEMPTS - 1)
    assert ended.status is MessageStatus.REJECTED
    assert ended.event is not None
    assert ended.event.properties["code"] == "retries_exhausted"


@pytest.mark.parametrize(
    ("attempts", "idempotent", "transactional", "again"),
    [
        (0, False, False, False),
        (0, True, False, True),
        (MAX_ATTEMPTS - 1, True, False, False),
        (0, False, True, True),
        (RESENDS - 1, False, True, False),
    ],
)
def test_a_lost_answer_is_repeated_only_where_that_is_right(
    attempts: int, idempotent: bool, transactional: bool, again: bool
) -> None:
    told = fate(Unknown("cut"), attempts, idempotent=idempotent, transactional=transactional)
    assert (told.status, told.sent_at, told.again) == (MessageStatus.UNKNOWN, None, again)
    assert told.send_at is not None
    wait = told.send_at - NOW
    if not again:
        assert wait == LOST_AFTER
    elif transactional:
        assert wait == RESEND_UNKNOWN
    else:
        assert wait <= timedelta(seconds=BACKOFF)
    due = msgspec.structs.replace(waiting(attempts + 1), status=told.status)
    assert is_lost(due, idempotent=idempotent, transactional=transactional) is not again


def test_an_approved_message_is_never_lost() -> None:
    assert not is_lost(waiting(MAX_ATTEMPTS), idempotent=False, transactional=False)


@pytest.mark.parametrize("attempts", range(20))
def test_backoff_grows_spreads_and_has_an_end(attempts: int) -> None:
    most = min(BACKOFF_MOST, BACKOFF * 2**attempts)
    waits = [backoff(attempts) for _ in range(100)]
    assert all(0 <= w <= most for w in waits)
    assert min(waits) < most / 4 < most * 3 / 4 < max(waits)


def test_what_an_action_was_answered_is_told_and_of_what_cannot_be_kept_the_status() -> None:
    answer = Accepted(answer={"status": 200, "body": {"ok": True}})
    told = settle(waiting(), answer, NOW, idempotent=True, transactional=False, action=True)
    assert told.event is not None
    assert (told.event.name, told.event.properties) == ("action_answered", {"status": 200, "body": {"ok": True}})
    assert told.event.message_id == told.waiting.id
    bare = strip(told).event
    assert bare is not None
    assert bare.properties == {"status": 200, "body": None}
    assert fate(answer).event is None  # a message's webhook is no action
