from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from making import NOW
from motet.core.messages import Accepted, Answer, Email, Outgoing, Payload, Rejected, Retry, Unknown, Webhook
from motet.delivery.breaker import LIMIT, PROBE
from motet.delivery.gates import HOLD_MOST, WHOLE, Gates, place_of

DOWN = Retry("x.connect", "no route", down=True)


class House:
    """Gates on a clock that the test moves; `opened` counts the calls."""

    def __init__(self) -> None:
        self.now, self.opened = NOW, 0
        self.gates = Gates("x", lambda: self.now, self.open)

    def open(self) -> None:
        self.opened += 1

    def hear(self, *answers: Answer, place: str = WHOLE) -> None:
        self.gates.hear([place] * len(answers), answers)


def test_failures_in_a_row_shut_a_place_and_no_other() -> None:
    house = House()
    house.hear(*[DOWN] * LIMIT, place="a")
    assert house.gates.shut_until("a") is not None
    assert house.gates.enter(["a", "b", "a"]) == [False, True, False]
    assert [(t.place, t.since, t.detail) for t in house.gates.troubles()] == [("a", NOW, "no route")]


def test_refusals_and_waits_of_single_messages_are_no_trouble() -> None:
    house = House()
    house.hear(*[Rejected("550")] * 9, *[Retry("451")] * 9)
    assert house.gates.enter([WHOLE] * 99) == [True] * 99


def test_lost_answers_are_trouble_and_a_good_one_between_ends_the_row() -> None:
    house = House()
    house.hear(*[Unknown("cut")] * (LIMIT - 1), Accepted(), *[Unknown("cut")] * (LIMIT - 1))
    assert house.gates.shut_until() is None
    house.hear(Unknown("cut"))
    assert house.gates.shut_until() is not None


def test_one_probe_goes_and_its_success_opens_for_all() -> None:
    house = House()
    house.hear(*[DOWN] * LIMIT)
    until = house.gates.shut_until()
    assert until is not None
    house.now = until
    assert house.gates.enter([WHOLE] * 9) == [True] * PROBE + [False] * (9 - PROBE)
    assert house.gates.enter([WHOLE]) == [False]
    house.gates.give_back([WHOLE])  # it had nothing to send
    assert house.gates.enter([WHOLE]) == [True]
    house.hear(Accepted())
    assert house.opened == 1
    assert house.gates.enter([WHOLE] * 9) == [True] * 9
    assert house.gates.troubles() == []


def test_place_that_asks_for_time_gets_it_and_is_no_trouble() -> None:
    house = House()
    house.hear(Retry("429", after=7.0))
    assert house.gates.shut_until() == NOW + timedelta(seconds=7)
    assert house.gates.enter([WHOLE]) == [False]
    assert house.gates.troubles() == []
    house.now += timedelta(seconds=7)
    assert house.gates.enter([WHOLE]) == [True]
    house.hear(Retry("429", after=86_400.0))
    assert house.gates.shut_until() == house.now + HOLD_MOST


def test_webhooks_have_a_place_for_each_host_and_the_rest_one() -> None:
    def out(payload: Payload) -> Outgoing:
        return Outgoing(message_id=UUID(int=1), customer_id=UUID(int=1), payload=payload, idempotency_key="")

    assert place_of(out(Webhook("https://u:p@Hooks.example:8443/x", {}))) == "hooks.example:8443"
    assert place_of(out(Webhook("http://[::1", {}))) == "http://[::1"
    assert place_of(out(Email("a@b", "c@d", b""))) == WHOLE
