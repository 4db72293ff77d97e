"""The campaigns and journeys that ship: documents in `blueprints/`, to apply as they are or to start from."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from motet.authoring.campaign import title_of
from motet.authoring.reading import read_documents
from motet.core.errors import NotFound

NAMES = ("welcome-series", "onboarding", "abandoned-cart-recovery", "win-back")


class Blueprint(msgspec.Struct, frozen=True):
    name: str
    title: str
    description: str
    document: dict[str, Any]
    kind: str  # campaign | journey


def list_blueprints() -> list[Blueprint]:
    """All of them, in the order of a customer's life."""
    return [_describe(name) for name in NAMES]


def read_blueprint(name: str) -> dict[str, Any]:
    """The document of one. Raises NotFound."""
    (document,) = read_documents(read_blueprint_text(name), f"{name}.yaml")
    return document


@cache
def read_blueprint_text(name: str) -> str:
    """The YAML of one, with its comments. Raises NotFound."""
    if name not in NAMES:
        raise NotFound("blueprint", name)
    return files("motet.authoring").joinpath("blueprints", f"{name}.yaml").read_text(encoding="utf-8")


def _describe(name: str) -> Blueprint:
    document = read_blueprint(name)
    description, kind = document["description"].strip(), document.get("kind", "campaign")
    return Blueprint(name, title_of(document), description, document, kind)
