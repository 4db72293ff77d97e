"""Fernhollow, the small brand of the demonstration: what it sells, what its shop's events look like."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

NAME = "Fernhollow"
CURRENCY = "USD"
DAYS_A_MINUTE = 1440.0  # how much faster the demonstration's clock is: a day of a campaign takes a minute


class Product(msgspec.Struct, frozen=True):
    sku: str
    name: str
    category: str
    price: float  # in CURRENCY


PRODUCTS = (
    Product("oak-stool", "Oak step stool", "kitchen", 64.0),
    Product("linen-apron", "Washed linen apron", "kitchen", 38.0),
    Product("clay-teapot", "Clay teapot, two cups", "kitchen", 52.0),
    Product("walnut-board", "Walnut bread board", "kitchen", 45.0),
    Product("wool-throw", "Highland wool throw", "bedroom", 119.0),
    Product("cotton-sheets", "Percale cotton sheets", "bedroom", 96.0),
    Product("lavender-pillow", "Lavender pillow", "bedroom", 27.5),
    Product("copper-can", "Copper watering can", "garden", 58.0),
    Product("seed-box", "Cedar seed box", "garden", 34.0),
    Product("garden-snips", "Forged garden snips", "garden", 29.0),
    Product("paper-lantern", "Folded paper lantern", "lighting", 42.0),
    Product("brass-lamp", "Brass reading lamp", "lighting", 138.0),
    Product("beeswax-candles", "Beeswax candles, set of six", "lighting", 24.0),
    Product("felt-mat", "Felt desk mat", "desk", 36.0),
    Product("ash-tray-desk", "Ash wood letter tray", "desk", 49.0),
    Product("page-notebooks", "Stitched notebooks, three", "desk", 21.0),
)


def variables(site: str) -> dict[str, str]:
    """What the blueprints call the brand and its pages; `site` is where its shop is, without a trailing slash."""
    return {
        "shop_name": NAME,
        "shop_url": f"{site}/shop",
        "profile_url": f"{site}/your-profile",
        "help_url": f"{site}/help",
        "checkout_url": f"{site}/checkout",
        "survey_url": f"{site}/tell-us",
        "preferences_url": f"{site}/your-preferences",
    }


def adopt(document: dict[str, Any], site: str, speed: float) -> dict[str, Any]:
    """A blueprint in the brand's words and on the demonstration's clock."""
    given = document.get("variables") or {}
    words = {name: word for name, word in variables(site).items() if name in given}
    return document | {"time_scale": DAYS_A_MINUTE * speed, "variables": given | words}


def draw_basket(dice: Random, favourite: str) -> list[Product]:
    """One to four different things, more often from the favourite category."""
    weights = [3.0 if product.category == favourite else 1.0 for product in PRODUCTS]
    drawn = dice.choices(PRODUCTS, weights, k=dice.choices((1, 2, 3, 4), (40, 34, 18, 8))[0])
    return list(dict.fromkeys(drawn))


def total_of(basket: list[Product]) -> float:
    return round(sum(product.price for product in basket), 2)


def cart_properties(basket: list[Product], cart_id: str, site: str) -> dict[str, Any]:
    """The properties of `cart_abandoned`."""
    total = total_of(basket)
    return {
        "cart_id": cart_id,
        "cart_value": total,
        "cart_total": total,
        "currency": CURRENCY,
        "cart_items": [
            {"sku": p.sku, "name": p.name, "price": p.price, "quantity": 1, "url": f"{site}/shop/{p.sku}"}
            for p in basket
        ],
        "checkout_url": f"{site}/checkout?cart={cart_id}",
    }


def order_properties(basket: list[Product], order_id: str) -> dict[str, Any]:
    """The properties of `purchase`; its value is the event's own."""
    return {
        "order_id": order_id,
        "total": total_of(basket),
        "currency": CURRENCY,
        "items": [{"sku": p.sku, "name": p.name, "price": p.price, "quantity": 1} for p in basket],
    }
