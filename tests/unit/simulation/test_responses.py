from __future__ import annotations

from random import Random

import pytest

from motet.core.words import Channel
from motet.simulation.population import Population
from motet.simulation.responses import Reaction, react

MANY = 20_000


def crowd(channel: Channel, *, basket: bool = False, speed: float = 1.0) -> list[Reaction]:
    people = Population(7, 2_000)
    dice = Random(5)
    return [
        react(channel, people.person(n % 2_000).engagement, dice.randrange(24), dice, basket=basket, speed=speed)
        for n in range(MANY)
    ]


def share(reactions: list[Reaction], deed: str, of: int = MANY) -> float:
    return sum(getattr(reaction, deed) is not None for reaction in reactions) / of


def test_emails_are_opened_and_clicked_as_in_life() -> None:
    reactions = crowd(Channel.EMAIL)
    opened = sum(reaction.opens is not None for reaction in reactions)
    assert 0.35 < opened / MANY < 0.45
    assert 0.08 < share(reactions, "clicks", opened) < 0.12
    assert 0.002 < share(reactions, "leaves", opened) < 0.01


@pytest.mark.parametrize(("channel", "low", "high"), [(Channel.SMS, 0.07, 0.12), (Channel.PUSH, 0.05, 0.09)])
def test_texts_and_pushes_are_clicked_but_never_opened(channel: Channel, low: float, high: float) -> None:
    reactions = crowd(channel)
    assert share(reactions, "opens") == 0
    assert low < share(reactions, "clicks") < high


def test_a_basket_makes_people_click_and_buy_more() -> None:
    without, with_basket = crowd(Channel.EMAIL), crowd(Channel.EMAIL, basket=True)
    assert share(with_basket, "clicks") > 1.1 * share(without, "clicks")
    assert share(with_basket, "buys") > 2 * share(without, "buys")


def test_deeds_come_in_their_order() -> None:
    for reaction in crowd(Channel.EMAIL):
        moments = [reaction.opens, reaction.clicks, reaction.buys]
        given = [moment for moment in moments if moment is not None]
        assert given == sorted(given)
        if reaction.buys is not None or reaction.completes is not None:
            assert reaction.clicks is not None
        if reaction.leaves is not None or reaction.clicks is not None:
            assert reaction.opens is not None


def test_most_opens_are_seen_within_a_minute_and_speed_divides_the_wait() -> None:
    waits = sorted(r.opens for r in crowd(Channel.EMAIL) if r.opens is not None)
    fast = sorted(r.opens for r in crowd(Channel.EMAIL, speed=10) if r.opens is not None)
    assert waits[int(len(waits) * 0.9)] < 60
    assert fast == pytest.approx([wait / 10 for wait in waits])


def test_nobody_answers_on_a_channel_without_people() -> None:
    assert react(Channel.WEBHOOK, 1.0, 12, Random(1)) == Reaction()


def test_the_same_dice_give_the_same_answer() -> None:
    assert [react(Channel.EMAIL, 1.0, 9, Random(n)) for n in range(50)] == [
        react(Channel.EMAIL, 1.0, 9, Random(n)) for n in range(50)
    ]
