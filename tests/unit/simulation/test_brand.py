from __future__ import annotations

from random import Random

import pytest

from motet.authoring.blueprints import list_blueprints, read_blueprint
from motet.authoring.campaign import compile_campaign
from motet.core.ids import uuid7
from motet.simulation.brand import adopt, cart_properties, draw_basket, total_of
from motet.simulation.demo import CAMPAIGNS

SITE = "http://127.0.0.1:8001/site"


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_blueprint_speaks_for_the_brand_and_still_compiles(name: str) -> None:
    document = adopt(read_blueprint(name), SITE, 2.0)
    program = compile_campaign(document, campaign_id=uuid7(1), revision_id=uuid7(2))
    assert program.variables["shop_name"] == "Fernhollow"
    links = {key: value for key, value in program.variables.items() if key.endswith("_url")}
    assert links
    assert all(value.startswith(SITE) for value in links.values())
    delays = [step.args["seconds"] for step in program.steps if step.kind == "delay"]
    assert max(delays) <= 7 * 30  # a week passes in three and a half minutes


def test_a_cart_has_what_the_blueprint_shows() -> None:
    basket = draw_basket(Random(3), "desk")
    cart = cart_properties(basket, "c1", SITE)
    assert cart["cart_value"] == total_of(basket) > 0
    assert set(cart["cart_items"][0]) >= {"name", "price", "quantity"}
    assert cart["checkout_url"].startswith(SITE)


def test_most_carts_are_worth_a_reminder_and_many_a_text() -> None:
    dice = Random(1)
    totals = [total_of(draw_basket(dice, "garden")) for _ in range(2_000)]
    assert sum(total > 25 for total in totals) > 1_800
    assert 1_000 < sum(total > 50 for total in totals) < 1_900


def test_the_demonstration_knows_every_blueprint() -> None:
    assert set(CAMPAIGNS) == {blueprint.name for blueprint in list_blueprints()}
