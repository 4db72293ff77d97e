from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from motet.simulation.diary import Deed, Diary, Errand
from motet.simulation.population import Population
from motet.simulation.shop import CARTS, ORDERS, SIGN_UPS, VIEWS, Shop

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SITE = "http://outbox.example/site"


def open_shop(run: str = "r1", founders: int = 500) -> Shop:
    return Shop(Population(7, founders), 7, SITE, founders, run)


def test_things_happen_at_their_rates() -> None:
    shop = open_shop()
    events = Counter(event["name"] for second in range(2_000) for event in shop.live(1.0, NOW, float(second)).events)
    expected = {"user_signup": SIGN_UPS, "product_viewed": VIEWS, "purchase": ORDERS}
    for name, rate in expected.items():
        assert 0.8 * rate * 2_000 < events[name] < 1.2 * rate * 2_000, name
    assert 0.6 * CARTS * 2_000 < events["cart_abandoned"] <= 1.2 * CARTS * 2_000  # a few have one already


def test_a_newcomer_is_made_before_the_sign_up_is_told() -> None:
    shop = open_shop()
    tick = shop.live(60.0, NOW, 0.0)
    made = {record["external_id"] for record in tick.records if "email" in record or "phone" in record}
    signed_up = [event["customer"] for event in tick.events if event["name"] == "user_signup"]
    assert signed_up
    assert signed_up == [f"demo-{500 + n:06d}" for n in range(len(signed_up))]
    assert set(signed_up) <= made


def test_events_speak_only_of_people_who_are_there() -> None:
    shop = open_shop()
    for second in range(100):
        shop.live(2.0, NOW, float(second))
    latest = shop.next_index
    for event in shop.live(100.0, NOW, 100.0).events:
        if event["name"] != "user_signup":
            assert int(event["customer"].removeprefix("demo-")) < latest + 100


def test_keys_are_unique_within_and_between_runs() -> None:
    keys = [event["key"] for run in ("r1", "r2") for event in open_shop(run).live(200.0, NOW, 0.0).events]
    assert len(keys) == len(set(keys))


def test_a_cart_is_priced_and_its_owner_is_marked() -> None:
    tick = open_shop().burst_of_carts(60, NOW, 0.0)
    marked = {record["external_id"] for record in tick.records if "cart_abandoners" in record["tags"]}
    people = Population(7, 500)
    for event in tick.events:
        cart = event["properties"]
        assert cart["cart_value"] == round(sum(i["price"] * i["quantity"] for i in cart["cart_items"]), 2)
        person = people.person(int(event["customer"].removeprefix("demo-")))
        assert "cart_abandoners" in person.tags or person.external_id in marked
        assert person.stage != "inactive"
    owners = [event["customer"] for event in tick.events]
    assert len(owners) == len(set(owners))


def test_who_has_a_basket_buys_what_is_in_it() -> None:
    shop = open_shop()
    cart = shop.burst_of_carts(1, NOW, 0.0).events[0]
    person = Population(7, 500).person(int(cart["customer"].removeprefix("demo-")))
    assert shop.has_basket(person)
    tick = shop.buy(person, NOW)
    (order,) = tick.events
    assert (order["name"], order["value"]) == ("purchase", cart["properties"]["cart_value"])
    assert "previous_customer" in tick.records[0]["tags"]
    assert not shop.has_basket(person)


def test_a_quiet_customer_who_buys_is_quiet_no_more() -> None:
    people = Population(7, 500)
    quiet = next(people.person(n) for n in range(500) if people.person(n).stage == "inactive")
    (record,) = open_shop().buy(quiet, NOW).records
    assert (record["lifecycle_stage"], record["remove_tags"]) == ("customer", ["inactive_30_days"])


def test_the_diary_gives_what_is_due_in_order_and_is_bounded() -> None:
    person = Population(7, 1).person(0)
    diary = Diary(limit=3)
    for due in (30.0, 10.0, 20.0, 5.0):
        diary.write(due, Errand(Deed.OPEN, person, str(due)))
    assert len(diary) == 3
    assert [errand.message_id for errand in diary.take(25.0, 10)] == ["10.0", "20.0"]
    assert diary.take(25.0, 10) == []
    assert len(diary.take(30.0, 10)) == 1
