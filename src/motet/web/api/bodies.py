"""Bodies that are read by hand, because each part of them is judged by itself or they come in two forms."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import Request

from motet.authoring.reading import read_documents
from motet.core.errors import Problem, Refused
from motet.web.problems import Rejection

_decode = msgspec.json.Decoder().decode


def decode_body(body: bytes) -> Any:
    """Any JSON. Raises Rejection for what is none."""
    if not body.strip():
        raise Rejection(400, "body.empty", "there is no body", "send JSON")
    try:
        return _decode(body)
    except RecursionError:
        raise Rejection(400, "body.too_deep", "the JSON is nested too deep", "make it flatter") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rejection(400, "body.not_json", f"the body is not JSON: {error}", "send valid JSON") from None


def read_list(body: Any, name: str, most: int) -> list[Any]:
    """The list called `name` in an object. Raises Rejection when it is missing or too long."""
    found = body.get(name) if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise Rejection(400, "body.no_list", f"the body is no object with a list {name!r}", f'send {{"{name}": [...]}}')
    if len(found) > most:
        raise Rejection(
            400, "body.too_many", f"{len(found):,} {name} at once; at most {most:,} are taken", "send fewer", name
        )
    return found


async def read_document(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The one document in the body. Raises Refused or Rejection."""
    body = await request.body()
    if "yaml" in request.headers.get("content-type", ""):
        documents = await asyncio.to_thread(read_documents, body.decode(), "body")
        if len(documents) != 1:
            problem = Problem(
                "document.not_one", f"the body holds {len(documents)} documents", "", "send one at a time"
            )
            raise Refused([problem])
        return documents[0]
    document = decode_body(body)
    if not isinstance(document, dict):
        problem = Problem("document.not_a_mapping", "a document is a mapping of fields", "", "send a JSON object")
        raise Refused([problem])
    return document
